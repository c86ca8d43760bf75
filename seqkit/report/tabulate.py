"""The numbers behind a plot, as a table: for those who cannot see it, or want to copy from it."""

import math
from collections.abc import Sequence

from seqkit.report.figure import Cell, Figure, Number
from seqkit.report.report import Bars, Heat, Lines, Reliability, Table

Plot = Lines | Bars | Heat | Reliability

MOST_CELLS = 600  # of a table behind a plot


def as_table(plot: Plot) -> Table:
    """Every number the plot shows."""
    match plot:
        case Lines():
            return _lines(plot)
        case Bars():
            return _bars(plot)
        case Heat():
            corner = f"{plot.row_axis} ↓ · {plot.column_axis} →"
            rows = tuple((name, *row) for name, row in zip(plot.row_labels, plot.values, strict=True))
            return Table(plot.title, (corner, *plot.column_labels), rows, plot.note)
        case Reliability():
            rows = tuple((part.confidence, part.accuracy, part.count) for part in plot.bins)
            return Table(plot.title, ("mean confidence", "share right", "predictions"), rows, plot.note)


def is_empty(plot: Plot) -> bool:
    """Whether nothing in it can be drawn."""
    match plot:
        case Lines():
            return not any(finite(y) for series in plot.series for y in series.y)
        case Bars():
            return not any(finite(value) for _, values in plot.groups for value in values)
        case Heat():
            return not any(finite(value) for row in plot.values for value in row)
        case Reliability():
            return not any(finite(part.confidence) and finite(part.accuracy) for part in plot.bins)


def is_long(plot: Plot) -> bool:
    """Whether its table is more than a reader would look through; report.json has the numbers."""
    return isinstance(plot, Heat) and len(plot.row_labels) * len(plot.column_labels) > MOST_CELLS


def is_numeric(cells: Sequence[Cell]) -> bool:
    """Whether a column is one of figures: where a word stands for one here and there, it still is."""
    words = sum(isinstance(cell, str) for cell in cells)
    return words < sum(cell is not None for cell in cells) - words


def finite(value: Number | None) -> bool:
    """Whether it is a number a plot can place."""
    return value is not None and math.isfinite(value)


def _lines(plot: Lines) -> Table:
    places = sorted({x for series in plot.series for x in series.x})
    columns: list[dict[Number, Cell]] = []
    for series in plot.series:
        bands = zip(series.low or [None] * len(series.x), series.high or [None] * len(series.x), strict=True)
        columns.append(
            {
                x: y if low is None and high is None else Figure(series.name, y, interval=(low, high))
                for x, y, (low, high) in zip(series.x, series.y, bands, strict=True)
            }
        )
    rows = tuple((x, *(column.get(x) for column in columns)) for x in places)
    return Table(plot.title, (plot.x_label, *(series.name for series in plot.series)), rows, plot.note)


def _bars(plot: Bars) -> Table:
    columns: list[list[Cell]] = []
    for group, (name, values) in enumerate(plot.groups):
        intervals = plot.intervals[group] if plot.intervals else [None] * len(values)
        pairs = zip(values, intervals, strict=True)
        columns.append([value if ends is None else Figure(name, value, interval=ends) for value, ends in pairs])
    rows = tuple((category, *(column[at] for column in columns)) for at, category in enumerate(plot.categories))
    return Table(plot.title, (plot.y_label, *(name for name, _ in plot.groups)), rows, plot.note)
