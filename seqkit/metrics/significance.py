"""Intervals and tests for corpus scores, which are no means over sentences: resample sentences, sum, score the sums.

Units are counts, one row a sentence: `sentence_counts` (N, 3) for F1, `sentence_accuracy_counts` (N, 2) for accuracy. Of a
running text they are those of its segments: nats and tokens (N, 2) for nats a token.
Several seeds of a system are (S, N, C): every resample takes the same sentences for all seeds and the value is the mean
score over seeds. The seeds themselves are not resampled: a result speaks of these trained models on other sentences of
the kind; whether a retrained model would keep its lead shows in the spread over seeds.

Axes: S seeds, N sentences, C counts, B resamples.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import comb
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

# Maps counts summed over sentences, (..., C), to scores, (...).
Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]

# Scores closer than this are equal: they differ only by the rounding of a mean over seeds.
EQUAL = 1e-12
# Numbers drawn at a time: bounds the memory to some 30 MB whatever the corpus and the trials.
CHUNK = 1 << 20


def f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """F1 of (correct, predicted, gold) on the last axis; 0 where nothing was predicted and nothing is gold."""
    both = counts[..., 1] + counts[..., 2]
    return 2 * counts[..., 0] / np.where(both > 0, both, 1)


def accuracy(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Accuracy of (correct, total) on the last axis; 0 where the total is 0."""
    return counts[..., 0] / np.where(counts[..., 1] > 0, counts[..., 1], 1)


