"""What a corpus yields: frozen records of text, no tensors."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled run of tokens: positions `start` up to, not including, `end`."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """One sentence, a tag a token.

    Args:
        tokens: as the corpus gives them.
        tags: IOB2 for entities (`B-PER`, `I-PER`, `O`); plain labels for part of speech; empty when the sentence is unlabelled.
        document: the document it stands in, where the corpus says so.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...] = ()
    document: str | None = None
