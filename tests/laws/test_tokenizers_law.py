"""What every tokenizer must satisfy, on any string that Python can hold."""

import functools
import pydoc_data.topics
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from seqkit.data.tokenizers.build import TokenizerConfig, fit_tokenizer, load_tokenizer
from seqkit.data.tokenizers.characters import CharactersConfig
from seqkit.data.tokenizers.pieces import PiecesConfig
from seqkit.data.tokenizers.protocol import StreamDecoder, Tokenizer
from seqkit.data.tokenizers.words import WordsConfig

# The last line holds everything that SentencePiece could confuse with its own signs, and what it cannot learn from.
STRANGE = "▁ ▁a a▁b <unk> <s> <0x41> <end> ⁇ ▅ \t\0 \ud83d\ude00 \udc80 😀 漢字 \u2028\r\n"
TRAINING = [f"{topic}\n" for topic in list(pydoc_data.topics.topics.values())[:12]] + 20 * [STRANGE]
CONFIGS: dict[str, TokenizerConfig] = {
    "characters": CharactersConfig(),
    "frequent characters": CharactersConfig(min_count=100),
    "words": WordsConfig(),
    "frequent words": WordsConfig(min_count=3, max_size=100),
    "unigram": PiecesConfig(size=600),
    "bpe": PiecesConfig(size=600, model="bpe"),
}
LOSSLESS = ["characters", "frequent characters", "unigram", "bpe"]
CUT_ANYWHERE = ["characters", "frequent characters"]

LAW = settings(max_examples=40, deadline=None)  # the first example of each may have to fit a tokenizer
ANY_CHARACTER = st.characters(exclude_categories=())  # surrogates too
NASTY = [
    "▁",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u2028",
    "\x85",
    "▅",
    "⁇",
    "\ufffd",
    "\ufeff",
    "\ud83d",
    "\ude00",
    "😀",
    "e\u0301",
]
NASTY += ["<0x41>", "<unk>", "<end>", "<s>", "the", "class ", "漢", *STRANGE.split(" ")]
TEXTS = st.text(ANY_CHARACTER, max_size=30) | st.lists(st.sampled_from(NASTY) | ANY_CHARACTER, max_size=30).map("".join)


@functools.cache
def fitted(name: str) -> Tokenizer:
    return fit_tokenizer(CONFIGS[name], TRAINING)


@functools.cache
def reloaded(name: str) -> Tokenizer:
    return load_tokenizer(fitted(name).files())


def symbols_of(tokenizer: Tokenizer) -> st.SearchStrategy[list[int]]:
    """Any sequence of symbols, most of them among the first ones, where ends and bytes are."""
    return st.lists(st.integers(0, min(tokenizer.size, 280) - 1) | st.integers(0, tokenizer.size - 1), max_size=40)


def pushed(stream: StreamDecoder, symbols: list[int]) -> list[str]:
    return [*(stream.push(symbol) for symbol in symbols), stream.flush()]


@pytest.mark.parametrize("name", LOSSLESS)
@LAW
@given(text=TEXTS)
@example(text=STRANGE)
@example(text="\ud83d\ude00")  # two characters, which UTF-16 would join into one
def test_nothing_is_lost(name: str, text: str):
    tokenizer = fitted(name)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("name", ["words", "frequent words"])
@LAW
@given(text=TEXTS)
@example(text=" the \t the\r\n\n the")
def test_words_survive_but_for_their_white_space_and_those_unknown(name: str, text: str):
    assume("<eos>" not in text)
    tokenizer = fitted(name)
    known = {word for document in TRAINING for word in document.split()} if name == "words" else set(tokenizer.words)
    lines = ([word if word in known else "<unk>" for word in line.split()] for line in text.split("\n"))
    assert tokenizer.decode(tokenizer.encode(text)) == "\n".join(" ".join(line) for line in lines)


@pytest.mark.parametrize("name", CONFIGS)
@LAW
@given(text=TEXTS)
def test_symbols_lie_within_the_size_and_none_is_the_end(name: str, text: str):
    tokenizer = fitted(name)
    symbols = tokenizer.encode(text)
    assert symbols.dtype == np.int32
    assert symbols.ndim == 1
    assert ((symbols >= 0) & (symbols < tokenizer.size)).all()
    assert 0 <= tokenizer.end < tokenizer.size
    assert (symbols != tokenizer.end).all()


