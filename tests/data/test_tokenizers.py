"""Characters, words and pieces: their symbols, what they refuse, and the corpora that others have counted."""

import gzip
import hashlib
import json
import os
import pydoc_data.topics
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from sentencepiece import SentencePieceProcessor

from seqkit.data.tokenizers import utf8
from seqkit.data.tokenizers.build import TokenizerConfig, fit_tokenizer, load_tokenizer
from seqkit.data.tokenizers.characters import CharactersConfig
from seqkit.data.tokenizers.pieces import PiecesConfig
from seqkit.data.tokenizers.words import WordsConfig
from seqkit.errors import DataError, UserError

TOPICS = [f"{topic}\n" for topic in list(pydoc_data.topics.topics.values())[:12]]
EVERY_CHARACTER = "".join(map(chr, range(0x110000)))
KINDS = [CharactersConfig(), WordsConfig(), PiecesConfig(size=400), PiecesConfig(size=400, model="bpe")]
MODELS = ["unigram", "bpe"]


def characters(text: str, **config):
    return fit_tokenizer(CharactersConfig(**config), [text])


def words(text: str, **config):
    return fit_tokenizer(WordsConfig(**config), [text])


def pieces(*texts: str, **config):
    return fit_tokenizer(PiecesConfig(**config), texts or TOPICS)


# Characters


HEXADECIMAL = {digit: 1 + value for value, digit in enumerate("0123456789abcdef")}


def nibbles(data: bytes) -> list[int]:
    return [HEXADECIMAL[digit] for digit in data.hex()]


def test_characters_are_ordered_by_code_point_after_the_end_and_the_half_bytes():
    tokenizer = fit_tokenizer(CharactersConfig(), ["né", "🙂", "an\n"])
    assert tokenizer.alphabet == "\nané🙂"
    assert tokenizer.size == 1 + 16 + 5
    assert tokenizer.end == 0
    assert tokenizer.encode("\na🙂é").tolist() == [17, 18, 21, 20]


@pytest.mark.parametrize("foreign", ["é", "\0", "漢", "🙂", "\udc80", "\U0010ffff"])
def test_a_foreign_character_is_spelled_in_half_bytes(foreign: str):
    spelled = nibbles(foreign.encode("utf-8", "surrogatepass"))
    assert characters("ab").encode(f"a{foreign}b").tolist() == [17, *spelled, 18]
    assert characters("ab").encode(f"{foreign}b{foreign}").tolist() == [*spelled, 18, *spelled]


def test_rare_characters_are_spelled():
    tokenizer = characters("aaabbc", min_count=2)
    assert tokenizer.alphabet == "ab"
    assert tokenizer.encode("c").tolist() == nibbles(b"c")
    assert characters("abc", min_count=2).alphabet == ""
    assert characters("abc", min_count=2).decode(nibbles(b"abc")) == "abc"


def test_every_character_survives_characters():
    some = EVERY_CHARACTER[:0x10000:3] + EVERY_CHARACTER[0x10000::50]
    spelling = characters("abc")
    assert spelling.encode(some[43:]).tolist() == nibbles(some[43:].encode("utf-8", "surrogatepass"))
    everything = characters(EVERY_CHARACTER)
    assert everything.size == 17 + 0x110000
    assert (everything.encode(EVERY_CHARACTER) == np.arange(17, 17 + 0x110000)).all()
    for tokenizer in (spelling, everything):
        assert tokenizer.decode(tokenizer.encode(some).tolist()) == some
    assert load_tokenizer(everything.files()).files() == everything.files()


@pytest.mark.parametrize(
    ("symbols", "text"),
    [
        (nibbles(b"A")[:1], "\ufffd"),
        (nibbles(b"AB")[:3], "A\ufffd"),
        ([*nibbles(b"A"), 3, 17, *nibbles(b"A")], "A\ufffdaA"),
        ([*nibbles("漢".encode())[:4], 17], "\ufffda"),
        ([*nibbles("漢".encode())[:4], 0, *nibbles("漢".encode())[4:]], "\ufffd\ufffd"),  # the end parts two runs
        (nibbles(b"\xff\xfeA"), "\ufffd\ufffdA"),
        (nibbles(b"\xed\xa0\xbd\xed\xb8\x80"), "\ud83d\ude00"),
        (nibbles(b"\xed\xa0A"), "\ufffd\ufffdA"),
        (nibbles(b"\xf4\x90\x80\x80"), 4 * "\ufffd"),  # above the last code point
        ([0, 17, 0], "a"),
        ([], ""),
    ],
)
def test_ill_formed_runs_decode_with_replacement_characters(symbols: list[int], text: str):
    assert characters("a").decode(symbols) == text


