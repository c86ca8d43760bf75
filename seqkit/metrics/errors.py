"""What kind of errors: entities missed, invented, cut wrongly or typed wrongly; on what they depend."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from seqkit.data.examples import Span
from seqkit.metrics.entities import Counts, sentence_counts, total_counts


class ErrorKind(StrEnum):
    """How a predicted entity and a gold one differ."""

    MISSED = "missed"
    SPURIOUS = "spurious"
    BOUNDARY = "boundary"
    TYPE = "type"
    BOUNDARY_AND_TYPE = "boundary and type"


@dataclass(frozen=True, slots=True)
class Difference:
    """One error: `gold` is None where it is spurious, `predicted` where it was missed."""

    kind: ErrorKind
    gold: Span | None
    predicted: Span | None


def differences(gold: Sequence[Span], predicted: Sequence[Span]) -> list[Difference]:
    """The errors of one sentence, left to right; each entity takes part in at most one.

    Exact matches are taken out first. Of the rest, the same span with another type is paired first, then overlapping
    entities of one type, then other overlapping ones; the larger overlap first, the leftmost on a tie. What stays
    alone was missed or is spurious.
    """
    exact = set(gold) & set(predicted)
    left = [entity for entity in gold if entity not in exact]
    right = [entity for entity in predicted if entity not in exact]
    found: list[Difference] = []
    for kind, wanted, guess in _candidates(left, right):
        if wanted in left and guess in right:
            left.remove(wanted)
            right.remove(guess)
            found.append(Difference(kind, wanted, guess))
    found += [Difference(ErrorKind.MISSED, entity, None) for entity in left]
    found += [Difference(ErrorKind.SPURIOUS, None, entity) for entity in right]
    return sorted(found, key=_position)


def error_counts(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> dict[ErrorKind, int]:
    """How often each kind of error occurs in all sentences; kinds that do not occur count 0.

    Raises:
        ValueError: the two hold different numbers of sentences.
    """
    kinds = Counter(
        difference.kind
        for gold_spans, predicted_spans in zip(gold, predicted, strict=True)
        for difference in differences(gold_spans, predicted_spans)
    )
    return {kind: kinds[kind] for kind in ErrorKind}


@dataclass(frozen=True, slots=True)
class Confusion:
    """Gold types against predicted types.

    Args:
        labels: the types, in alphabetical order.
        counts: (L + 1, L + 1), gold types down, predicted types across; the last row holds the spurious entities,
            the last column the missed ones.
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]


