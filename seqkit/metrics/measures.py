"""The measures systems are compared by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqkit.metrics.significance import Statistic, accuracy, f1, nats_per_token
from seqkit.metrics.transduction import word_accuracy
from seqkit.metrics.translation import bleu


@dataclass(frozen=True)
class Measure:
    """One figure of a whole split, computed from counts of its parts.

    Args:
        name: as in `test F1, strict`.
        unit: of the figure as shown.
        statistic: from summed counts to the figure; higher is better, so a loss is negated.
        factor: what the statistic is multiplied by to be shown; negative for a loss.
        digits: decimals shown.
        part: what the counts are of: `sentences`.
        length: what they are short or long in: `words`.
        point: the unit of a difference.
        nats_on_dev: whether training looks at minus the nats a token on dev, and not at this figure.
    """

    name: str
    unit: str
    statistic: Statistic
    factor: float = 100.0
    digits: int = 1
    part: str = "sentences"
    length: str = "words"
    point: str = "points"
    nats_on_dev: bool = False

    @property
    def test_label(self) -> str:
        """Of an axis: `test F1, strict, %`."""
        return f"test {self.name}" if self.name == self.unit else f"test {self.name}, {self.unit}"

    @property
    def dev_unit(self) -> str:
        """Of the dev score as shown."""
        return "nats/token" if self.nats_on_dev else self.unit

    @property
    def dev_factor(self) -> float:
        """What the dev score is multiplied by to be shown."""
        return -1.0 if self.nats_on_dev else self.factor

    @property
    def dev_digits(self) -> int:
        """Decimals of the dev score."""
        return 4 if self.nats_on_dev else self.digits

    def in_points(self, units_SNC: NDArray[np.float64]) -> NDArray[np.float64]:
        """The figure of each seed."""
        return self.factor * self.statistic(units_SNC.sum(axis=1).astype(np.float64))


def negative_nats(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minus the nats a token: higher is better."""
    return -nats_per_token(counts)


MEASURES = {
    "f1": Measure("F1, strict", "%", f1),
    "accuracy": Measure("accuracy", "%", accuracy),
    "bleu": Measure("BLEU", "BLEU", bleu, 1.0, nats_on_dev=True),
    "exact": Measure("accuracy, whole targets", "%", word_accuracy, part="sources", length="characters", nats_on_dev=True),
    "nats": Measure("loss", "nats/token", negative_nats, -1.0, 4, "segments", point="nats", nats_on_dev=True),
}