# Words


def test_words_by_frequency_and_line_ends():
    tokenizer = words("b a a\nc b <unk> a\n")
    assert tokenizer.words == ("<unk>", "<eos>", "a", "b", "c")
    assert (tokenizer.size, tokenizer.end) == (6, 0)
    symbols = tokenizer.encode("  c\tzebra <unk>\r\n\na")
    assert symbols.tolist() == [5, 1, 1, 2, 2, 3]
    assert tokenizer.decode(symbols) == "c <unk> <unk>\n\na"


def test_only_a_line_feed_ends_a_line():
    tokenizer = words("a b\n")
    assert tokenizer.encode("a\u2028b\x85a\fb\n").tolist() == [3, 4, 3, 4, 2]


def test_a_last_line_without_its_end_gets_none():
    tokenizer = words("a b\n")
    assert tokenizer.encode("a b").tolist() == [3, 4]
    assert tokenizer.decode([3, 2, 0, 4]) == "a\nb"


def test_special_words_in_a_text():
    tokenizer = words("<eos> <end> <unk> <end>\n")
    assert tokenizer.words == ("<unk>", "<eos>", "<end>")  # the boundary of documents has no spelling
    assert tokenizer.encode("<eos> <end> <unk>").tolist() == [2, 3, 1]
    assert tokenizer.decode([3, 0]) == "<end>"


def test_rare_words_are_left_out():
    text = "a a a b b c d d"
    assert words(text, min_count=2).words[2:] == ("a", "b", "d")
    assert words(text, max_size=5).words[2:] == ("a", "b")
    assert words(text, max_size=5).size == 5
    assert words(text, max_size=100).words[2:] == ("a", "b", "d", "c")
    assert words(text, min_count=3, max_size=100).encode("a b").tolist() == [3, 1]


def wikitext(split: str) -> str:
    mirror = os.environ.get("SEQKIT_CORPORA_MIRROR")
    if mirror is None:
        pytest.skip("SEQKIT_CORPORA_MIRROR is not set")
    path = Path(mirror) / "lm" / "wikitext-2" / f"{split}.txt.gz"
    if not path.exists():
        pytest.skip("the mirror holds no WikiText-2")
    return gzip.decompress(path.read_bytes()).decode()


def test_wikitext_2_has_its_published_size():
    train = wikitext("train")  # Merity et al. 2016, table 1, and the counts of the AWD-LSTM's reader
    tokenizer = words(train)
    assert len(tokenizer.words) == 33_278
    assert tokenizer.size == 33_279
    counts = {"train": 2_088_628, "valid": 217_646, "test": 245_569}
    for split, count in counts.items():
        text = wikitext(split)
        symbols = tokenizer.encode(text)
        assert len(symbols) == count
        assert (symbols == 1).sum() == text.count("<unk>")  # its held-out words are all known
        assert (symbols == 2).sum() == text.count("\n")


# Pieces


@pytest.mark.parametrize("model", MODELS)
def test_every_character_survives_pieces(model: str):
    tokenizer = pieces(size=500, model=model)
    between = "".join(f"a{char} b" for char in EVERY_CHARACTER[:0x10000:3] + EVERY_CHARACTER[0x10000::50])
    assert tokenizer.decode(tokenizer.encode(EVERY_CHARACTER)) == EVERY_CHARACTER
    assert tokenizer.decode(tokenizer.encode(between)) == between


@pytest.mark.parametrize("model", MODELS)
def test_a_plain_line_is_segmented_as_sentencepiece_does(model: str):
    tokenizer = pieces(size=600, model=model)
    peer = SentencePieceProcessor(model_proto=tokenizer.files()["tokenizer.model"])
    lines = [line for topic in TOPICS for line in topic.split("\n")]
    for line in lines:
        assert tokenizer.encode(line).tolist() == peer.encode(line)
        assert tokenizer.decode(peer.encode(line)) == peer.decode(peer.encode(line)) == line
    assert peer.get_piece_size() == tokenizer.size == 600
    assert len(tokenizer.encode("".join(TOPICS))) < 0.6 * len("".join(TOPICS))


@pytest.mark.parametrize("model", MODELS)
def test_signs_of_sentencepiece_in_the_text_become_no_pieces_of_their_own_kind(model: str):
    text = 40 * "<0x41> <unk> <end> <s> </s> ⁇ say <0x41> <end>\n"
    tokenizer = pieces(text, size=268, model=model)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.end not in tokenizer.encode(text)


