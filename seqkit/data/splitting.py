"""Splits of running text that has none: contiguous shares of it, or whole documents assigned."""

import re
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Literal, get_args

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from seqkit.config import Config
from seqkit.data.examples import Text
from seqkit.errors import UserError

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

Stream = Callable[[], Generator[Text, None, None]]
"""Running text that can be read again and again; `close()` on what it gives closes its files."""


def adds_up(test: float, info: ValidationInfo) -> float:
    """Checks, as the validator of the last of the fields `train`, `dev` and `test`, that they are shares of a whole."""
    shares = (info.data.get("train"), info.data.get("dev"), test)
    total = sum(Fraction(str(share)) for share in shares if share is not None)
    if None not in shares and total != 1:
        raise ValueError(f"the shares add up to {float(total):g}, not 1")
    return test


def nonzero_shares(train: float, dev: float, test: float) -> dict[Split, Fraction]:
    """The share of each split that there is, exactly as its decimal digits say."""
    shares: dict[Split, float] = {"train": train, "dev": dev, "test": test}
    return {split: Fraction(str(share)) for split, share in shares.items() if share}


def in_words(shares: Mapping[Split, Fraction]) -> str:
    """`train 80 %, dev 10 %, test 10 %`."""
    return ", ".join(f"{split} {float(share * 100):g} %" for split, share in shares.items())


