from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.examples import Span
from seqkit.data.schemes import spans
from seqkit.metrics.entities import Counts, total_counts
from seqkit.metrics.errors import (
    Difference,
    ErrorKind,
    confusion,
    count_by_length,
    count_by_seen,
    differences,
    error_counts,
    known_entities,
    split_by_seen,
)

TAGS = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
SENTENCE = st.lists(TAGS, min_size=8, max_size=8).map(spans)
CORPUS = st.lists(st.tuples(SENTENCE, SENTENCE), max_size=4)


@pytest.mark.parametrize(
    ("gold", "predicted", "kind"),
    [
        (Span(0, 2, "PER"), None, ErrorKind.MISSED),
        (None, Span(0, 2, "PER"), ErrorKind.SPURIOUS),
        (Span(0, 2, "PER"), Span(1, 3, "PER"), ErrorKind.BOUNDARY),
        (Span(0, 2, "PER"), Span(0, 2, "LOC"), ErrorKind.TYPE),
        (Span(0, 2, "PER"), Span(0, 3, "LOC"), ErrorKind.BOUNDARY_AND_TYPE),
    ],
)
def test_each_kind(gold: Span | None, predicted: Span | None, kind: ErrorKind) -> None:
    found = differences([gold] if gold else [], [predicted] if predicted else [])
    assert found == [Difference(kind, gold, predicted)]


def test_entities_that_only_touch_are_two_errors() -> None:
    kinds = [difference.kind for difference in differences([Span(0, 2, "PER")], [Span(2, 3, "PER")])]
    assert kinds == [ErrorKind.MISSED, ErrorKind.SPURIOUS]


def test_an_entity_cut_in_two_is_one_boundary_error_and_one_spurious_entity() -> None:
    gold, predicted = [Span(0, 5, "PER")], [Span(0, 2, "PER"), Span(2, 5, "PER")]
    assert differences(gold, predicted) == [
        Difference(ErrorKind.SPURIOUS, None, predicted[0]),
        Difference(ErrorKind.BOUNDARY, gold[0], predicted[1]),
    ]


def test_an_exact_match_is_never_used_for_an_error() -> None:
    gold = [Span(0, 1, "PER"), Span(1, 3, "LOC")]
    assert differences(gold, [Span(0, 1, "PER")]) == [Difference(ErrorKind.MISSED, gold[1], None)]


def test_the_same_type_goes_before_the_larger_overlap() -> None:
    gold, predicted = [Span(0, 4, "PER")], [Span(0, 3, "LOC"), Span(3, 5, "PER")]
    assert differences(gold, predicted)[-1] == Difference(ErrorKind.BOUNDARY, gold[0], predicted[1])


@given(gold=SENTENCE, predicted=SENTENCE)
def test_each_entity_is_right_or_in_one_error(gold: list[Span], predicted: list[Span]) -> None:
    found = differences(gold, predicted)
    exact = set(gold) & set(predicted)
    assert sorted([d.gold for d in found if d.gold], key=str) == sorted(set(gold) - exact, key=str)
    assert sorted([d.predicted for d in found if d.predicted], key=str) == sorted(set(predicted) - exact, key=str)
    for difference in found:
        one, other = difference.gold, difference.predicted
        if one and other:
            assert max(one.start, other.start) < min(one.end, other.end)
    missed = [d.gold for d in found if d.kind is ErrorKind.MISSED and d.gold]
    spurious = [d.predicted for d in found if d.kind is ErrorKind.SPURIOUS and d.predicted]
    assert not any(one.start < other.end and other.start < one.end for one in missed for other in spurious)


@given(gold=SENTENCE, predicted=SENTENCE)
def test_the_order_given_does_not_matter(gold: list[Span], predicted: list[Span]) -> None:
    expected = differences(gold, predicted)
    for shuffled in list(permutations(gold))[:6]:
        assert differences(shuffled, predicted[::-1]) == expected


@given(corpus=CORPUS)
def test_confusion_holds_every_entity_once(corpus: list[tuple[list[Span], list[Span]]]) -> None:
    gold, predicted = [pair[0] for pair in corpus], [pair[1] for pair in corpus]
    table = confusion(gold, predicted)
    kinds = error_counts(gold, predicted)
    assert set(kinds) == set(ErrorKind)
    for index, label in enumerate(table.labels):
        assert table.counts[index].sum() == sum(e.label == label for sentence in gold for e in sentence)
        assert table.counts[:, index].sum() == sum(e.label == label for sentence in predicted for e in sentence)
    assert table.counts[-1].sum() == kinds[ErrorKind.SPURIOUS]
    assert table.counts[:, -1].sum() == kinds[ErrorKind.MISSED]
    assert table.counts[-1, -1] == 0
    size = len(table.labels)
    right = table.counts[:size, :size].trace() - kinds[ErrorKind.BOUNDARY]
    assert right == total_counts(gold, predicted).correct


def test_confusion_rows_are_gold() -> None:
    table = confusion([[Span(0, 1, "PER")]], [[Span(0, 1, "LOC")]])
    assert table.labels == ("LOC", "PER")
    assert table.counts.tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_seen_means_the_same_words_and_the_same_type() -> None:
    known = known_entities([["New", "York", "won"]], [[Span(0, 2, "ORG")]])
    assert known == {("New York", "ORG")}
    tokens = ["new", "York", "beat", "New", "York", "in", "New", "York"]
    team, city, lower = Span(3, 5, "ORG"), Span(6, 8, "LOC"), Span(0, 2, "ORG")
    assert split_by_seen(tokens, [lower, team, city], known) == ([team], [lower, city])


@given(corpus=CORPUS)
def test_parts_sum_to_the_whole(corpus: list[tuple[list[Span], list[Span]]]) -> None:
    gold, predicted = [pair[0] for pair in corpus], [pair[1] for pair in corpus]
    tokens = [list("abababab") for _ in corpus]
    whole = total_counts(gold, predicted)
    parts = count_by_seen(tokens, gold, predicted, {("a", "PER"), ("b a", "LOC")})
    assert parts["seen"] + parts["unseen"] == whole
    buckets = count_by_length([index for index, _ in enumerate(corpus)], gold, predicted, edges=(0, 2))
    assert sum((bucket.counts for bucket in buckets), Counts()) == whole
    assert sum(bucket.sentences for bucket in buckets) == len(corpus)


def test_edges_belong_to_the_lower_bucket() -> None:
    lengths = [1, 8, 9, 40]
    buckets = count_by_length(lengths, [[]] * 4, [[]] * 4, edges=(8, 16))
    assert [(b.low, b.high, b.sentences) for b in buckets] == [(0, 8, 2), (9, 16, 1), (17, None, 1)]
    with pytest.raises(ValueError, match="rise"):
        count_by_length(lengths, [[]] * 4, [[]] * 4, edges=(8, 8))
    with pytest.raises(ValueError, match="3 lengths"):
        count_by_length(lengths[:3], [[]] * 4, [[]] * 4)
