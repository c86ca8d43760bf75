"""Tagged sentences from files of every known format, converted to IOB2 with the number of entities kept and reported.

Two doors: `load_tagged` reads a whole split for training or scoring, `read_unlabelled` streams sentences to be tagged together
with the lines they came in.
"""

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from sys import intern
from typing import BinaryIO, Literal

from seqkit.data.columns import Numbered, RawSentence, RowReader, blocks, short
from seqkit.data.examples import Tagged
from seqkit.data.formats import Format, is_blank, looks_like_json, settle, starts_document, take_sample
from seqkit.data.jsonl import JsonSentence, parse_json
from seqkit.data.lines import Errors, read_lines
from seqkit.data.schemes import Scheme, detect_scheme, spans, split_tag, to_iob2
from seqkit.data.words import Word
from seqkit.errors import DataError, UserError

Wanted = Literal["entities", "labels"]


@dataclass(frozen=True)
class Reading:
    """What was found in a file and what was done to it.

    Args:
        scheme: of the tags as the file gives them; `TAGS` where they are plain labels.
        entities: gold entities, 0 for plain labels.
        repaired: places where the tags broke the rules of their scheme and were repaired.
        labels: the entity types, or the plain labels; sorted.
        empty_tokens: tokens without any character to see, read as U+FFFD.
    """

    path: Path
    format: Format
    scheme: Scheme
    sentences: int
    tokens: int
    entities: int
    repaired: int
    labels: tuple[str, ...]
    empty_tokens: int = 0

    def describe(self) -> str:
        """One line: file, format, conversion, counts and whatever was odd."""
        counts = f"{_count(self.sentences, 'sentence')}, {_count(self.tokens, 'token')}"
        if self.scheme is Scheme.TAGS:
            parts = [f"{counts}, {_count(len(self.labels), 'label')}"]
        else:
            converted = "IOB2" if self.scheme is Scheme.IOB2 else f"{self.scheme} converted to IOB2"
            types = f"{_count(self.entities, 'entity', 'entities')} of {_count(len(self.labels), 'type')}"
            parts = [converted, f"{counts}, {types if self.entities else 'no entities: every tag is O'}"]
            if self.repaired:
                parts.append(f"{_count(self.repaired, 'invalid transition')} repaired")
        if self.empty_tokens:
            parts.append(f"{_count(self.empty_tokens, 'empty token')} read as U+FFFD")
        return f"{self.path}: {'; '.join([self.format.describe(), *parts])}"


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """A sentence to be tagged, and the lines it came in, so that they can be written back as they were.

    The lines of all the sentences of a source, in order, are the lines of the source: a sentence's comments come before
    its rows, the blank line that ends it after them. A stretch without tokens (blank lines, comments) comes by itself.

    Args:
        tokens: U+FFFD where a token holds nothing to see; may be empty.
        lines: as given, without their line ends.
        rows: for each token the position in `lines` of its row; empty for JSON lines.
        document: where the source says so.
        text: the text of a JSON line, None where tokens were given.
        words: the tokens with their offsets in `text`; empty where tokens were given.
    """

    tokens: tuple[str, ...]
    lines: tuple[str, ...]
    rows: tuple[int, ...] = ()
    document: str | None = None
    text: str | None = None
    words: tuple[Word, ...] = ()


def load_tagged(
    path: Path, format: Format | None = None, *, errors: Errors = "strict", tags: Wanted | None = None
) -> tuple[list[Tagged], Reading]:
    """All sentences of a file, entities in IOB2, and what was done to get there.

    No entity is lost: as many come out as the file's own scheme opens.

    Args:
        format: None to read it off the file; so are the parts that `Format.named` leaves open.
        tags: `entities` to refuse plain labels, `labels` to take every tag as a plain label; None lets the tags decide,
            but takes those of CoNLL-U as plain labels, and refuses plain labels beside `O`.

    Raises:
        UserError: the file cannot be read.
        DataError: a fault in the file, named by line where it has one: no sentences, tokens without tags, tags of no
            scheme, and the like.
    """
    place = str(path)
    with _opened(path, format, errors) as (lines, format):
        sentences = list(_labelled(lines, format, place, errors))
    if not sentences:
        raise DataError(place, None, "holds no sentences")
    scheme = _scheme(sentences, tags or ("labels" if format.kind == "conllu" else None), place)
    converted, repaired, entities = _converted(sentences, scheme, place)
    reading = Reading(
        path=path,
        format=format,
        scheme=scheme,
        sentences=len(converted),
        tokens=sum(len(sentence.tokens) for sentence in converted),
        entities=entities,
        repaired=repaired,
        labels=_labels(converted, scheme),
        empty_tokens=sum(sentence.empty_tokens for sentence in sentences),
    )
    return converted, reading


def read_unlabelled(
    source: Path | BinaryIO, format: Format | None = None, *, errors: Errors = "strict", name: str | None = None
) -> Iterator[Unlabelled]:
    """Sentences to be tagged, streaming: each comes as soon as the blank line after it has been read.

    Only the token column has to be there. What `format` leaves open is read off the first sentence.

    Raises:
        UserError: the source cannot be read.
        DataError: a fault in it, named by line.
    """
    place = name or (str(source) if isinstance(source, Path) else "-")
    with closing(read_lines(source, errors=errors, name=place)) as lines:
        head = [] if format is not None and format.settled else list(_first_sentence(lines, json_too=format is None))
        if any(not is_blank(line) and not starts_document(line) for _, line in head):
            format = settle(format, head, place)
        yield from _to_be_tagged(chain(head, lines), format or Format("columns"), place, errors)


