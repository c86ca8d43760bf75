"""A trained translator in Python and as the files of a model folder."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import torch
from pydantic import TypeAdapter

from seqkit.architecture.description import description
from seqkit.architecture.translator import AnyTranslatorConfig, TranslatorConfig
from seqkit.data.tokenizers.pairs import PairTokenizer
from seqkit.data.tokenizers.protocol import Symbols
from seqkit.errors import UserError
from seqkit.models.translator import Translator
from seqkit.models.weights import fill
from seqkit.tasks.trained import Trained
from seqkit.tasks.translation.coverage import SourceCoverage
from seqkit.tasks.translation.translate import Translation, TranslationConfig, translate


class TrainedTranslator(Trained[Translator, PairTokenizer]):
    """A translator ready for use. Get one with `seqkit.load_translator(path)`."""

    refusal = "cannot translate"
    config: AnyTranslatorConfig

    @cached_property
    def coverage(self) -> SourceCoverage | None:
        """What training made known of sources; None for a model that was saved before this was kept."""
        stored = self.metadata.get("source_coverage") or self.metadata.get("familiar")  # its name in older folders
        return SourceCoverage.from_dict(stored) if stored else None

    def unlike_training(self, sources: Iterable[Symbols]) -> str:
        """A warning if these sources hold far fewer symbols of training's sources than those do, else the empty string."""
        covered = self.coverage.unlike(sources) if self.coverage else None
        if covered is None or self.coverage is None:
            return ""
        return (
            f"only {100 * covered:.0f} % of the text is made of symbols that sources of training held "
            f"({100 * self.coverage.coverage:.0f} % there): is it {self.metadata['source']}? The model translates "
            f"{self.metadata['source']} into {self.metadata['target']}"
        )

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

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], *, device: str = "cpu") -> Self:
        """The translator that `files` describe.

        Raises:
            ValueError, KeyError, TypeError, ValidationError, SafetensorError: they are not those of a translator.
        """
        table, metadata = description(files)
        config: AnyTranslatorConfig = TypeAdapter[Any](TranslatorConfig).validate_python(table)
        tokenizer = PairTokenizer.load(files)
        model = Translator(config, tokenizer.source.size, tokenizer.target.size, joint=tokenizer.joint)
        fill(model, files)
        return cls(model.to(torch.device(device)).eval(), config, tokenizer, metadata)
