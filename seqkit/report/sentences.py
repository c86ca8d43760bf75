"""Gold and predicted entities of one sentence, laid over each other for display."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from seqkit.report.figure import Number, number_text
from seqkit.report.report import Sentence, Span
from seqkit.report.text import clip

TOKEN_LIMIT = 120  # characters shown of one token
CONTEXT = 25  # tokens shown on either side of an entity, in a sentence longer than WHOLE
WHOLE = 120


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
    gold = sorted((span for span in sentence.gold if span not in sentence.predicted), key=lambda span: span.start)
    confidence = dict(zip(sentence.predicted, sentence.confidences, strict=False))
    free = [span for span in sentence.predicted if span not in sentence.gold]
    found: list[Mistake] = []
    for span in gold:
        best = max(free, key=lambda other: _overlap(span, other), default=None)
        if best is None or _overlap(span, best) <= 0:
            found.append(Mistake("missed", span, None))
            continue
        free.remove(best)
        same_place = (span.start, span.end) == (best.start, best.end)
        kind = "type" if same_place else "boundary" if span.label == best.label else "boundary and type"
        found.append(Mistake(kind, span, best, confidence.get(best)))
    found += [Mistake("spurious", None, span, confidence.get(span)) for span in free]
    return sorted(found, key=lambda mistake: min(span.start for span in (mistake.gold, mistake.predicted) if span))


def runs(sentence: Sentence) -> list[tuple[str, Span | None]]:
    """The sentence cut at predicted entities only: text, and the entity it is, if any."""
    cut = groupby(pieces(sentence), key=lambda piece: piece.predicted)
    return [("".join(piece.text for piece in run), span) for span, run in cut]


def told(tokens: Sequence[str], mistake: Mistake) -> list[str]:
    """A mistake in words: `gold PER “Ada Lovelace”`, `predicted PER “Lovelace” 0.93`."""
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
    """Which tokens to show: all of a short sentence, the surroundings of the entities of a long one."""
    length = len(sentence.tokens)
    if length <= WHOLE:
        return [True] * length
    kept = [False] * length
    for span in (*sentence.gold, *sentence.predicted) or (Span(0, CONTEXT, ""),):
        first, last = max(0, span.start - CONTEXT), min(length, span.end + CONTEXT)
        kept[first:last] = [True] * (last - first)
    return kept


def _overlap(one: Span, other: Span) -> int:
    return min(one.end, other.end) - max(one.start, other.start)
