"""`seqkit tag`: text, CoNLL or JSONL in; CoNLL, JSONL or marked-up text out; every line flushed as soon as it is tagged.

From a pipe each line (each sentence of CoNLL) is tagged as it comes; from files many are read together.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from rich.console import Console
from rich.text import Text

from seqkit.data.examples import Span
from seqkit.data.formats import Format
from seqkit.data.lines import Errors, read_lines
from seqkit.data.tagged import Unlabelled, read_unlabelled
from seqkit.data.words import Word, split_sentences, split_words
from seqkit.errors import UserError
from seqkit.report.terminal import has_colour, render_entities
from seqkit.report.text import visible
from seqkit.tasks.tagging.prediction import Prediction

TOGETHER = 512  # lines or sentences of a file tagged together, at most
WORDS_TOGETHER = 32_768  # so that long lines are not held by the hundred


@dataclass(frozen=True)
class TagRequest:
    """`seqkit tag` as typed."""

    files: tuple[Path, ...] = ()
    input_format: str = "text"
    output_format: str = "conll"
    token_column: int = 1
    encoding_errors: Errors = "strict"


@dataclass(frozen=True, slots=True)
class Item:
    """A line of text, a JSON object or a CoNLL sentence.

    Args:
        sentences: of each sentence, its words with their places in `text`.
        text: as given, or the given tokens joined by spaces.
        given: what CoNLL and JSONL came as; None for a line of text.
    """

    sentences: list[list[Word]]
    text: str
    given: Unlabelled | None = None


class Predicts(Protocol):
    """A tagger of either kind; `entities` tells entities from other labels of tokens."""

    entities: bool

    def __call__(self, sentences: Sequence[Sequence[str]], *, confidence: bool = False) -> list[Prediction]:
        """The tags of sentences, in order."""
        ...


def tag_stream(tagger: Predicts, request: TagRequest) -> None:
    """Tag everything that comes in.

    Raises:
        UserError: bad input, then naming file and line; what came before it has been written.
    """
    # JSON may hold half a surrogate pair, which UTF-8 cannot: its \ud800 escape is JSON again.
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")  # type: ignore[union-attr]
    write = Writer(request, entities=tagger.entities)
    if not request.files:
        tag_items(tagger, read_items(sys.stdin.buffer, request), write, together=1)
    for path in request.files:
        tag_items(tagger, read_items(path, request), write, together=TOGETHER)


def tag_items(tagger: Predicts, items: Iterator[Item], write: "Writer", *, together: int) -> None:
    """Predict and write so many items at a time."""
    for some in gather(items, together):
        flat = [[word.text for word in sentence] for item in some for sentence in item.sentences]
        predictions = iter(tagger(flat, confidence=write.confidence))
        for item in some:
            write(item, [next(predictions) for _ in item.sentences])
        sys.stdout.flush()


def gather(items: Iterator[Item], together: int) -> Iterator[list[Item]]:
    """Lists of at most so many items; what stands before a fault in the input comes out before the fault is raised."""
    some: list[Item] = []
    words = 0
    fault: UserError | None = None
    try:
        for item in items:
            some.append(item)
            words += sum(map(len, item.sentences))
            if len(some) == together or words > WORDS_TOGETHER:
                yield some
                some, words = [], 0
    except UserError as error:
        fault = error
    if some:
        yield some
    if fault:
        raise fault


def read_items(source: Path | BinaryIO, request: TagRequest) -> Iterator[Item]:
    """What is to be tagged, as it comes."""
    errors = request.encoding_errors
    if request.input_format == "text":
        return (from_text(line) for _, line in read_lines(source, errors=errors))
    form = Format.named("jsonl" if request.input_format == "jsonl" else f"conll:token={request.token_column}")
    return map(from_unlabelled, read_unlabelled(source, form, errors=errors))


def from_text(line: str) -> Item:
    """A line of text: any number of sentences."""
    return Item(split_sentences(split_words(line), line), line)


def from_unlabelled(given: Unlabelled) -> Item:
    """A JSON object or a CoNLL sentence; the words of a text may make several sentences, given tokens are one."""
    if given.text is not None:
        return Item(split_sentences(list(given.words), given.text), given.text, given)
    words: list[Word] = []
    start = 0
    for token in given.tokens:
        words.append(Word(token, start, start + len(token)))
        start += len(token) + 1
    return Item([words] if words else [], " ".join(given.tokens), given)


class Writer:
    """Writes tagged items to standard output."""

    def __init__(self, request: TagRequest, *, entities: bool) -> None:
        self.input_format = request.input_format
        self.output_format = request.output_format
        self.entities = entities
        self.confidence = entities and self.output_format == "jsonl"
        self.console = Console(file=sys.stdout, highlight=False)

    def __call__(self, item: Item, predictions: Sequence[Prediction]) -> None:
        """Write one item."""
        if self.output_format == "conll":
            sys.stdout.write(as_rows(item, predictions) if self.input_format == "conll" else as_conll(item, predictions))
        elif self.input_format == "conll" and not item.sentences:
            return  # blank lines and comments by themselves mean nothing elsewhere
        elif self.output_format == "jsonl":
            sys.stdout.write(as_json(item, predictions, entities=self.entities) + "\n")
        else:
            self.console.print(self.marked_up(item, predictions), soft_wrap=True)

    def marked_up(self, item: Item, predictions: Sequence[Prediction]) -> Text:
        """The text with its entities marked, or `word/TAG` for labels; one line whatever it holds."""
        if not self.entities:
            words = (word.text for sentence in item.sentences for word in sentence)
            return Text(visible(" ".join(f"{word}/{tag}" for word, tag in zip(words, tags_of(predictions), strict=True))))
        spans = [span for span, _ in character_spans(item, predictions)]
        return render_entities(item.text.replace("\n", " "), spans, colour=has_colour(self.console))


def as_rows(item: Item, predictions: Sequence[Prediction]) -> str:
    """The CoNLL lines as they came, with the predicted tag as one more column of each row that holds a token."""
    assert item.given is not None
    lines, tokens = list(item.given.lines), item.given.tokens
    rows = [lines[row] for row in item.given.rows]
    # A row that is nothing but its token, which may hold spaces, cannot say what parts the columns.
    tabs = any("\t" in row for row in rows) or all(row == token for row, token in zip(rows, tokens, strict=True))
    for row, tag in zip(item.given.rows, tags_of(predictions), strict=True):
        lines[row] += f"{chr(9) if tabs else ' '}{tag}"
    return "".join(f"{line}\n" for line in lines)


def as_conll(item: Item, predictions: Sequence[Prediction]) -> str:
    """A row a token, a blank line after each sentence."""
    parts: list[str] = []
    for words, prediction in zip(item.sentences, predictions, strict=True):
        parts += [f"{word.text}\t{tag}\n" for word, tag in zip(words, prediction.tags, strict=True)]
        parts.append("\n")
    return "".join(parts)


def as_json(item: Item, predictions: Sequence[Prediction], *, entities: bool) -> str:
    """The fields as they came, with `text` and `entities`; with `tokens` and `tags` where tokens came, or labels go out."""
    fields: dict[str, Any] = {}
    if item.given is not None and item.given.rows:  # CoNLL
        fields |= {"document": item.given.document} if item.given.document else {}
    elif item.given is not None and item.given.lines[0].strip():
        fields |= json.loads(item.given.lines[0])
    fields["text"] = item.text
    if entities:
        fields["entities"] = [
            {
                "start": span.start,
                "end": span.end,
                "label": span.label,
                "text": item.text[span.start : span.end],
                "confidence": None if confidence is None else round(confidence, 4),
            }
            for span, confidence in character_spans(item, predictions)
        ]
    if not entities or (item.given is not None and item.given.text is None):
        fields["tokens"] = [word.text for words in item.sentences for word in words]
        fields["tags"] = tags_of(predictions)
    return json.dumps(fields, ensure_ascii=False)


def character_spans(item: Item, predictions: Sequence[Prediction]) -> list[tuple[Span, float | None]]:
    """The entities as characters of the item's text, each with its confidence where that was asked for."""
    found: list[tuple[Span, float | None]] = []
    for words, prediction in zip(item.sentences, predictions, strict=True):
        confidences = prediction.confidences or (None,) * len(prediction.spans)
        for span, confidence in zip(prediction.spans, confidences, strict=True):
            found.append((Span(words[span.start].start, words[span.end - 1].end, span.label), confidence))
    return found


def tags_of(predictions: Sequence[Prediction]) -> list[str]:
    """All tags of an item in a row."""
    return [tag for prediction in predictions for tag in prediction.tags]
