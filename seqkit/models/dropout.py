"""Dropout over features, one mask a token or one mask a sentence.

Axes: B sentences, T tokens, D features.
"""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Zero features with probability `rate` in training and scale the rest.

    Args:
        locked: share the mask over the tokens of a sentence (Gal & Ghahramani 2016).
    """

    def __init__(self, rate: float, *, locked: bool = False) -> None:
        super().__init__()
        self.rate = rate
        self.locked = locked

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Same shape out as in."""
        if not self.training or self.rate == 0:
            return x_BTD
        if not self.locked:
            return nn.functional.dropout(x_BTD, self.rate)
        keep_B1D = torch.empty_like(x_BTD[:, :1]).bernoulli_(1 - self.rate)
        return x_BTD * keep_B1D / (1 - self.rate)
