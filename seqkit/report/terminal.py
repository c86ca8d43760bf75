"""A report on the terminal: the verdict, the figures, the tables; and entities in coloured text."""

import io
import zlib
from collections.abc import Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from seqkit.report.figure import Figure, cell_text
from seqkit.report.footnotes import footnotes, number_of, superscript
from seqkit.report.report import Block, Heat, Lines, Report, Section, Sentence, Sentences, Span, Table, Texts, check_flat
from seqkit.report.sentences import mistakes_by_kind, runs
from seqkit.report.shades import shaded
from seqkit.report.tabulate import finite, is_empty
from seqkit.report.text import map_text, paragraphs, visible

COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "red")
USUAL = {"PER": "cyan", "PERSON": "cyan", "ORG": "yellow", "LOC": "green", "LOCATION": "green", "MISC": "magenta"}
SENTENCES = 3  # shown of a block; the page has all
TEXT_LINES = 12  # shown of a passage
CURVE = 40  # columns of a sparkline
CELL_LIMIT = 40  # columns a table cell may take

# for a console that is not UTF-8
_PLAIN = str.maketrans(
    {
        "–": "-",
        "−": "-",
        "·": "|",
        "→": "->",
        "…": "...",
        "±": "+/-",
        "×": "x",
        "“": '"',
        "”": '"',
        "¹": "^1",
        "²": "^2",
        "³": "^3",
    }
)


def print_report(report: Report, console: Console, *, detail: bool = False) -> None:
    """Print what a reader wants at the end of a run; plots stay on the page, but curves become sparklines and maps shades.

    Args:
        report: to show.
        console: its width and colours are kept to; without colours the text alone says everything.
        detail: the sections marked as detail too.
    """
    report = map_text(report, visible)
    if _is_utf8(console) and console.is_terminal:
        _print(report, console, detail)
        return
    stand_in = io.TextIOWrapper(io.BytesIO(), encoding=console.encoding)
    quiet = Console(file=stand_in, width=console.width, color_system=None, force_terminal=False)
    with quiet.capture() as capture:
        _print(report, quiet, detail)
    text = "\n".join(line.rstrip() for line in capture.get().split("\n"))
    if not _is_utf8(console):
        text = text.translate(_PLAIN).encode(console.encoding, "replace").decode(console.encoding)
    console.out(text, end="", highlight=False)


def _print(report: Report, console: Console, detail: bool) -> None:
    _say(console, report.title, "bold")
    _say(console, report.subtitle, "dim")
    for sentence in report.verdict:
        console.print()
        _say(console, sentence, "bold" if sentence == report.verdict[0] else "")
    _headline(report.headline, console)
    for section in report.sections:
        if detail or not section.detail:
            _section(section, console)
    if report.note:
        console.print()
        _say(console, report.note, "dim")


def render_entities(
    text: str | Sequence[str],
    spans: Sequence[Span],
    *,
    colour: bool = True,
    confidences: Sequence[float | None] = (),
) -> Text:
    """Text with its entities: coloured, the label after each; without colour `[Ada Lovelace PER] wrote`.

    Print it with `console.print(…, soft_wrap=True)`, so that one line stays one line.

    Args:
        text: a string, of which `spans` are character positions, or tokens, of which they are token positions.
        spans: entities that do not overlap, in any order.
        colour: whether to style it; `has_colour` tells for a console.
        confidences: shown after each label; one a span, in the same order, or none.

    Raises:
        ValueError: the spans overlap or leave the text.
    """
    check_flat(tuple(spans), len(text))
    space = "" if isinstance(text, str) else " "
    certain = dict(zip(spans, confidences, strict=False))
    parts: list[tuple[str, Span | None]] = []
    end = 0
    for span in sorted(spans, key=lambda span: span.start):
        parts += [(space.join(text[end : span.start]), None), (space.join(text[span.start : span.end]), span)]
        end = span.end
    parts.append((space.join(text[end:]), None))
    styled = [_entity(words, span, certain.get(span), colour) if span else Text(visible(words)) for words, span in parts]
    return Text(space).join(part for part in styled if part or not space)


def has_colour(console: Console) -> bool:
    """Whether it shows colours: a terminal, and no `NO_COLOR`."""
    return console.is_terminal and console.color_system is not None and not console.no_color


