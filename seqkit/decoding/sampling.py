"""Sampling: draw each symbol from the model's distribution, sharpened, flattened or cut.

Axes: B searches, K = 1 hypothesis of each, T tokens, V symbols.

The filters apply in the field's usual order: repetition penalty, temperature, top-k, top-p, min-p. Each works on what the
one before it left, and the likeliest symbol survives them all.

The arithmetic is NumPy's, in float64 on the CPU: a draw inverts the distribution function of the symbols in their order, so
that a rounding in the model's scores moves a draw only if it falls within that rounding of a boundary.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqkit.decoding.policies import one_each
from seqkit.decoding.scores import Scores, on_host
from seqkit.decoding.search import Chooser, Step

_EXTREME = 1e100
"""A temperature or penalty beyond this, or below its inverse, acts as this does, without overflow."""


@dataclass(frozen=True)
class Sample:
    """Draws symbols at random; the same seed gives the same text, alone or in any batch.

    Args:
        temperature: divides the scores; 0 takes the likeliest symbol.
        top_k: keep the k likeliest symbols (Fan et al. 2018), of equals the lower, as below; 0 keeps all.
        top_p: keep the fewest likeliest symbols whose probabilities reach p together (Holtzman et al. 2020); 1 keeps all.
        min_p: keep symbols of at least this share of the likeliest one's probability (Nguyen et al. 2024); 0 keeps all.
        repetition_penalty: positive scores of symbols seen before are divided by it and negative ones multiplied (Keskar et
            al. 2019), scores being logits less their mean, since a softmax leaves their level open; 1 does nothing. The
            prompt's symbols count as seen, the end symbol never.
        repetition_window: how many of the last symbols count as seen; 0 for all.
        seed: of the random numbers; sample i of each prompt has a generator of its own, set by the seed and i alone.
        samples: texts drawn for each prompt.

    Raises:
        ValueError: a setting outside its range, or not a number.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    repetition_window: int = 0
    seed: int = 0
    samples: int = 1

    def __post_init__(self) -> None:
        # Written so that a NaN fails too.
        if not 0 <= self.temperature < math.inf:
            raise ValueError(f"the temperature must be 0 (greedy) or more, and finite; got {self.temperature:g}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top-p must be above 0 and at most 1 (keeps all); got {self.top_p:g}")
        if not 0 <= self.min_p < 1:
            raise ValueError(f"min-p must be from 0 (keeps all) to below 1; got {self.min_p:g}")
        if not 0 < self.repetition_penalty < math.inf:
            raise ValueError(f"the repetition penalty must be above 0, and finite; got {self.repetition_penalty:g}")
        for name, value, least in (
            ("top-k", self.top_k, "0 (keeps all)"),
            ("the repetition window", self.repetition_window, "0 (all that came before)"),
            ("the seed", self.seed, "0"),
        ):
            if not value >= 0:
                raise ValueError(f"{name} must be {least} or more; got {value}")
        if not self.samples >= 1:
            raise ValueError(f"the number of samples must be at least 1; got {self.samples}")

    def start(self, prompt_BT: NDArray[np.int64], symbols: int, *, end: int | None, limit: int | None) -> Chooser:
        """Fresh generators; a memory of symbols only under a repetition penalty."""
        seeds = [np.random.SeedSequence(self.seed, spawn_key=(search % self.samples,)) for search in range(len(prompt_BT))]
        generators = [np.random.Generator(np.random.PCG64(seed)) for seed in seeds]
        past = None if self.repetition_penalty == 1 else Past(prompt_BT, symbols, self.repetition_window, end)
        return _Sampler(self, generators, past, end)

    def weights(self, logp_BV: NDArray[np.float64], seen_BV: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """The distribution that is drawn from, not normalised: the likeliest symbol weighs 1.

        Args:
            logp_BV: the model's log-probabilities.
            seen_BV: symbols to which the repetition penalty applies.
        """
        if seen_BV is not None:
            logp_BV = penalised(logp_BV, seen_BV, self.repetition_penalty)
        if self.temperature == 0:
            return np.equal(np.arange(logp_BV.shape[1]), logp_BV.argmax(axis=1)[:, None]).astype(np.float64)
        logp_BV = logp_BV - logp_BV.max(axis=1, keepdims=True)
        weight_BV = np.exp(logp_BV if self.temperature == 1 else logp_BV / max(self.temperature, 1 / _EXTREME))
        if 0 < self.top_k < weight_BV.shape[1]:
            least_B1 = np.partition(weight_BV, -self.top_k, axis=1)[:, -self.top_k, None]
            weight_BV = kept(weight_BV, least_B1, np.full(least_B1.shape, self.top_k))
        if self.top_p < 1:
            sorted_BV = np.sort(weight_BV, axis=1)[:, ::-1]
            sum_BV = sorted_BV.cumsum(axis=1)
            before_B1 = (sum_BV < self.top_p * sum_BV[:, -1:]).sum(axis=1, keepdims=True)
            weight_BV = kept(weight_BV, sorted_BV[np.arange(len(sorted_BV))[:, None], before_B1], before_B1 + 1)
        if self.min_p > 0:
            weight_BV = np.where(weight_BV < self.min_p, 0.0, weight_BV)
        return weight_BV


class _Sampler:
    def __init__(self, policy: Sample, generators: list[np.random.Generator], past: "Past | None", end: int | None) -> None:
        self.policy = policy
        self.generators = generators
        self.past = past
        self.end = end

    def choose(self, total_BK: NDArray[np.float64], logp_BKV: Scores) -> Step:
        (logp_BV,) = on_host(logp_BKV[:, 0])
        seen_BV = self.past.seen() if self.past else None
        token_B1 = drawn(self.policy.weights(logp_BV, seen_BV), [generator.random() for generator in self.generators])
        step = one_each(token_B1, logp_BV[np.arange(len(token_B1))[:, None], token_B1], total_BK, self.end)
        if self.past:
            self.past.add(token_B1)
        if step.done_B.any():
            self.drop(step.done_B)
        return step

    def drop(self, done_B: NDArray[np.bool_]) -> None:
        """Forget searches that are done."""
        self.generators = [generator for generator, done in zip(self.generators, done_B, strict=True) if not done]
        if self.past:
            self.past.drop(done_B)


def drawn(weight_BV: NDArray[np.float64], uniform_B: list[float]) -> NDArray[np.int64]:
    """token_B1: the first symbol at which the cumulated weight passes a share, from [0, 1), of the whole."""
    sum_BV = weight_BV.cumsum(axis=1)
    # A float below 1 is at most 1 - 2^-53, whose product with the whole always rounds to less than the whole.
    share_B1 = np.array(uniform_B)[:, None] * sum_BV[:, -1:]
    return (sum_BV <= share_B1).sum(axis=1, keepdims=True)


def kept(weight_BV: NDArray[np.float64], least_B1: NDArray[np.float64], count_B1: NDArray[np.int64]) -> NDArray[np.float64]:
    """Zeros for all but the `count` largest weights of a row, the lower symbols of those that equal the least one kept."""
    above_BV = weight_BV > least_B1
    equal_BV = weight_BV == least_B1
    places_B1 = count_B1 - above_BV.sum(axis=1, keepdims=True)
    return np.where(above_BV | (equal_BV & (equal_BV.cumsum(axis=1) <= places_B1)), weight_BV, 0.0)


def penalised(logp_BV: NDArray[np.float64], seen_BV: NDArray[np.bool_], penalty: float) -> NDArray[np.float64]:
    """Scores, equal to log-probabilities up to a constant a row, after the repetition penalty."""
    penalty = min(max(penalty, 1 / _EXTREME), _EXTREME)
    score_BV = logp_BV - logp_BV.mean(axis=1, keepdims=True, where=np.isfinite(logp_BV))
    return np.where(seen_BV, np.where(score_BV > 0, score_BV / penalty, score_BV * penalty), score_BV)


class Past:
    """When each symbol was seen last: V numbers a search, however long its text.

    Args:
        window: how many of the last symbols count; 0 for all.
        end: never counts as seen.
    """

    def __init__(self, prompt_BT: NDArray[np.int64], symbols: int, window: int, end: int | None) -> None:
        self.window = window
        self.end = end
        self.now = prompt_BT.shape[1]
        self.last_BV = np.full((len(prompt_BT), symbols), -1)
        np.maximum.at(self.last_BV, (np.arange(len(prompt_BT))[:, None], prompt_BT), np.arange(self.now))

    def seen(self) -> NDArray[np.bool_]:
        """seen_BV."""
        seen_BV = self.last_BV >= (max(self.now - self.window, 0) if self.window else 0)
        if self.end is not None and self.end < seen_BV.shape[1]:
            seen_BV[:, self.end] = False
        return seen_BV

    def add(self, token_B1: NDArray[np.int64]) -> None:
        """One symbol more."""
        self.last_BV[np.arange(len(token_B1)), token_B1[:, 0]] = self.now
        self.now += 1

    def drop(self, done_B: NDArray[np.bool_]) -> None:
        """Forget searches that are done."""
        self.last_BV = self.last_BV[~done_B]
