"""One measured value and how it is written: unit, interval, spread, never more digits than it deserves."""

import math
import re
from dataclasses import dataclass
from numbers import Integral

Number = int | float
Interval = tuple[Number | None, Number | None]

MISSING = "–"

# (from this size on, divided by, written as)
_TIME = ((7200, 3600, "h"), (600, 60, "min"), (1, 1, "s"), (1e-3, 1e-3, "ms"), (0, 1e-6, "µs"))
_BYTES = ((1e9, 1e9, "GB"), (1e6, 1e6, "MB"), (1e3, 1e3, "kB"), (0, 1, "B"))
_PREFIX = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e3, 1e3, "k"), (0, 1, ""))
_COUNT = ((1e9, 1e9, "G"), (1e5, 1e6, "M"), (1e3, 1e3, "k"), (0, 1, ""))


@dataclass(frozen=True, slots=True)
class Parts:
    """A figure taken apart for typesetting; each part is empty where the figure has none."""

    number: str
    unit: str = ""
    spread: str = ""
    interval: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value.

    Args:
        name: what was measured.
        value: in `unit`; None where it was not measured.
        unit: `%` (22.4 stands for 22.4 %), `s`, `bytes`, `parameters`, `×`, a rate such as `words/s`, or any word.
        n: how many examples it rests on.
        seeds: the seeds of the runs it rests on.
        interval: lower and upper end, in `unit`.
        spread: standard deviation over the seeds, in `unit`.
        note: what a reader must know next to it; shown as a footnote.
        digits: decimals shown; None gives one for `%`, else three significant digits.
    """

    name: str
    value: Number | str | None
    unit: str = ""
    n: int | None = None
    seeds: tuple[int, ...] = ()
    interval: Interval | None = None
    spread: Number | None = None
    note: str = ""
    digits: int | None = None

    def text(self, named: str = "") -> str:
        """`22.4 % [20.1, 24.9]`, `22.4 ± 0.6 %`, `17.4 k words/s`, `–`.

        Args:
            named: words that stand beside it, such as the row's name; a unit found there is not repeated.
        """
        parts = self.parts(named)
        text = parts.number if not parts.spread else f"{parts.number} {parts.spread}"
        text += parts.unit if parts.unit == "×" else f" {parts.unit}" * bool(parts.unit)
        return f"{text} {parts.interval}" if parts.interval else text

    def parts(self, named: str = "") -> Parts:
        """The same, in parts."""
        if self.value is None:
            return Parts(MISSING)
        if isinstance(self.value, str):
            return Parts(self.value, self.unit)
        if not math.isfinite(self.value):
            return Parts(number_text(self.value))
        factor, unit = _scale(self.value, self.unit, named)
        digits = self.digits
        if digits is None and self.unit == "%":
            digits = 1
        if digits is None and not (isinstance(self.value, Integral) and factor == 1):
            digits = decimals(self.value / factor)

        def write(number: Number | None) -> str:
            return MISSING if number is None else number_text(number / factor, digits or 0)

        return Parts(
            number=write(self.value),
            unit=unit,
            spread="" if self.spread is None else f"± {write(self.spread)}",
            interval="" if self.interval is None else f"[{write(self.interval[0])}, {write(self.interval[1])}]",
        )

    def basis(self) -> str:
        """What it rests on: `n = 1,079; seeds 1–5`, or the empty string."""
        parts = [f"n = {self.n:,}"] if self.n is not None else []
        if self.seeds:
            first, last = self.seeds[0], self.seeds[-1]
            in_a_row = len(self.seeds) > 2 and self.seeds == tuple(range(first, last + 1))
            listed = f"{first}–{last}" if in_a_row else ", ".join(map(str, self.seeds))
            parts.append(f"seed{'s' * (len(self.seeds) > 1)} {listed}")
        return "; ".join(parts)


Cell = Figure | str | int | float | None


def cell_text(cell: Cell, named: str = "") -> str:
    """A table cell as text; `–` where it is None."""
    if cell is None:
        return MISSING
    if isinstance(cell, Figure):
        return cell.text(named)
    return cell if isinstance(cell, str) else number_text(cell)


def number_text(number: Number, digits: int | None = None) -> str:
    """A bare number: thousands with commas, a true minus sign; integers whole, others to three significant digits.

    Args:
        number: any real number; NaN and infinities are written as such, truth as `yes` and `no`.
        digits: decimals, instead.
    """
    if isinstance(number, bool):
        return "yes" if number else "no"
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    if digits is None and not isinstance(number, Integral):
        digits = decimals(number)
    tiny = digits is not None and digits > 6
    text = f"{number:.2e}" if tiny else f"{number:,.{digits or 0}f}"
    is_zero = not any(digit in "123456789" for digit in text)
    return text.lstrip("-") if is_zero else text.replace("-", "−")


def decimals(number: Number) -> int:
    """How many decimals show three significant digits: four at most, unless it would be shown as nothing."""
    exponent = int(f"{number:.2e}".split("e")[1])
    places = max(0, 2 - exponent) if number else 0
    return places if places > 6 else min(places, 4)


def _scale(value: Number, unit: str, named: str) -> tuple[float, str]:
    """What to divide by, and the unit as written then."""
    size = abs(float(f"{value:.3g}"))
    if unit in ("s", "bytes", "B"):
        return _step(size, _TIME if unit == "s" else _BYTES)
    shown = "" if unit and re.search(rf"(?<!\w){re.escape(unit)}(?!\w)", named) else unit
    if unit.endswith("/s") or unit == "parameters":
        factor, prefix = _step(size, _COUNT if unit == "parameters" else _PREFIX)
        return factor, f"{prefix} {shown}".strip()
    return 1, shown


def _step(size: float, steps: tuple[tuple[float, float, str], ...]) -> tuple[float, str]:
    if size == 0:
        return next((factor, unit) for _, factor, unit in steps if factor == 1)
    return next((factor, unit) for least, factor, unit in steps if size >= least)
