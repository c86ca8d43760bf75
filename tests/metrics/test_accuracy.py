import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.metrics.accuracy import count_by_known_word, count_by_tag, sentence_accuracy_counts
from seqkit.metrics.entities import Counts

TAGS = st.sampled_from(["NOUN", "VERB", "ADJ"])
CORPUS = st.lists(st.lists(st.tuples(st.sampled_from("abcd"), TAGS, TAGS), max_size=6), max_size=5)


@given(corpus=CORPUS)
def test_every_way_of_counting_adds_up(corpus: list[list[tuple[str, str, str]]]) -> None:
    words = [[row[0] for row in sentence] for sentence in corpus]
    gold = [[row[1] for row in sentence] for sentence in corpus]
    predicted = [[row[2] for row in sentence] for sentence in corpus]
    flat = [row for sentence in corpus for row in sentence]
    correct, total = sentence_accuracy_counts(gold, predicted).sum(axis=0).tolist()
    assert (correct, total) == (sum(row[1] == row[2] for row in flat), len(flat))
    assert sum(count_by_tag(gold, predicted).values(), Counts()) == Counts(correct, total, total)
    by_word = count_by_known_word(words, gold, predicted, {"a", "b"})
    assert by_word["seen"].gold == sum(row[0] in "ab" for row in flat)
    assert by_word["seen"] + by_word["unseen"] == Counts(correct, total, total)


def test_by_tag() -> None:
    counts = count_by_tag([["NOUN", "VERB"], ["NOUN"]], [["NOUN", "NOUN"], ["ADJ"]])
    assert counts == {"ADJ": Counts(0, 1, 0), "NOUN": Counts(1, 2, 2), "VERB": Counts(0, 0, 1)}


def test_rows_are_sentences() -> None:
    np.testing.assert_array_equal(sentence_accuracy_counts([["A", "B"], []], [["A", "A"], []]), [[1, 2], [0, 0]])
    assert sentence_accuracy_counts([], []).shape == (0, 2)


def test_tokens_must_agree() -> None:
    with pytest.raises(ValueError):
        sentence_accuracy_counts([["A", "B"]], [["A"]])
    with pytest.raises(ValueError):
        count_by_tag([["A"]], [["A"], ["A"]])
    with pytest.raises(ValueError):
        count_by_known_word([["a", "b"]], [["A"]], [["A"]], set())
