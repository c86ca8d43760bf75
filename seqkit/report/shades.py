"""A matrix of activations on the terminal: numbers where they fit, and shades in the terminal's own ink.

The shades are `░▒▓█`, more ink for more, so that they read on dark and light grounds alike and need no colour; what is negative
is red where there are colours, and has signs instead of shades.
"""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from seqkit.report.figure import Number, number_text
from seqkit.report.heatmap import SHADES, cell_number, level
from seqkit.report.report import Heat, Scale
from seqkit.report.text import clip

MORE, LESS = " ░▒▓█", " -=≡#"
PLAIN_MORE, PLAIN_LESS = " .:*#", " -=%@"
LABEL = 22  # columns of a row's label
TALL = 8  # letters of a column's label
MOST = 64  # rows


def shaded(plot: Heat, scale: Scale, width: int, *, utf8: bool) -> Iterator[Text]:
    """The lines of a map that is no wider than `width` columns; of a larger one a word on where to find it.

    Args:
        utf8: whether the console can show shades, or only ASCII.
    """
    names = [_flat(name) for name in plot.column_labels]
    if not plot.values or not names:
        yield Text("no data")
        return
    left = min(LABEL, max(map(cell_len, plot.row_labels)))
    labels = [set_cell_size(_flat(label), left) for label in plot.row_labels]
    numbered = 3 + max(4, *map(cell_len, names), *(len(cell_number(value)) for row in plot.values for value in row))
    bare = 2 if left + 1 + 2 * len(names) <= width else 1
    if len(labels) > MOST or left + 1 + bare * len(names) > width:
        yield Text(f"{len(labels)} × {len(names)}: too large for the terminal; the page shows it", style="dim")
        return
    if left + numbered * len(names) <= width:
        yield Text(" " * left + "".join(_right(name, numbered) for name in names), style="dim")
        for label, row in zip(labels, plot.values, strict=True):
            yield Text.assemble(label, *(_numbered(value, scale, numbered, utf8=utf8) for value in row))
    else:
        yield from _written_down(names, left + 1, bare)
        for label, row in zip(labels, plot.values, strict=True):
            yield Text.assemble(label, " ", *(_shade(value, scale, bare, utf8=utf8) for value in row))
    yield Text(_legend(scale, utf8=utf8), style="dim", overflow="fold")


def _written_down(names: Sequence[str], left: int, columns: int) -> Iterator[Text]:
    """Each name from top to bottom above its column."""
    clipped = [clip(name, TALL) for name in names]
    for height in range(max(map(len, clipped))):
        letters = (set_cell_size(name[height : height + 1], columns) for name in clipped)
        yield Text(" " * left + "".join(letters), style="dim")


def _numbered(value: Number | None, scale: Scale, columns: int, *, utf8: bool) -> tuple[str, str]:
    shade, style = _shade(value, scale, 1, utf8=utf8)
    return _right(f"{shade} {cell_number(value)}", columns), style


def _shade(value: Number | None, scale: Scale, columns: int, *, utf8: bool) -> tuple[str, str]:
    """So many columns of one shade, and its style."""
    strength = level(value, scale)
    more, less = (MORE, LESS) if utf8 else (PLAIN_MORE, PLAIN_LESS)
    signs = less if strength < 0 else more
    return signs[round(abs(strength) * (len(signs) - 1) / SHADES)] * columns, "red" if strength < 0 else ""


def _legend(scale: Scale, *, utf8: bool) -> str:
    more, less = (MORE, LESS) if utf8 else (PLAIN_MORE, PLAIN_LESS)
    below = less[:0:-1] if scale.low < 0 else ""
    return f"{number_text(scale.low)} {below}{more} {number_text(scale.high)}  {scale.name}"


def _right(text: str, columns: int) -> str:
    return " " * (columns - cell_len(text)) + text


def _flat(text: str) -> str:
    return " ".join(text.split())
