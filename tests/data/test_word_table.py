"""The table of words met so far gives what the vocabulary gives."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data import word_table
from seqkit.data.vocabulary import Vocabulary, VocabularyConfig
from seqkit.data.word_table import FIELDS, WordTable, with_room

VOCABULARY = Vocabulary.fit(VocabularyConfig(affix_buckets=30), [["The", "cat", "saw", "the", "dog"]])
CALLS = st.lists(st.lists(st.sampled_from(["the", "The", "cat", "new", "", "ﬁ", "x" * 40]), max_size=8), max_size=6)


@given(CALLS, st.booleans())
def test_rows_are_those_of_the_vocabulary(calls: list[list[str]], between: bool):
    table = WordTable(VOCABULARY)
    numbers = []
    for words in calls:
        numbers.append(table.numbers(words))
        if between:
            table.rows(np.array(numbers[-1], dtype=np.int64))
    assert len(table) == len({word for words in calls for word in words})
    for words, own in zip(calls, numbers, strict=True):
        assert table.numbers(words) == own  # a word keeps its number
        found, expected = table.rows(np.array(own, dtype=np.int64)), VOCABULARY.encode(words)
        for field in FIELDS:
            assert np.array_equal(getattr(found, field), getattr(expected, field))


def test_a_word_is_described_once(monkeypatch):
    described: list[str] = []
    encode = Vocabulary.encode
    monkeypatch.setattr(Vocabulary, "encode", lambda self, words: described.extend(words) or encode(self, words))
    table = WordTable(VOCABULARY)
    for _ in range(3):
        table.rows(np.array(table.numbers(["a", "b", "a", "A"])))
    assert described == ["a", "b", "A"]


def test_growing_copies_each_row_a_few_times_at_most(monkeypatch):
    copied = 0

    def counted(rows_UX: np.ndarray, needed: int) -> np.ndarray:
        nonlocal copied
        copied += len(rows_UX) if needed > len(rows_UX) else 0
        return with_room(rows_UX, needed)

    monkeypatch.setattr(word_table, "with_room", counted)
    table = WordTable(VOCABULARY)
    for number in range(2000):
        table.rows(np.array(table.numbers([f"word{number}"])))
    assert copied < 3 * 2000 * len(FIELDS)
