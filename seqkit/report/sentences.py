"""Gold and predicted entities of one sentence, laid over each other for display."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from seqkit.report.figure import Number, number_text
from seqkit.report.report import Sentence, Span
from seqkit.report.text import clip

TOKEN_LIMIT = 120  # characters shown of one token
CONTEXT = 25  # tokens shown on either side of an entity, in a sentence longer than WHOLE
WHOLE = 120
LISTED = 8  # mistakes told of one sentence


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text under the same gold and the same predicted entity.

    Args:
        text: to show; `…` where tokens were left out.
        gold: the gold entity it belongs to.
        predicted: the predicted entity it belongs to.
        confidence: of the predicted entity.
        gold_ends: the gold entity ends here.
        predicted_ends: the predicted entity ends here.
    """

    text: str
    gold: Span | None
    predicted: Span | None
    confidence: Number | None
    gold_ends: bool
    predicted_ends: bool

    @property
    def right(self) -> bool:
        """Whether gold and prediction agree on an entity here."""
        return self.gold is not None and self.gold == self.predicted


@dataclass(frozen=True, slots=True)
class Mistake:
    """One disagreement: `missed`, `spurious`, `boundary`, `type`, or `boundary and type`."""

    kind: str
    gold: Span | None
    predicted: Span | None
    confidence: Number | None = None


def pieces(sentence: Sentence) -> list[Piece]:
    """The sentence cut wherever a gold or a predicted entity begins or ends; tokens are joined by spaces."""
    gold = _owner(sentence.gold, len(sentence.tokens))
    predicted = _owner(sentence.predicted, len(sentence.tokens))
    kept = _kept(sentence)
    units: list[tuple[str, int | None, int | None]] = []
    for here, token in enumerate(sentence.tokens):
        if not kept[here]:
            if here == 0 or kept[here - 1]:
                units.append((" … " if here else "… ", None, None))
            continue
        if here and kept[here - 1]:  # a space belongs to an entity that goes on across it
            same_gold = gold[here] if gold[here] == gold[here - 1] else None
            units.append((" ", same_gold, predicted[here] if predicted[here] == predicted[here - 1] else None))
        units.append((clip(token, TOKEN_LIMIT), gold[here], predicted[here]))
    cut = [(owners, "".join(unit[0] for unit in run)) for owners, run in groupby(units, key=lambda unit: unit[1:])]
    return [_piece(sentence, at, cut) for at in range(len(cut))]


def mistakes(sentence: Sentence) -> list[Mistake]:
    """Where gold and prediction disagree, from left to right; overlapping entities are one mistake, not two."""
    right = set(sentence.gold) & set(sentence.predicted)
    confidence = dict(zip(sentence.predicted, sentence.confidences, strict=False))
    owner = _owner(sentence.predicted, len(sentence.tokens))
    free = [span not in right for span in sentence.predicted]
    found: list[Mistake] = []
    for span in sorted(set(sentence.gold) - right, key=lambda span: span.start):
        touched = Counter(index for index in owner[span.start : span.end] if index is not None and free[index])
        if not touched:
            found.append(Mistake("missed", span, None))
            continue
        index = touched.most_common(1)[0][0]
        free[index] = False
        other = sentence.predicted[index]
        same_place = (span.start, span.end) == (other.start, other.end)
        kind = "type" if same_place else "boundary" if span.label == other.label else "boundary and type"
        found.append(Mistake(kind, span, other, confidence.get(other)))
    spurious = (span for span, left in zip(sentence.predicted, free, strict=True) if left)
    found += [Mistake("spurious", None, span, confidence.get(span)) for span in spurious]
    return sorted(found, key=lambda mistake: min(span.start for span in (mistake.gold, mistake.predicted) if span))


def mistakes_by_kind(sentence: Sentence) -> list[tuple[str, list[str]]]:
    """The mistakes in words: the kind, then `gold PER “Ada Lovelace”`, `predicted PER “Lovelace” 0.93`."""
    found = mistakes(sentence)
    lines = [(mistake.kind, _described(sentence.tokens, mistake)) for mistake in found[:LISTED]]
    return lines + [("more", [f"{len(found) - LISTED} others"])] * (len(found) > LISTED)


def runs(sentence: Sentence) -> list[tuple[str, Span | None]]:
    """The sentence cut at predicted entities only: text, and the entity it is, if any."""
    cut = groupby(pieces(sentence), key=lambda piece: piece.predicted)
    return [("".join(piece.text for piece in run), span) for span, run in cut]


def _described(tokens: Sequence[str], mistake: Mistake) -> list[str]:
    parts = [f"gold {mistake.gold.label} “{_words(tokens, mistake.gold)}”"] if mistake.gold else []
    if mistake.predicted:
        certain = "" if mistake.confidence is None else f" {number_text(mistake.confidence, 2)}"
        parts.append(f"predicted {mistake.predicted.label} “{_words(tokens, mistake.predicted)}”{certain}")
    return parts


def _words(tokens: Sequence[str], span: Span) -> str:
    return clip(" ".join(tokens[span.start : span.end]), TOKEN_LIMIT)


def _piece(sentence: Sentence, at: int, cut: list[tuple[tuple[int | None, ...], str]]) -> Piece:
    (gold, predicted), text = cut[at]
    next_gold, next_predicted = cut[at + 1][0] if at + 1 < len(cut) else (None, None)
    return Piece(
        text=text,
        gold=None if gold is None else sentence.gold[gold],
        predicted=None if predicted is None else sentence.predicted[predicted],
        confidence=None if predicted is None or not sentence.confidences else sentence.confidences[predicted],
        gold_ends=gold is not None and gold != next_gold,
        predicted_ends=predicted is not None and predicted != next_predicted,
    )


def _owner(spans: Sequence[Span], length: int) -> list[int | None]:
    """Which span each position belongs to."""
    owner: list[int | None] = [None] * length
    for index, span in enumerate(spans):
        owner[span.start : span.end] = [index] * (span.end - span.start)
    return owner


def _kept(sentence: Sentence) -> list[bool]:
    """Which tokens to show: all of a short sentence, the surroundings of the first mistakes in a long one."""
    length = len(sentence.tokens)
    if length <= WHOLE:
        return [True] * length
    kept = [False] * length
    wrong = [span for mistake in mistakes(sentence)[:LISTED] for span in (mistake.gold, mistake.predicted) if span]
    for span in wrong or [Span(0, CONTEXT, "")]:
        first, last = max(0, span.start - CONTEXT), min(length, span.end + CONTEXT)
        kept[first:last] = [True] * (last - first)
    return kept
