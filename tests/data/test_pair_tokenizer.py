"""Pairs as symbols: joint and separate tokenizers, sampling with a seed, saving and loading."""

import functools
import json
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path
from pydoc_data.topics import topics
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from seqkit.data.examples import Pair
from seqkit.data.tokenizers.pairs import EncodedPair, PairTokenizer, PairTokenizerConfig, draw_seed
from seqkit.data.tokenizers.pieces import Pieces, PiecesConfig
from seqkit.data.tokenizers.sampling import MergeSampler, SamplingConfig, UnigramSampler
from seqkit.errors import UserError

STRANGE = "▁ ▁a a▁b <unk> <0x41> ▅ \t\0 \ud83d 😀 漢字 \u2028"
LINES = [line.strip() for text in list(topics.values())[:12] for line in text.split("\n") if line.strip()]
PAIRS = [Pair(line, line[::-1]) for line in LINES] + [Pair(STRANGE, STRANGE.upper())] * 20
CONFIGS = {
    "joint unigram": {"source": {"kind": "pieces", "size": 500}},
    "joint bpe": {"source": {"kind": "pieces", "model": "bpe", "size": 500}},
    "two pieces": {"source": {"kind": "pieces", "size": 450}, "target": {"kind": "pieces", "model": "bpe", "size": 500}},
    "characters": {"source": {"kind": "characters"}, "target": {"kind": "characters"}},
    "pieces to characters": {"source": {"kind": "pieces", "size": 450}, "target": {"kind": "characters"}},
}
SAMPLING = SamplingConfig(alpha=0.2)
LAW = settings(max_examples=40, deadline=None)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=30) | st.sampled_from([*LINES[:20], STRANGE, "", " ", "  a"])


@functools.cache
def fitted(name: str, lowercase: bool = False) -> PairTokenizer:
    return PairTokenizer.fit(PairTokenizerConfig.model_validate(CONFIGS[name] | {"lowercase": lowercase}), PAIRS)


def same(one: EncodedPair, other: EncodedPair) -> bool:
    return np.array_equal(one.source, other.source) and np.array_equal(one.target, other.target)


@pytest.mark.parametrize("name", CONFIGS)
@LAW
@given(source=TEXTS, target=TEXTS)
def test_nothing_is_lost_and_each_side_is_closed_once(name: str, source: str, target: str) -> None:
    tokenizer = fitted(name)
    encoded = tokenizer.encode(Pair(source, target))
    assert tokenizer.decode_source(encoded.source) == source
    assert tokenizer.decode(encoded.target) == target
    assert tokenizer.decode([tokenizer.start, *encoded.target[:-1]]) == target
    assert np.flatnonzero(encoded.target == tokenizer.end).tolist() == [len(encoded.target) - 1]
    assert np.flatnonzero(encoded.source == tokenizer.source.end).tolist() == [len(encoded.source) - 1]
    assert encoded.source.dtype == encoded.target.dtype == np.int32


@pytest.mark.parametrize("name", ["joint unigram", "joint bpe", "two pieces", "pieces to characters"])
@LAW
@given(source=TEXTS, target=TEXTS, seed=st.integers(0, 2**64))
def test_a_draw_loses_nothing_and_follows_its_seed_alone(name: str, source: str, target: str, seed: int) -> None:
    tokenizer, pair = fitted(name), Pair(source, target)
    drawn = tokenizer.sample(pair, SAMPLING, seed)
    assert tokenizer.decode_source(drawn.source) == source
    assert tokenizer.decode(drawn.target) == target
    tokenizer.sample(Pair(LINES[3], LINES[4]), SAMPLING, seed + 1)
    assert same(tokenizer.sample(pair, SAMPLING, seed), drawn)


@pytest.mark.parametrize("name", ["joint unigram", "joint bpe"])
def test_draws_differ_and_lie_around_the_best(name: str) -> None:
    tokenizer, pair = fitted(name), Pair(" ".join(LINES[:3]), LINES[1])
    drawn = [tokenizer.sample(pair, SAMPLING, draw_seed(1, epoch, 0)).source.tolist() for epoch in range(30)]
    assert len({tuple(symbols) for symbols in drawn}) > 10
    assert np.mean([len(symbols) for symbols in drawn]) > len(tokenizer.encode(pair).source)


