"""Rows of columns to sentences: one token a row, checked; a blank line, or one that opens a document, ends a sentence."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from sys import intern

from seqkit.data.characters import clean, fill_empty, short
from seqkit.data.examples import Tagged
from seqkit.data.formats import Format, is_blank, is_id, starts_document
from seqkit.data.lines import Errors
from seqkit.errors import DataError

Numbered = Iterable[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class RawSentence:
    """A sentence as read, its tags as given.

    Args:
        numbers: for each token the number of its line in the file.
        rows: for each token the position of its row in the block.
        empty_tokens: how many tokens held nothing to see and became U+FFFD.
    """

    tagged: Tagged
    numbers: tuple[int, ...]
    rows: tuple[int, ...] = ()
    empty_tokens: int = 0


def blocks(lines: Numbered) -> Iterator[list[tuple[int, str]]]:
    """The lines in stretches that end with a blank line, or before a line that opens a document."""
    block: list[tuple[int, str]] = []
    for number, line in lines:
        if block and starts_document(line):
            yield block
            block = []
        block.append((number, line))
        if is_blank(line):
            yield block
            block = []
    if block:
        yield block


class RowReader:
    """Reads the blocks of one file of columns; remembers the document it is in."""

    def __init__(self, format: Format, place: str, errors: Errors, *, labelled: bool) -> None:
        self._format = format
        self._place = place
        self._errors: Errors = errors
        self._labelled = labelled
        self._document: str | None = None
        self._documents = 0

    def sentence(self, block: Sequence[tuple[int, str]]) -> RawSentence:
        """The tokens and, when labelled, tags of a block, which may hold none."""
        tokens: list[str] = []
        tags: list[str] = []
        rows: list[int] = []
        for row, (number, line) in enumerate(block):
            cells = self._cells(number, line, at_head=not tokens)
            if cells is None:
                continue
            tokens.append(cells[self._format.token_column])
            rows.append(row)
            if self._labelled:
                tags.append(intern(cells[self._format.tag_column].strip()))
        seen, empty = fill_empty(tokens)
        numbers = tuple(block[row][0] for row in rows)
        return RawSentence(Tagged(seen, tuple(tags), self._document), numbers, tuple(rows), empty)

    def _cells(self, number: int, line: str, *, at_head: bool) -> list[str] | None:
        """The columns of a line that holds a token, checked; None for any other line."""
        if is_blank(line):
            return None
        if starts_document(line):
            self._open_document("")
            return None
        line = clean(line, self._place, number, self._errors)
        if self._format.is_comment(line, at_head=at_head):
            key, _, value = line[1:].partition("=")
            if key.split()[:1] == ["newdoc"]:
                self._open_document(value.strip())
            return None
        cells = self._format.cells(line)
        if self._format.numbered:
            if not is_id(cells[0]):
                raise self._fault(number, f"{short(cells[0])} is not the number of a token")
            if not cells[0].isdigit():  # a range (3-4) or an empty node (8.1)
                return None
        self._check(number, cells)
        return cells

    def _open_document(self, name: str) -> None:
        self._documents += 1
        self._document = name or str(self._documents)

    def _check(self, number: int, cells: Sequence[str]) -> None:
        """Refuse a row whose tag, or unlabelled whose token, is missing, and one whose columns are not those of the rest."""
        format, have = self._format, len(cells)
        if not self._labelled:
            if have <= format.token_column:
                raise self._fault(number, f"no column {format.token_column + 1}, which should hold the token")
            return
        token = short(cells[min(format.token_column, have - 1)])
        if not format.has_tags:
            raise self._fault(number, f"token {token} has no tag: the rows hold no tag column")
        if have < format.columns:
            raise self._fault(number, f"token {token} has no tag: {have} of {format.columns} columns")
        if have > format.columns:
            raise self._fault(number, f"{have} columns where the rest have {format.columns}")
        tag = cells[format.tag_column].strip()
        if not tag or (format.kind == "conllu" and tag == "_"):
            raise self._fault(number, f"token {token} has no tag: column {format.tag_column + 1} is empty")

    def _fault(self, number: int, message: str) -> DataError:
        return DataError(self._place, number, message)
