"""How a corpus file is laid out: CoNLL columns, CoNLL-U, UNER's columns or JSON lines; named by hand or read off the file.

A row of columns is one token, a blank line (nothing but TABs and spaces) ends a sentence. In plain columns `#` opens
hashtags, not comments; where the first column numbers the tokens (CoNLL-U, UNER, GermEval) every line with `#` is one.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal

from seqkit.data.lines import Errors, read_lines
from seqkit.errors import DataError, UserError, suggestion

SAMPLE = 400
"""How many lines with text are looked at to find the format."""

KNOWN = ("conll", "conll:token=1,tag=4", "conllu", "conllu:xpos", "uner", "jsonl")
"""The names that `Format.named` reads; any column may stand after `token=` and `tag=`."""

Numbered = Sequence[tuple[int, str]]

_UD_COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_ID = re.compile(r"\d+(?:[-.]\d+)?")
_JSON_START = re.compile(r"\s*\{\s*(?:[\"}]|$)")
_DOCUMENT_START = re.compile(r"-DOCSTART-(?:\s|$)")


@dataclass(frozen=True)
class Format:
    """The layout of a file.

    Args:
        kind: what stands in the file.
        separator: what parts the columns; a space stands for a run of spaces.
        token_column: counted from 0.
        tag_column: counted from 0; -1 is the last column, or none where the rows hold the token alone.
        comments: whether there are comment lines: all that begin with `#` where tokens are numbered, else those that
            begin with `# ` at the head of a sentence and do not fit the columns.
        columns: how many each row has; 0 when that is to be read off the file.
        numbered: whether the first column numbers the tokens of a sentence; ranges (3-4) and empty nodes (8.1) are no tokens.
    """

    kind: Literal["columns", "conllu", "jsonl"]
    separator: Literal["\t", " "] = "\t"
    token_column: int = 0
    tag_column: int = -1
    comments: bool = False
    columns: int = 0
    numbered: bool = False

    @classmethod
    def named(cls, name: str) -> "Format":
        """The format that a card or a command names: one of `KNOWN`, columns counted from 1 there.

        `conll` leaves separator, number of columns and last column to be read off the file.

        Raises:
            UserError: not such a name; the message lists the known ones.
        """
        kind, _, options = name.partition(":")
        match kind:
            case "jsonl" if not options:
                return cls("jsonl")
            case "uner" if not options:
                return UNER
            case "conllu" if options in _UD_COLUMNS[3:]:
                return replace(CONLLU, tag_column=_UD_COLUMNS.index(options))
            case "conllu":
                return _with_columns(CONLLU, options, name)
            case "conll":
                return _with_columns(cls("columns"), options, name)
            case _:
                raise _unknown(name)

    @property
    def settled(self) -> bool:
        """Whether nothing is left to be read off the file."""
        return self.kind == "jsonl" or self.columns > 0

    @property
    def has_tags(self) -> bool:
        """Whether there is a tag column, or may be as long as the file has not been seen."""
        return self.columns == 0 or self.tag_column >= 0

    def cells(self, line: str) -> list[str]:
        """The columns of a row."""
        if self.separator == "\t":
            return line.split("\t")
        return [cell for cell in line.split(" ") if cell]

    def is_comment(self, line: str, *, at_head: bool) -> bool:
        """Whether a line is a comment; `at_head`: no token of the sentence stands before it."""
        if not (self.comments and line.startswith("#")):
            return False
        return self.numbered or (at_head and line.startswith("# ") and len(self.cells(line)) != self.columns)

    def describe(self) -> str:
        """In words, with columns counted from 1: `CoNLL columns, TAB, token in column 1, tag in column 2`."""
        if self.kind == "jsonl":
            return "JSON lines"
        if self.kind == "conllu":
            return f"CoNLL-U, tag in column {self.tag_column + 1} ({_UD_COLUMNS[self.tag_column]})"
        tag = f"tag in column {self.tag_column + 1}" if self.tag_column >= 0 else "tag in the last column"
        columns = f"token in column {self.token_column + 1}, {tag if self.has_tags else 'no tags'}"
        if self == UNER or not self.settled:
            return f"{'UNER' if self.settled else 'CoNLL'} columns, {columns}"
        extras = [part for part, held in (("numbered", self.numbered), ("comments", self.comments)) if held]
        return ", ".join(["CoNLL columns", "TAB" if self.separator == "\t" else "space", *extras, columns])


CONLLU = Format("conllu", token_column=1, tag_column=3, comments=True, columns=10, numbered=True)
UNER = Format("columns", token_column=1, tag_column=2, comments=True, columns=5, numbered=True)


def detect_format(path: Path, *, errors: Errors = "strict") -> Format:
    """The format of a file, from its first few hundred lines.

    Raises:
        UserError: the file cannot be read.
        DataError: it holds no sentences, or bytes that are no text.
    """
    with closing(read_lines(path, errors=errors)) as lines:
        return settle(None, take_sample(lines), str(path))


def take_sample(lines: Iterator[tuple[int, str]], limit: int = SAMPLE) -> list[tuple[int, str]]:
    """The lines up to and with the `limit`-th that is not blank, taken off `lines`."""
    sample: list[tuple[int, str]] = []
    full = 0
    while full < limit and (item := next(lines, None)):
        sample.append(item)
        full += not is_blank(item[1])
    return sample


def settle(wanted: Format | None, sample: Numbered, place: str) -> Format:
    """`wanted` with what it leaves open read off a sample of the file; all of it when None.

    Args:
        wanted: from `Format.named`, or a format already settled, which is returned as it is.
        sample: lines with their numbers, from the start of the file, blank ones included.
        place: the file's name, for messages.

    Raises:
        DataError: no sentence in the sample, a JSON array, or a column that the rows do not have.
    """
    if wanted is not None and wanted.settled:
        return wanted
    rows = [line for _, line in sample if not is_blank(line) and not starts_document(line)]
    if not rows:
        raise DataError(place, None, "holds no sentences")
    if wanted is None and looks_like_json(rows[0]):
        return Format("jsonl")
    if wanted is None and rows[0].lstrip().startswith('[{"'):
        raise DataError(place, sample[0][0], "a JSON array; write one object a line (JSON lines)")
    found = _columns_of(sample, rows)
    return found if wanted is None else _columns_asked(found, wanted, place)


def is_blank(line: str) -> bool:
    """Whether a line ends a sentence: nothing in it but TABs and spaces."""
    return not line.strip("\t ")


def starts_document(line: str) -> bool:
    """Whether a line is the `-DOCSTART-` of CoNLL-2003, which opens a document and is no token."""
    return _DOCUMENT_START.match(line) is not None


def looks_like_json(line: str) -> bool:
    """Whether a line begins as a JSON object does."""
    return _JSON_START.match(line) is not None


def is_id(cell: str) -> bool:
    """Whether a cell numbers a token, a range of tokens (3-4) or an empty node (8.1)."""
    return _ID.fullmatch(cell) is not None


def _columns_of(sample: Numbered, rows: list[str]) -> Format:
    """The column format of the rows that are not blank; what most rows show counts, so that odd ones can be named later."""
    certain = [row for row in rows if not row.startswith("#")] or rows
    tabs = 2 * sum("\t" in row for row in certain) >= len(certain)
    found = Format("columns", "\t" if tabs else " ")
    counts = Counter(len(found.cells(row)) for row in certain)
    columns = max(counts, key=lambda count: (counts[count], count))
    if columns == 1:  # tokens alone, which may hold spaces
        return replace(found, separator="\t", columns=1)
    if _are_numbered(found, certain, columns):
        if tabs and columns == CONLLU.columns:
            return CONLLU
        if tabs and columns == UNER.columns:
            return UNER
        return replace(found, token_column=1, tag_column=columns - 1, comments=True, columns=columns, numbered=True)
    found = replace(found, tag_column=columns - 1, columns=columns)
    return replace(found, comments=_most_open_with_comment(sample, found))


def _are_numbered(found: Format, rows: list[str], columns: int) -> bool:
    """Whether the first column numbers tokens: nine rows in ten at least, from 1 (or a range, or 0.1) on."""
    firsts = [cells[0] for row in rows if (cells := found.cells(row))]
    begins = firsts[0] in ("0", "1") or firsts[0].startswith(("1-", "0."))
    return columns >= 3 and begins and 10 * sum(map(is_id, firsts)) >= 9 * len(firsts)


def _most_open_with_comment(sample: Numbered, found: Format) -> bool:
    """Whether at least half of the sentences open with a `# ` line that does not fit the columns (as in MultiCoNER)."""
    sentences = [list(group) for blank, group in groupby((line for _, line in sample), key=is_blank) if not blank]
    commented = sum(replace(found, comments=True).is_comment(lines[0], at_head=True) for lines in sentences)
    return 2 * commented >= len(sentences) > 0


def _columns_asked(found: Format, wanted: Format, place: str) -> Format:
    """`found` with the columns that were asked for."""
    highest = max(wanted.token_column, wanted.tag_column)
    if highest >= found.columns:
        raise DataError(place, None, f"column {highest + 1} asked for, but the rows have {found.columns}")
    token = wanted.token_column or found.token_column  # numbers are never the tokens
    tag = wanted.tag_column if wanted.tag_column >= 0 else found.tag_column
    return replace(found, token_column=token, tag_column=-1 if tag == token else tag)


def _with_columns(base: Format, options: str, name: str) -> Format:
    """`base` with the columns of `token=1,tag=4`, counted from 1."""
    chosen: dict[str, int] = {}
    for option in options.split(",") if ":" in name else ():
        key, _, number = option.partition("=")
        if key not in ("token", "tag") or key in chosen or not re.fullmatch(r"[1-9]\d{0,2}", number):
            raise _unknown(name)
        chosen[key] = int(number) - 1
    token, tag = chosen.get("token", base.token_column), chosen.get("tag", base.tag_column)
    if token == tag or (base.columns and max(token, tag) >= base.columns):
        raise _unknown(name)
    return replace(base, token_column=token, tag_column=tag)


def _unknown(name: str) -> UserError:
    return UserError(f"format {name!r} is not known{suggestion(name, list(KNOWN))}  (known: {', '.join(KNOWN)})")