@LAW
@given(text=TEXTS, seed=st.integers(0, 99))
def test_without_dropping_merges_are_those_of_sentencepiece(text: str, seed: int) -> None:
    pieces = fitted("joint bpe").source
    assert isinstance(pieces, Pieces)
    np.testing.assert_array_equal(pieces.sample(text, SamplingConfig(alpha=0), seed), pieces.encode(text))


@pytest.mark.parametrize("name", ["joint unigram", "joint bpe"])
def test_no_piece_reaches_from_one_word_into_the_next(name: str) -> None:
    tokenizer = fitted(name).source
    assert not [text for text in (tokenizer.decode([n]) for n in range(tokenizer.size)) if " " in text.lstrip(" ")]


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_a_unigram_draw_has_the_probabilities_of_its_segmentations(alpha: float) -> None:
    scores = {"a": -1.0, "b": -1.5, "ab": -2.0, "aba": -2.2, "ba": -3.0, " a": -1.1}
    pieces = {piece: (symbol, score) for symbol, (piece, score) in enumerate(scores.items())}
    sampler, random = UnigramSampler(pieces, lambda text: [ord(text)], alpha), Random(1)

    def ways(text: str) -> dict[tuple[int, ...], float]:
        if not text:
            return {(): 1.0}
        heads = [(piece, (pieces[piece][0],), scores[piece]) for piece in pieces if text.startswith(piece)]
        if text[0] not in pieces:
            heads.append((text[0], (ord(text[0]),), -13.0))
        return {
            (*symbols, *rest): math.exp(alpha * score) * weight
            for piece, symbols, score in heads
            for rest, weight in ways(text[len(piece) :]).items()
        }

    weights = ways("abab a x")
    total = sum(weights.values())
    drawn = Counter(tuple(sampler.draw("abab a x", random)) for _ in range(20_000))
    assert set(drawn) <= set(weights)
    for way, weight in weights.items():
        share = weight / total
        assert abs(drawn[way] / 20_000 - share) < 5 * math.sqrt(share / 20_000) + 1e-9


def test_dropped_merges_by_hand() -> None:
    pieces = {"a": (0, -9.0), "b": (1, -10.0), "ab": (2, 0.0), "abab": (3, -1.0)}
    random = Random(1)
    drawn = Counter(tuple(MergeSampler(pieces, lambda text: [ord(text)], 0.25).draw("abab", random)) for _ in range(20_000))
    # Both merges of `ab` are kept, and then that of `abab` is or is not; or one, or both, are left out.
    wanted = {(3,): 0.75**3, (2, 2): 0.75**2 * 0.25, (2, 0, 1): 0.75 * 0.25, (0, 1, 2): 0.75 * 0.25, (0, 1, 0, 1): 0.25**2}
    assert all(abs(drawn[way] / 20_000 - share) < 0.015 for way, share in wanted.items())
    assert sum(drawn[way] for way in wanted) == 20_000
    assert MergeSampler(pieces, lambda text: [ord(text)], 1.0).draw("abx", random) == [0, 1, ord("x")]


def test_a_seed_means_the_same_in_every_process() -> None:
    code = """
from test_pair_tokenizer import LINES, SAMPLING, fitted
for name in ("joint bpe", "joint unigram"):
    for seed in (0, 2**32 - 1, 2**64):
        print([fitted(name).source.sample(LINES[5], SAMPLING, seed).tolist() for _ in range(2)])
"""
    here = {"cwd": Path(__file__).parent, "capture_output": True, "text": True, "check": True}
    outputs = [subprocess.run([sys.executable, "-c", code], **here).stdout for _ in range(2)]
    assert outputs[0] == outputs[1]
    for line in outputs[0].splitlines():
        first, second = json.loads(line)
        assert first == second


def test_one_seed_comes_of_many_numbers() -> None:
    seeds = {draw_seed(seed, epoch, place) for seed in range(5) for epoch in range(5) for place in range(200)}
    assert len(seeds) > 4990  # of 5,000; 32 bits may collide
    assert draw_seed(1, 2, 3) == draw_seed(1, 2, 3) != draw_seed(3, 2, 1)