def nats_per_token(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean nats of (nats, tokens) on the last axis; 0 where there is no token."""
    return counts[..., 0] / np.where(counts[..., 1] > 0, counts[..., 1], 1)


@dataclass(frozen=True, slots=True)
class Interval:
    """A score and the interval around it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """How far one system leads another on the same sentences.

    Args:
        difference: the score of the first minus that of the second.
        low: the lower end of its interval.
        high: the upper end.
        p: two-sided; how often a difference at least as large would arise if there were none.
        standard_error: of the difference; `detectable_difference` takes it.
    """

    difference: float
    low: float
    high: float
    p: float
    standard_error: float


def bootstrap_interval(
    units_NC: NDArray[np.integer | np.floating],
    statistic: Statistic,
    *,
    samples: int = 1000,
    seed: int,
    level: float = 0.95,
) -> Interval:
    """The percentile bootstrap interval of a corpus score (Efron 1979), sentences resampled with replacement.

    Args:
        units_NC: counts of each sentence, (N, C), or of each seed and sentence, (S, N, C).
        statistic: the score of summed counts: `f1`, `accuracy`, `nats_per_token`.
        samples: how many resamples.
        seed: makes the result repeatable.
        level: the share of the resampled scores inside the interval.

    Raises:
        ValueError: the units have another shape or no sentence.
    """
    units_SNC = _with_seeds(units_NC)
    scores_B = np.concatenate(
        [_score(weights_BN, units_SNC, statistic) for weights_BN in _resamples(units_SNC.shape[1], samples, seed)]
    )
    low, high = _percentiles(scores_B, level)
    return Interval(_observed(units_SNC, statistic), low, high)


def paired_bootstrap(
    a_NC: NDArray[np.integer | np.floating],
    b_NC: NDArray[np.integer | np.floating],
    statistic: Statistic,
    *,
    samples: int = 1000,
    seed: int,
    level: float = 0.95,
) -> PairedDifference:
    """The difference of two systems on the same sentences, resampled together (Koehn 2004).

    The interval is the percentile one; p is the share of resampled differences that lie at least as far from the
    observed difference as that lies from none (Berg-Kirkpatrick et al. 2012, both sides), (r + 1) / (samples + 1).

    Args:
        a_NC: counts of the first system, (N, C) or (S, N, C).
        b_NC: counts of the second on the same sentences; its number of seeds may differ.
        statistic: the score of summed counts: `f1`, `accuracy`, `nats_per_token`.
        samples: how many resamples.
        seed: makes the result repeatable.
        level: the share of the resampled differences inside the interval.

    Raises:
        ValueError: the shapes do not fit, or there is no sentence.
    """
    a_SNC, b_SNC = _same_sentences(a_NC, b_NC)
    difference = _observed(a_SNC, statistic) - _observed(b_SNC, statistic)
    resampled_B = np.concatenate(
        [
            _score(weights_BN, a_SNC, statistic) - _score(weights_BN, b_SNC, statistic)
            for weights_BN in _resamples(a_SNC.shape[1], samples, seed)
        ]
    )
    as_far = int((np.abs(resampled_B - difference) >= abs(difference) - EQUAL).sum())
    low, high = _percentiles(resampled_B, level)
    error = float(resampled_B.std(ddof=1)) if samples > 1 else 0.0
    return PairedDifference(difference, low, high, (as_far + 1) / (samples + 1), error)


def approximate_randomisation(
    a_NC: NDArray[np.integer | np.floating],
    b_NC: NDArray[np.integer | np.floating],
    statistic: Statistic,
    *,
    trials: int = 10_000,
    seed: int,
) -> float:
    """The two-sided p of the difference of two systems by approximate randomisation (Noreen 1989).

    If it did not matter which system wrote a sentence, swapping their outputs on a random half of the sentences would
    give differences as large as the observed one often: p = (r + 1) / (trials + 1). With several seeds a sentence
    is swapped for all of them at once.

    Args:
        a_NC: counts of the first system, (N, C) or (S, N, C).
        b_NC: counts of the second, of the same shape.
        statistic: the score of summed counts: `f1`, `accuracy`, `nats_per_token`.
        trials: how many random swaps.
        seed: makes the result repeatable.

    Raises:
        ValueError: the shapes differ, or there is no sentence.
    """
    a_SNC, b_SNC = _same_sentences(a_NC, b_NC)
    if len(a_SNC) != len(b_SNC):
        raise ValueError(f"swapping needs as many seeds of both systems, not {len(a_SNC)} and {len(b_SNC)}")
    sentences = a_SNC.shape[1]
    observed = abs(_observed(a_SNC, statistic) - _observed(b_SNC, statistic))
    gain_SNC = b_SNC - a_SNC
    total_a_SC, total_b_SC = a_SNC.sum(axis=1), b_SNC.sum(axis=1)
    generator = np.random.default_rng(seed)
    as_large = 0
    for size in _chunks(trials, sentences):
        swap_BN = generator.integers(0, 2, size=(size, sentences), dtype=np.int8).astype(np.float64)
        moved_BSC = _weighted_sums(swap_BN, gain_SNC)
        swapped_a_B = statistic(total_a_SC + moved_BSC).mean(axis=1)
        swapped_b_B = statistic(total_b_SC - moved_BSC).mean(axis=1)
        as_large += int((np.abs(swapped_a_B - swapped_b_B) >= observed - EQUAL).sum())
    return (as_large + 1) / (trials + 1)


def detectable_difference(standard_error: float, *, level: float = 0.95, power: float = 0.8) -> float:
    """The smallest true difference that a test at `level` would have shown with probability `power`.

    (1.96 + 0.84) standard errors of the paired difference by default: what "no difference shown" leaves open.
    """
    normal = NormalDist()
    return (normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(power)) * standard_error


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number, in the order given (Holm 1979): each may be compared with 0.05 itself."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def sign_test(wins: int, losses: int) -> float:
    """The two-sided p of so many pairs for and so many against, if each were as likely (exact; on yes and no, McNemar 1947)."""
    pairs = wins + losses
    tail = sum(comb(pairs, k) for k in range(min(wins, losses) + 1)) / 2**pairs
    return min(1.0, 2 * tail)


def _with_seeds(units: NDArray[np.integer | np.floating]) -> NDArray[np.float64]:
    """Units as (S, N, C); float64 holds counts exactly."""
    units_SNC = np.asarray(units, dtype=np.float64)
    if units_SNC.ndim == 2:
        units_SNC = units_SNC[None]
    if units_SNC.ndim != 3 or 0 in units_SNC.shape:
        raise ValueError(f"units must be (sentences, counts) or (seeds, sentences, counts), not {np.shape(units)}")
    return units_SNC


def _same_sentences(
    a_NC: NDArray[np.integer | np.floating], b_NC: NDArray[np.integer | np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a_SNC, b_SNC = _with_seeds(a_NC), _with_seeds(b_NC)
    if a_SNC.shape[1:] != b_SNC.shape[1:]:
        raise ValueError(f"the systems' sentences and counts differ: {a_SNC.shape[1:]} and {b_SNC.shape[1:]}")
    return a_SNC, b_SNC


def _chunks(trials: int, sentences: int) -> Iterator[int]:
    """Sizes that sum to `trials`, each with at most CHUNK numbers to draw."""
    size = max(1, CHUNK // sentences)
    for start in range(0, trials, size):
        yield min(size, trials - start)


def _resamples(sentences: int, samples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each sentence was drawn: weights (B, N), chunk by chunk."""
    generator = np.random.default_rng(seed)
    for size in _chunks(samples, sentences):
        drawn_BN = generator.integers(sentences, size=(size, sentences))
        drawn_BN += sentences * np.arange(size)[:, None]
        yield np.bincount(drawn_BN.ravel(), minlength=size * sentences).reshape(size, sentences).astype(np.float64)


def _weighted_sums(weights_BN: NDArray[np.float64], units_SNC: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts summed over weighted sentences, (B, S, C)."""
    seeds, sentences, counts = units_SNC.shape
    units_NU = units_SNC.transpose(1, 0, 2).reshape(sentences, seeds * counts)
    return (weights_BN @ units_NU).reshape(len(weights_BN), seeds, counts)


def _score(weights_BN: NDArray[np.float64], units_SNC: NDArray[np.float64], statistic: Statistic) -> NDArray[np.float64]:
    """The mean score over seeds of each resample, (B,)."""
    return statistic(_weighted_sums(weights_BN, units_SNC)).mean(axis=1)


def _observed(units_SNC: NDArray[np.float64], statistic: Statistic) -> float:
    """The mean score over seeds on the sentences themselves."""
    return float(statistic(units_SNC.sum(axis=1)).mean())


def _percentiles(values_B: NDArray[np.float64], level: float) -> tuple[float, float]:
    low, high = np.quantile(values_B, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
