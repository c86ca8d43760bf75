"""A trained model as a Python object and as the files of a model folder: weights in safetensors, the rest in JSON."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import torch
from torch import nn

from seqkit.config import Config
from seqkit.models.weights import described
from seqkit.training.atomic_folder import write_folder

Model = TypeVar("Model", bound=nn.Module)
Tokenizer = TypeVar("Tokenizer")


class Trained(ABC, Generic[Model, Tokenizer]):
    """A model ready for use, of any task.

    Args:
        model: in evaluation mode.
        config: the model's own configuration.
        tokenizer: turns text into the model's input.
        metadata: what else is to be known of it, such as its task, corpus and seed; kept in `config.json`.
    """

    refusal: ClassVar[str]
    """What models of other classes are told, as `cannot tag`."""

    def __init__(self, model: Model, config: Config, tokenizer: Tokenizer, metadata: Mapping[str, Any]) -> None:
        self.model = model
        self.config = config
        self.tokenizer = tokenizer
        self.metadata = dict(metadata)

    @property
    def parameters(self) -> int:
        """The number of trained weights, tied ones counted once."""
        return sum(weight.numel() for weight in self.model.parameters())

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return next(self.model.parameters()).device

    def tokenizer_files(self) -> dict[str, bytes]:
        """The tokenizer's own files; none where there is no tokenizer."""
        files = getattr(self.tokenizer, "files", None)
        return files() if files else {}

    def files(self) -> dict[str, bytes]:
        """The model folder's files, as bytes."""
        return described(self.config, self.metadata, self.model) | self.tokenizer_files()

    def save(self, folder: Path) -> None:
        """Write the model folder, whole or not at all.

        Raises:
            UserError: the disk refuses; a model already there is kept.
        """
        write_folder(folder, self.files())

    @classmethod
    @abstractmethod
    def from_files(cls, files: Mapping[str, bytes], *, device: str = "cpu") -> Self:
        """The model that `files` describe.

        Raises:
            ValueError, KeyError, TypeError, ValidationError, SafetensorError: they are not those of such a model.
        """

    def __repr__(self) -> str:
        """`<TrainedTagger: LSTM, 620,114 parameters, trained on ner/newsdesk, cpu>`."""
        corpus = self.metadata.get("corpus", "")
        return f"<{type(self).__name__}: {self.parameters:,} parameters, trained on {corpus or 'unnamed text'}, {self.device}>"
