"""A report as GitHub-flavoured Markdown: tables for the tables and for the plots."""

import re
from collections.abc import Sequence
from dataclasses import replace

from seqkit.report.figure import Figure, cell_text
from seqkit.report.footnotes import footnotes, number_of, superscript
from seqkit.report.report import Block, Lines, Report, Section, Sentence, Sentences, Table, Texts
from seqkit.report.sentences import mistakes_by_kind, runs
from seqkit.report.tabulate import Plot, as_table, is_empty, is_long, is_numeric
from seqkit.report.text import map_text, paragraphs, visible

POINTS = 12  # rows shown of a line plot


def to_markdown(report: Report) -> str:
    """The whole report; every text from outside is escaped, so that it can neither mark up nor leave its cell."""
    report = map_text(report, visible)
    parts = [f"# {escape(report.title)}", escape(report.subtitle)]
    if report.verdict:
        parts.append("\n>\n".join(f"> {escape(sentence)}" for sentence in report.verdict))
    if report.headline:
        parts.append(_table(_headline(report.headline)))
    parts.append(_prose(report.note))
    parts += [part for section in report.sections for part in _section(section)]
    if report.context:
        parts += ["## Context", _table(Table("", ("what", "value"), report.context))]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """`text` as Markdown that shows exactly it, on one line."""
    return _line_start(_inline(text))


def _headline(figures: Sequence[Figure]) -> Table:
    rows = tuple(
        (figure.name, replace(figure, note=""), "; ".join(filter(None, (figure.basis(), figure.note)))) for figure in figures
    )
    return Table("", ("figure", "value", "basis"), rows)


def _section(section: Section) -> list[str]:
    blocks = (block for block in section.blocks if not (isinstance(block, Lines) and block.tabulated))
    return [f"## {escape(section.title)}", _prose(section.text), *map(_block, blocks)]


def _block(block: Block) -> str:
    title = f"### {escape(block.title)}" if block.title else ""
    if isinstance(block, Sentences):
        body = "\n".join(_sentence(item) for item in block.items) or "*None.*"
    elif isinstance(block, Texts):
        body = "\n\n".join(f"{escape(caption)}\n\n{_fenced(text)}" for caption, text in block.items) or "*None.*"
    elif isinstance(block, Table):
        notes = [f"{superscript(number)} {escape(note)}" for number, note in enumerate(footnotes(block), 1)]
        body = "\n\n".join([_table(block) if block.rows else "*No rows.*", *notes])
    else:
        body = "*No data.*" if is_empty(block) else _plot(block)
    return "\n\n".join(part for part in (title, body, _prose(block.note)) if part)


def _fenced(text: str) -> str:
    """A code block whose fence is longer than any in the text."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def _plot(plot: Plot) -> str:
    if is_long(plot):
        return "*A map with too many numbers for a table: see report.html, or report.json for the numbers.*"
    table = as_table(plot)
    if not isinstance(plot, Lines) or len(table.rows) <= POINTS:
        return _table(table)
    last = len(table.rows) - 1
    chosen = [round(at * last / (POINTS - 1)) for at in range(POINTS)]
    thinned = Table(table.title, table.columns, tuple(table.rows[at] for at in chosen))
    return f"{_table(thinned)}\n\n{POINTS} of {len(table.rows)} points; report.json has all."


def _table(table: Table) -> str:
    """A pipe table; columns of figures are aligned to the right."""
    notes = footnotes(table)
    numeric = [is_numeric([row[at] for row in table.rows]) for at in range(len(table.columns))]
    lines = [[_cell(column) for column in table.columns], ["---:" if right else "---" for right in numeric]]
    for row in table.rows:
        named = row[0] if isinstance(row[0], str) else ""
        texts = (cell_text(cell, f"{named} {column}") for cell, column in zip(row, table.columns, strict=True))
        lines.append([_cell(text) + superscript(number_of(cell, notes)) for text, cell in zip(texts, row, strict=True)])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _sentence(sentence: Sentence) -> str:
    """Predicted entities in brackets, their label in bold; below it where gold says otherwise."""
    parts = [f"\\[{_inline(text)} **{_inline(span.label)}**\\]" if span else _inline(text) for text, span in runs(sentence)]
    lines = [f"- {_line_start(''.join(parts))}"]
    for kind, texts in mistakes_by_kind(sentence):
        lines.append(f"  - *{kind}*: {_inline(', '.join(texts))}")
    return "\n".join([*lines, *([f"  - {escape(sentence.note)}"] if sentence.note else [])])


def _prose(text: str) -> str:
    return "\n\n".join(map(escape, paragraphs(text)))


def _inline(text: str) -> str:
    text = re.sub(r"([\\`*_{}\[\]<>|~$&!])", r"\\\1", re.sub(r"\s+", " ", text))
    return re.sub(r"://|(?<=\bwww)\.|@", lambda found: f"\\{found[0]}", text, flags=re.IGNORECASE)  # no automatic links


def _cell(text: str) -> str:
    return _inline(text).strip() or " "


def _line_start(text: str) -> str:
    """No heading, list, rule or table may begin here."""
    return re.sub(r"^(\d*)([.)](?=\s|$)|[#+\-=:])", r"\1\\\2", text.strip())
