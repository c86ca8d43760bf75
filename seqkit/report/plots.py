"""Plots as SVG text: the same bytes for the same numbers, legible in colour, in grey print and to the colour-blind.

Colours are from Okabe and Ito (2008), "Color universal design"; every series also has its own marker, dash or hatch.
The page re-colours them by attribute for dark screens, so each colour is written here and in `templates/style.css`.
"""

import io
import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from seqkit.report.figure import Number, number_text
from seqkit.report.heatmap import draw_map, map_width
from seqkit.report.report import Bars, Heat, Lines, Reliability
from seqkit.report.svg import tidy
from seqkit.report.tabulate import Plot, finite
from seqkit.report.text import clip, map_text, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

INK, MUTED, GRID = "#24292f", "#6e7781", "#d8dee4"
HEAT = "#2f6db3"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----")

WIDTH, HEIGHT = 480.0, 300.0  # points; the page scales them
WIDE = 980.0
LABEL_LIMIT = 24

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, selectable, in the page's own font
    "svg.hashsalt": "seqkit",
    "text.parse_math": False,
    "font.size": 12,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "grid.color": GRID,
    "hatch.color": "#ffffff",
    "hatch.linewidth": 1.0,
}


def draw(plot: Plot, prefix: str = "plot") -> str:
    """The plot as one `<svg>` element.

    Args:
        plot: with something to show (`tabulate.is_empty` is false).
        prefix: what its ids start with; unique in the page.
    """
    plot = map_text(plot, visible)
    if isinstance(plot, Heat) and plot.scale is not None:
        return draw_map(plot, plot.scale)

    import matplotlib
    from matplotlib.figure import Figure as Canvas

    width = WIDE if is_wide(plot) else WIDTH
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a script DejaVu lacks: only measured with it, the browser draws it
        matplotlib.rcdefaults()  # nobody's matplotlibrc gets in, nor (below) the clock
        matplotlib.rcParams.update(STYLE)
        canvas = Canvas(figsize=(width / 72, _height(plot) / 72), layout="constrained")
        match plot:
            case Lines():
                _lines(canvas, plot)
            case Bars():
                _bars(canvas, plot, width)
            case Heat():
                _heat(canvas, plot)
            case Reliability():
                _reliability(canvas, plot)
        buffer = io.StringIO()
        unsigned: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas.savefig(buffer, format="svg", transparent=True, metadata=unsigned)
    return tidy(buffer.getvalue(), label=_in_words(plot), prefix=prefix)


def line_style(index: int) -> dict[str, Any]:
    """Of a series: no two of 36 share both marker and dash."""
    turn = index // 6
    return {"marker": MARKERS[(index + turn) % 6], "linestyle": DASHES[(index + 2 * turn) % 6], "color": COLOURS[index % 6]}


def is_wide(plot: Plot) -> bool:
    """Whether it needs the whole width of the page rather than half of it."""
    match plot:
        case Bars():
            return len(plot.categories) * (len(plot.groups) + 1) > 36
        case Heat():
            return len(plot.column_labels) > 9 if plot.scale is None else map_width(plot) > WIDTH
        case _:
            return False


def _height(plot: Plot) -> float:
    return 90.0 + 26.0 * len(plot.row_labels) if isinstance(plot, Heat) else HEIGHT


