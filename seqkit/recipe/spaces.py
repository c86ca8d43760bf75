"""Where settings are searched: a range or a few values for each, and points that cover them evenly."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
from pydantic import model_serializer, model_validator

from seqkit.config import Config


class Space(Config):
    """The values that a setting may take: a list of them, or a table of `low` and `high`.

    Args:
        low: the lower end; a range between whole numbers holds whole numbers alone.
        high: the upper end.
        log: spread evenly over orders of magnitude.
        values: instead of a range; an empty list leaves the setting as it is written.
    """

    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    values: tuple[Any, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, given: Any) -> Any:
        return {"values": given} if isinstance(given, list | tuple) else given

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.values is not None:
            if (self.low, self.high, self.log) != (None, None, False):
                raise ValueError("give a list of values, or low and high")
            return self
        if self.low is None or self.high is None or not self.low < self.high:
            raise ValueError("a range needs low and high, low being the smaller")
        if self.log and self.low <= 0:
            raise ValueError("a range over orders of magnitude needs low above 0")
        return self

    @model_serializer
    def _as_written(self) -> Any:
        return list(self.values) if self.values is not None else {"low": self.low, "high": self.high, "log": self.log}

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values, or the ends of the range."""
        return self.values if self.values is not None else (self.low, self.high)

    def at(self, place: float) -> Any:
        """The value at a place from 0 to 1, to three significant digits, so that what is reported is what was run."""
        if self.values is not None:
            return self.values[min(int(place * len(self.values)), len(self.values) - 1)]
        assert self.low is not None, "checked when built"
        assert self.high is not None, "checked when built"
        if self.log:
            value = math.exp(math.log(self.low) + place * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + place * (self.high - self.low)
        return round(value) if isinstance(self.low, int) and isinstance(self.high, int) else float(f"{value:.3g}")


def flat(spaces: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Spaces by dotted key, from tables in tables; the later of two for the same key counts."""
    found: dict[str, Any] = {}
    for key, given in spaces.items():
        inner = isinstance(given, Mapping) and all(isinstance(value, Mapping | list | tuple) for value in given.values())
        found |= flat(given, f"{prefix}{key}.") if inner else {f"{prefix}{key}": given}
    return found


def draw(spaces: Mapping[str, Space], trials: int) -> list[dict[str, Any]]:
    """Settings for so many trials, the first being the recipe as it is written, hence empty.

    The others are the points of a scrambled Sobol sequence (Owen 1998), which cover the space more evenly than random ones;
    the same for the same spaces.
    """
    searched = {key: space for key, space in spaces.items() if space.ends}
    if not searched or trials < 2:
        return [{}]
    engine = torch.quasirandom.SobolEngine(len(searched), scramble=True, seed=0)
    points: Sequence[Sequence[float]] = engine.draw(trials - 1).tolist()
    return [{}, *({key: space.at(at) for (key, space), at in zip(searched.items(), point, strict=True)} for point in points)]
