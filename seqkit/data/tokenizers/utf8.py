"""Text and JSON as UTF-8 bytes, for every Python string: lone surrogates pass through, and nothing in a stream is refused."""

import codecs
import json
from typing import Any, cast

_MENDING = "seqkit-mending"


def _mend(error: UnicodeError) -> tuple[str, int]:
    """A surrogate where three bytes spell one, else U+FFFD for the ill-formed bytes."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    try:
        return error.object[error.start : error.start + 3].decode("utf-8", "surrogatepass"), error.start + 3
    except UnicodeDecodeError:
        return "\ufffd", error.end


codecs.register_error(_MENDING, _mend)


def to_bytes(text: str) -> bytes:
    """UTF-8, a lone surrogate as the three bytes that its code point would have."""
    return text.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """The inverse of `to_bytes`; each ill-formed part reads as U+FFFD."""
    return data.decode("utf-8", _MENDING)


def decoder() -> codecs.IncrementalDecoder:
    """`to_text` in steps: `decode(data, final=False)` keeps a character's first bytes until its last one comes."""
    return codecs.getincrementaldecoder("utf-8")(_MENDING)


def to_json(value: dict[str, Any]) -> bytes:
    """As `from_json` reads it. Escapes would join two lone surrogates into one character, so nothing is escaped."""
    return to_bytes(json.dumps(value, ensure_ascii=False))


def from_json(data: bytes) -> dict[str, Any]:
    """The object that `to_json` wrote.

    Raises:
        ValueError: the bytes hold no JSON object.
    """
    try:
        value = json.loads(data.decode("utf-8", "surrogatepass"))
    except RecursionError:
        raise ValueError("brackets nested too deep") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return cast("dict[str, Any]", value)
