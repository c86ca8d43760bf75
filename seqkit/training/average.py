"""An exponential moving average of a model's weights (Polyak & Juditsky 1992; bias-corrected as in Adam's second moment)."""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Keeps the average beside the model.

    Args:
        decay: how much of the average remains at each update; early updates use (1 + n) / (10 + n) if that is smaller, so
            that the average leaves the random start behind.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.weights = {name: weight.detach().clone() for name, weight in model.named_parameters()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move towards the model's present weights."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for average, weight in zip(self.weights.values(), model.parameters(), strict=True):
            average.lerp_(weight.detach(), 1 - decay)

    @contextmanager
    def applied_to(self, model: nn.Module) -> Generator[None]:
        """The model carries the averaged weights inside the block and its own after it."""
        own: dict[str, Tensor] = {}
        parameters = dict(model.named_parameters())
        for name, weight in parameters.items():
            own[name], weight.data = weight.data, self.weights[name]
        try:
            yield
        finally:
            for name, weight in parameters.items():
                weight.data = own[name]
