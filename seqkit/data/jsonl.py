"""JSON lines: one object a line, either text with character spans or tokens with tags.

    {"text": "Ada left.", "entities": [{"start": 0, "end": 3, "label": "PER"}], "document": "mail-7"}
    {"tokens": ["Ada", "left", "."], "tags": ["B-PER", "O", "O"]}

Offsets count code points, `end` is exclusive; other keys are passed over. A text is split into words here, and a word is
cut where an entity begins or ends inside it, so that every entity is kept.
"""

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

from seqkit.data.characters import clean, fill_empty
from seqkit.data.examples import Span
from seqkit.data.lines import Errors
from seqkit.data.schemes import iob2
from seqkit.data.words import Word, cut_words, split_words
from seqkit.errors import DataError

_BREAKS_COLUMNS = re.compile(r"[\t\n\r]")


@dataclass(frozen=True, slots=True)
class JsonSentence:
    """One object.

    Args:
        tokens: as given, or the words of the text.
        tags: as given, or IOB2 from the spans; empty when it was read without tags.
        document: as given.
        text: None where tokens were given.
        words: the tokens with their offsets in `text`; empty where tokens were given.
        empty_tokens: how many tokens held nothing to see and became U+FFFD.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    document: str | None = None
    text: str | None = None
    words: tuple[Word, ...] = ()
    empty_tokens: int = 0


def parse_json(line: str, place: str, number: int, *, labelled: bool, errors: Errors = "strict") -> JsonSentence:
    """The sentence of one line; `labelled`: entities or tags must be there, else they are passed over.

    Raises:
        DataError: the line is no such object; `place` and `number` name the file and line.
    """
    return _Line(place, number, errors).sentence(line, labelled)


@dataclass(frozen=True, slots=True)
class _Line:
    """Where a line stands, for messages, and what to do about characters that are none."""

    place: str
    number: int
    errors: Errors

    def fault(self, message: str) -> DataError:
        return DataError(self.place, self.number, message)

    def clean(self, text: str) -> str:
        return clean(text, self.place, self.number, self.errors)

    def sentence(self, line: str, labelled: bool) -> JsonSentence:
        fields = self.fields(line)
        document = self.document(fields.get("document"))
        if "tokens" in fields and ("tags" in fields or not labelled):
            tokens, empty = fill_empty(self.strings(fields, "tokens"))
            return JsonSentence(tokens, self.tags(fields, len(tokens)) if labelled else (), document, empty_tokens=empty)
        if "text" in fields and ("entities" in fields or not labelled):
            if not isinstance(fields["text"], str):
                raise self.fault("'text' is not a string")
            text = self.clean(fields["text"])
            entities = self.entities(fields["entities"], text) if labelled else []
            return _from_spans(text, entities, document, labelled)
        needed = "'text' and 'entities', or 'tokens' and 'tags'" if labelled else "'text' or 'tokens'"
        raise self.fault(f"the object needs {needed}; it has {', '.join(map(repr, list(fields)[:8])) or 'nothing'}")

    def fields(self, line: str) -> dict[str, Any]:
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise self.fault(f"broken JSON at character {error.pos + 1} ({error.msg})") from None
        except (ValueError, RecursionError):  # a number of thousands of digits, brackets nested too deep
            raise self.fault("JSON that cannot be read (a number too long or brackets nested too deep)") from None
        if not isinstance(value, dict):
            raise self.fault("not a JSON object: one {…} a line is expected")
        return cast("dict[str, Any]", value)

    def document(self, value: object) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise self.fault("'document' is neither a string nor a whole number")
        return self.clean(str(value))

    def strings(self, fields: dict[str, Any], key: str) -> list[str]:
        values = fields[key]
        if not isinstance(values, list):
            raise self.fault(f"{key!r} is not a list")
        for position, value in enumerate(cast("list[object]", values), start=1):
            if not isinstance(value, str):
                raise self.fault(f"item {position} of {key!r} is not a string")
            if _BREAKS_COLUMNS.search(value):
                raise self.fault(f"item {position} of {key!r} holds a TAB or a line break")
        return [self.clean(value) for value in cast("list[str]", values)]

    def tags(self, fields: dict[str, Any], length: int) -> tuple[str, ...]:
        tags = self.strings(fields, "tags")
        if len(tags) != length:
            raise self.fault(f"{length} tokens but {len(tags)} tags")
        if not all(tag.strip() for tag in tags):
            raise self.fault("an empty tag")
        return tuple(tags)

    def entities(self, values: object, text: str) -> list[Span]:
        """The spans of `entities` in characters, in order and checked against the text."""
        if not isinstance(values, list):
            raise self.fault("'entities' is not a list")
        entities = sorted((self.entity(value, text) for value in cast("list[object]", values)), key=_span_start)
        for before, after in pairwise(entities):
            if after.start < before.end:
                raise self.fault(f"entities {before.start}–{before.end} and {after.start}–{after.end} overlap")
        return entities

    def entity(self, value: object, text: str) -> Span:
        if not isinstance(value, dict) or not {"start", "end", "label"} <= value.keys():
            raise self.fault("an entity is not an object with 'start', 'end' and 'label'")
        start, end, label = (cast("dict[str, Any]", value)[key] for key in ("start", "end", "label"))
        if type(start) is not int or type(end) is not int:  # True is an int too
            raise self.fault("'start' or 'end' of an entity is not a whole number")
        if not 0 <= start < end <= len(text):
            raise self.fault(f"entity {start}–{end} is empty or outside the text of {len(text)} characters")
        if not text[start:end].strip():
            raise self.fault(f"entity {start}–{end} covers white space only")
        if not isinstance(label, str) or not label.strip() or not label.isprintable():
            raise self.fault(f"the label of entity {start}–{end} is not a printable string")
        return Span(start, end, label.strip())


def _span_start(span: Span) -> int:
    return span.start


def _from_spans(text: str, entities: list[Span], document: str | None, labelled: bool) -> JsonSentence:
    """The words of a text and the IOB2 tags of its entities, whose words they cover exactly once cut at their ends."""
    places = {place for entity in entities for place in (entity.start, entity.end)}
    words = cut_words(split_words(text), places)
    spans: list[Span] = []
    position = 0
    for entity in entities:
        while words[position].start < entity.start:
            position += 1
        first = position
        while position < len(words) and words[position].end <= entity.end:
            position += 1
        spans.append(Span(first, position, entity.label))
    tags = iob2(spans, len(words)) if labelled else ()
    return JsonSentence(tuple(word.text for word in words), tags, document, text, tuple(words))
