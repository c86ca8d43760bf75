"""How good transductions are, such as pronunciations and inflected forms: wrong words, and edits of phones or characters.

Axes: N words, C counts; a statistic takes any axes before C.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["symbols", "characters"]
"""What is edited: what white space parts, as phones are written, or characters."""


def transduction_counts(outputs: Sequence[str], golds: Sequence[Sequence[str]], *, unit: Unit = "symbols") -> NDArray[np.int64]:
    """Right words, words, edits, and units of the gold, (N, 4): what `significance` resamples.

    A word is right if it equals one of its golds, unit by unit. Edits are those to the nearest gold, the longest of equally
    near ones, and it is its units that are counted.

    Args:
        outputs: one for each word.
        golds: for each word all that is right, at least one.
        unit: what edits are counted in.

    Raises:
        ValueError: not as many golds as outputs, or a word without a gold.
    """
    rows: list[tuple[int, int, int, int]] = []
    for output, variants in zip(outputs, golds, strict=True):
        written = _units(output, unit)
        nearest = min((edit_distance(written, gold), -len(gold)) for gold in (_units(variant, unit) for variant in variants))
        rows.append((nearest[0] == 0, 1, nearest[0], -nearest[1]))
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def word_accuracy(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of words that are right, of `transduction_counts` on the last axis; 0 where there is no word."""
    return counts[..., 0] / np.where(counts[..., 1] > 0, counts[..., 1], 1)


def word_error_rate(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of words that are not right; the figure of the SIGMORPHON tasks, there in percent. 0 where there is no word."""
    return (counts[..., 1] - counts[..., 0]) / np.where(counts[..., 1] > 0, counts[..., 1], 1)


def unit_error_rate(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edits over units of the gold: the phone or character error rate. It can pass 1; 0 where the gold has no unit."""
    return counts[..., 2] / np.where(counts[..., 3] > 0, counts[..., 3], 1)


def edit_distance(one: Sequence[str], other: Sequence[str]) -> int:
    """The fewest insertions, deletions and substitutions that make one of the other (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for count, unit in enumerate(one, start=1):
        diagonal, row[0] = row[0], count
        for place, wanted in enumerate(other, start=1):
            diagonal, row[place] = row[place], min(diagonal + (unit != wanted), row[place] + 1, row[place - 1] + 1)
    return row[-1]


def _units(text: str, unit: Unit) -> Sequence[str]:
    return text.split() if unit == "symbols" else text