def _lines(canvas: "Canvas", plot: Lines) -> None:
    from matplotlib.ticker import MaxNLocator

    axes = canvas.subplots()
    _frame(axes, plot.y_label)
    axes.set_xlabel(plot.x_label)
    if plot.log_x:
        axes.set_xscale("log")
    if plot.log_y:
        axes.set_yscale("log")
    handles: list[Any] = []
    for index, series in enumerate(plot.series):
        style = line_style(index)
        keep = [at for at, x in enumerate(series.x) if finite(x) and (x > 0 or not plot.log_x)]
        xs = [series.x[at] for at in keep]
        if series.low is not None and series.high is not None:
            low, high = _gaps([series.low[at] for at in keep]), _gaps([series.high[at] for at in keep])
            axes.fill_between(xs, low, high, facecolor=style["color"], alpha=0.16, linewidth=0)
        every = max(1, len(xs) // 12)
        ys = _gaps([series.y[at] for at in keep])
        handles += axes.plot(xs, ys, markevery=every, markersize=5, linewidth=1.8, **style)
    if all(isinstance(x, int) for series in plot.series for x in series.x) and not plot.log_x:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    places = {x for series in plot.series for x in series.x}
    if len(places) == 1 and not plot.log_x:
        axes.set_xlim(min(places) - 1, min(places) + 1)
    bounded = (ys for series in plot.series for ys in (series.y, series.low or (), series.high or ()))
    heights = {y for ys in bounded for y in ys if y is not None and finite(y)}
    if len(heights) == 1 and min(heights) > 0 and not plot.log_y:
        axes.set_ylim(0, 2 * min(heights))  # what never changes is seen against 0, not in a window a hair wide
    _tick_text(axes, x=True)
    for axis, logarithmic in ((axes.xaxis, plot.log_x), (axes.yaxis, plot.log_y)):
        if logarithmic:
            _log_ticks(axis)
    _legend(canvas, handles, [series.name for series in plot.series])


def _bars(canvas: "Canvas", plot: Bars, width: float) -> None:
    axes = canvas.subplots()
    _frame(axes, plot.y_label)
    groups, places = len(plot.groups), len(plot.categories)
    thick = min(0.8 / groups, 0.4)
    handles: list[Any] = []
    for index, (_, values) in enumerate(plot.groups):
        middles = [at + (index - (groups - 1) / 2) * thick for at in range(places)]
        hatch = HATCHES[(index + index // 6) % 6]
        look: dict[str, Any] = {"facecolor": COLOURS[index % 6], "hatch": hatch, "linewidth": 0}
        handles.append(axes.bar(middles, _gaps(values), width=thick * 0.92, **look))
        intervals = plot.intervals[index] if plot.intervals else (None,) * places
        for x, value, interval in zip(middles, values, intervals, strict=True):
            if value is None or not finite(value):
                continue
            ends = [end for end in interval or () if end is not None and finite(end)]
            axes.plot([x] * len(ends), ends, color=INK, linewidth=1.1)
            if groups * places <= 14:
                down = value < 0
                place: dict[str, Any] = {"ha": "center", "va": "top" if down else "bottom", "textcoords": "offset points"}
                tip = (x, min([value, *ends]) if down else max([value, *ends]))
                axes.annotate(number_text(value), tip, xytext=(0, -3 if down else 3), color=MUTED, fontsize=11, **place)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    _name_ticks(axes, plot.categories, crowded=sum(map(len, plot.categories)) * 7.5 > width * 0.8)
    axes.set_xlim(-0.6, places - 0.4)
    axes.margins(y=0.12)
    if not any(value for _, values in plot.groups for value in values):
        axes.set_ylim(0, 1)  # zeros alone are seen against something, not in a window around them
    _tick_text(axes)
    _legend(canvas, handles, [name for name, _ in plot.groups])


def _heat(canvas: "Canvas", plot: Heat) -> None:
    from matplotlib.patches import Rectangle

    axes = canvas.subplots()
    for y, row in enumerate(plot.values):
        total = sum(abs(value) for value in row if value is not None and finite(value)) or 1
        for x, value in enumerate(row):
            share = abs(value) / total if value is not None and finite(value) else 0.0
            if share:
                axes.add_patch(Rectangle((x - 0.48, y - 0.47), 0.96, 0.94, facecolor=HEAT, alpha=0.12 + 0.88 * share))
            colour = "#ffffff" if share > 0.55 else INK if value else MUTED
            text = "" if value is None else number_text(value)
            axes.text(x, y, text, ha="center", va="center", color=colour, fontsize=11)
    axes.set_xlim(-0.5, len(plot.column_labels) - 0.5)
    axes.set_ylim(len(plot.row_labels) - 0.5, -0.5)
    axes.set_yticks(range(len(plot.row_labels)), [_tick(name) for name in plot.row_labels])
    crowded = max(map(len, plot.column_labels), default=0) * len(plot.column_labels) * 7.5 > WIDTH * 0.7
    _name_ticks(axes, plot.column_labels, crowded=crowded)
    axes.xaxis.set_ticks_position("top")
    if crowded:
        for label in axes.get_xticklabels():
            label.set(rotation=40, ha="left")
    axes.set_xlabel(plot.column_axis, labelpad=8)
    axes.xaxis.set_label_position("top")
    axes.set_ylabel(plot.row_axis)
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines[:].set_visible(False)


def _reliability(canvas: "Canvas", plot: Reliability) -> None:
    from matplotlib.ticker import MaxNLocator

    above, below = canvas.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    bins = [part for part in plot.bins if finite(part.confidence) and finite(part.accuracy)]
    xs, ys = [part.confidence or 0.0 for part in bins], [part.accuracy or 0.0 for part in bins]
    _frame(above, "share right")
    above.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    above.vlines(xs, xs, ys, color=COLOURS[1], linewidth=1.6)
    above.plot(xs, ys, color=COLOURS[0], marker="o", markersize=5.5, linewidth=1.4)
    above.set(xlim=(0, 1.02), ylim=(0, 1.05))
    _frame(below, "how many")
    below.bar(xs, [part.count for part in bins], width=0.6 / max(len(plot.bins), 8), color=MUTED)
    below.set_xlabel("confidence")
    below.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True))
    _tick_text(above)
    _tick_text(below)


def _frame(axes: "Axes", y_label: str) -> None:
    """Only what guides the eye: faint horizontal lines, a base line, the name of the axis above it."""
    axes.set_title(y_label, loc="left", fontsize=12, color=MUTED, pad=7)
    axes.spines[["left", "top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", length=3)
    axes.grid(axis="y", linewidth=0.8)
    axes.set_axisbelow(True)


def _name_ticks(axes: "Axes", names: Sequence[str], crowded: bool) -> None:
    axes.set_xticks(range(len(names)), [_tick(name) for name in names])
    axes.tick_params(axis="x", length=0, labelcolor=INK)
    if crowded:
        for label in axes.get_xticklabels():
            label.set(rotation=30, ha="right", rotation_mode="anchor")


def _tick(name: str) -> str:
    return clip(name, LABEL_LIMIT)


def _tick_text(axes: "Axes", x: bool = False) -> None:
    def write(value: float, _: float) -> str:
        if abs(value) >= 1e6:
            return f"{value / 1e6:,g} M".replace("-", "−")
        text = f"{value:,g}" if abs(value) >= 1e-4 or not value else f"{value:.8f}".rstrip("0")  # 0.00001 beside 0.0001
        return text.replace("-", "−")

    axes.yaxis.set_major_formatter(write)
    if x:
        axes.xaxis.set_major_formatter(write)


def _log_ticks(axis: Any) -> None:
    """Powers of ten, or 1, 2, 5 of each where there are few."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 100 * low else (1.0,)))
    axis.set_minor_formatter(NullFormatter())


def _legend(canvas: "Canvas", handles: Sequence[Any], names: Sequence[str]) -> None:
    if len(names) < 2:
        return
    # matplotlib leaves out names that start with an underscore; a zero-width space stops that
    written = [("\u200b" if name.startswith("_") else "") + clip(name, 28) for name in names]
    columns = max(1, min(len(names), int(canvas.get_figwidth() * 11 / (max(map(len, written)) + 7))))
    canvas.legend(handles, written, loc="outside upper left", ncols=columns, frameon=False, fontsize=12)


def _gaps(values: Sequence[Number | None]) -> list[float]:
    return [float(value) if value is not None and finite(value) else math.nan for value in values]


def _in_words(plot: Plot) -> str:
    match plot:
        case Lines():
            names = ", ".join(series.name for series in plot.series)
            return f"{plot.title}. Line plot of {plot.y_label} over {plot.x_label}: {names}."
        case Bars():
            names = ", ".join(name for name, _ in plot.groups)
            return f"{plot.title}. Bar chart of {plot.y_label} by {', '.join(plot.categories)}: {names}."
        case Heat():
            return f"{plot.title}. Matrix of {plot.row_axis} (rows) against {plot.column_axis} (columns)."
        case Reliability():
            return f"{plot.title}. Share right against confidence, in {len(plot.bins)} bins."
