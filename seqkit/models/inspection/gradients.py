"""What a score depends on, by its gradient: which tokens it feels, and how far back; which direction it comes from.

Axes: B copies of a text or texts, R scores, T tokens, D features, K distances.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqkit.models.state import State

LEAST = 0.01
"""A gradient this much smaller than at distance 0 counts as none."""
TOGETHER = 64
"""Copies of a text read side by side."""


@dataclass(frozen=True)
class Reach:
    """Gradient norms over the distance.

    Args:
        relative_K: at distance k relative to distance 0.
    """

    relative_K: NDArray[np.float64]

    @classmethod
    def of(cls, norm_K: NDArray[np.float64]) -> "Reach":
        """From norms, distance 0 first."""
        return cls(norm_K / max(norm_K[0], np.finfo(np.float64).tiny))

    @classmethod
    def of_texts(cls, norm_TB: Tensor) -> "Reach":
        """From norms in the order of the texts, averaged over them first, so that a text with little gradient weighs little."""
        return cls.of(norm_TB.flip(0).mean(dim=1).cpu().numpy())

    @property
    def steps(self) -> int | None:
        """The distance from which on the gradient stays below 1 %; None if it has not fallen so far at the longest."""
        felt = np.flatnonzero(self.relative_K >= LEAST)
        reach = int(felt[-1]) + 1 if len(felt) else 0
        return reach if reach < len(self.relative_K) else None


Reading = Callable[[int], tuple[Tensor, Sequence[Tensor]]]
"""Reads so many copies of one text: score_BR of each copy, and the leaves x_BTD that the scores were made from."""


def gradient_norms(read: Reading, scores: int) -> list[NDArray[np.float64]]:
    """norm_RT for each leaf: the length of the gradient of each score with respect to each token's features.

    Each copy of the text is asked for one score, so that one pass back gives many gradients.

    Args:
        scores: R.
    """
    norms: list[list[Tensor]] = []
    for first in range(0, scores, TOGETHER):
        copies = min(TOGETHER, scores - first)
        with torch.enable_grad():
            score_BR, leaves = read(copies)
        own = score_BR[:, first : first + copies].diagonal().sum()
        gradients = torch.autograd.grad(own, leaves, materialize_grads=True)
        norms.append([gradient_BTD.double().norm(dim=-1) for gradient_BTD in gradients])
    return [torch.cat(parts).cpu().numpy() for parts in zip(*norms, strict=True)]


def carry_reach(
    scan: Callable[[Tensor, State], tuple[Tensor, State]],
    steps: Iterable[Tensor],
    state: State,
    loss: Callable[[Tensor], Tensor],
) -> Reach:
    """The gradient of a loss with respect to the state before each step, all parts of the carry together.

    Distance 0 is the state that the last step starts from.

    Args:
        steps: what is read, a token of each text at a time.
        loss: of what the last step gave, summed over the texts.
    """
    carries: list[list[Tensor]] = []
    gave = torch.empty(0)
    with torch.enable_grad():
        for step in steps:
            # Each carry becomes a tensor of its own, so that it gets the gradient of the next step and no other.
            carry = {name: part.clone().requires_grad_() for name, part in state.carry.items()}
            carries.append(list(carry.values()))
            gave, state = scan(step, State(carry, memory=state.memory))
        gradients = torch.autograd.grad(loss(gave), [part for carry in carries for part in carry], materialize_grads=True)
    squared_NB = torch.stack([gradient.double().flatten(1).square().sum(dim=1) for gradient in gradients])
    return Reach.of_texts(squared_NB.view(len(carries), -1, squared_NB.shape[1]).sum(dim=1).sqrt())


def mean_by_distance(norm_TT: NDArray[np.float64], *, ahead: bool = False) -> NDArray[np.float64]:
    """norm_K: the mean over all pairs of a token and the one k before it, or k after it."""
    return np.array([np.diagonal(norm_TT, k if ahead else -k).mean() for k in range(len(norm_TT))])


def by_direction(score: Tensor, y_1TD: Tensor) -> tuple[Tensor, Tensor]:
    """ahead_T and back_T: what the halves of a bidirectional layer's output add to a score at each token.

    Gradient times output (Shrikumar et al. 2016). Where the score is linear in the output, as in the layer below the tags'
    scores, the two and the bias sum to it exactly; further down it is the linear part of what is to be explained.
    """
    (gradient_1TD,) = torch.autograd.grad(score, y_1TD, retain_graph=True, materialize_grads=True)
    ahead_1TH, back_1TH = (gradient_1TD * y_1TD).detach().chunk(2, dim=-1)
    return ahead_1TH[0].sum(dim=-1), back_1TH[0].sum(dim=-1)
