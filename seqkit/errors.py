"""What the user can put right: one line, exit code 2, never a traceback."""

from difflib import get_close_matches
from pathlib import Path


class UserError(Exception):
    """Bad input; the message is one line and says what to change."""


class DataError(UserError):
    """Bad data in a file; the message starts with the file and, where there is one, the line.

    Args:
        path: the file that holds the fault; `-` is standard input.
        line: counted from 1; None where the whole file is meant.
    """

    def __init__(self, path: str | Path, line: int | None, message: str) -> None:
        place = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {message}")


def suggestion(word: str, known: list[str]) -> str:
    """`; did you mean 'x'?` for the known word nearest to `word`, else the empty string."""
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else ""
