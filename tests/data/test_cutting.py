"""Words in pieces, and entities over the pieces."""

import pytest
import tiny

from seqkit.data.cutting import cut_marks, cut_word, new_pieces
from seqkit.data.examples import Tagged
from seqkit.data.schemes import spans

ODD = ("", "don't", "#FF", "@a_1", ":)", "7pm", "t-shirt", "a-1", "-x", "हिन्दी", "é!", "👍🏽", "❤️x", "½", "\u200b", "a\u200db")


def test_words_are_cut_as_the_dev_split_of_wnut17_has_them():
    assert cut_word("don't") == ["don", "'", "t"]
    assert cut_word("http://t.co/x7") == ["http", ":", "/", "/", "t", ".", "co", "/", "x", "7"]
    assert cut_word("2nd...") == ["2", "nd", ".", ".", "."]
    assert cut_word("t-shirt") == ["t-shirt"]
    assert cut_word("Chik-") == ["Chik-"]
    assert cut_word("हिन्दी") == ["हिन्दी"]
    assert cut_word("e\u0301te\u0301") == ["e\u0301te\u0301"]


@pytest.mark.parametrize("word", ODD)
def test_pieces_join_to_the_word_and_are_cut_no_further(word: str):
    pieces = cut_word(word)
    assert "".join(pieces) == word
    assert [cut_word(piece) for piece in pieces] == [[piece] for piece in pieces]


def test_an_entity_covers_the_same_text_after_the_cut():
    data = [
        Tagged(("I'm", "@Ann's", "7-Up", "fan", "#1"), ("O", "B-PER", "I-PER", "O", "B-LOC")),
        Tagged(("A.", "B."), ("B-PER", "B-PER")),
        *tiny.sentences(20),
    ]
    for sentence in data:
        cut = cut_marks(sentence)
        assert len(cut.tokens) == len(cut.tags)
        assert named(cut) == named(sentence)
        assert cut_marks(cut) == cut


def named(sentence: Tagged) -> list[tuple[str, str]]:
    return [("".join(sentence.tokens[s.start : s.end]), s.label) for s in spans(sentence.tags, strict=True)]


def test_only_words_that_fall_apart_give_new_pieces():
    assert new_pieces(["I'm", "here", ":)"]) == ["I", "'", "m", ":", ")"]
