"""A trained language model in Python and as the files of a model folder."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from pydantic import TypeAdapter

from seqkit.architecture.description import description
from seqkit.architecture.language_model import AnyLanguageModelConfig, LanguageModelConfig
from seqkit.data.tokenizers.build import load_tokenizer
from seqkit.data.tokenizers.protocol import Tokenizer
from seqkit.engine.language_model import LanguageModel as Engine
from seqkit.engine.weights import Array, Weights
from seqkit.errors import UserError
from seqkit.tasks.language_modeling.generation import GenerationConfig, write
from seqkit.tasks.language_modeling.scoring import Scored, score_lines
from seqkit.tasks.trained import Trained

if TYPE_CHECKING:
    from seqkit.models.language_model import LanguageModel


class TrainedLanguageModel(Trained["LanguageModel", Tokenizer]):
    """A language model ready for use. Get one with `seqkit.load_language_model(path)`."""

    refusal = "not a language model"
    config: AnyLanguageModelConfig

    @property
    def unit(self) -> str:
        """What a token is: `characters`, `words` or `pieces`."""
        return str(self.metadata.get("unit", "tokens"))

    def generate(self, prompts: str | Sequence[str] = "", *, length: int = 200, **settings: Any) -> list[str]:
        """Texts that continue the prompts, prompts left out.

        Args:
            prompts: one or several; the same prompt gives the same text alone and among others.
            length: tokens, at most.
            settings: of `GenerationConfig`: temperature, top_k, top_p, min_p, repetition_penalty, seed, beam, stop …

        Raises:
            UserError: a setting is out of range.
        """
        given = [prompts] if isinstance(prompts, str) else list(prompts)
        config = GenerationConfig.of(length=length, **settings)
        return ["".join(pieces) for pieces in (write(self.reader, self.tokenizer, prompt, config) for prompt in given)]

    def stream(self, prompt: str = "", *, length: int = 0, **settings: Any) -> Iterator[str]:
        """Pieces of one text as they are drawn; `length` 0 goes on for ever, in constant memory if the model is recurrent.

        Raises:
            UserError: a setting is out of range, or a beam was asked for without a length.
        """
        return write(self.reader, self.tokenizer, prompt, GenerationConfig.of(length=length, **settings))

    def score(self, lines: Sequence[str]) -> list[Scored]:
        """The log-probability of each line, read on its own, its end included."""
        if isinstance(lines, str):
            raise UserError("score() takes a list of lines, not one string")
        return list(score_lines(self.reader, self.tokenizer, lines))

    def untrained(self) -> "LanguageModel":
        """The module that the configuration describes, weights at random."""
        from seqkit.models.language_model import LanguageModel

        return LanguageModel(self.config, self.tokenizer.size)

    def engine(self, weights: Weights) -> Engine:
        """The engine's model."""
        return Engine(self.config, weights, self.tokenizer.size)

    @classmethod
    def described_by(cls, files: Mapping[str, bytes], weights: Mapping[str, Array], device: str) -> Self:
        """The language model of a folder's files."""
        table, metadata = description(files)
        config: AnyLanguageModelConfig = TypeAdapter[Any](LanguageModelConfig).validate_python(table)
        return cls(weights, config, load_tokenizer(files), metadata, device=device)