def test_a_newline_is_one_symbol_and_parts_what_stands_around_it():
    tokenizer = pieces(size=500)
    (newline,) = tokenizer.encode("\n").tolist()
    assert tokenizer.encode("a\n\nb").tolist() == [
        *tokenizer.encode("a").tolist(),
        newline,
        newline,
        *tokenizer.encode("b").tolist(),
    ]


@pytest.mark.parametrize("model", MODELS)
def test_a_line_without_end_survives(model: str):
    tokenizer = pieces(size=500, model=model)
    text = "".join(TOPICS).replace("\n", " ")[:99_990] + 30 * "漢字 " + 200_000 * "a"
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_it_learns_from_long_lines_and_from_lines_with_reserved_characters():
    long = " ".join(20 * ["".join(map(chr, range(0x4E00, 0x4E00 + 100)))])  # 6 KB of one line
    assert len(pieces(long, size=360).encode("\u4e00")) == 1
    for sign in "▅▁\0\ud800":
        assert len(pieces(30 * f"kiwi{sign}kiwi {sign}\n", size=262, model="bpe").encode("kiwi")) < 4


def test_sentences_to_learn_from_are_drawn_from_the_whole_text():
    halves = [*(1000 * ["qux quux qux\n"]), *(1000 * ["wyz wyyz wyz\n"])]
    tokenizer = pieces(*halves, size=272, model="bpe", max_lines=60)
    assert len(tokenizer.encode("qux")) == len(tokenizer.encode("wyz")) == 1


IN_A_NEW_PROCESS = """
import sys, hashlib, pydoc_data.topics
from seqkit.data.tokenizers.build import fit_tokenizer
from seqkit.data.tokenizers.pieces import PiecesConfig
texts = [f"{topic}\\n" for topic in list(pydoc_data.topics.topics.values())[:12]]
files = fit_tokenizer(PiecesConfig(size=400, model=sys.argv[1], max_lines=300), texts).files()
print(hashlib.sha256(files["tokenizer.model"]).hexdigest())
"""


@pytest.mark.parametrize("model", MODELS)
def test_the_same_text_gives_the_same_pieces_in_every_process(model: str):
    here = pieces(size=400, model=model, max_lines=300).files()["tokenizer.model"]
    there = subprocess.run(
        [sys.executable, "-c", IN_A_NEW_PROCESS, model],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert there.stdout.strip() == hashlib.sha256(here).hexdigest()
    assert there.stderr == ""


@pytest.mark.parametrize("model", MODELS)
def test_a_size_that_does_not_fit_the_text(model: str, capfd: pytest.CaptureFixture[str]):
    with pytest.raises(UserError, match=r"^tokenizer\.size: 20000 .* largest possible is \d+$") as too_large:
        pieces(size=20_000, model=model)
    largest = int(str(too_large.value).split()[-1])
    assert pieces(size=largest, model=model).size == largest
    with pytest.raises(UserError, match=r"^tokenizer\.size: 260 is too small; .* at least \d+$") as too_small:
        pieces(size=260, model=model)
    smallest = int(str(too_small.value).split()[-1])
    assert pieces(size=smallest, model=model).size == smallest
    with pytest.raises(UserError, match="too small"):
        pieces(size=smallest - 1, model=model)
    assert capfd.readouterr() == ("", "")


def test_a_text_with_nothing_to_learn_from():
    with pytest.raises(UserError, match=r"^SentencePiece cannot learn from this text: [^\n]*$"):
        pieces("▁\n▁\n")


# All kinds


@pytest.mark.parametrize("config", KINDS)
@pytest.mark.parametrize("texts", [[], [""], ["", "\n", " \t\n"]])
def test_an_empty_training_text(config: TokenizerConfig, texts: list[str]):
    with pytest.raises(UserError, match=r"^the training text is empty$"):
        fit_tokenizer(config, iter(texts))


@pytest.mark.parametrize("config", KINDS)
def test_a_fault_of_the_reader_comes_through(config: TokenizerConfig):
    def texts():
        yield TOPICS[0]
        raise DataError("text.txt", 7, "invalid UTF-8")

    with pytest.raises(DataError, match=r"^text\.txt:7: invalid UTF-8$"):
        fit_tokenizer(config, texts())


@pytest.mark.parametrize("config", KINDS)
def test_only_symbols_are_stored(config: TokenizerConfig):
    files = fit_tokenizer(config, [*TOPICS, "rhubarb marmalade ginger\n"]).files()
    assert set(files) == {"tokenizer.json", *(["tokenizer.model"] if config.kind == "pieces" else [])}
    assert not any(b"marmalade ginger" in data for data in files.values())


@pytest.mark.parametrize("config", KINDS)
def test_a_missing_file(config: TokenizerConfig):
    files = fit_tokenizer(config, TOPICS).files()
    assert load_tokenizer(files | {"config.json": b"{}"}).files() == files
    for name in files:
        with pytest.raises(KeyError, match=name):
            load_tokenizer({other: data for other, data in files.items() if other != name})


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"\xff",
        b"[]",
        b"3",
        b"[" * 100_000,
        b'{"kind": "runes"}',
        b'{"kind": ["words"]}',
        b'{"alphabet": "ab"}',
        b'{"kind": "characters"}',
        b'{"kind": "characters", "alphabet": "ba"}',
        b'{"kind": "characters", "alphabet": "aab"}',
        b'{"kind": "characters", "alphabet": ["a", "b"]}',
        b'{"kind": "words"}',
        b'{"kind": "words", "words": null}',
        b'{"kind": "words", "words": "<unk>"}',
        b'{"kind": "words", "words": ["<unk>", "<eos>", 7]}',
        b'{"kind": "words", "words": ["<eos>", "<unk>", "a"]}',
        b'{"kind": "words", "words": ["<unk>", "<eos>", "a", "a"]}',
        b'{"kind": "words", "words": ["<unk>", "<eos>", ["a"]]}',
        b'{"kind": "pieces"}',
        b'{"kind": "pieces", "sha256": 7}',
    ],
)
def test_a_damaged_description(stored: bytes):
    with pytest.raises((KeyError, ValueError)):
        load_tokenizer({"tokenizer.json": stored, "tokenizer.model": b"model"})


