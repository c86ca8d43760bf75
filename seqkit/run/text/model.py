"""A trained language model in Python and as the files of a model folder."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import TypeAdapter

from seqkit.data.tokenizers.build import load_tokenizer
from seqkit.data.tokenizers.protocol import Tokenizer
from seqkit.errors import UserError
from seqkit.models.language_model import AnyLanguageModelConfig, LanguageModel, LanguageModelConfig
from seqkit.run.description import description
from seqkit.run.weights import described, fill
from seqkit.tasks.language_modeling.generate import GenerationConfig, write
from seqkit.tasks.language_modeling.score import Scored, score_lines
from seqkit.training.sealed import write_sealed


class TrainedLanguageModel:
    """A language model ready for use. Get one with `seqkit.load(path)`."""

    def __init__(
        self, model: LanguageModel, config: AnyLanguageModelConfig, tokenizer: Tokenizer, about: Mapping[str, Any]
    ) -> None:
        self.model = model
        self.config = config
        self.tokenizer = tokenizer
        self.about = dict(about)

    @property
    def parameters(self) -> int:
        """The number of trained weights, tied ones counted once."""
        return self.model.parameter_count

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return next(self.model.parameters()).device

    @property
    def unit(self) -> str:
        """What a token is: `characters`, `words` or `pieces`."""
        return str(self.about.get("unit", "tokens"))

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
        return ["".join(pieces) for pieces in (write(self.model, self.tokenizer, prompt, config) for prompt in given)]

    def stream(self, prompt: str = "", *, length: int = 0, **settings: Any) -> Iterator[str]:
        """Pieces of one text as they are drawn; `length` 0 goes on for ever, in constant memory if the model is recurrent.

        Raises:
            UserError: a setting is out of range, or a beam was asked for without a length.
        """
        return write(self.model, self.tokenizer, prompt, GenerationConfig.of(length=length, **settings))

    def score(self, lines: Sequence[str]) -> list[Scored]:
        """The log-probability of each line, read on its own, its end included."""
        if isinstance(lines, str):
            raise UserError("score() takes a list of lines, not one string")
        return list(score_lines(self.model, self.tokenizer, lines))

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
        """The language model that `files` describe.

        Raises:
            ValueError, KeyError, TypeError, ValidationError, SafetensorError: they are not those of a language model.
        """
        table, about = description(files)
        config = TypeAdapter[Any](LanguageModelConfig).validate_python(table)
        tokenizer = load_tokenizer(files)
        model = LanguageModel(config, tokenizer.size)
        fill(model, files)
        return cls(model.to(torch.device(device)).eval(), config, tokenizer, about)
