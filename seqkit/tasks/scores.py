"""What is measured of a model on a split, in the form that comparisons read: plain numbers, by name."""

from pydantic import Field

from seqkit.config import Config


class Quantity(Config):
    """A figure and its unit."""

    value: float
    unit: str


class Speed(Quantity):
    """How fast a model is in use.

    Args:
        engine: what computed: `torch`, `numpy`.
    """

    engine: str = "torch"


class Scores(Config):
    """The counts that every score of a split rests on, and what else tells systems apart.

    Args:
        measure: its name in `metrics.measures.MEASURES`.
        split: as asked for, such as `test`.
        units: counts of each test item, such as a sentence, from which the measure is computed.
        lengths: of each test item, in the measure's `length`; empty for running text.
        further: scores beside the measure, and sizes, by name.
        speeds: by name; the first is the one that systems are told apart by in words.
    """

    measure: str
    split: str
    units: tuple[tuple[float, ...], ...]
    lengths: tuple[int, ...] = ()
    further: dict[str, Quantity] = Field(default_factory=dict)
    speeds: dict[str, Speed] = Field(default_factory=dict)
