"""A list of names: a text file, a name a line."""

from pathlib import Path

from seqkit.data.lines import read_lines
from seqkit.data.words import split_words
from seqkit.errors import UserError

Name = tuple[str, ...]
"""The words of a name."""


def read_names(path: Path) -> list[Name]:
    """The names in order; empty lines hold none.

    Raises:
        UserError: the file cannot be read, or has no name.
    """
    names = [tuple(word.text for word in split_words(line)) for _, line in read_lines(path)]
    if not any(names):
        raise UserError(f"{path}: has no names; write one a line")
    return [name for name in names if name]
