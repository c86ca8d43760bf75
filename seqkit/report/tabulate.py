"""The numbers behind a plot, as a table: for those who cannot see it, or want to copy from it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, zip_longest

from seqkit.report.figure import Cell, Figure, Interval, Number
from seqkit.report.report import Bars, Heat, Lines, Reliability, Series, Table

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
    columns = [
        {x: y if ends == (None, None) else Figure(series.name, y, interval=ends) for x, y, ends in _points(series)}
        for series in plot.series
    ]
    places = sorted({x for column in columns for x in column})
    if 2 * sum(map(len, columns)) < len(places) * len(columns):
        return _lines_apart(plot, columns)
    rows = tuple((x, *(column.get(x) for column in columns)) for x in places)
    return Table(plot.title, (plot.x_label, *(series.name for series in plot.series)), rows, plot.note)


def _lines_apart(plot: Lines, columns: Sequence[Mapping[Number, Cell]]) -> Table:
    """Lines with few places in common, as those of runs by the clock: each beside its own."""
    heads = tuple(head for series in plot.series for head in (plot.x_label, series.name))
    points = zip_longest(*(sorted(column.items()) for column in columns), fillvalue=(None, None))
    return Table(plot.title, heads, tuple(tuple(chain.from_iterable(row)) for row in points), plot.note)


def _points(series: Series) -> Iterator[tuple[Number, Number | None, Interval]]:
    """Place, height and the band's ends."""
    nothing = (None,) * len(series.x)
    return zip(series.x, series.y, zip(series.low or nothing, series.high or nothing, strict=True), strict=True)


def _bars(plot: Bars) -> Table:
    columns: list[list[Cell]] = []
    for group, (name, values) in enumerate(plot.groups):
        intervals = plot.intervals[group] if plot.intervals else [None] * len(values)
        pairs = zip(values, intervals, strict=True)
        columns.append([value if ends is None else Figure(name, value, interval=ends) for value, ends in pairs])
    rows = tuple((category, *(column[at] for column in columns)) for at, category in enumerate(plot.categories))
    return Table(plot.title, (plot.y_label, *(name for name, _ in plot.groups)), rows, plot.note)
