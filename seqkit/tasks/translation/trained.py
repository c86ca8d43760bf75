"""A trained translator in Python and as the files of a model folder."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from pydantic import TypeAdapter

from seqkit.architecture.description import description
from seqkit.architecture.translator import AnyTranslatorConfig, TranslatorConfig
from seqkit.data.tokenizers.pairs import PairTokenizer
from seqkit.data.tokenizers.protocol import Symbols
from seqkit.engine.translator import Translator as Engine
from seqkit.engine.weights import Array, Weights
from seqkit.errors import UserError
from seqkit.tasks.trained import Trained
from seqkit.tasks.translation.coverage import SourceCoverage
from seqkit.tasks.translation.translate import Translation, TranslationConfig, translate

if TYPE_CHECKING:
    from seqkit.models.translator import Translator


class TrainedTranslator(Trained["Translator", PairTokenizer]):
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
        return translate(self.reader, self.tokenizer, lines, config, batch_size=batch_size)

    def on_device(self) -> Any:
        """What reads on a GPU: the module, asked as the engine is."""
        from seqkit.models.translator import Unpadded

        return Unpadded(self.model)

    def untrained(self) -> "Translator":
        """The module that the configuration describes, weights at random."""
        from seqkit.models.translator import Translator

        source, target = self.tokenizer.source.size, self.tokenizer.target.size
        return Translator(self.config, source, target, joint=self.tokenizer.joint)

    def engine(self, weights: Weights) -> Engine:
        """The engine's model."""
        source, target = self.tokenizer.source.size, self.tokenizer.target.size
        return Engine(self.config, weights, source, target, joint=self.tokenizer.joint)

    @classmethod
    def described_by(cls, files: Mapping[str, bytes], weights: Mapping[str, Array], device: str) -> Self:
        """The translator of a folder's files."""
        table, metadata = description(files)
        config: AnyTranslatorConfig = TypeAdapter[Any](TranslatorConfig).validate_python(table)
        return cls(weights, config, PairTokenizer.load(files), metadata, device=device)