def confusion(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> Confusion:
    """Types of the pairs that `differences` makes and of the exact matches: pairs with the same or overlapping spans.

    The diagonal holds every pair of one type, so an error of the boundary alone stands there too.

    Raises:
        ValueError: the two hold different numbers of sentences.
    """
    pairs: Counter[tuple[str | None, str | None]] = Counter()
    for gold_spans, predicted_spans in zip(gold, predicted, strict=True):
        pairs.update((entity.label, entity.label) for entity in set(gold_spans) & set(predicted_spans))
        for difference in differences(gold_spans, predicted_spans):
            wanted, guess = difference.gold, difference.predicted
            pairs[wanted.label if wanted else None, guess.label if guess else None] += 1
    labels = tuple(sorted({label for pair in pairs for label in pair if label is not None}))
    row = {label: index for index, label in enumerate((*labels, None))}
    counts = np.zeros((len(row), len(row)), dtype=np.int64)
    for (wanted_label, guess_label), count in pairs.items():
        counts[row[wanted_label], row[guess_label]] = count
    return Confusion(labels, counts)


def known_entities(tokens: Sequence[Sequence[str]], entities: Sequence[Sequence[Span]]) -> set[tuple[str, str]]:
    """Surface form, case kept, words joined by a space, and type of every entity: what a training split makes known.

    Raises:
        ValueError: the two hold different numbers of sentences.
    """
    return {
        (_surface(words, entity), entity.label) for words, sentence in zip(tokens, entities, strict=True) for entity in sentence
    }


def split_by_seen(
    tokens: Sequence[str], entities: Sequence[Span], known: Collection[tuple[str, str]]
) -> tuple[list[Span], list[Span]]:
    """One sentence's entities whose surface form stands in training with the same type, and the others.

    Args:
        tokens: the words of the sentence.
        entities: its entities.
        known: what `known_entities` gave for the training split.
    """
    seen = [entity for entity in entities if (_surface(tokens, entity), entity.label) in known]
    unseen = [entity for entity in entities if (_surface(tokens, entity), entity.label) not in known]
    return seen, unseen


def count_by_seen(
    tokens: Sequence[Sequence[str]],
    gold: Sequence[Sequence[Span]],
    predicted: Sequence[Sequence[Span]],
    known: Collection[tuple[str, str]],
) -> dict[str, Counts]:
    """Counts for `seen` and `unseen` entities (see `split_by_seen`), gold and predicted alike; they sum to the total.

    Raises:
        ValueError: the three hold different numbers of sentences.
    """
    wanted = [split_by_seen(words, entities, known) for words, entities in zip(tokens, gold, strict=True)]
    guesses = [split_by_seen(words, entities, known) for words, entities in zip(tokens, predicted, strict=True)]
    return {
        name: total_counts([pair[part] for pair in wanted], [pair[part] for pair in guesses])
        for part, name in enumerate(("seen", "unseen"))
    }


@dataclass(frozen=True, slots=True)
class LengthBucket:
    """Counts of the sentences of `low` to `high` tokens; `high` is None in the last bucket, which has no end."""

    low: int
    high: int | None
    sentences: int
    counts: Counts


def count_by_length(
    lengths: Sequence[int],
    gold: Sequence[Sequence[Span]],
    predicted: Sequence[Sequence[Span]],
    *,
    edges: Sequence[int] = (8, 16, 24, 32),
) -> list[LengthBucket]:
    """Counts by sentence length in tokens; the buckets' counts sum to the total.

    Args:
        lengths: the tokens of each sentence.
        gold: the gold entities of each sentence.
        predicted: the predicted entities of each sentence.
        edges: the longest length of each bucket but the last, rising: 8 and 16 make 0–8, 9–16 and 17 or more.

    Raises:
        ValueError: the three hold different numbers of sentences, or the edges do not rise.
    """
    if list(edges) != sorted(set(edges)):
        raise ValueError(f"edges must rise: {list(edges)}")
    rows_NC = sentence_counts(gold, predicted)
    if len(lengths) != len(rows_NC):
        raise ValueError(f"{len(lengths)} lengths for {len(rows_NC)} sentences")
    bucket_N = np.searchsorted(np.asarray(edges), np.asarray(lengths, dtype=np.int64), side="left")
    lows, highs = [0, *(edge + 1 for edge in edges)], [*edges, None]
    buckets: list[LengthBucket] = []
    for index, (low, high) in enumerate(zip(lows, highs, strict=True)):
        inside = bucket_N == index
        correct, found, wanted = rows_NC[inside].sum(axis=0).tolist()
        buckets.append(LengthBucket(low, high, int(inside.sum()), Counts(correct, found, wanted)))
    return buckets


def _candidates(gold: Sequence[Span], predicted: Sequence[Span]) -> list[tuple[ErrorKind, Span, Span]]:
    """Every overlapping pair, the best match first."""
    order = [ErrorKind.TYPE, ErrorKind.BOUNDARY, ErrorKind.BOUNDARY_AND_TYPE]
    pairs = [(_kind(one, other), one, other) for one in gold for other in predicted if _overlap(one, other) > 0]
    return sorted(pairs, key=lambda p: (order.index(p[0]), -_overlap(p[1], p[2]), p[1].start, p[2].start))


def _kind(gold: Span, predicted: Span) -> ErrorKind:
    if (gold.start, gold.end) == (predicted.start, predicted.end):
        return ErrorKind.TYPE
    return ErrorKind.BOUNDARY if gold.label == predicted.label else ErrorKind.BOUNDARY_AND_TYPE


def _overlap(one: Span, other: Span) -> int:
    """Tokens in common; not positive where there are none."""
    return min(one.end, other.end) - max(one.start, other.start)


def _position(difference: Difference) -> tuple[int, int]:
    spans = [span for span in (difference.gold, difference.predicted) if span is not None]
    return min(span.start for span in spans), max(span.end for span in spans)


def _surface(tokens: Sequence[str], entity: Span) -> str:
    return " ".join(tokens[entity.start : entity.end])
