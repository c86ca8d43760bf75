"""A trained translator in Python and as the files of a model folder."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import TypeAdapter

from seqkit.data.tokenizers.pairs import PairTokenizer
from seqkit.data.tokenizers.protocol import Symbols
from seqkit.errors import UserError
from seqkit.models.translator import AnyTranslatorConfig, Translator, TranslatorConfig
from seqkit.run.description import description
from seqkit.run.weights import described, fill
from seqkit.tasks.translation.familiar import Familiar
from seqkit.tasks.translation.translate import Translation, TranslationConfig, translate
from seqkit.training.sealed import write_sealed


class TrainedTranslator:
    """A translator ready for use. Get one with `seqkit.load(path)`."""

    def __init__(
        self, model: Translator, config: AnyTranslatorConfig, tokenizer: PairTokenizer, about: Mapping[str, Any]
    ) -> None:
        self.model = model
        self.config = config
        self.tokenizer = tokenizer
        self.about = dict(about)

    @cached_property
    def familiar(self) -> Familiar | None:
        """What training made known of sources; None for a model that was saved before this was kept."""
        stored = self.about.get("familiar")
        return Familiar.from_dict(stored) if stored else None

    def unlike_training(self, sources: Iterable[Symbols]) -> str:
        """A warning if these sources hold far fewer symbols of training's sources than those do, else the empty string."""
        covered = self.familiar.unlike(sources) if self.familiar else None
        if covered is None or self.familiar is None:
            return ""
        return (
            f"only {100 * covered:.0f} % of the text is made of symbols that sources of training held "
            f"({100 * self.familiar.coverage:.0f} % there): is it {self.about['source']}? The model translates "
            f"{self.about['source']} into {self.about['target']}"
        )

    @property
    def parameters(self) -> int:
        """The number of trained weights, tied ones counted once."""
        return self.model.parameter_count

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return next(self.model.parameters()).device

    def translate(self, sentences: Sequence[str], **settings: Any) -> list[str]:
        """The best translation of each sentence, whatever else is translated with it.

        Args:
            settings: of `TranslationConfig`: beam, length_penalty, temperature, prefix …

        Raises:
            UserError: a setting is out of range, or one string was given instead of several.
        """
        if isinstance(sentences, str):
            raise UserError("translate() takes a list of sentences, not one string")
        return [found[0].text for found in self.stream(sentences, TranslationConfig.of(**settings))]

    def stream(self, lines: Iterable[str], config: TranslationConfig, *, batch_size: int = 64) -> Iterator[list[Translation]]:
        """The translations of each line, best first, in order, in bounded memory."""
        return translate(self.model, self.tokenizer, lines, config, batch_size=batch_size)

    def files(self) -> dict[str, bytes]:
        """The model folder's files, as bytes."""
        return described(self.config, self.about, self.model) | self.tokenizer.files()

    def save(self, folder: Path) -> None:
        """Write the model folder, whole or not at all.

        Raises:
            UserError: the disk refuses; a model already there is kept.
        """
        write_sealed(folder, self.files())

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], *, device: str = "cpu") -> Self:
        """The translator that `files` describe.

        Raises:
            ValueError, KeyError, TypeError, ValidationError, SafetensorError: they are not those of a translator.
        """
        table, about = description(files)
        config = TypeAdapter[Any](TranslatorConfig).validate_python(table)
        tokenizer = PairTokenizer.load(files)
        model = Translator(config, tokenizer.source.size, tokenizer.target.size, joint=tokenizer.joint)
        fill(model, files)
        return cls(model.to(torch.device(device)).eval(), config, tokenizer, about)
