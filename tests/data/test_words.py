"""Words and sentences of raw text."""

import gc
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.data.words import Word, cut_words, split_sentences, split_words

TRICKY = st.sampled_from(
    [
        *"aZé0_.,:;!?'’-–—@#/()[]\"“” \t\n\u2028\u200d\u200c\u00ad\u0301\ufe0f\u20e3中がー。！",
        "👍",
        "🏽",
        "👨",
        "\U0001f1e9",
        "http://",
        "www.",
        ".com",
        "n't",
        "'s",
        "Mr.",
        "J. ",
        "e.g.",
        "...",
        "\ud800",
        "\0",
    ]
)
TEXTS = st.one_of(st.text(st.characters()), st.lists(TRICKY, max_size=40).map("".join))


ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


def texts(line: str) -> list[str]:
    return [word.text for word in split_words(line)]


@given(TEXTS)
@settings(max_examples=500)
def test_words_are_slices_in_order_that_cover_all_but_white_space(text: str):
    words = split_words(text)
    assert all(word.text == text[word.start : word.end] for word in words)
    assert all(before.end <= after.start for before, after in pairwise(words))
    assert "".join(word.text for word in words) == "".join(text.split())
    assert all(word.text and not any(map(str.isspace, word.text)) for word in words)


@given(TEXTS)
@settings(max_examples=300)
def test_sentences_are_the_words_in_order(text: str):
    words = split_words(text)
    sentences = split_sentences(words, text)
    assert [word for sentence in sentences for word in sentence] == words
    assert all(sentences)


@given(TEXTS, st.sets(st.integers(-2, 60)))
def test_cut_words_part_at_every_place_and_lose_nothing(text: str, places: set[int]):
    words = cut_words(split_words(text), places)
    assert all(word.text == text[word.start : word.end] and word.text for word in words)
    assert "".join(word.text for word in words) == "".join(text.split())
    assert not any(word.start < place < word.end for word in words for place in places)
    uncut = {(word.start, word.end) for word in split_words(text) if not any(word.start < p < word.end for p in places)}
    assert uncut <= {(word.start, word.end) for word in words}