def _is_utf8(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")


def _entity(words: str, span: Span, confidence: float | None, colour: bool) -> Text:
    label = visible(span.label) if confidence is None else f"{visible(span.label)} {confidence:.2f}"
    if not colour:
        return Text(f"[{visible(words)} {label}]")
    tint = USUAL.get(span.label.upper()) or COLOURS[zlib.crc32(span.label.encode("utf-8", "replace")) % len(COLOURS)]
    return Text.assemble((visible(words), f"bold underline {tint}"), " ", (label, f"{tint} italic"))


def _say(console: Console, text: str, style: str = "", indent: int = 0) -> None:
    for paragraph in paragraphs(text):
        console.print(Padding(Text(paragraph, style=style, overflow="fold"), (0, 0, 0, indent), expand=False))


def _headline(figures: Sequence[Figure], console: Console) -> None:
    if not figures:
        return
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(overflow="fold")
    grid.add_column(overflow="fold")
    grid.add_column(style="dim", overflow="fold")
    for figure in figures:
        basis = "; ".join(filter(None, (figure.basis(), figure.note)))
        grid.add_row(Text(figure.name), Text(figure.text(figure.name), style="bold"), Text(basis))
    console.print()
    console.print(Padding(grid, (0, 0, 0, 2), expand=False))


def _section(section: Section, console: Console) -> None:
    blocks = [block for block in section.blocks if _is_printed(block)]
    if not blocks and not section.text:
        return
    console.print()
    _say(console, section.title, "bold underline")
    _say(console, section.text)
    for number, block in enumerate(blocks):
        if number:
            console.print()
        if block.title != section.title:
            _say(console, block.title, "italic")
        match block:
            case Table():
                _table(block, console)
            case Lines():
                _sparklines(block, console)
            case Heat():
                _map(block, console)
            case Sentences():
                _sentences(block, console)
            case Texts():
                _texts(block, console)
            case _:
                pass


def _is_printed(block: Block) -> bool:
    """Whether a terminal can show it: of the plots only curves and maps."""
    return block.scale is not None if isinstance(block, Heat) else isinstance(block, (Table, Lines, Sentences, Texts))


def _map(plot: Heat, console: Console) -> None:
    assert plot.scale is not None
    for line in shaded(plot, plot.scale, console.width - 2, utf8=_is_utf8(console)):
        console.print(Padding(line, (0, 0, 0, 2), expand=False), no_wrap=True)
    _say(console, plot.note, "dim", indent=2)


def _table(table: Table, console: Console) -> None:
    """A table; one that is too wide is cut into several that repeat the first column."""
    notes = footnotes(table)
    rows: list[list[str]] = [list(table.columns)]
    for row in table.rows:
        named = row[0] if isinstance(row[0], str) else ""
        texts = (cell_text(cell, f"{named} {column}") for cell, column in zip(row, table.columns, strict=True))
        rows.append([text + superscript(number_of(cell, notes)) for text, cell in zip(texts, row, strict=True)])
    words = [any(isinstance(row[at], str) for row in table.rows) for at in range(len(table.columns))]
    for columns in _cuts(rows, console.width):
        grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        for at in columns:
            grid.add_column(
                Text(rows[0][at]), justify="left" if words[at] or not at else "right", overflow="fold", max_width=CELL_LIMIT
            )
        for row in rows[1:]:
            grid.add_row(*(Text(row[at]) for at in columns))
        console.print(Padding(grid, (0, 0, 0, 2), expand=False))
    for number, note in enumerate(notes, 1):
        _say(console, f"{superscript(number)} {note}", "dim", indent=2)
    _say(console, table.note, "dim", indent=2)


def _cuts(rows: list[list[str]], width: int) -> list[list[int]]:
    """Which columns go together: as many as fit beside the first."""
    widths = [min(CELL_LIMIT, max(cell_len(row[at]) for row in rows)) + 2 for at in range(len(rows[0]))]
    cuts: list[list[int]] = []
    for at in range(1, len(widths)):
        if cuts and 2 + widths[0] + sum(widths[other] for other in cuts[-1][1:]) + widths[at] <= width:
            cuts[-1].append(at)
        else:
            cuts.append([0, at])
    return cuts or [[0]] * bool(widths)


def _sparklines(plot: Lines, console: Console) -> None:
    name_width = max((cell_len(series.name) for series in plot.series), default=0)
    if is_empty(plot):
        _say(console, "no data", "dim", indent=2)
    for series in plot.series:
        values = [y for y in series.y if y is not None and finite(y)]
        if not values:
            continue
        ends = f"{cell_text(float(values[0]))} → {cell_text(float(values[-1]))}"
        room = min(CURVE, console.width - name_width - len(ends) - 6)
        line = sparkline(values, room) + "  " if room >= 8 and _is_utf8(console) else ""
        name = series.name + " " * (name_width - cell_len(series.name))
        console.print(Text.assemble("  ", name, "  ", (line, "cyan"), ends, overflow="fold"))


def sparkline(values: Sequence[float], width: int) -> str:
    """`▁▃▅▇█`: finite values, lowest to highest, evenly thinned to `width` characters."""
    last = len(values) - 1
    if last >= width:
        values = [values[round(at * last / (width - 1))] for at in range(width)]
    low, high = min(values), max(values)
    step = (high - low) / 7 or 1
    return "".join("▁▂▃▄▅▆▇█"[round((value - low) / step)] for value in values)


def _sentences(block: Sentences, console: Console) -> None:
    if not block.items:
        _say(console, "none", "dim", indent=2)
    for item in block.items[:SENTENCES]:
        _sentence(item, console)
    if len(block.items) > SENTENCES:
        _say(console, f"and {len(block.items) - SENTENCES} more in the report", "dim", indent=2)


def _sentence(sentence: Sentence, console: Console) -> None:
    parts = [_entity(text, span, None, has_colour(console)) if span else Text(text) for text, span in runs(sentence)]
    console.print(Padding(Text("").join(parts), (0, 0, 0, 2), expand=False))
    for kind, texts in mistakes_by_kind(sentence):
        _say(console, f"{kind}: {', '.join(texts)}", "dim", indent=4)


def _texts(block: Texts, console: Console) -> None:
    for caption, text in block.items:
        _say(console, caption, "dim", indent=2)
        lines = text.expandtabs().split("\n")
        console.print(Padding(Text("\n".join(lines[:TEXT_LINES])), (0, 0, 0, 4), expand=False))
        if len(lines) > TEXT_LINES:
            _say(console, f"and {len(lines) - TEXT_LINES} more lines in the report", "dim", indent=4)
    _say(console, block.note, "dim", indent=2)
