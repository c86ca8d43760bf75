"""The two problems on which long memory is tried: copying and adding.

Axes: B sequences, T steps, D input features, K answers of a sequence, O features of an answer.
"""

from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

ProblemName = Literal["copying", "adding"]
SYMBOLS, COPIED = 8, 10


class Sample(NamedTuple):
    """Sequences x_BTD and what is to be answered at their last K steps, target_BK."""

    x_BTD: Tensor
    target_BK: Tensor


class Copying:
    """Say ten symbols again after a delay (Hochreiter & Schmidhuber 1997; as in Arjovsky et al. 2016, section 5.1).

    Ten of eight symbols, blanks, a sign to speak, and ten blanks while the symbols are to be said; one-hot. Loss in nats.

    Args:
        span: blanks between the symbols and the sign.
    """

    name = "copying"
    inputs, outputs = SYMBOLS + 2, SYMBOLS
    unit = "nats/symbol"
    blind = float(np.log(SYMBOLS))  # the loss of one who remembers nothing

    def __init__(self, span: int) -> None:
        self.span = span

    def draw(self, count: int, generator: torch.Generator) -> Sample:
        """New sequences of `span` + 21 steps; each symbol comes back `span` + 11 steps after it was read."""
        said_BK = torch.randint(SYMBOLS, (count, COPIED), generator=generator)
        blank, speak = SYMBOLS, SYMBOLS + 1
        waited = torch.full((count, self.span), blank)
        saying = torch.full((count, COPIED), blank)
        token_BT = torch.cat([said_BK, waited, torch.full((count, 1), speak), saying], dim=1)
        return Sample(one_hot(token_BT, self.inputs).float(), said_BK)

    @staticmethod
    def losses(answer_BKO: Tensor, target_BK: Tensor) -> Tensor:
        """loss_BK of each answer."""
        return cross_entropy(answer_BKO.transpose(1, 2), target_BK, reduction="none")


class Adding:
    """Add the two numbers that are marked (Hochreiter & Schmidhuber 1997; as in Le et al. 2015, section 4.1).

    Numbers from [0, 1]; one mark in the first half, one in the second. Squared error of the sum, asked for at the last step.

    Args:
        span: steps.
    """

    name = "adding"
    inputs, outputs = 2, 1
    unit = "squared error"
    blind = 1 / 6  # of always answering 1: twice the variance of a uniform number

    def __init__(self, span: int) -> None:
        self.span = span

    def draw(self, count: int, generator: torch.Generator) -> Sample:
        """New sequences of `span` steps."""
        number_BT = torch.rand(count, self.span, generator=generator)
        half = self.span // 2
        first_B1 = torch.randint(half, (count, 1), generator=generator)
        second_B1 = torch.randint(half, self.span, (count, 1), generator=generator)
        mark_BT = torch.zeros(count, self.span).scatter_(1, torch.cat([first_B1, second_B1], dim=1), 1.0)
        return Sample(torch.stack([number_BT, mark_BT], dim=-1), (number_BT * mark_BT).sum(dim=1, keepdim=True))

    @staticmethod
    def losses(answer_BKO: Tensor, target_BK: Tensor) -> Tensor:
        """loss_BK of each answer."""
        return (answer_BKO[:, :, 0] - target_BK).square()


Problem = Copying | Adding


def problem(name: ProblemName, span: int) -> Problem:
    """By name."""
    return Copying(span) if name == "copying" else Adding(span)