def test_offsets_count_code_points():
    assert split_words("👍🏽 Zoë") == [Word("👍🏽", 0, 2), Word("Zoë", 3, 6)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("I don't know", "I|do|n't|know"),
        ("It’s hers, isn’t it?", "It|’s|hers|,|is|n’t|it|?"),
        ("we'll they've I'd I'M you're", "we|'ll|they|'ve|I|'d|I|'M|you|'re"),
        ("WOULDN'T've", "WOULD|N'T|'ve"),
        ("O'Brien's rock'n'roll o’clock", "O'Brien|'s|rock'n'roll|o’clock"),
        ("dogs' 'quoted' '80s", "dogs|'|'|quoted|'|'|80s"),
        ("It 's", "It|'s"),
        ("3.14 10:30 1,000 1,000.50, 5.", "3.14|10:30|1,000|1,000.50|,|5|."),
        ("$5 50% v1.2.3 10km 2020-01-02", "$|5|50|%|v1.2.3|10km|2020-01-02"),
        ("U.S. and e.g. this, i.e. that at 5 p.m.", "U.S.|and|e.g.|this|,|i.e.|that|at|5|p.m."),
        ("J. R. R. Tolkien", "J.|R.|R.|Tolkien"),
        ("J.R.R. Tolkien Ph.D.", "J.R.R.|Tolkien|Ph.D."),
        ("It was I. And so", "It|was|I|.|And|so"),
        ("plan b. Then", "plan|b|.|Then"),
        ("Mr. Smith, Mrs.Jones and Dr. No at St. Paul's", "Mr.|Smith|,|Mrs.|Jones|and|Dr.|No|at|St.|Paul|'s"),
        ("Oh no. No. 5 and Jan. 6", "Oh|no|.|No.|5|and|Jan.|6"),
        ("stars. Post.", "stars|.|Post|."),
        ("state-of-the-art e‑mail U.S.-based", "state-of-the-art|e‑mail|U.S.-based"),
        ("a–b—c a--b -x", "a|–|b|—|c|a|-|-|b|-|x"),
        ("see https://a.org/b?c=d#e, www.b.com!", "see|https://a.org/b?c=d#e|,|www.b.com|!"),
        ("(http://t.co/x) t.co/x google.com.", "(|http://t.co/x|)|t.co/x|google.com|."),
        ("mail a.b+c@mail.co.uk.", "mail|a.b+c@mail.co.uk|."),
        ("@user's #tag_1! @ # a@b", "@user|'s|#tag_1|!|@|#|a|@|b"),
        ("end.Next", "end|.|Next"),
        ("wait... what.. so… no.", "wait|...|what|..|so|…|no|."),
        ("¿Qué? «Oui» „ja“", "¿|Qué|?|«|Oui|»|„|ja|“"),
        ("?!", "?|!"),
        ("and/or AT&T", "and|/|or|AT|&|T"),
        ("👨‍👩‍👧‍👦👍🏽👍🇩🇪🇫🇷❤️1️⃣2️⃣", "👨‍👩‍👧‍👦|👍🏽|👍|🇩🇪|🇫🇷|❤️|1️⃣|2️⃣"),
        (f"{ENGLAND}🏳️‍🌈", f"{ENGLAND}|🏳️‍🌈"),
        ("hi👍there", "hi|👍|there"),
        ("cafe\u0301 हिन्दी किताब می\u200cخواهم", "cafe\u0301|हिन्दी|किताब|می\u200cخواهم"),
        ("東京タワーは高い。", "東|京|タ|ワ|ー|は|高|い|。"),
        ("iPhone手机5台", "iPhone|手|机|5|台"),
        ("か\u3099", "か\u3099"),
        ("#東京 안녕하세요", "#東京|안녕하세요"),
        ("a\u2028b\u00a0c", "a|b|c"),
        ("\u200dabc a\u200d", "\u200d|abc|a\u200d"),
        ("", ""),
        (" \t\n", ""),
    ],
)  # fmt: skip
def test_words(line: str, words: str):
    assert "|".join(texts(line)) == words


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("He left. She stayed! Why? So…  Ah.", ["He left.", "She stayed!", "Why?", "So…", "Ah."]),
        ('"Really?" asked Bob. "No." (Then.) Go.', ['"Really?"asked Bob.', '"No."', "(Then.)", "Go."]),
        ("“Go!” “Stay.” ‘Well?’", ["“Go!”", "“Stay.”", "‘Well?’"]),
        ("Mr. J. Smith of the U.S. Senate, e.g. Ohio, came.", None),
        ("He works at Acme Inc. Tomorrow", None),
        ("Am 3. Oktober war es.", None),
        ("It cost 3.5. Then", ["It cost 3.5.", "Then"]),
        ("end.Next and node.js", None),
        ("wait... no. but yes?! ok", None),
        ("wait... No way!!! Yes?! Ok", ["wait...", "No way!!!", "Yes?!", "Ok"]),
        ("東京。大阪！「はい。」と言った。", ["東 京。", "大 阪！", "「は い。」", "と 言 っ た。"]),
        ("はい。! ok", ["は い。!", "ok"]),
        ("نعم. مرحبا", ["نعم.", "مرحبا"]),
        ("राम गया। सीता", ["राम गया।", "सीता"]),
        (". Only", [".", "Only"]),
    ],
)
def test_sentences(line: str, sentences: list[str] | None):
    words = split_words(line)
    expected = [texts(sentence) for sentence in sentences or [line]]
    assert [[word.text for word in sentence] for sentence in split_sentences(words, line)] == expected


def test_no_words_no_sentences():
    assert split_sentences([], " ") == []


BOMBS = ["a", "a.", "aa.", "a--", "a's", "'s", "@a.", "a@a.", "a@", "http://", "http://. ", "www.", "👨\u200d", "\u0301",
         "\u200d", "a-", "!", ".", "#", "1,", "中", ")", "A. ", "a. ", "'", "x.com/", "Mr.", "1-.", ".”",
         "a" * 63 + "@" + "b" * 60 + "."]  # fmt: skip


@pytest.mark.parametrize("unit", BOMBS)
def test_time_is_linear(unit: str):
    """Ten times the text takes about ten times as long, not a hundred."""

    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            split_sentences(split_words(text), text)
            best = min(best, time.process_time() - start)
        return best

    gc.disable()
    try:
        assert seconds(40_000) < 35 * max(seconds(4_000), 0.0005)
    finally:
        gc.enable()


def test_a_line_of_a_megabyte():
    line = "Ada’s café, 3.14 e.g. U.S. x@y.com don't! " * 24_000
    assert len(line) > 1_000_000
    words = split_words(line)
    assert len(words) == 11 * 24_000
    assert texts("z" * 1_000_000) == ["z" * 1_000_000]
