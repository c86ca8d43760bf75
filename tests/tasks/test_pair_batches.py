"""Batches of pairs."""

import numpy as np
import pytest
import torch

from seqkit.architecture.translator import RecurrentTranslatorConfig
from seqkit.data.examples import Pair
from seqkit.data.tokenizers.characters import CharactersConfig
from seqkit.data.tokenizers.pairs import PairTokenizer, PairTokenizerConfig
from seqkit.errors import UserError
from seqkit.models.translator import Translator
from seqkit.tasks.recipes import load_recipe
from seqkit.tasks.translation.batches import PairBatches


@pytest.fixture(scope="module")
def task() -> PairBatches:
    random = np.random.default_rng(1)
    lengths = random.integers(2, 30, 600)
    pairs = [Pair("ab" * length, "c" * int(length + random.integers(0, 4))) for length in lengths.tolist()]
    tokenizer = PairTokenizer.fit(PairTokenizerConfig(source=CharactersConfig()), pairs)
    config = RecurrentTranslatorConfig(width=4, layers=1, heads=1, key_width=2, value_width=2)
    model = Translator(config, tokenizer.source.size, tokenizer.target.size, joint=True)
    return PairBatches(
        model, tokenizer, pairs, pairs[:1], batch_size=1, batch_tokens=400, longest=100, precision=torch.float32, seed=1
    )


def test_batches_of_tokens_hold_as_many_as_asked_and_little_padding(task: PairBatches):
    batches = list(task.batches(0))
    assert sum(len(batch.source_BS) for batch in batches) == 600
    assert all(batch.target_BT.numel() <= 400 for batch in batches)
    real = sum(int(batch.target_length_B.sum() + batch.source_length_B.sum()) for batch in batches)
    assert real / sum(batch.target_BT.numel() + batch.source_BS.numel() for batch in batches) >= 0.9


def test_every_epoch_has_as_many_batches_and_a_resumed_one_goes_on(task: PairBatches):
    epochs = [[batch.target_BT.tolist() for batch in task.batches(epoch)] for epoch in range(3)]
    assert [len(epoch) for epoch in epochs] == [task.batches_per_epoch()] * 3
    assert epochs[0] != epochs[1]
    assert [batch.target_BT.tolist() for batch in task.batches(1, start=7)] == epochs[1][7:]


def test_only_pairs_come_in_batches_of_tokens():
    assert load_recipe("translate", ["train.batch_tokens=500"]).train.model_dump()["batch_tokens"] == 500
    with pytest.raises(UserError, match="batch_tokens: unknown key"):
        load_recipe("ner", ["train.batch_tokens=500"])
