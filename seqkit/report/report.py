"""What was measured, as plain records: no figure is computed here and nothing is drawn.

A `Report` holds sections, a section holds blocks: tables, plots, sentences.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from html import escape
from numbers import Integral, Real
from typing import Any, Literal

from seqkit.data.examples import Span
from seqkit.report.figure import MISSING, Cell, Figure, Interval, Number, cell_text
from seqkit.report.text import encodable

__all__ = [
    "MISSING", "Bars", "Bin", "Block", "Cell", "Figure", "Heat", "Interval", "Lines", "Number",
    "Reliability", "Report", "Scale", "Section", "Sentence", "Sentences", "Series", "Span", "Table", "Texts", "cell_text",
]  # fmt: skip

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns; the first column names the row.

    Raises:
        ValueError: a row has not as many cells as there are columns.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    kind: Literal["table"] = "table"

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table '{self.title}': {len(row)} cells in a row of {len(self.columns)} columns")


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a plot; None in `y`, `low` or `high` leaves a gap. `low` and `high` bound a band around it.

    Raises:
        ValueError: the lengths differ.
    """

    name: str
    x: tuple[Number, ...]
    y: tuple[Number | None, ...]
    low: tuple[Number | None, ...] | None = None
    high: tuple[Number | None, ...] | None = None

    def __post_init__(self) -> None:
        if any(values is not None and len(values) != len(self.x) for values in (self.y, self.low, self.high)):
            raise ValueError(f"series '{self.name}': x, y, low and high differ in length")


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines over a numeric axis, such as a learning curve.

    Args:
        title: of the plot.
        x_label: with the unit.
        y_label: with the unit.
        series: the lines.
        note: shown below it.
        log_x: whether the x axis is logarithmic.
        log_y: whether the y axis is.
        tabulated: whether a table in the same section tells the numbers already, so that none is made of the plot.
    """

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    note: str = ""
    log_x: bool = False
    log_y: bool = False
    tabulated: bool = False
    kind: Literal["lines"] = "lines"


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars side by side, a group a system, a place a category.

    Args:
        title: of the plot.
        y_label: with the unit.
        categories: C names.
        groups: G pairs of a name and C values.
        intervals: G × C intervals, for error bars.
        note: shown below it.
    """

    title: str
    y_label: str
    categories: tuple[str, ...]
    groups: tuple[tuple[str, tuple[Number | None, ...]], ...]
    intervals: tuple[tuple[Interval | None, ...], ...] | None = None
    note: str = ""
    kind: Literal["bars"] = "bars"

    def __post_init__(self) -> None:
        rows: list[tuple[Any, ...]] = [values for _, values in self.groups]
        if self.intervals is not None and len(self.intervals) != len(rows):
            raise ValueError(f"bars '{self.title}': intervals for {len(self.intervals)} of {len(rows)} groups")
        if any(len(row) != len(self.categories) for row in [*rows, *(self.intervals or ())]):
            raise ValueError(f"bars '{self.title}': every group needs {len(self.categories)} values")


@dataclass(frozen=True, slots=True)
class Scale:
    """What the values of a matrix are, and the ends of their range; where `low` is below 0, the sign matters.

    Raises:
        ValueError: `low` is not below `high`.
    """

    name: str
    low: Number
    high: Number

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"scale '{self.name}': {self.low} is not below {self.high}")


