"""Characters that are none, and tokens without any: what the readers of every format do about them."""

import re
from collections.abc import Sequence

from seqkit.data.lines import Errors
from seqkit.errors import DataError

REPLACEMENT = "\ufffd"

_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")


def clean(text: str, place: str, number: int, errors: Errors) -> str:
    """The text without NUL and lone surrogates: refused, or with `replace` each read as U+FFFD.

    Raises:
        DataError: it holds one, and `errors` is `strict`; `place` and `number` name the file and line.
    """
    found = _UNPRINTABLE.search(text)
    if found is None:
        return text
    if errors == "strict":
        what = "a NUL character" if found[0] == "\0" else "half of a surrogate pair"
        message = f"{what} at character {found.start() + 1}; use --encoding-errors replace to read on"
        raise DataError(place, number, message)
    return _UNPRINTABLE.sub(REPLACEMENT, text)


def fill_empty(tokens: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """The tokens with U+FFFD for each that is empty or white space, and how many were: real corpora hold a few."""
    filled = tuple(token if token.strip() else REPLACEMENT for token in tokens)
    return filled, sum(1 for before, after in zip(tokens, filled, strict=True) if before != after)


def short(text: str, limit: int = 40) -> str:
    """A token or tag, quoted, for a message: the first characters of a long one."""
    return repr(text if len(text) <= limit else f"{text[:limit]}…")
