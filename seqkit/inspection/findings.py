"""What an inspection finds, and the labels of what it reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seqkit.data.tokenizers.protocol import Tokenizer
from seqkit.errors import UserError
from seqkit.report.figure import Figure
from seqkit.report.report import Section

MOST = 200
"""Tokens inspected at once: maps grow with their square."""

_VISIBLE = str.maketrans({" ": "␣", "\n": "⏎", "\t": "⇥"})
_UNSEEN = ("\ufffd", "<unk>")


@dataclass(frozen=True)
class Findings:
    """All but the frame of the report.

    Args:
        verdict: what the model said.
        headline: the figures that matter most.
        sections: what was seen inside.
        note: what a reader must know of the text.
    """

    verdict: tuple[str, ...]
    headline: tuple[Figure, ...]
    sections: tuple[Section, ...]
    note: str = ""


def labels(tokenizer: Tokenizer, symbols: Iterable[int], *, end: str = "end") -> tuple[str, ...]:
    """Each symbol as text, its spaces and line feeds visible."""
    return tuple(end if symbol == tokenizer.end else tokenizer.decode([symbol]).translate(_VISIBLE) for symbol in symbols)


def check_length(tokens: Sequence[object], what: str) -> None:
    """Refuse a text that has too many tokens, or none.

    Raises:
        UserError: says how many there are.
    """
    if not tokens:
        raise UserError(f"{what}: there is nothing in it to inspect")
    if len(tokens) > MOST:
        raise UserError(f"{what}: {len(tokens):,} tokens are too many to look at; at most {MOST} are inspected at once")


def unseen_note(tokens: Sequence[str]) -> str:
    """A word on tokens that stand for what the tokenizer never saw; the empty string if there are none."""
    unseen = sum(any(mark in token for mark in _UNSEEN) for token in tokens)
    return f"{unseen} of the {len(tokens)} tokens stand for what training never had, as � (bytes) or <unk>." if unseen else ""