@pytest.mark.parametrize("name", CONFIGS)
@LAW
@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_a_text_is_encoded_in_parts(name: str, texts: list[str]):
    tokenizer = fitted(name)
    parts = texts if name in CUT_ANYWHERE else [f"{text}\n" for text in texts[:-1]] + texts[-1:]
    together = np.concatenate([tokenizer.encode(part) for part in parts])
    np.testing.assert_array_equal(together, tokenizer.encode("".join(parts)))


@pytest.mark.parametrize("name", ["words", "unigram", "bpe"])
def test_a_long_text_is_encoded_in_parts(name: str):
    # Single precision rounds the score of a long path so much that SentencePiece itself segments a whole text otherwise.
    tokenizer, text = fitted(name), "\n".join(pydoc_data.topics.topics.values())
    lines = [tokenizer.encode(line) for line in text.splitlines(keepends=True)]
    np.testing.assert_array_equal(np.concatenate(lines), tokenizer.encode(text))


@pytest.mark.parametrize("name", CONFIGS)
@LAW
@given(data=st.data())
def test_streaming_equals_the_whole_for_any_symbols(name: str, data: st.DataObject):
    tokenizer = fitted(name)
    symbols, again = data.draw(symbols_of(tokenizer)), data.draw(symbols_of(tokenizer))
    stream = tokenizer.stream()
    for sequence in (symbols, again):  # a flushed decoder is as new
        assert "".join(pushed(stream, sequence)) == tokenizer.decode(sequence)
    assert tokenizer.decode(np.array(symbols, dtype=np.int32)) == tokenizer.decode(iter(symbols))


@pytest.mark.parametrize("name", LOSSLESS)
@LAW
@given(text=TEXTS)
@example(text="漢😀\ud83d\ude00")
def test_a_stream_never_gives_half_a_character_nor_holds_a_whole_one_back(name: str, text: str):
    tokenizer = fitted(name)
    starts = [len(tokenizer.encode(text[:place])) for place in range(len(text) + 1)] if name in CUT_ANYWHERE else []
    written = [""]
    stream = tokenizer.stream()
    for symbol in tokenizer.encode(text).tolist():
        written.append(written[-1] + stream.push(symbol))
        assert text.startswith(written[-1])
    assert stream.flush() == ""
    for place, start in enumerate(starts):
        assert written[start] == text[:place]


@pytest.mark.parametrize("name", LOSSLESS)
@LAW
@given(texts=st.lists(TEXTS, max_size=4))
def test_the_end_decodes_to_nothing(name: str, texts: list[str]):
    tokenizer = fitted(name)
    symbols = [symbol for text in texts for symbol in [*tokenizer.encode(text).tolist(), tokenizer.end]]
    assert tokenizer.decode(symbols) == "".join(texts)


@pytest.mark.parametrize("name", CONFIGS)
@LAW
@given(text=TEXTS)
def test_saved_and_loaded_it_is_the_same(name: str, text: str):
    tokenizer, again = fitted(name), reloaded(name)
    assert again.files() == tokenizer.files()
    assert (again.size, again.end) == (tokenizer.size, tokenizer.end)
    np.testing.assert_array_equal(again.encode(text), tokenizer.encode(text))
    assert again.decode(again.encode(text)) == tokenizer.decode(tokenizer.encode(text))


@pytest.mark.parametrize("name", CONFIGS)
def test_every_symbol_decodes_alike_once_loaded(name: str):
    tokenizer, again = fitted(name), reloaded(name)
    for symbol in range(tokenizer.size):
        assert again.decode([symbol]) == tokenizer.decode([symbol])


@pytest.mark.parametrize("name", ["characters", "frequent characters", "words", "frequent words"])
@LAW
@given(texts=st.lists(TEXTS, min_size=1, max_size=6), data=st.data())
def test_how_the_training_text_is_cut_and_ordered_matters_not(name: str, texts: list[str], data: st.DataObject):
    lines = [f"{text}\n" for text in texts]
    assume("".join(lines).strip())
    whole = fit_tokenizer(CONFIGS[name], ["".join(lines)]).files()
    assert fit_tokenizer(CONFIGS[name], iter(data.draw(st.permutations(lines)))).files() == whole


@pytest.mark.parametrize("name", ["unigram", "bpe"])
def test_how_the_training_text_of_pieces_is_cut_matters_not(name: str):
    text = "".join(TRAINING)
    breaks = [0, *(place + 1 for place, char in enumerate(text) if char == "\n")]
    lines = (text[start:stop] for start, stop in pairwise(breaks))
    assert fit_tokenizer(CONFIGS[name], lines).files() == fitted(name).files()
