"""A trained model as a Python object and as the files of a model folder: weights in safetensors, the rest in JSON.

A model that was loaded for a CPU is read by the engine, which is ready at once; the modules of PyTorch are built when something
asks for them, such as a report, an inspection or a GPU.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from seqkit.architecture.description import described, stored_weights
from seqkit.config import Config
from seqkit.engine.weights import Array, Weights
from seqkit.training.atomic_folder import write_folder

if TYPE_CHECKING:
    import torch
    from torch import nn

Model = TypeVar("Model", bound="nn.Module")
Tokenizer = TypeVar("Tokenizer")


class Trained(ABC, Generic[Model, Tokenizer]):
    """A model ready for use, of any task.

    Args:
        model: in evaluation mode, or its weights by name.
        config: the model's own configuration.
        tokenizer: turns text into the model's input.
        metadata: what else is to be known of it, such as its task, corpus and seed; kept in `config.json`.
        device: of the modules that are built from weights.
    """

    refusal: ClassVar[str]
    """What models of other classes are told, as `cannot tag`."""

    def __init__(
        self,
        model: Model | Mapping[str, Array],
        config: Config,
        tokenizer: Tokenizer,
        metadata: Mapping[str, Any],
        *,
        device: str = "cpu",
    ) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.metadata = dict(metadata)
        self._weights = model if isinstance(model, Mapping) else None
        self._device = device
        if not isinstance(model, Mapping):
            self.model = model

    @cached_property
    def model(self) -> Model:
        """The module, in evaluation mode."""
        from seqkit.models.weights import restored

        assert self._weights is not None
        return restored(self.untrained, self._weights).to(self.device).eval()

    @cached_property
    def reader(self) -> Any:
        """The engine's model, with the weights as they stood when it was first asked for; the module on a GPU."""
        if self._device != "cpu" or (self._weights is None and self.device.type != "cpu"):
            return self.on_device()
        return self.engine(Weights(self.weights()))

    def on_device(self) -> Any:
        """What reads on a GPU: the module."""
        return self.model

    @abstractmethod
    def untrained(self) -> Model:
        """The module that the configuration describes, weights at random."""

    def engine(self, weights: Weights) -> Any:
        """The engine's model; the module for a task that has none.

        Raises:
            ValueError: the weights are not those that the configuration asks for.
        """
        return self.model

    def weights(self) -> Mapping[str, Array]:
        """By name."""
        if self._weights is not None:
            return self._weights
        from seqkit.models.weights import arrays

        return arrays(self.model)

    @property
    def parameters(self) -> int:
        """The number of trained weights, tied ones counted once."""
        return sum(weight.size for weight in self.weights().values())

    @property
    def device(self) -> "torch.device":
        """Where its modules run."""
        import torch

        return torch.device(self._device) if self._weights is not None else next(self.model.parameters()).device

    def tokenizer_files(self) -> dict[str, bytes]:
        """The tokenizer's own files; none where there is no tokenizer."""
        files = getattr(self.tokenizer, "files", None)
        return files() if files else {}

    def files(self) -> dict[str, bytes]:
        """The model folder's files, as bytes."""
        return described(self.config, self.metadata, self.weights()) | self.tokenizer_files()

    def save(self, folder: Path) -> None:
        """Write the model folder, whole or not at all.

        Raises:
            UserError: the disk refuses; a model already there is kept.
        """
        write_folder(folder, self.files())

    @classmethod
    @abstractmethod
    def described_by(cls, files: Mapping[str, bytes], weights: Mapping[str, Array], device: str) -> Self:
        """The model of a folder's files.

        Raises:
            ValueError, KeyError, TypeError, ValidationError: they are not those of such a model.
        """

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], *, device: str = "cpu") -> Self:
        """The model that `files` describe, its weights checked.

        Raises:
            ValueError, KeyError, TypeError, ValidationError, SafetensorError: they are not those of such a model.
        """
        found = cls.described_by(files, stored_weights(files), device)
        _ = found.reader if device == "cpu" else found.model  # built now, so that a fault shows here
        return found

    def __repr__(self) -> str:
        """`<TrainedTagger: LSTM, 620,114 parameters, trained on ner/newsdesk, cpu>`."""
        corpus = self.metadata.get("corpus", "") or "unnamed text"
        device = self._device if self._weights is not None else self.device
        return f"<{type(self).__name__}: {self.parameters:,} parameters, trained on {corpus}, {device}>"
