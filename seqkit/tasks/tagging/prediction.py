"""What a tagger says of a sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seqkit.data.examples import Span

WINDOW = 256  # tokens read at once; longer sentences are read in overlapping windows
OVERLAP = 64  # tokens of context on either side of a window's seam
MOST_WORDS = 200_000  # word vectors kept before starting afresh


@dataclass(frozen=True, slots=True)
class Prediction:
    """The tags of one sentence.

    Args:
        tags: one a token; IOB2 for entities.
        spans: the entities the tags spell; empty for part of speech.
        confidences: of each span, its probability under the model; empty unless asked for.
    """

    tags: tuple[str, ...]
    spans: tuple[Span, ...] = ()
    confidences: tuple[float, ...] = ()


def names_entities(tags: Sequence[str]) -> bool:
    """Whether these are the tags of entities, not labels of tokens such as parts of speech."""
    return all(tag == "O" or tag[:2] in ("B-", "I-") for tag in tags)


def windows(tokens: int) -> Iterator[tuple[slice, slice]]:
    """What is read at once of a sentence, and which part of that is kept, so that each token is kept once.

    Each token is read with at least OVERLAP tokens around it, as far as there are any.
    """
    # What fits one window is read at once, whatever longer sentence shares its batch.
    stride = WINDOW - 2 * OVERLAP if tokens > WINDOW else WINDOW
    for first in range(0, tokens, stride):
        left, right = max(first - OVERLAP, 0), min(first + stride + OVERLAP, tokens)
        yield slice(left, right), slice(first - left, first - left + stride)


def chain_questions(prediction: Prediction, number: dict[str, int]) -> list[tuple[int, int, int, int]]:
    """The spans as `CRF.span_probability` asks for them; `number` is each tag's."""
    return [(s.start, s.end, number["B-" + s.label], number.get("I-" + s.label, -1)) for s in prediction.spans]
