import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.examples import Span
from seqkit.data.schemes import Scheme, spans, to_iob2
from seqkit.metrics.entities import (
    Counts,
    sentence_counts,
    seqeval_scores,
    surface_counts,
    total_counts,
)

LABELS = ["PER", "LOC", "creative-work"]
IOB2_TAGS = ["O", *(f"{prefix}-{label}" for prefix in "BI" for label in LABELS)]


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[tuple[str, ...]], list[list[str]]]:
    """Valid gold tags, and predictions of any kind for the same tokens."""
    gold: list[tuple[str, ...]] = []
    predicted: list[list[str]] = []
    for length in draw(st.lists(st.integers(0, 8), max_size=5)):
        tags = st.lists(st.sampled_from(IOB2_TAGS), min_size=length, max_size=length)
        gold.append(to_iob2(draw(tags), Scheme.IOB2)[0])
        predicted.append(draw(st.one_of(tags, st.just(list(gold[-1])))))
    return gold, predicted


def count_by_type(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> dict[str, Counts]:
    """Counts of each type that stands in the gold or was predicted, in alphabetical order; they sum to the total."""
    counts: dict[str, Counts] = {}
    for gold_spans, predicted_spans in zip(gold, predicted, strict=True):
        for entity in set(gold_spans) | set(predicted_spans):
            in_gold, in_predicted = entity in gold_spans, entity in predicted_spans
            one = Counts(in_gold and in_predicted, in_predicted, in_gold)
            counts[entity.label] = counts.get(entity.label, Counts()) + one
    return dict(sorted(counts.items()))


@given(corpus=corpora())
def test_our_counts_agree_with_seqeval(corpus: tuple[list[tuple[str, ...]], list[list[str]]]) -> None:
    gold, predicted = corpus
    scores = seqeval_scores(gold, predicted)
    gold_spans = [spans(tags) for tags in gold]
    for strict, published in ((True, scores.strict), (False, scores.lenient)):
        predicted_spans = [spans(tags, strict=strict) for tags in predicted]
        counts = total_counts(gold_spans, predicted_spans)
        by_type = count_by_type(gold_spans, predicted_spans)
        for ours, theirs in [(counts, published.micro), *((by_type[k], published.by_type[k]) for k in by_type)]:
            expected = (ours.precision, ours.recall, ours.f1, ours.gold)
            assert (theirs.precision, theirs.recall, theirs.f1, theirs.support) == pytest.approx(expected)
        assert list(published.by_type) == list(by_type)
        assert sum(by_type.values(), Counts()) == counts
        assert published.micro.support == sum(len(entities) for entities in gold_spans)


def test_the_example_of_the_conll_scorer() -> None:
    gold = [["B-MISC", "I-MISC", "O", "B-PER"], ["B-PER", "I-PER", "O"]]
    predicted = [["B-MISC", "O", "O", "B-PER"], ["B-PER", "I-PER", "B-PER"]]
    scores = seqeval_scores(gold, predicted).strict
    assert scores.micro.precision == pytest.approx(2 / 4)
    assert scores.micro.recall == pytest.approx(2 / 3)
    assert scores.micro.f1 == pytest.approx(4 / 7)
    assert {label: score.support for label, score in scores.by_type.items()} == {"MISC": 1, "PER": 2}


def test_strict_and_lenient_part_at_orphans() -> None:
    gold, predicted = [["B-PER", "I-PER", "O", "B-LOC"]], [["I-PER", "I-PER", "O", "B-LOC"]]
    scores = seqeval_scores(gold, predicted)
    assert (scores.strict.micro.precision, scores.strict.micro.recall) == (1.0, 0.5)
    assert scores.lenient.micro.f1 == 1.0


@pytest.mark.parametrize("tags", [[], [[]], [["O", "O"], ["O"]]])
def test_no_entities_score_zero_without_a_warning(tags: list[list[str]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = seqeval_scores(tags, tags)
    assert scores.strict == scores.lenient
    assert scores.strict.micro.f1 == scores.strict.micro.support == 0
    assert scores.strict.by_type == {}


def test_gold_that_strict_scoring_would_drop_is_refused() -> None:
    with pytest.raises(ValueError, match="1 invalid transitions"):
        seqeval_scores([["O", "I-PER"]], [["O", "B-PER"]])


@pytest.mark.parametrize("predicted", [[["O"]], [["O", "O"], ["O"]]])
def test_other_tokens_are_refused(predicted: list[list[str]]) -> None:
    with pytest.raises(ValueError):
        seqeval_scores([["O", "O"]], predicted)


def test_undefined_scores_are_zero() -> None:
    assert Counts().precision == Counts().recall == Counts().f1 == 0.0
    assert Counts(0, 3, 0).f1 == Counts(0, 0, 3).f1 == 0.0
    assert Counts(2, 4, 5).f1 == pytest.approx(2 * 0.5 * 0.4 / 0.9)


def test_sentence_counts_are_rows_for_the_bootstrap() -> None:
    gold = [[Span(0, 1, "PER"), Span(2, 4, "LOC")], []]
    predicted = [[Span(0, 1, "PER"), Span(2, 3, "LOC")], [Span(0, 1, "PER")]]
    np.testing.assert_array_equal(sentence_counts(gold, predicted), [[1, 2, 2], [0, 1, 0]])
    assert sentence_counts([], []).shape == (0, 3)
    with pytest.raises(ValueError):
        sentence_counts(gold, predicted[:1])


def test_a_surface_form_counts_once_and_only_where_it_stands() -> None:
    tokens = [["Ada", "met", "Ada"], ["Paris", "met", "Rome"], ["rome"]]
    gold = [[Span(0, 1, "PER"), Span(2, 3, "PER")], [Span(0, 1, "PER")], [Span(0, 1, "LOC")]]
    predicted = [[Span(0, 1, "PER")], [Span(0, 1, "LOC"), Span(2, 3, "LOC")], []]
    # gold forms: Ada/PER, Paris/PER, rome/LOC; predicted: Ada/PER, Paris/LOC, Rome/LOC; found in place: Ada/PER
    assert surface_counts(tokens, gold, predicted) == Counts(1, 3, 3)


def test_a_form_predicted_in_the_wrong_place_is_not_correct() -> None:
    tokens = [["Ada", "and", "Ada"]]
    assert surface_counts(tokens, [[Span(0, 1, "PER")]], [[Span(2, 3, "PER")]]) == Counts(0, 1, 1)
