"""Text from corpora made safe to show: nothing in it can steer a terminal, break a page or reorder its neighbours."""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

Any_ = TypeVar("Any_")

_REPLACEMENT = 0xFFFD
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), _REPLACEMENT)
_VISIBLE = (
    _SURROGATES
    | {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"}  # NUL is shown as ␀
    | {0x7F: 0x2421}
    | dict.fromkeys(
        [
            *range(0x80, 0xA0),  # C1 controls
            *range(0x2028, 0x202F),  # line and paragraph separators; bidirectional embeddings and overrides
            *range(0x2066, 0x206A),  # bidirectional isolates
            *(0xFFFE, 0xFFFF),  # not characters; forbidden in XML
        ],
        _REPLACEMENT,
    )
)


def visible(text: str) -> str:
    """`text` with control characters made visible and what is not a character replaced by U+FFFD.

    One character stays one character, so positions in it hold; TAB and line feed stay as they are.
    """
    return text.translate(_VISIBLE)


def encodable(text: str) -> str:
    """`text` with lone surrogates replaced by U+FFFD: what UTF-8 can hold."""
    return text.translate(_SURROGATES)


def paragraphs(text: str) -> list[str]:
    """Running text, parted at empty lines; other white space becomes one space."""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, the last one `…` where some were cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def enumerated(names: Sequence[str], word: str) -> str:
    """`a`, `a or b`, `a, b or c`, `word` being "or"."""
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def map_text(value: Any_, change: Callable[[str], str]) -> Any_:
    """`value` (dataclasses and tuples, nested) with `change` applied to every string in it."""
    mapped: Any = value
    if isinstance(value, str):
        mapped = change(value)
    elif isinstance(value, tuple):
        mapped = tuple(map_text(item, change) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        mapped = replace(value, **{field.name: map_text(getattr(value, field.name), change) for field in fields(value)})
    return mapped