def test_joint_symbols_mean_the_same_on_both_sides() -> None:
    tokenizer = fitted("joint unigram")
    assert tokenizer.joint
    assert tokenizer.source is tokenizer.target
    np.testing.assert_array_equal(tokenizer.encode_source(LINES[0]), tokenizer.encode_target(LINES[0]))
    apart = fitted("two pieces")
    assert not apart.joint
    assert (apart.source.size, apart.target.size) == (450, 500)


def test_a_word_is_the_same_piece_wherever_it_stands() -> None:
    pairs = [
        Pair(f"{one} {other}", f"{other} {one}") for one in ("house", "garden", "river") for other in ("tree", "stone")
    ] * 20
    tokenizer = PairTokenizer.fit(PairTokenizerConfig(source=PiecesConfig(size=275)), pairs)
    assert tokenizer.encode_source("house tree").tolist()[:-1] == [
        *tokenizer.encode_source("house").tolist()[:-1],
        *tokenizer.encode_source("tree").tolist()[:-1],
    ]
    assert tokenizer.decode([]) == ""


def test_small_letters_only() -> None:
    tokenizer = fitted("joint unigram", lowercase=True)
    np.testing.assert_array_equal(tokenizer.encode_source("The End"), tokenizer.encode_source("the end"))
    assert tokenizer.decode(tokenizer.encode_target("The End")) == "the end"
    assert isinstance(tokenizer.target, Pieces)
    assert not any(
        text != text.lower() for text in (tokenizer.target.decode([n]) for n in range(tokenizer.target.size)) if text > "\x7f"
    )


def test_phones_are_words_of_their_own() -> None:
    config = PairTokenizerConfig.model_validate({"source": {"kind": "characters"}, "target": {"kind": "words"}})
    tokenizer = PairTokenizer.fit(config, [Pair("cat", "K AE1 T"), Pair("tack", "T AE1 K")])
    encoded = tokenizer.encode(Pair("act", "AE1 K T"))
    assert len(encoded.target) == 4
    assert tokenizer.decode(encoded.target) == "AE1 K T"
    assert len(encoded.source) == 4


@pytest.mark.parametrize("name", CONFIGS)
def test_saved_and_loaded_it_is_the_same(name: str) -> None:
    for lowercase in (False, True):
        tokenizer = fitted(name, lowercase)
        again = PairTokenizer.load(tokenizer.files() | {"other": b"passed over"})
        assert again.files() == tokenizer.files()
        assert (again.joint, again.lowercase, again.start, again.end) == (
            tokenizer.joint,
            lowercase,
            tokenizer.start,
            tokenizer.end,
        )
        assert all(same(again.encode(pair), tokenizer.encode(pair)) for pair in PAIRS[:50])
        assert same(again.sample(PAIRS[0], SAMPLING, 3), tokenizer.sample(PAIRS[0], SAMPLING, 3))


def test_damaged_files_are_refused() -> None:
    files = fitted("two pieces").files()
    assert sorted(files) == [
        "pairs.json",
        *(f"{side}.tokenizer.{end}" for side in ("source", "target") for end in ("json", "model")),
    ]
    with pytest.raises(ValueError):
        PairTokenizer.load(files | {"pairs.json": b'{"joint": 1, "lowercase": false}'})
    with pytest.raises(ValueError):
        PairTokenizer.load(files | {"target.tokenizer.model": files["source.tokenizer.model"]})
    with pytest.raises(KeyError):
        PairTokenizer.load({name: content for name, content in files.items() if name != "target.tokenizer.json"})
    with pytest.raises(KeyError):
        PairTokenizer.load({})


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValidationError, match="needs a tokenizer of the kind pieces"):
        PairTokenizerConfig.model_validate({"source": {"kind": "characters"}, "sampling": {}})
    two = PairTokenizerConfig.model_validate({"source": {"kind": "characters"}, "target": {"kind": "pieces", "size": 5000}})
    with pytest.raises(UserError, match=r"^target: tokenizer\.size: 5000 is more than this text gives"):
        PairTokenizer.fit(two, [Pair("a", "b c d")] * 20)
    with pytest.raises(UserError, match="the training text is empty"):
        PairTokenizer.fit(PairTokenizerConfig(source=PiecesConfig(size=300)), [])