@given(place=st.integers(0), bit=st.integers(0, 7), kept=st.integers(0))
def test_a_damaged_model(place: int, bit: int, kept: int):
    files = STORED_PIECES
    model = bytearray(files["tokenizer.model"])
    model[place % len(model)] ^= 1 << bit
    for damaged in (bytes(model), files["tokenizer.model"][: kept % len(model)]):
        with pytest.raises(ValueError, match="sha256"):
            load_tokenizer(files | {"tokenizer.model": damaged})


STORED_PIECES = pieces(size=400).files()


@pytest.mark.parametrize("model", [b"", b"no model", STORED_PIECES["tokenizer.model"][:-50]])
def test_a_model_that_is_none_though_its_checksum_agrees(model: bytes, capfd: pytest.CaptureFixture[str]):
    stored = {"kind": "pieces", "sha256": hashlib.sha256(model).hexdigest()}
    with pytest.raises(ValueError, match="SentencePiece model"):
        load_tokenizer({"tokenizer.json": json.dumps(stored).encode(), "tokenizer.model": model})
    assert capfd.readouterr() == ("", "")


def test_configurations_by_kind():
    adapter: TypeAdapter[TokenizerConfig] = TypeAdapter(TokenizerConfig)
    assert adapter.validate_python({"kind": "characters"}) == CharactersConfig()
    assert adapter.validate_python({"kind": "words", "max_size": 9}) == WordsConfig(max_size=9)
    assert adapter.validate_python({"kind": "pieces", "model": "bpe"}) == PiecesConfig(model="bpe")
    assert PiecesConfig().size == 2000
    for wrong in (
        {},
        {"kind": "bytes"},
        {"kind": "characters", "min_count": 0},
        {"kind": "characters", "size": 7},
        {"kind": "words", "max_size": 3},
        {"kind": "pieces", "size": 257},
        {"kind": "pieces", "model": "char"},
    ):
        with pytest.raises(ValidationError):
            adapter.validate_python(wrong)


# UTF-8


@given(st.binary(max_size=40), st.integers(1, 7))
def test_bytes_read_in_steps_read_as_the_whole_does(data: bytes, step: int):
    decoder = utf8.decoder()
    parts = [decoder.decode(data[start : start + step]) for start in range(0, len(data), step)]
    text = "".join([*parts, decoder.decode(b"", final=True)])
    assert text == utf8.to_text(data)
    if not re.search("[\ud800-\udfff]", text):
        assert text == data.decode("utf-8", "replace")


@settings(max_examples=50)
@given(st.dictionaries(st.text(), st.text(st.characters(exclude_categories=())) | st.integers()))
def test_json_keeps_every_string(value: dict[str, object]):
    assert utf8.from_json(utf8.to_json(value)) == value
