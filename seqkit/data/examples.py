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


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of running text, of bounded size; a document comes as one or more pieces in a row.

    Args:
        text: never empty; ends after a line feed where the document allows it.
        opens: it is the first piece of its document; no piece opens one of which the split only has the rest.
        document: the document's name, where it has one.
    """

    text: str
    opens: bool
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A text and what it is to become: a translation, a pronunciation, an inflected form.

    Args:
        source: what is given.
        target: what is wanted; other pairs may want something else for the same source.
    """

    source: str
    target: str
