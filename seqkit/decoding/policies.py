"""Deterministic policies: the likeliest symbol, or a beam of the likeliest hypotheses.

Axes: B searches, K live hypotheses of each, C candidates a hypothesis, N candidates a search, J choices, V symbols.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqkit.decoding.scores import Scores, best, likeliest, on_host, ranked
from seqkit.decoding.search import Chooser, Step


@dataclass(frozen=True)
class Greedy:
    """The likeliest symbol at each step; of equals the lowest."""

    @property
    def samples(self) -> int:
        """One."""
        return 1

    def start(self, prompt_BT: NDArray[np.int64], symbols: int, *, end: int | None, limit: int | None) -> Chooser:
        """Nothing is remembered."""
        return _Greedy(end)


@dataclass(frozen=True)
class _Greedy:
    end: int | None

    def choose(self, total_BK: NDArray[np.float64], logp_BKV: Scores) -> Step:
        logp_B1, chosen_B1 = on_host(*likeliest(logp_BKV))
        return one_each(chosen_B1.astype(np.int64), logp_B1, total_BK, self.end)


def one_each(token_B1: NDArray[np.int64], logp_B1: NDArray[np.float64], total_B1: NDArray[np.float64], end: int | None) -> Step:
    """The choice of a policy with a single hypothesis a search."""
    total_B1 = total_B1 + logp_B1
    finished_B1 = np.equal(token_B1, -1 if end is None else end)
    parent_B1 = np.zeros_like(token_B1)
    return Step(token_B1, parent_B1, logp_B1, total_B1, total_B1, finished_B1, live=1, done_B=finished_B1[:, 0])


@dataclass(frozen=True)
class LengthPenalty:
    """lp(n) = ((offset + n) / (offset + 1))^alpha divides the log-probability of n symbols, the end symbol included.

    Offset 5 is Wu et al. 2016, equation 14, where 0.6 to 1 suit translation; alpha 0 ranks by plain log-probability. It is
    positive and never falls with n, on which a beam's early stop rests.

    Raises:
        ValueError: alpha outside 0 to 10, or an offset that is negative or not finite.
    """

    alpha: float = 0.0
    offset: float = 5.0

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 10:
            raise ValueError(f"the length penalty's alpha must be from 0 to 10; got {self.alpha:g}")
        if not 0 <= self.offset < math.inf:
            raise ValueError(f"the length penalty's offset must be 0 or more, and finite; got {self.offset:g}")

    def __call__(self, length: int) -> float:
        """lp(length)."""
        return ((self.offset + length) / (self.offset + 1)) ** self.alpha


AVERAGE = LengthPenalty(alpha=1.0, offset=0.0)
"""Ranks by the mean log-probability of a symbol."""


@dataclass(frozen=True)
class Beam:
    """The `k` best hypotheses, as far as a beam of `k` live ones finds them.

    The places of a beam are filled in turn: place i takes the best continuation of the hypotheses at places 0 to i that does
    not end and no place before it took (monotonic beam search, Lemons et al. 2022). So the places of a narrow beam are those
    of a wider one, and a wider beam never returns a worse best hypothesis. What ends and is better than what a place takes is
    complete. A search is done when it has k complete ones that no live one can overtake. With k >= V^limit nothing is pruned
    and the k-best list is exact.

    Raises:
        ValueError: k below 1.
    """

    k: int
    length_penalty: LengthPenalty = LengthPenalty()

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"a beam needs a width of at least 1; got {self.k}")

    @property
    def samples(self) -> int:
        """One."""
        return 1

    def start(self, prompt_BT: NDArray[np.int64], symbols: int, *, end: int | None, limit: int | None) -> Chooser:
        """Nothing is complete.

        Raises:
            ValueError: a length penalty without a limit: a longer hypothesis could always score better still.
        """
        if limit is None and self.length_penalty.alpha > 0:
            raise ValueError("a beam with a length penalty needs a limit on the length")
        return _BeamSearch(self, len(prompt_BT), end, limit)


class _BeamSearch:
    def __init__(self, beam: Beam, batch: int, end: int | None, limit: int | None) -> None:
        self.k = beam.k
        self.penalty = beam.length_penalty
        self.end = -1 if end is None else end
        self.longest_penalty = 1.0 if limit is None else beam.length_penalty(limit)
        self.length = 0
        self.complete_BK = np.full((batch, beam.k), -np.inf)  # scores of the best k, best first

    def choose(self, total_BK: NDArray[np.float64], logp_BKV: Scores) -> Step:
        self.length += 1
        ranked = candidates(total_BK, logp_BKV, self.k)
        ends_BN = ranked.token_BN == self.end
        live_BK, complete_BN = placed(ranked.parent_BN, ends_BN, self.k)
        live = live_BK.shape[1]
        ended_BK = (~complete_BN).argsort(axis=1, kind="stable")[:, : total_BK.shape[1]]
        token_BJ, parent_BJ, logp_BJ, total_BJ = ranked.pick(np.concatenate([live_BK, ended_BK], axis=1))
        score_BJ = total_BJ / self.penalty(self.length)
        finished_BJ = np.take_along_axis(complete_BN, np.concatenate([live_BK, ended_BK], axis=1), axis=1)
        done_B = self.settle(np.where(finished_BJ, score_BJ, -np.inf), total_BJ[:, :live].max(axis=1, initial=-np.inf))
        return Step(token_BJ, parent_BJ, logp_BJ, total_BJ, score_BJ, finished_BJ, live, done_B)

    def settle(self, ended_BJ: NDArray[np.float64], live_B: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Keep the best complete scores; True where none of the live hypotheses can overtake the worst of them.

        A live hypothesis has a total s <= 0. Each further symbol adds a log-probability <= 0, so at any length n up to the
        limit its total is at most s, and as lp is positive and never falls its score is at most s / lp(n) <= s / lp(limit).
        Sums and quotients are rounded monotonically, so this holds of the computed scores too. Fewer than k complete
        ones leave the worst at minus infinity, which only an impossible hypothesis fails to overtake.
        """
        complete_BN = np.concatenate([self.complete_BK, ended_BJ], axis=1)
        complete_BK = -np.sort(-complete_BN, axis=1)[:, : self.k]
        done_B = live_B / self.longest_penalty <= complete_BK[:, -1]
        self.complete_BK = complete_BK[~done_B]
        return done_B