def _to_be_tagged(lines: Numbered, format: Format, place: str, errors: Errors) -> Iterator[Unlabelled]:
    if format.kind == "jsonl":
        for number, line in lines:
            found = JsonSentence((), ()) if is_blank(line) else parse_json(line, place, number, labelled=False, errors=errors)
            yield Unlabelled(found.tokens, (line,), (), found.document, found.text, found.words)
        return
    rows = RowReader(format, place, errors, labelled=False)
    for block in blocks(lines):
        sentence = rows.sentence(block)
        given = tuple(line for _, line in block)
        yield Unlabelled(sentence.tagged.tokens, given, sentence.rows, sentence.tagged.document)


@contextmanager
def _opened(path: Path, format: Format | None, errors: Errors) -> Generator[tuple[Numbered, Format], None, None]:
    """The lines of a file and its format, nothing left open; the file is read once, sample and all: it may be a pipe."""
    with closing(read_lines(path, errors=errors)) as lines:
        sample = [] if format is not None and format.settled else take_sample(lines)
        yield chain(sample, lines), settle(format, sample, str(path))


def _labelled(lines: Numbered, format: Format, place: str, errors: Errors) -> Iterator[RawSentence]:
    """The sentences that hold tokens."""
    if format.kind == "jsonl":
        yield from _json_labelled(lines, place, errors)
        return
    rows = RowReader(format, place, errors, labelled=True)
    for block in blocks(lines):
        sentence = rows.sentence(block)
        if sentence.numbers:
            yield replace(sentence, rows=())


def _json_labelled(lines: Numbered, place: str, errors: Errors) -> Iterator[RawSentence]:
    spans_given: bool | None = None
    for number, line in lines:
        if is_blank(line):
            continue
        found = parse_json(line, place, number, labelled=True, errors=errors)
        if spans_given is not None and spans_given != (found.text is not None):
            raise DataError(place, number, "text with spans and tokens with tags in one file")
        spans_given = found.text is not None
        if found.tokens:
            tagged = Tagged(found.tokens, tuple(map(intern, found.tags)), found.document)
            yield RawSentence(tagged, (number,) * len(found.tokens), empty_tokens=found.empty_tokens)


def _first_sentence(lines: Iterator[tuple[int, str]], *, json_too: bool) -> Iterator[tuple[int, str]]:
    """The lines up to the end of the first sentence, or of the first line when that is a JSON object."""
    begun = False
    for number, line in lines:
        yield number, line
        blank = is_blank(line)
        if (begun and blank) or (json_too and not begun and looks_like_json(line)):
            return
        begun = begun or not (blank or starts_document(line) or line.startswith("# "))


def _scheme(sentences: Sequence[RawSentence], wanted: Wanted | None, place: str) -> Scheme:
    """The scheme of all the tags, judged together; where they fit none, or are not what is wanted, a line is named."""
    if wanted == "labels":
        return Scheme.TAGS
    try:
        scheme = detect_scheme(sentence.tagged.tags for sentence in sentences)
    except UserError as error:
        raise DataError(place, _odd_line(sentences)[0], str(error)) from None
    # `PER` and `O` are entities whose beginnings were lost; as plain labels they would train a part-of-speech tagger.
    among_o = any("O" in sentence.tagged.tags for sentence in sentences)
    if scheme is Scheme.TAGS and (wanted == "entities" or among_o):
        number, tag = _odd_line(sentences)
        how = "write B-TYPE on an entity's first token and I-TYPE on those that follow"
        raise DataError(place, number, f"{short(tag)} is a plain label, not an entity tag; {how}")
    return scheme


def _odd_line(sentences: Sequence[RawSentence]) -> tuple[int, str]:
    """The first line, and its tag, that holds a plain tag, else the rarest prefix."""
    found: dict[str, tuple[int, str]] = {}
    count: Counter[str] = Counter()
    for sentence in sentences:
        for tag, number in zip(sentence.tagged.tags, sentence.numbers, strict=True):
            prefix = split_tag(tag)[0]
            found.setdefault(prefix, (number, tag))
            count[prefix] += 1
    del count["O"]
    return found.get("") or found[min(count, key=count.__getitem__)]


def _converted(sentences: Sequence[RawSentence], scheme: Scheme, place: str) -> tuple[list[Tagged], int, int]:
    """The sentences in IOB2, how many places were repaired and how many entities there are, checked one by one."""
    converted: list[Tagged] = []
    repaired = entities = 0
    for sentence in sentences:
        given = sentence.tagged
        tags, faults = to_iob2(given.tags, scheme)
        if scheme is not Scheme.TAGS:
            before, after = _openings(given.tags), len(spans(tags))
            if before != after:
                raise DataError(place, sentence.numbers[0], f"{before} entities became {after} in conversion to IOB2")
            entities += after
        repaired += faults
        converted.append(replace(given, tags=tuple(map(intern, tags))))
    return converted, repaired, entities


def _openings(tags: Sequence[str]) -> int:
    """How many entities raw tags of any scheme open: counted apart from the conversion, to check it."""
    parts = [split_tag(tag) for tag in tags]
    return sum(
        prefix != "O" and not (prefix in "IEL" and before in (("B", label), ("I", label)))
        for before, (prefix, label) in zip([("O", ""), *parts], parts, strict=False)
    )


def _labels(sentences: Sequence[Tagged], scheme: Scheme) -> tuple[str, ...]:
    tags = {tag for sentence in sentences for tag in sentence.tags}
    return tuple(sorted(tags if scheme is Scheme.TAGS else {split_tag(tag)[1] for tag in tags} - {""}))


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
