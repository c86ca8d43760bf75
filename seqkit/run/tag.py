"""`seqkit tag`: text, CoNLL or JSONL in; CoNLL, JSONL or marked-up text out; every line flushed as soon as it is tagged.

From a pipe each line (each sentence of CoNLL) is tagged as it comes; from files many are tagged together, which is faster.
"""

import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console

from seqkit.data.examples import Span
from seqkit.data.lines import read_lines
from seqkit.data.words import Word, split_sentences, split_words
from seqkit.errors import DataError
from seqkit.report.terminal import render_entities
from seqkit.run.command import prepare_machine
from seqkit.run.corpora import EncodingErrors
from seqkit.run.folders import find_run
from seqkit.run.saved import TrainedTagger, load
from seqkit.tasks.ner.predict import Prediction

TOGETHER = 512  # lines or sentences of a file tagged together


@dataclass(frozen=True)
class TagRequest:
    """`seqkit tag` as typed."""

    run: str | None = None
    files: tuple[Path, ...] = ()
    input_format: str = "text"
    output_format: str = "conll"
    token_column: int = 1
    encoding_errors: EncodingErrors = "strict"
    device: str = "cpu"
    threads: int | None = None


@dataclass
class Item:
    """One unit of input and its tokens: a line of text, a JSON object, or a CoNLL sentence with its rows as they came.

    Args:
        sentences: of each sentence, its words with their places in `text`; for CoNLL, places mean nothing.
    """

    sentences: list[list[Word]]
    text: str = ""
    rows: Sequence[str] = ()
    fields: dict[str, Any] | None = None


def tag_stream(request: TagRequest) -> None:
    """Tag everything that comes in.

    Raises:
        UserError: no model, or bad input, then naming file and line; what came before it has been written.
    """
    device = prepare_machine(request.device, request.threads)
    tagger = load(find_run(request.run), device=str(device))
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="\n")  # type: ignore[union-attr]
    if not request.files:
        _tag(tagger, _items(sys.stdin.buffer, "-", request), request, together=1)
    for path in request.files:
        _tag(tagger, _items(path, str(path), request), request, together=TOGETHER)


def _tag(tagger: TrainedTagger, items: Iterator[Item], request: TagRequest, *, together: int) -> None:
    console = Console(file=sys.stdout, highlight=False)
    confidence = tagger.predictor.entities and request.output_format == "jsonl"
    while some := list(islice(items, together)):
        flat = [[word.text for word in sentence] for item in some for sentence in item.sentences]
        predictions = iter(tagger.predict(flat, confidence=confidence))
        for item in some:
            found = [next(predictions) for _ in item.sentences]
            match request.output_format:
                case "conll":
                    sys.stdout.write(_as_conll(item, found))
                case "jsonl":
                    sys.stdout.write(_as_json(item, found) + "\n")
                case _:
                    _print_text(console, item, found, entities=tagger.predictor.entities)
        sys.stdout.flush()


def _items(source: Path | BinaryIO, name: str, request: TagRequest) -> Iterator[Item]:
    lines = read_lines(source, errors=request.encoding_errors, name=name)
    match request.input_format:
        case "conll":
            return _conll_items(lines, name, request.token_column - 1)
        case "jsonl":
            return (_json_item(line, name, number) for number, line in lines)
        case _:
            return (_text_item(line) for _, line in lines)


def _text_item(line: str) -> Item:
    return Item(split_sentences(split_words(line), line), text=line)


def _json_item(line: str, name: str, number: int) -> Item:
    if not line.strip():
        return Item([], fields={})
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise DataError(name, number, f"is not JSON ({error})") from error
    if not isinstance(fields, dict):
        raise DataError(name, number, "is not a JSON object")
    if isinstance(tokens := fields.get("tokens"), list) and all(isinstance(token, str) for token in tokens):
        return Item([_spaced(tokens)], text=" ".join(tokens), fields=fields)
    if isinstance(text := fields.get("text"), str):
        return Item(split_sentences(split_words(text), text), text=text, fields=fields)
    raise DataError(name, number, 'needs "text" (a string) or "tokens" (a list of strings)')