def placed(parent_BN: NDArray[np.int64], ends_BN: NDArray[np.bool_], k: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """live_BK: which of the candidates, best first, take the places of the next beam, fewer than k where there are no more;
    and complete_BN: which end and stand before what a place took, among those it could have taken."""
    free_BN, complete_BN = ~ends_BN, np.zeros_like(ends_BN)
    rows, order_N = np.arange(len(parent_BN)), np.arange(parent_BN.shape[1])
    live: list[NDArray[np.int64]] = []
    for place in range(k):
        open_BN = parent_BN <= place
        there_B = (free_BN & open_BN).any(axis=1)
        chosen_B = np.where(there_B, (free_BN & open_BN).argmax(axis=1), len(order_N))
        complete_BN |= ends_BN & open_BN & (order_N < chosen_B[:, None])
        if not there_B.all():
            break
        free_BN[rows, chosen_B] = False
        live.append(chosen_B)
    return np.stack(live, axis=1) if live else np.empty((len(parent_BN), 0), dtype=np.int64), complete_BN


class Candidates(NamedTuple):
    """Continuations of live hypotheses."""

    token_BN: NDArray[np.int64]
    parent_BN: NDArray[np.int64]
    logp_BN: NDArray[np.float64]
    total_BN: NDArray[np.float64]

    def pick(self, which_BJ: NDArray[np.int64]) -> "Candidates":
        """Some of them, in another order."""
        row_B1 = np.arange(len(which_BJ))[:, None]
        token_BJ, parent_BJ = self.token_BN[row_B1, which_BJ], self.parent_BN[row_B1, which_BJ]
        return Candidates(token_BJ, parent_BJ, self.logp_BN[row_B1, which_BJ], self.total_BN[row_B1, which_BJ])


def candidates(total_BK: NDArray[np.float64], logp_BKV: Scores, k: int) -> Candidates:
    """The best continuations, best first, equals by parent, then symbol.

    2k of each hypothesis are enough: one of its continuations at most ends, so k others are among them, and no more than k
    of one hypothesis can be chosen.
    """
    logp_BKC, token_BKC = best_symbols(logp_BKV, min(2 * k, logp_BKV.shape[2]))
    total_BN = (total_BK[:, :, None] + logp_BKC).reshape(len(total_BK), -1)
    parent_BN = np.arange(total_BN.shape[1])[None] // logp_BKC.shape[2]
    found = Candidates(
        token_BKC.reshape(total_BN.shape), parent_BN.repeat(len(total_BN), axis=0), logp_BKC.reshape(total_BN.shape), total_BN
    )
    return found.pick((-total_BN).argsort(axis=1, kind="stable"))


def best_symbols(logp_BKV: Scores, wanted: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The `wanted` largest of each row and their symbols, largest first, the lower symbol of equals first."""
    value, token = on_host(*best(logp_BKV, min(wanted + 1, logp_BKV.shape[-1])))
    if (value[..., wanted - 1 : -1] == value[..., wanted:]).any():  # `best` takes any of those that tie for the last place
        value, token = on_host(*ranked(logp_BKV))
    logp_BKC, token_BKC = value[..., :wanted], token[..., :wanted].astype(np.int64)
    order_BKC = np.lexsort((token_BKC, -logp_BKC), axis=-1)
    return np.take_along_axis(logp_BKC, order_BKC, axis=-1), np.take_along_axis(token_BKC, order_BKC, axis=-1)
