"""The notes of a table's figures, numbered as footnotes."""

from seqkit.report.figure import Cell, Figure
from seqkit.report.report import Table

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def footnotes(table: Table) -> list[str]:
    """Each distinct note, in reading order; its number is its place, counted from 1."""
    notes = [cell.note for row in table.rows for cell in row if isinstance(cell, Figure) and cell.note]
    return list(dict.fromkeys(notes))


def number_of(cell: Cell, notes: list[str]) -> int | None:
    """The number of a cell's footnote, if it has one."""
    return notes.index(cell.note) + 1 if isinstance(cell, Figure) and cell.note else None


def superscript(number: int | None) -> str:
    """`²` for 2; the empty string for None."""
    return "" if number is None else str(number).translate(_SUPERSCRIPT)
