"""A matrix of activations as SVG: one hue, paler towards zero, so that order survives grey print and colour blindness.

A shade is an opacity, so that the page shines through: pale on paper, dark on a dark screen. Cells of one shade are one path,
for a map may have tens of thousands. Negative values have another hue and, so that print shows it too, a bar through the cell.
"""

from collections.abc import Sequence
from typing import NamedTuple
from xml.etree import ElementTree

from rich.cells import cell_len

from seqkit.report.figure import Number, number_text
from seqkit.report.report import Heat, Scale
from seqkit.report.svg import SVG
from seqkit.report.tabulate import finite
from seqkit.report.text import clip

POSITIVE, NEGATIVE = "#0072b2", "#d55e00"  # two of plots.COLOURS
INK, MUTED, GRID = "#24292f", "#6e7781", "#d8dee4"
SHADES = 16
STRONG = 12  # from this shade on paper-coloured numbers read better than ink
LABEL = 22  # characters of a label
LETTER = 7.2  # pixels that a character takes, about; twice as many where it is a wide one
NUMBERED = 8  # columns, at most, whose cells hold their numbers


class Layout(NamedTuple):
    """Pixels: of a cell, of the labels to the left and above, and whether those above stand askew."""

    cell_width: float
    cell_height: float
    left: float
    top: float
    askew: bool


def draw_map(plot: Heat, scale: Scale) -> str:
    """One `<svg>` element of its natural size, without ids."""
    layout = lay_out(plot)
    rows, columns = len(plot.row_labels), len(plot.column_labels)
    width, grid_height = map_width(plot), rows * layout.cell_height
    height = layout.top + grid_height + 46
    root = ElementTree.Element(
        "svg",
        {"xmlns": SVG, "viewBox": f"0 0 {_n(width)} {_n(height)}", "width": _n(width), "height": _n(height), "role": "img"}
        | {"aria-label": f"{plot.title}. Map of {scale.name} by {plot.row_axis} (rows) and {plot.column_axis} (columns)."}
        | {"font-family": "system-ui, sans-serif", "font-size": "12"},
    )
    grid = ElementTree.SubElement(root, "g", {"transform": f"translate({_n(layout.left)} {_n(layout.top)})", "fill": INK})
    frame = {"width": _n(columns * layout.cell_width), "height": _n(grid_height), "fill": "none", "stroke": GRID}
    ElementTree.SubElement(grid, "rect", frame)
    _cells(grid, plot.values, scale, layout)
    if numbered(plot):
        _numbers(grid, plot.values, scale, layout)
    _labels(grid, plot, layout)
    _legend(root, scale, layout.left, layout.top + grid_height + 16)
    return ElementTree.tostring(root, encoding="unicode")


def map_width(plot: Heat) -> float:
    """Pixels, at its natural size."""
    layout = lay_out(plot)
    # The last slanted label reaches beyond the last column.
    beyond = layout.top * 0.6 if layout.askew else 0
    return max(layout.left + len(plot.column_labels) * layout.cell_width + beyond + 8, layout.left + 230)


def lay_out(plot: Heat) -> Layout:
    """Smaller cells for larger maps; labels askew where they do not fit their columns."""
    longest, left = _length(plot.column_labels), _length(plot.row_labels) + 10
    size = 18.0 if max(len(plot.row_labels), len(plot.column_labels)) <= 48 else 8.0
    if numbered(plot):
        askew = longest > 64
        return Layout(54.0 if askew else max(54.0, longest + 10), 20.0, left, longest * 0.75 + 16 if askew else 22.0, askew)
    return Layout(size, size, left, longest * 0.75 + 16, True)


def numbered(plot: Heat) -> bool:
    """Whether the cells have room for their numbers."""
    return len(plot.column_labels) <= NUMBERED


def level(value: Number | None, scale: Scale) -> int:
    """From -SHADES to SHADES: the shade of a value, 0 for none."""
    if value is None or not finite(value):
        return 0
    zero, most = (0, max(-scale.low, scale.high)) if scale.low < 0 else (scale.low, scale.high)
    share = (value - zero) / (most - zero)
    return round(SHADES * min(max(share, -1.0), 1.0))


def cell_number(value: Number | None) -> str:
    """A value as a cell shows it; nothing where there is none."""
    return number_text(value, 2 if abs(value) < 100 else 0) if value is not None and finite(value) else ""


