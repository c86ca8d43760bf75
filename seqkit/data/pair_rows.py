"""Rows of parallel texts from files: columns parted by TABs, aligned files, or a pronouncing dictionary.

The texts of a row come without white space around them; a row may hold empty ones.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import zip_longest
from pathlib import Path

from seqkit.data.characters import clean, short
from seqkit.data.lines import Errors, Lines, read_lines
from seqkit.errors import DataError, UserError

Row = tuple[str, ...]

_VARIANT = re.compile(r"\(\d+\)$")


def column_rows(path: Path, columns: Sequence[Sequence[int]], *, errors: Errors = "strict") -> Iterator[Row]:
    """One row a line of a file of columns parted by single TABs; a blank line is a row of empty texts.

    Args:
        columns: for each text of a row the columns, counted from 1, that it is joined from with spaces. A line has as many
            columns as the highest of these.

    Raises:
        UserError: the file cannot be read.
        DataError: a line with fewer or more columns, or as `read_lines`; named by line.
    """
    width = max(map(max, columns))
    for number, line in _clean_lines(path, errors):
        cells = line.split("\t") if line.strip() else [""] * width
        if len(cells) == 1:
            raise DataError(path, number, f"no TAB: {short(line)} should be {width} columns parted by TABs")
        if len(cells) != width:
            raise DataError(path, number, f"{len(cells)} columns where there should be {width}")
        yield tuple(" ".join(cells[column - 1].strip() for column in joined).strip() for joined in columns)


def aligned_rows(paths: Sequence[Path], *, errors: Errors = "strict") -> Iterator[Row]:
    """Line n of every file is row n.

    Raises:
        UserError: a file cannot be read, or they have different numbers of lines, which are then named.
        DataError: as `read_lines`.
    """
    read = [0] * len(paths)
    with ExitStack() as stack:
        files = [stack.enter_context(closing(_clean_lines(path, errors))) for path in paths]
        for lines in zip_longest(*files):
            read = [line[0] if line else count for line, count in zip(lines, read, strict=True)]
            if len(set(read)) == 1:
                yield tuple(line[1].strip() for line in lines)
    if len(set(read)) > 1:
        counts = ", ".join(f"{path} has {count:,} line{'s' * (count != 1)}" for path, count in zip(paths, read, strict=True))
        raise UserError(f"{counts}: line n of one file should belong to line n of the other")


def dictionary_rows(path: Path, *, errors: Errors = "strict") -> Iterator[Row]:
    """Words and their pronunciations; the marks of variants, `word(2)`, and comments, after ` #` or `;;;`, are left out.

    Raises:
        UserError: the file cannot be read.
        DataError: a word without a pronunciation, or as `read_lines`; named by line.
    """
    for number, line in _clean_lines(path, errors):
        entry = "" if line.startswith(";;;") else line.partition(" #")[0]
        word, *sounds = entry.split() or [""]
        if word and not sounds:
            raise DataError(path, number, f"{short(word)} has no pronunciation")
        if word:
            yield _VARIANT.sub("", word), " ".join(sounds)


def _clean_lines(path: Path, errors: Errors) -> Lines:
    with closing(read_lines(path, errors=errors)) as lines:
        for number, line in lines:
            yield number, clean(line, str(path), number, errors)