@dataclass(frozen=True, slots=True)
class Heat:
    """A matrix: `values[row][column]`; None leaves a cell empty.

    Args:
        scale: shade by this, as in a map of activations; None: counts, shaded by their share of the row, as in a confusion
            matrix.
    """

    title: str
    row_labels: tuple[str, ...]
    column_labels: tuple[str, ...]
    values: tuple[tuple[Number | None, ...], ...]
    note: str = ""
    row_axis: str = "gold"
    column_axis: str = "predicted"
    scale: Scale | None = None
    kind: Literal["heat"] = "heat"

    def __post_init__(self) -> None:
        shape = (len(self.row_labels), len(self.column_labels))
        if len(self.values) != shape[0] or any(len(row) != shape[1] for row in self.values):
            raise ValueError(f"heat '{self.title}': values must be {shape[0]} × {shape[1]}")


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of similar confidence: mean confidence, share that is right (both 0 to 1), how many."""

    confidence: Number | None
    accuracy: Number | None
    count: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """Confidence against accuracy (Guo et al. 2017, figure 1)."""

    title: str
    bins: tuple[Bin, ...]
    note: str = ""
    kind: Literal["reliability"] = "reliability"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens with gold and predicted entities; `confidences` (0 to 1) go with `predicted`, or are empty.

    Raises:
        ValueError: a span leaves the sentence, spans of one side overlap, or confidences do not match.
    """

    tokens: tuple[str, ...]
    gold: tuple[Span, ...]
    predicted: tuple[Span, ...]
    confidences: tuple[Number | None, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        check_flat(self.gold, len(self.tokens))
        check_flat(self.predicted, len(self.tokens))
        if self.confidences and len(self.confidences) != len(self.predicted):
            raise ValueError(f"{len(self.confidences)} confidences for {len(self.predicted)} predicted entities")


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences in context, such as the worst errors; `language` is their BCP 47 tag, where known."""

    title: str
    items: tuple[Sentence, ...]
    note: str = ""
    language: str = ""
    kind: Literal["sentences"] = "sentences"


@dataclass(frozen=True, slots=True)
class Texts:
    """Passages of running text, such as a language model writes: pairs of a caption and the text, line breaks kept."""

    title: str
    items: tuple[tuple[str, str], ...]
    note: str = ""
    kind: Literal["texts"] = "texts"


Block = Table | Lines | Bars | Heat | Reliability | Sentences | Texts


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading.

    Args:
        title: the heading.
        text: prose above the blocks; an empty line parts paragraphs.
        blocks: in reading order.
        detail: for those who look closer: folded on the page, left out on the terminal.
    """

    title: str
    text: str = ""
    blocks: tuple[Block, ...] = ()
    detail: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """All that one evaluation or comparison says.

    Args:
        title: what was measured.
        subtitle: corpus, model, size, in a line.
        verdict: sentences the figures support; the first thing read.
        headline: the few figures that matter most.
        sections: the evidence.
        context: name and value: device, threads, versions, command, corpus, commit, time.
        note: how the figures are to be read: what `±` and `[ , ]` stand for.
    """

    title: str
    subtitle: str = ""
    verdict: tuple[str, ...] = ()
    headline: tuple[Figure, ...] = ()
    sections: tuple[Section, ...] = ()
    context: tuple[tuple[str, str], ...] = ()
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and finite numbers, in a fixed order; NaN and infinities become None."""
        return {"schema_version": SCHEMA_VERSION, **_plain(self)}

    def to_json(self) -> str:
        """`to_dict` as JSON text, one byte for byte the same for the same report."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=1) + "\n"

    def framed(self) -> str:
        """The page as HTML, in a frame of its own."""
        from seqkit.report.html import to_html

        return f'<iframe srcdoc="{escape(to_html(self))}" style="width: 100%; height: 40em; border: 0"></iframe>'

    def _repr_html_(self) -> str:
        """For notebooks."""
        return self.framed()

    def __repr__(self) -> str:
        return f"<Report {self.title!r}: {' '.join(self.verdict)}>"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Report":
        """The report that `to_dict` gave.

        Raises:
            ValueError: another schema version, or not a report.
        """
        from pydantic import TypeAdapter

        if data.get("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"report schema {data.get('schema_version')!r}; this seqkit reads {SCHEMA_VERSION}")
        return TypeAdapter(cls).validate_python({key: data[key] for key in data if key != "schema_version"})


def check_flat(spans: tuple[Span, ...], length: int) -> None:
    """Raise ValueError unless the spans lie inside `length` and none overlaps another."""
    end = 0
    for span in sorted(spans, key=lambda span: span.start):
        if not end <= span.start < span.end <= length:
            raise ValueError(f"{span} overlaps another or leaves the {length} positions there are")
        end = span.end


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, Integral):  # numpy's too
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    raise TypeError(f"a report cannot hold {type(value).__name__}")
