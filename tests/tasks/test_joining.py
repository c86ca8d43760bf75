"""Two pairs read as one: which, when, and what becomes of their texts."""

from collections import Counter

import numpy as np
import pytest
import torch

from seqkit.architecture.translator import RecurrentTranslatorConfig
from seqkit.data.examples import Pair
from seqkit.data.tokenizers.characters import CharactersConfig
from seqkit.data.tokenizers.pairs import PairTokenizer, PairTokenizerConfig
from seqkit.data.tokenizers.pieces import PiecesConfig
from seqkit.data.tokenizers.sampling import SamplingConfig
from seqkit.models.translator import Translator
from seqkit.tasks.translation.batches import PairBatches
from seqkit.tasks.translation.joining import Joining, PairAugmentConfig

WORDS = ["the", "red", "house", "stands", "by", "a", "river", "where", "old", "boats", "sleep"]
CHARACTERS = PairTokenizerConfig(source=CharactersConfig())
PIECES = PairTokenizerConfig(source=PiecesConfig(model="bpe", size=300), sampling=SamplingConfig(alpha=0.3))


def texts(count: int) -> list[Pair]:
    """Pairs of a few words, all different."""
    random = np.random.default_rng(3)
    return [
        Pair(" ".join(random.choice(WORDS, random.integers(1, 9))) + f" {n}", " ".join(random.choice(WORDS, 4)) + f" {n}")
        for n in range(count)
    ]


def task(config: PairTokenizerConfig, pairs: list[Pair], **options) -> PairBatches:
    """A small model's."""
    tokenizer = PairTokenizer.fit(config, pairs)
    small = RecurrentTranslatorConfig(width=4, layers=1, heads=1, key_width=2, value_width=2)
    model = Translator(small, tokenizer.source.size, tokenizer.target.size, joint=True)
    given = {"batch_size": 8, "longest": 200, "precision": torch.float32, "seed": 1} | options
    return PairBatches(model, tokenizer, pairs, pairs[:1], sampling=config.sampling, **given)


def read(trainable: PairBatches, epoch: int) -> list[tuple[str, str]]:
    """The texts of all examples of an epoch, in order."""
    found: list[tuple[str, str]] = []
    for batch in trainable.batches(epoch):
        lengths = zip(batch.source_BS, batch.source_length_B, batch.target_BT, batch.target_length_B, strict=True)
        for source_S, source, target_T, target in lengths:
            pair = trainable.tokenizer
            found.append((pair.decode_source(source_S[:source].tolist()), pair.decode(target_T[:target].tolist())))
    return found


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_every_pair_stands_in_one_example_of_every_epoch(share: float):
    shapes = np.random.default_rng(0).integers(1, 6, (301, 2)).tolist()
    joining = Joining([tuple(shape) for shape in shapes], [max(shape) for shape in shapes], share=share, longest=20, seed=1)
    epochs = [joining(epoch) for epoch in range(3)]
    for examples in epochs:
        assert sorted(place for example in examples for place in example) == list(range(301))
        assert Counter(map(len, examples))[2] == int(share * 301 / 2)
        # An epoch has examples of the same lengths as any other, so that all have as many batches.
        assert [[shapes[p] for p in example] for example in examples] == [[shapes[p] for p in e] for e in epochs[0]]
    assert (epochs[0] == epochs[1]) == (share == 0)


def test_what_would_be_too_long_is_not_joined():
    joining = Joining(range(40), [6, 15] * 20, share=1.0, longest=21, seed=1)
    twos = [example for example in joining(0) if len(example) == 2]
    assert twos
    assert all(sum([6, 15][place % 2] for place in example) <= 21 for example in twos)


@pytest.mark.parametrize("config", [CHARACTERS, PIECES], ids=["characters", "sampled pieces"])
@pytest.mark.parametrize("tokens", [0, 300])
def test_joined_texts_follow_one_another(config: PairTokenizerConfig, tokens: int):
    pairs = texts(120)
    known = {pair.source: pair.target for pair in pairs}
    trainable = task(config, pairs, batch_tokens=tokens, augment=PairAugmentConfig(join=0.5))
    seen: list[set[tuple[str, str]]] = []
    for epoch in range(2):
        examples = read(trainable, epoch)
        assert len(list(trainable.batches(epoch))) == trainable.batches_per_epoch()
        twos = [(source, target) for source, target in examples if source not in known]
        assert len(twos) == 30
        assert len(examples) == 90
        for source, target in twos:
            cuts = [c for c in range(len(source)) if source[:c] in known and source[c + 1 :] in known]
            assert any(target == f"{known[source[:c]]} {known[source[c + 1 :]]}" for c in cuts)
        seen.append(set(twos))
    assert seen[0] != seen[1]


def test_without_joining_nothing_changes():
    pairs = texts(50)
    plain, none = (task(CHARACTERS, pairs, augment=augment) for augment in (None, PairAugmentConfig()))
    assert read(plain, 1) == read(none, 1)
    assert sorted(read(plain, 1)) == sorted((pair.source, pair.target) for pair in pairs)


def test_the_longest_source_is_that_of_two():
    pairs = [Pair("a" * 30, "b"), *(Pair("c", "d") for _ in range(9))]
    assert task(CHARACTERS, pairs).longest_source == 31
    assert task(CHARACTERS, pairs, augment=PairAugmentConfig(join=1.0)).longest_source > 31
