"""Word and unit error rates."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.metrics.significance import bootstrap_interval
from seqkit.metrics.transduction import (
    edit_distance,
    transduction_counts,
    unit_error_rate,
    word_accuracy,
    word_error_rate,
)

TEXTS = st.text("ab ", max_size=6)


def by_recursion(one: str, other: str) -> int:
    @cache
    def distance(left: int, right: int) -> int:
        if not left or not right:
            return left + right
        kept = distance(left - 1, right - 1) + (one[left - 1] != other[right - 1])
        return min(kept, distance(left - 1, right) + 1, distance(left, right - 1) + 1)

    return distance(len(one), len(other))


@given(TEXTS, TEXTS, TEXTS)
def test_edit_distance_is_a_metric_and_equals_its_definition(one: str, other: str, third: str) -> None:
    found = edit_distance(one, other)
    assert found == by_recursion(one, other) == edit_distance(other, one)
    assert (found == 0) == (one == other)
    assert found <= edit_distance(one, third) + edit_distance(third, other)
    assert abs(len(one) - len(other)) <= found <= max(len(one), len(other))


def test_edit_distances_that_everybody_knows() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("Saturday", "Sunday") == 3
    assert edit_distance(["K", "AE1", "T"], ["K", "AE1", "T", "S"]) == 1
    assert edit_distance("", "abc") == 3


def test_rates_by_hand() -> None:
    outputs = ["K AE1 T", "D AO1 G", "R EH1 D", ""]
    golds = [["K AE1 T"], ["D AO1 G Z"], ["R IY1 D", "R EH1 D"], ["AH0", "AH0 N"]]
    counts = transduction_counts(outputs, golds)
    assert counts.tolist() == [[1, 1, 0, 3], [0, 1, 1, 4], [1, 1, 0, 3], [0, 1, 1, 1]]
    total = counts.sum(axis=0)
    assert float(word_accuracy(total)) == 0.5
    assert float(word_error_rate(total)) == 0.5
    assert float(unit_error_rate(total)) == pytest.approx(2 / 11)
    interval = bootstrap_interval(counts, word_error_rate, samples=200, seed=1)
    assert interval.low <= interval.value == 0.5 <= interval.high


def test_characters_count_what_symbols_pass_over() -> None:
    assert transduction_counts(["wandert  aus"], [["wandert aus"]]).tolist() == [[1, 1, 0, 2]]
    assert transduction_counts(["wandert  aus"], [["wandert aus"]], unit="characters").tolist() == [[0, 1, 1, 11]]
    assert transduction_counts(["a"], [["b", "bc"]], unit="characters").tolist() == [[0, 1, 1, 1]]
    assert transduction_counts(["ab"], [["a", "abc"]], unit="characters").tolist() == [[0, 1, 1, 3]]


@given(st.lists(st.tuples(TEXTS, st.lists(TEXTS, min_size=1, max_size=3)), max_size=5))
def test_more_variants_are_never_worse(rows: list[tuple[str, list[str]]]) -> None:
    outputs, golds = [row[0] for row in rows], [row[1] for row in rows]
    counts = transduction_counts(outputs, golds, unit="characters")
    first = transduction_counts(outputs, [variants[:1] for variants in golds], unit="characters")
    assert (counts[:, 0] >= first[:, 0]).all()
    assert (counts[:, 2] <= first[:, 2]).all()
    assert ((counts[:, 2] == 0) == (counts[:, 0] == 1)).all()
    assert counts[:, 0].tolist() == [output in variants for output, variants in rows]


def test_nothing_and_what_does_not_fit() -> None:
    assert transduction_counts([], []).shape == (0, 4)
    empty = transduction_counts([], []).sum(axis=0)
    assert [float(rate(empty)) for rate in (word_accuracy, word_error_rate, unit_error_rate)] == [0, 0, 0]
    with pytest.raises(ValueError):
        transduction_counts(["a"], [])
    with pytest.raises(ValueError):
        transduction_counts(["a"], [[]])