class SplitRule(Config):
    """How running text is split.

    Args:
        by: `characters`: contiguous shares, cut where they fall; `lines`: cut at the next start of a line, where there is
            one before the next cut; `documents`: whole documents, assigned from the longest to the shortest, each to the
            split that is furthest behind its share.
        train: its share of the characters.
        dev: its share.
        test: its share; 0 means that there is no test split.
        starts: what a line begins with that opens a document; None means that each file is one.
        titles: what a line begins with that is the document's title. Documents of one title all go to train.
        repeats: documents that share a line of at least so many characters, spaces around it left out, all go to train.
    """

    model_config = ConfigDict(strict=True)

    by: Literal["characters", "lines", "documents"]
    train: float = Field(gt=0, lt=1)
    dev: float = Field(gt=0, lt=1)
    test: float = Field(default=0.0, ge=0, lt=1)
    starts: str | None = Field(default=None, min_length=1)
    titles: str | None = Field(default=None, min_length=1)
    repeats: int | None = Field(default=None, ge=1)

    _adds_up = field_validator("test")(adds_up)

    @field_validator("starts", "titles", "repeats")
    @classmethod
    def _goes_with_documents(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("by") != "documents":
            raise ValueError("only goes with by = 'documents'")
        return value

    def shares(self) -> dict[Split, Fraction]:
        """The share of each split that there is."""
        return nonzero_shares(self.train, self.dev, self.test)

    def __str__(self) -> str:
        """In words, as for a report."""
        shares = in_words(self.shares())
        if self.by == "characters":
            return f"{shares} of the characters, in order"
        if self.by == "lines":
            return f"{shares}, in order, cut at the start of a line"
        opened = f" opened by '{self.starts}'" if self.starts else ""
        alike = ["a title"] if self.titles else []
        alike += [f"a line of {self.repeats} characters"] if self.repeats else []
        kept = f"; those that share {' or '.join(alike)} are all in train" if alike else ""
        return f"whole documents{opened}, {shares}{kept}"


@dataclass(frozen=True)
class Extent:
    """How much text: line feeds end lines, and so do documents."""

    characters: int = 0
    lines: int = 0
    documents: int = 0

    def __add__(self, other: "Extent") -> "Extent":
        return Extent(self.characters + other.characters, self.lines + other.lines, self.documents + other.documents)


@dataclass(frozen=True)
class Part:
    """One split."""

    texts: Stream
    extent: Extent


def measure(texts: Iterable[Text]) -> Extent:
    """Count a text, reading it to its end."""
    return sum(document_extents(texts), Extent())


def document_extents(texts: Iterable[Text]) -> Generator[Extent, None, None]:
    """The extent of each document in turn."""
    characters, lines, last = 0, 0, ""
    for text in texts:
        if text.opens and last:
            yield Extent(characters, lines + (last != "\n"), 1)
            characters, lines = 0, 0
        characters += len(text.text)
        lines += text.text.count("\n")
        last = text.text[-1]
    if last:
        yield Extent(characters, lines + (last != "\n"), 1)


def divide(stream: Stream, rule: SplitRule, name: str) -> dict[Split, Part]:
    """Split running text; nothing is lost and nothing stands twice.

    The text itself is not held in memory. By documents, some 100 bytes a document are, and with `titles` or `repeats` some
    100 bytes a title or long line.

    Args:
        name: what messages call the text.

    Raises:
        UserError: there is no text, or a split comes out empty.
    """
    parts = _deal(_documents(stream, rule.starts), rule) if rule.by == "documents" else _cut(stream, rule)
    if not any(part.extent.characters for part in parts.values()):
        raise UserError(f"{name}: is empty; there is no text to learn from")
    for split, part in parts.items():
        if not part.extent.characters:
            raise UserError(f"{name}: too little text: the {split} split comes out empty ({rule})")
    return parts


# Contiguous shares


def _cut(stream: Stream, rule: SplitRule) -> dict[Split, Part]:
    with closing(stream()) as texts:
        total = sum(len(text.text) for text in texts)
    shares = rule.shares()
    ends = [int(total * sum(list(shares.values())[: number + 1])) for number in range(len(shares))]
    if rule.by == "lines":
        with closing(stream()) as texts:
            starts = next_line_starts(texts, ends[:-1])
        # A text without lines, or with a very long one, is cut inside it: no split may swallow the next.
        ends[:-1] = [start if start < limit else end for start, end, limit in zip(starts, ends[:-1], ends[1:], strict=True)]
    parts: dict[Split, Part] = {}
    for split, first, end in zip(shares, [0, *ends[:-1]], ends, strict=True):
        share = partial(_within, stream, range(first, end))
        with closing(share()) as texts:
            parts[split] = Part(share, measure(texts))
    return parts


def next_line_starts(texts: Iterable[Text], marks: list[int]) -> list[int]:
    """For each position in a text, the first start of a line there or behind it; the text's length where there is none."""
    found: list[int | None] = [None] * len(marks)
    position, at_start = 0, True
    for text in texts:
        at_start = at_start or text.opens
        for number, mark in enumerate(marks):
            ahead = mark - position
            if found[number] is None and ahead < len(text.text):
                if ahead <= 0 and at_start:
                    found[number] = position
                elif feed := text.text.find("\n", max(ahead - 1, 0)) + 1:
                    found[number] = position + feed
        position += len(text.text)
        at_start = text.text[-1] == "\n"
    return [position if start is None else start for start in found]


def _within(stream: Stream, places: range) -> Generator[Text, None, None]:
    """The characters of a text at `places`."""
    position = 0
    with closing(stream()) as texts:
        for text in texts:
            piece = text.text[max(places.start - position, 0) : max(places.stop - position, 0)]
            if piece:
                yield Text(piece, text.opens and position >= places.start, text.document)
            position += len(text.text)
            if position >= places.stop:
                return


# Documents


def _documents(stream: Stream, starts: str | None) -> Stream:
    return (lambda: documents_at(stream(), starts)) if starts else stream


def documents_at(texts: Generator[Text, None, None], starts: str) -> Generator[Text, None, None]:
    """Cut documents into smaller ones, each opened by a line that begins with `starts`.

    What stands before the first such line belongs to the first. They are named `jigs 1`, `jigs 2`, … after the document
    they stood in.
    """
    pattern = re.compile(f"^{re.escape(starts)}", flags=re.MULTILINE)
    number, opens, at_start, begun = 0, True, True, False
    with closing(texts):
        for text in texts:
            if text.opens:
                number, opens, at_start, begun = 1, True, True, False
            first = 0
            for place in (found.start() for found in pattern.finditer(text.text) if found.start() or at_start):
                if begun:
                    if place > first:
                        yield Text(text.text[first:place], opens, f"{text.document} {number}")
                    number, opens, first = number + 1, True, place
                begun = True
            yield Text(text.text[first:], opens, f"{text.document} {number}")
            opens, at_start = False, text.text[-1] == "\n"


def _deal(stream: Stream, rule: SplitRule) -> dict[Split, Part]:
    with closing(stream()) as texts:
        extents = list(document_extents(texts))
    alike: frozenset[int] = frozenset()
    if rule.titles or rule.repeats:
        with closing(stream()) as texts:
            alike = repeated(texts, rule.titles, rule.repeats)
    shares = rule.shares()
    splits = assign([extent.characters for extent in extents], shares, alike)
    found = dict.fromkeys(shares, Extent())
    for split, extent in zip(splits, extents, strict=True):
        found[split] += extent
    return {split: Part(partial(_assigned, stream, splits, split), found[split]) for split in shares}


def assign(sizes: list[int], shares: Mapping[Split, Fraction], alike: frozenset[int] = frozenset()) -> list[Split]:
    """The split of each document.

    Those that are `alike` go to train. The others, from the longest to the shortest, each go to the split that would have
    the least for its share (the rule of D'Hondt), which with ten documents or more leaves none of 80 %, 10 %, 10 % empty.
    """
    assigned: list[Split] = ["train"] * len(sizes)
    had = dict.fromkeys(shares, 0)
    had["train"] = sum(sizes[number] for number in alike)
    weights = {split: float(1 / share) for split, share in shares.items()}
    for number in sorted(set(range(len(sizes))) - alike, key=lambda number: (-sizes[number], number)):
        assigned[number] = min(had, key=lambda split: (had[split] + sizes[number]) * weights[split])
        had[assigned[number]] += sizes[number]
    return assigned


def repeated(texts: Iterable[Text], titles: str | None, repeats: int | None) -> frozenset[int]:
    """The documents, by number, that share a title or a long line with another; capitals count as small letters."""
    first: dict[str, int] = {}
    alike: set[int] = set()
    number = -1
    for text in texts:
        number += text.opens
        for line in text.text.split("\n"):
            told = line.strip().casefold()
            if (repeats and len(told) >= repeats) or (titles and line.startswith(titles)):
                before = first.setdefault(told, number)
                if before != number:
                    alike |= {before, number}
    return frozenset(alike)


def _assigned(stream: Stream, splits: list[Split], split: Split) -> Generator[Text, None, None]:
    number = -1
    with closing(stream()) as texts:
        for text in texts:
            number += text.opens
            if splits[number] == split:
                yield text