def _cells(grid: ElementTree.Element, values: Sequence[Sequence[Number | None]], scale: Scale, layout: Layout) -> None:
    """A path a shade, of runs of neighbours."""
    paths: dict[int, list[str]] = {}
    bars: list[str] = []
    w, h = layout.cell_width, layout.cell_height
    for y, row in enumerate(values):
        levels = [level(value, scale) for value in row]
        x = 0
        while x < len(levels):
            end = x
            while end < len(levels) and levels[end] == levels[x]:
                end += 1
            if levels[x]:
                paths.setdefault(levels[x], []).append(f"M{_n(x * w)} {_n(y * h)}h{_n((end - x) * w)}v{_n(h)}H{_n(x * w)}z")
            if levels[x] < 0:
                bars.append(f"M{_n(x * w)} {_n((y + 0.5) * h)}h{_n((end - x) * w)}")
            x = end
    for shade in sorted(paths):
        look = {"fill": POSITIVE if shade > 0 else NEGATIVE, "fill-opacity": f"{abs(shade) / SHADES:.3g}"}
        ElementTree.SubElement(grid, "path", {"d": "".join(paths[shade]), **look})
    if bars and not layout.cell_width > 18:  # where there is no number to show the sign
        ElementTree.SubElement(grid, "path", {"d": "".join(bars), "stroke": INK, "stroke-width": "0.8", "fill": "none"})


def _numbers(grid: ElementTree.Element, values: Sequence[Sequence[Number | None]], scale: Scale, layout: Layout) -> None:
    for y, row in enumerate(values):
        for x, value in enumerate(row):
            if not (number := cell_number(value)):
                continue
            place = {"x": _n((x + 0.5) * layout.cell_width), "y": _n((y + 0.5) * layout.cell_height + 4)}
            colour = "#ffffff" if abs(level(value, scale)) > STRONG else INK
            text = ElementTree.SubElement(grid, "text", {**place, "text-anchor": "middle", "font-size": "11", "fill": colour})
            text.text = number


def _labels(grid: ElementTree.Element, plot: Heat, layout: Layout) -> None:
    """Every label, or as many as have room."""
    for axis, names in ((0, plot.row_labels), (1, plot.column_labels)):
        size = layout.cell_width if axis else layout.cell_height
        for at in range(0, len(names), max(1, -(-12 // int(size)))):
            middle = (at + 0.5) * size
            if not axis:
                place = {"x": "-6", "y": _n(middle + 4), "text-anchor": "end"}
            elif layout.askew:
                place = {"transform": f"translate({_n(middle + 3)} -6) rotate(-48)"}
            else:
                place = {"x": _n(middle), "y": "-7", "text-anchor": "middle"}
            ElementTree.SubElement(grid, "text", place).text = clip(names[at], LABEL)


def _legend(root: ElementTree.Element, scale: Scale, x: float, y: float) -> None:
    """The ends of the scale, the shades between them, and what they show."""
    steps, swatch = 9, 12
    low = ElementTree.SubElement(root, "text", {"x": _n(x), "y": _n(y + 10), "font-size": "11", "fill": MUTED})
    low.text = number_text(scale.low)
    start = x + 8 + LETTER * len(low.text)
    for step in range(steps):
        value = scale.low + (scale.high - scale.low) * step / (steps - 1)
        shade = level(value, scale)
        look = {"fill": POSITIVE if shade >= 0 else NEGATIVE, "fill-opacity": f"{abs(shade) / SHADES:.3g}", "stroke": GRID}
        box = {"x": _n(start + step * swatch), "y": _n(y), "width": str(swatch), "height": "12"}
        ElementTree.SubElement(root, "rect", box | look)
    after = {"x": _n(start + steps * swatch + 6), "y": _n(y + 10), "font-size": "11", "fill": MUTED}
    ElementTree.SubElement(root, "text", after).text = number_text(scale.high)
    about = ElementTree.SubElement(root, "text", {"x": _n(x), "y": _n(y + 26), "font-size": "11", "fill": MUTED})
    about.text = scale.name


def _length(names: Sequence[str]) -> float:
    """Pixels of the longest label."""
    return max((cell_len(clip(name, LABEL)) for name in names), default=0) * LETTER


def _n(number: float) -> str:
    """To a hundredth of a pixel."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
