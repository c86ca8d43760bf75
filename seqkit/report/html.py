"""A report as one self-contained HTML page: no script, no request, everything from outside escaped."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqkit.report.figure import Cell, Figure, Parts, cell_text
from seqkit.report.footnotes import footnotes, number_of
from seqkit.report.plots import draw, is_wide
from seqkit.report.report import Bars, Block, Heat, Lines, Reliability, Report, Section, Sentences, Table, Texts
from seqkit.report.sentences import mistakes_by_kind, pieces
from seqkit.report.svg import SVG
from seqkit.report.tabulate import as_table, is_empty, is_long, is_numeric
from seqkit.report.text import map_text, paragraphs, visible

TEMPLATES = Path(__file__).parent / "templates"
TINTS = 8  # colours for entity types in style.css
NARROW = 46  # characters: a table up to this wide takes half of the page


def to_html(report: Report) -> str:
    """The whole page.

    Its Content Security Policy allows the one style sheet in it, by hash, and nothing else.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    report = map_text(report, visible)
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [_section(section, f"s{number}") for number, section in enumerate(report.sections, 1)]
    page = environment.get_template("report.html", globals={"paragraphs": paragraphs})
    return page.render(report=report, sections=sections, style=style, digest=digest, tints=_tints(report))


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell as the template sets it: a figure in parts, its footnote's number, what it rests on."""

    parts: Parts
    footnote: int | None = None
    basis: str = ""


def _section(section: Section, name: str) -> dict[str, Any]:
    blocks = [_block(block, f"{name}-{number}") for number, block in enumerate(section.blocks, 1)]
    return {"name": name, "title": section.title, "text": section.text, "detail": section.detail, "blocks": blocks}


def _block(block: Block, name: str) -> dict[str, Any]:
    """What the template needs of a block; plots come drawn, with the table behind them."""
    view: dict[str, Any] = {"name": name, "kind": block.kind, "title": block.title, "note": block.note, "wide": True}
    match block:
        case Table():
            view |= _table(block)
        case Sentences():
            items = [{"pieces": pieces(item), "mistakes": mistakes_by_kind(item), "note": item.note} for item in block.items]
            view |= {"items": items, "language": block.language}
        case Texts():
            view |= {"items": block.items}
        case Lines() | Bars() | Heat() | Reliability():
            empty = is_empty(block)
            svg = "" if empty else _trusted(draw(block, f"{name}-p"))
            listed = is_long(block) or (isinstance(block, Lines) and block.tabulated)
            data = None if listed else _table(as_table(block))
            view |= {"kind": "plot", "svg": svg, "wide": is_wide(block) and not empty, "data": data}
            view["map"] = isinstance(block, Heat) and block.scale is not None
    return view


def _table(table: Table) -> dict[str, Any]:
    notes = footnotes(table)
    rows: list[list[Shown]] = []
    for row in table.rows:
        named = row[0] if isinstance(row[0], str) else ""
        rows.append([_cell(cell, f"{named} {name}", notes) for cell, name in zip(row, table.columns, strict=True)])
    cells = [[row[at] for row in table.rows] for at in range(len(table.columns))]
    numeric = [at > 0 and is_numeric(column) for at, column in enumerate(cells)]
    lengths = [max(len(cell_text(cell)) for cell in (name, *column)) for name, column in zip(table.columns, cells, strict=True)]
    wide = sum(lengths) + 3 * len(lengths) > NARROW
    return {"columns": table.columns, "rows": rows, "numeric": numeric, "footnotes": notes, "wide": wide}


def _cell(cell: Cell, named: str, notes: Sequence[str]) -> Shown:
    if isinstance(cell, Figure):
        return Shown(cell.parts(named), number_of(cell, list(notes)), cell.basis())
    return Shown(Parts(cell_text(cell)))


def _tints(report: Report) -> dict[str, int]:
    """A colour for each entity type, the same all over the page."""
    blocks = [block for section in report.sections for block in section.blocks if isinstance(block, Sentences)]
    labels = {span.label for block in blocks for item in block.items for span in (*item.gold, *item.predicted)}
    return {label: number % TINTS for number, label in enumerate(sorted(labels))}


def _trusted(svg: str) -> Any:
    """An element that `plots` built and escaped; the only text the template does not escape again."""
    from markupsafe import Markup

    return Markup(svg.replace(f' xmlns="{SVG}"', "", 1))  # needless inside HTML
