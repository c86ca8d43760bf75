"""Words as rows of tables."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import seqkit
from seqkit.data.vocabulary import AFFIX_LENGTHS, PADDING, UNKNOWN, Vocabulary, VocabularyConfig, WordRows, word_shape

TEXT = [["The", "cat", "saw", "the", "Cat"], ["a", "dog", "saw", "THE", "cat"]]
WORDS = st.lists(st.text(max_size=30), max_size=12)


def fitted(text=TEXT, **config) -> Vocabulary:
    return Vocabulary.fit(VocabularyConfig(**config), text)


def same(one: WordRows, other: WordRows) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))


def test_words_are_counted_without_case():
    vocabulary = fitted()
    assert dict(vocabulary.words) == {"the": 3, "cat": 3, "saw": 2, "a": 1, "dog": 1}
    rows = vocabulary.encode(["tHe", "CAT", "horse", "a"])
    assert vocabulary.decode(rows.word_U) == ["the", "cat", "<unk>", "a"]
    assert rows.count_U.tolist() == [3, 3, 0, 1]
    assert rows.word_U[2] == UNKNOWN


def test_rare_words_share_the_unknown_row():
    vocabulary = fitted(min_count=2)
    assert set(vocabulary.words) == {"the", "cat", "saw"}
    assert vocabulary.encode(["dog", "horse"]).word_U.tolist() == [UNKNOWN, UNKNOWN]
    assert vocabulary.encode(["dog"]).count_U.tolist() == [0]


def test_nothing_but_training_words_enters():
    vocabulary = fitted()
    before = json.dumps(vocabulary.to_dict())
    vocabulary.encode(["entirely", "New", "wörds", "42"])
    assert json.dumps(vocabulary.to_dict()) == before


@given(st.lists(WORDS, max_size=6), WORDS, st.integers(4, 25), st.integers(1, 50))
def test_every_row_lies_within_its_table(text, words, max_chars, buckets):
    vocabulary = fitted(text, max_chars=max_chars, affix_buckets=buckets)
    rows, sizes = vocabulary.encode(words), vocabulary.sizes
    assert rows.char_UC.shape == (len(words), max_chars)
    assert rows.affix_UA.shape == (len(words), 2 * len(AFFIX_LENGTHS))
    for values, table in (
        (rows.word_U, "words"),
        (rows.char_UC, "chars"),
        (rows.affix_UA, "affixes"),
        (rows.shape_U, "shapes"),
    ):
        assert values.dtype == np.int64
        assert ((values >= 0) & (values < sizes[table])).all()
    # Padding only after a word's end.
    assert (np.diff((rows.char_UC == PADDING).astype(int), axis=1) >= 0).all()
    for word, row in zip(words, rows.char_UC, strict=True):
        half = max_chars // 2
        kept = len(word) if len(word) <= 2 * half else 2 * half
        assert (row != PADDING).sum() == kept


@given(st.lists(WORDS, max_size=6), WORDS)
def test_stored_and_read_back_it_is_the_same(text, words):
    vocabulary = fitted(text)
    again = Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict())))
    assert again.to_dict() == vocabulary.to_dict()
    assert again.sizes == vocabulary.sizes
    assert same(again.encode(words), vocabulary.encode(words))


def test_known_words_decode_to_themselves():
    vocabulary = fitted()
    assert vocabulary.decode(vocabulary.encode(list(vocabulary.words)).word_U) == list(vocabulary.words)


def test_a_long_word_keeps_its_ends():
    vocabulary = fitted([["abcdefghij"] * 2], max_chars=4)
    long, short = vocabulary.encode(["abxxxxij", "abij"]).char_UC
    assert long.tolist() == short.tolist()


def test_a_character_seen_once_is_unknown():
    vocabulary = fitted([["aab"]])
    a, b, other = vocabulary.encode(["a", "b", "z"]).char_UC[:, 0]
    assert a not in (UNKNOWN, PADDING)
    assert b == other == UNKNOWN


def test_affixes_tell_prefix_from_suffix_and_length_from_length():
    vocabulary = fitted(affix_buckets=1000)
    walked, talked, walker = vocabulary.encode(["walked", "talked", "walker"]).affix_UA
    assert (walked == talked).tolist() == [False] * 4 + [True] * 4  # -d, -ed, -ked, -lked
    assert (walked == walker).tolist() == [True] * 4 + [False] * 4  # w-, wa-, wal-, walk-
    (same_letter,) = vocabulary.encode(["aa"]).affix_UA
    assert len(set(same_letter.tolist())) == 8
    assert np.array_equal(vocabulary.encode(["Walked"]).affix_UA[0], walked)


def test_rows_do_not_depend_on_pythons_hash_seed():
    script = (
        "from seqkit.data.vocabulary import *; import json;"
        "v = Vocabulary.fit(VocabularyConfig(), [['The', 'cat', 'sat'], ['the', 'hat']]);"
        "r = v.encode(['cat', 'Hats']); print(json.dumps([v.to_dict(), r.affix_UA.tolist(), r.char_UC.tolist()]))"
    )
    path = str(Path(seqkit.__file__).parents[1])
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": path},
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    ("word", "shape"),
    [
        ("", ""),
        ("London", "Xxx"),
        ("WHO", "XX"),
        ("iPhone", "xXxx"),
        ("20,000.5", "dd,dd.d"),
        ("#tag", "#xx"),
        ("don't", "xx'x"),
        ("…", "…"),
        ("----", "--"),
        ("東京都", "oo"),
        ("Ω2", "Xd"),
    ],
)
def test_shapes(word: str, shape: str):
    assert word_shape(word) == shape


def test_settings_are_checked():
    for wrong in ({"min_count": 0}, {"max_chars": 3}, {"affix_buckets": 0}, {"lower": True}):
        with pytest.raises(ValidationError):
            VocabularyConfig(**wrong)