def _conll_items(lines: Iterable[tuple[int, str]], name: str, column: int) -> Iterator[Item]:
    """Sentences between blank lines; a blank line is an item of its own, so that breaks come out as they came in."""
    rows: list[str] = []
    words: list[str] = []
    for number, line in lines:
        if line.strip():
            fields = line.split("\t") if "\t" in line else line.split()
            if len(fields) <= column:
                raise DataError(name, number, f"has {len(fields)} columns; the token column is {column + 1}")
            rows.append(line)
            words.append(fields[column] or "\ufffd")
            continue
        if rows:
            yield Item([_spaced(words)], text=" ".join(words), rows=rows)
        yield Item([], rows=[line])
        rows, words = [], []
    if rows:
        yield Item([_spaced(words)], text=" ".join(words), rows=rows)


def _spaced(tokens: Sequence[str]) -> list[Word]:
    """Tokens as words of the text they make when joined by spaces."""
    words: list[Word] = []
    start = 0
    for token in tokens:
        words.append(Word(token, start, start + len(token)))
        start += len(token) + 1
    return words


def _as_conll(item: Item, predictions: Sequence[Prediction]) -> str:
    """A row a token, the predicted tag last; raw text gets a blank line after each sentence."""
    out = io.StringIO()
    if item.rows:
        tags = predictions[0].tags if predictions else ()
        for row, tag in zip(item.rows, tags or [""] * len(item.rows), strict=True):
            out.write(f"{row}{chr(9) if chr(9) in row or ' ' not in row else ' '}{tag}\n" if tag else f"{row}\n")
        return out.getvalue()
    for words, prediction in zip(item.sentences, predictions, strict=True):
        for word, tag in zip(words, prediction.tags, strict=True):
            out.write(f"{word.text}\t{tag}\n")
        out.write("\n")
    return out.getvalue()


def _character_spans(item: Item, predictions: Sequence[Prediction]) -> list[tuple[Span, float | None]]:
    found: list[tuple[Span, float | None]] = []
    for words, prediction in zip(item.sentences, predictions, strict=True):
        confidences = prediction.confidences or (None,) * len(prediction.spans)
        for span, confidence in zip(prediction.spans, confidences, strict=True):
            found.append((Span(words[span.start].start, words[span.end - 1].end, span.label), confidence))
    return found


def _as_json(item: Item, predictions: Sequence[Prediction]) -> str:
    """The fields as they came, with `text` and the predicted `entities`, or `tokens` and `tags` for labels."""
    entities = [
        {
            "start": span.start,
            "end": span.end,
            "label": span.label,
            "text": item.text[span.start : span.end],
            "confidence": None if confidence is None else round(confidence, 4),
        }
        for span, confidence in _character_spans(item, predictions)
    ]
    fields = {**(item.fields or {}), "text": item.text, "entities": entities}
    if predictions and not predictions[0].spans and predictions[0].tags and not _is_iob2(predictions):
        del fields["entities"]
        fields["tokens"] = [word.text for words in item.sentences for word in words]
        fields["tags"] = [tag for prediction in predictions for tag in prediction.tags]
    return json.dumps(fields, ensure_ascii=False)


def _is_iob2(predictions: Sequence[Prediction]) -> bool:
    return all(tag == "O" or tag[:2] in ("B-", "I-") for prediction in predictions for tag in prediction.tags)


def _print_text(console: Console, item: Item, predictions: Sequence[Prediction], *, entities: bool) -> None:
    """The line itself, entities marked; for labels `word/TAG`."""
    if entities:
        spans = [span for span, _ in _character_spans(item, predictions)]
        console.print(render_entities(item.text, spans, colour=console.is_terminal), soft_wrap=True)
        return
    pairs = [
        f"{word.text}/{tag}"
        for words, prediction in zip(item.sentences, predictions, strict=True)
        for word, tag in zip(words, prediction.tags, strict=True)
    ]
    console.print(" ".join(pairs), soft_wrap=True, markup=False)
