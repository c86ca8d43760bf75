"""Entity scores: our own counts, which bootstraps resample, and the published headline, computed by seqeval.

Correct means the same first token, last token and type. Scores are fractions, 0 where they are undefined.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.data.examples import Span
from seqkit.data.schemes import invalid_transitions, spans


@dataclass(frozen=True, slots=True)
class Counts:
    """How many entities (or tags) are right, were predicted, and stand in the gold; counts of parts add up."""

    correct: int = 0
    predicted: int = 0
    gold: int = 0

    @property
    def precision(self) -> float:
        """The share of the predicted that is correct; 0 where nothing was predicted."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """The share of the gold that was found; 0 where there is none."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, 2·correct / (predicted + gold); 0 where both are empty."""
        both = self.predicted + self.gold
        return 2 * self.correct / both if both else 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.correct + other.correct, self.predicted + other.predicted, self.gold + other.gold)


def sentence_counts(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> NDArray[np.int64]:
    """Correct, predicted and gold entities of each sentence, (N, 3): the units that `significance` resamples.

    Raises:
        ValueError: the two hold different numbers of sentences.
    """
    rows = [
        (len(set(gold_spans) & set(predicted_spans)), len(predicted_spans), len(gold_spans))
        for gold_spans, predicted_spans in zip(gold, predicted, strict=True)
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def total_counts(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> Counts:
    """The counts of all sentences together (micro).

    Raises:
        ValueError: the two hold different numbers of sentences.
    """
    correct, found, wanted = sentence_counts(gold, predicted).sum(axis=0).tolist()
    return Counts(correct, found, wanted)


def surface_counts(
    tokens: Sequence[Sequence[str]], gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]
) -> Counts:
    """Counts for the surface-form F1 of the WNUT-17 shared task (Derczynski et al. 2017, section 5).

    A surface form is the words of an entity, case kept, together with its type; each counts once, however often it
    occurs. A form is correct if one of its occurrences was found in its place: a form that the system predicts
    elsewhere only is wrong even if it is gold. The official figures read predictions leniently (`spans(tags)`).

    Raises:
        ValueError: the three hold different numbers of sentences.
    """
    correct_forms: set[tuple[tuple[str, ...], str]] = set()
    predicted_forms: set[tuple[tuple[str, ...], str]] = set()
    gold_forms: set[tuple[tuple[str, ...], str]] = set()
    for words, gold_spans, predicted_spans in zip(tokens, gold, predicted, strict=True):
        correct_forms |= _forms(words, set(gold_spans) & set(predicted_spans))
        predicted_forms |= _forms(words, predicted_spans)
        gold_forms |= _forms(words, gold_spans)
    return Counts(len(correct_forms), len(predicted_forms), len(gold_forms))


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 (fractions), and support: the number of gold entities."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class EntityScores:
    """The micro average over all entities, and each type alone, in alphabetical order."""

    micro: Score
    by_type: dict[str, Score]


@dataclass(frozen=True, slots=True)
class SeqevalScores:
    """Both readings of the predictions: `strict` drops what an orphan I- begins, `lenient` (conlleval) accepts it."""

    strict: EntityScores
    lenient: EntityScores


def seqeval_scores(gold_tags: Sequence[Sequence[str]], predicted_tags: Sequence[Sequence[str]]) -> SeqevalScores:
    """Strict and lenient entity scores of IOB2 tags as seqeval computes them (Nakayama 2018): the published headline.

    Sentences without any entity are fine. Gold must be valid, which `to_iob2` sees to on reading: strict scoring
    would silently drop its invalid entities, and the support would no longer be the number of gold entities.

    Raises:
        ValueError: the gold holds invalid transitions, or the two differ in sentences or in tokens.
        UserError: a tag is not IOB2.
    """
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as lenient_scores
    from seqeval.metrics.v1 import precision_recall_fscore_support as strict_scores
    from seqeval.scheme import IOB2

    invalid = sum(invalid_transitions(tags) for tags in gold_tags)
    if invalid:
        raise ValueError(f"the gold tags hold {invalid} invalid transitions: repair them with to_iob2 on reading")
    gold, predicted = [list(tags) for tags in gold_tags], [list(tags) for tags in predicted_tags]
    return SeqevalScores(
        strict=_scores(strict_scores, gold, predicted, strict=True, options={"scheme": IOB2}),
        lenient=_scores(lenient_scores, gold, predicted, strict=False, options={}),
    )


def _forms(words: Sequence[str], entities: Sequence[Span] | set[Span]) -> set[tuple[tuple[str, ...], str]]:
    return {(tuple(words[entity.start : entity.end]), entity.label) for entity in entities}


def _scores(
    scorer: Any, gold: list[list[str]], predicted: list[list[str]], *, strict: bool, options: dict[str, Any]
) -> EntityScores:
    """One of seqeval's two scorers, micro and by type; it returns the types sorted, but not their names."""
    if not gold and not predicted:
        return EntityScores(Score(0.0, 0.0, 0.0, 0), {})
    micro = scorer(gold, predicted, average="micro", zero_division=0, **options)
    by_type = scorer(gold, predicted, average=None, zero_division=0, **options)
    gold_labels = [entity.label for tags in gold for entity in spans(tags)]
    labels = sorted({entity.label for tags in predicted for entity in spans(tags, strict=strict)} | set(gold_labels))
    rows = [Score(float(p), float(r), float(f), int(n)) for p, r, f, n in zip(*by_type, strict=True)]
    precision, recall, f1, support = micro
    scores = EntityScores(Score(float(precision), float(recall), float(f1), int(support)), dict(zip(labels, rows, strict=True)))
    assert scores.micro.support == sum(row.support for row in rows) == len(gold_labels), "support is not the gold count"
    return scores
