"""Calibration: of the entities given with confidence 0.8, are 80 % right?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

# Probabilities summed in float32 may leave [0, 1] by this much; more is a bug in whoever made them.
TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bin of a reliability diagram.

    Args:
        low: the lower edge, not included (but 0 is).
        high: the upper edge, included.
        count: the predictions whose confidence lies in the bin.
        confidence: their mean confidence.
        accuracy: the share of them that is correct.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(
    confidence: Sequence[float] | NDArray[np.floating],
    correct: Sequence[bool] | NDArray[np.bool_],
    *,
    bins: int = 10,
    by: Literal["width", "count"] = "width",
) -> list[ReliabilityBin]:
    """The bins of a reliability diagram that hold predictions, rising (DeGroot and Fienberg 1983).

    Args:
        confidence: the probability given to each prediction.
        correct: whether it was right.
        bins: how many bins at most.
        by: `width` cuts [0, 1] into equal parts; `count` cuts at quantiles, so that the bins hold equally many,
            except that equal confidences are never separated.

    Raises:
        ValueError: the two differ in length, a confidence is no probability, or there is not even one bin.
    """
    confidence_N, correct_N = _checked(confidence, correct)
    if bins < 1:
        raise ValueError(f"bins must be at least 1, not {bins}")
    if not confidence_N.size:
        return []
    edges = np.linspace(0, 1, bins + 1) if by == "width" else _quantiles(confidence_N, bins)
    bin_N = np.maximum(np.searchsorted(edges, confidence_N, side="left") - 1, 0)
    return [
        ReliabilityBin(
            low=float(edges[index]),
            high=float(edges[index + 1]),
            count=int((bin_N == index).sum()),
            confidence=float(confidence_N[bin_N == index].mean()),
            accuracy=float(correct_N[bin_N == index].mean()),
        )
        for index in np.unique(bin_N).tolist()
    ]


def expected_calibration_error(diagram: Sequence[ReliabilityBin]) -> float | None:
    """The mean distance between confidence and accuracy over the bins, weighted by their counts (Naeini et al. 2015).

    A fraction; None where there are no predictions. It depends on the bins: always say which.
    """
    total = sum(one.count for one in diagram)
    return sum(one.count * abs(one.confidence - one.accuracy) for one in diagram) / total if total else None


def brier_score(
    confidence: Sequence[float] | NDArray[np.floating], correct: Sequence[bool] | NDArray[np.bool_]
) -> float | None:
    """The mean squared distance between confidence and outcome (Brier 1950): 0 is best; None without predictions.

    Raises:
        ValueError: the two differ in length, or a confidence is no probability.
    """
    confidence_N, correct_N = _checked(confidence, correct)
    return float(np.mean((confidence_N - correct_N) ** 2)) if confidence_N.size else None


def _quantiles(confidence_N: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """Upper edges at every N / bins-th confidence, and 0 before them; equal edges become one."""
    last_ranks = -(-np.arange(1, bins + 1) * confidence_N.size // bins) - 1
    return np.concatenate(([0.0], np.unique(np.sort(confidence_N)[last_ranks])))


def _checked(
    confidence: Sequence[float] | NDArray[np.floating], correct: Sequence[bool] | NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float64, rounding cut off at 0 and 1."""
    confidence_N, correct_N = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if confidence_N.shape != correct_N.shape or confidence_N.ndim != 1:
        raise ValueError(f"confidences {confidence_N.shape} and outcomes {correct_N.shape} differ in shape")
    odd = ~((confidence_N >= -TOLERANCE) & (confidence_N <= 1 + TOLERANCE))  # true for NaN as well
    if odd.any():
        raise ValueError(f"not a probability: {confidence_N[odd][0]}")
    return confidence_N.clip(0, 1), correct_N
