"""Rivals of equal size."""

import re
from itertools import product

import pytest
import tiny

from seqkit.data.vocabulary import Vocabulary
from seqkit.errors import UserError
from seqkit.models.tagger import Tagger
from seqkit.recipe.recipe import Recipe
from seqkit.run.comparison.matching import TOLERANCE, match_parameters, match_steps
from seqkit.tasks.tagging.recipe import TaggingRecipe
from seqkit.training.loop import TrainConfig, updates

SENTENCES = tiny.sentences(60)
TOKENIZER = {"affix_buckets": 20}
MODELS = {
    "rnn": {"family": "rnn", "layers": 2},
    "lstm": {"family": "lstm"},
    "gru": {"family": "gru", "bidirectional": False},
    "transformer": {"family": "transformer", "heads": 4},
    "rotary": {"family": "transformer", "heads": 2, "positions": "rotary", "layers": 3},
}


def recipe(name: str, **model) -> TaggingRecipe:
    return TaggingRecipe(task="ner", corpus="tiny", tokenizer=TOKENIZER, model={"words": tiny.WORDS} | MODELS[name] | model)


def size(one: TaggingRecipe) -> int:
    vocabulary = Vocabulary.fit(one.tokenizer, [sentence.tokens for sentence in SENTENCES])
    return sum(weight.numel() for weight in Tagger(one.model, vocabulary.sizes, tiny.TAGS).parameters())


@pytest.mark.parametrize(("reference", "rival"), [pair for pair in product(MODELS, MODELS) if pair[0] != pair[1]])
def test_a_rival_comes_within_two_per_cent(reference: str, rival: str):
    goal = recipe(reference, width=96)
    before = recipe(rival, width=24)
    found = match_parameters(before, size(goal), size)
    assert abs(size(found) - size(goal)) <= TOLERANCE * size(goal)
    # Only sizes change.
    free = {"width", "feedforward"}
    assert found.model.model_dump(exclude=free) == before.model.model_dump(exclude=free)
    assert found.train == before.train


def test_an_ensemble_of_transformers_is_matched_too():
    goal = recipe("lstm", width=128)
    found = match_parameters(recipe("transformer", members=3), size(goal), size)
    assert abs(size(found) - size(goal)) <= 0.005 * size(goal)


def test_the_nearest_of_all_widths_is_taken():
    goal = recipe("lstm", width=96)
    found = match_parameters(recipe("gru"), size(goal), size)
    gaps = {width: abs(size(recipe("gru", width=width)) - size(goal)) for width in range(80, 180, 2)}
    assert gaps[found.model.width] == min(gaps.values())


@pytest.mark.parametrize("rival", MODELS)
def test_what_cannot_be_matched_names_the_nearest_sizes(rival: str):
    goal = recipe("lstm", width=2, words={"word_width": 1, "chars": "none", "affix_width": 0, "shape_width": 0})
    layers = 16
    with pytest.raises(
        UserError, match=r"cannot be brought within 2% of [\d,]+ parameters; nearest: [\d,]+ at width \d+"
    ) as caught:
        match_parameters(recipe(rival, layers=layers), size(goal), size)
    assert f"{size(goal):,}" in str(caught.value)
    for found, width in (
        (int(n.replace(",", "")), int(w)) for n, w in re.findall(r"([\d,]+) at width (\d+)", str(caught.value))
    ):
        assert found == size(recipe(rival, layers=layers, width=width))


@pytest.mark.parametrize(("batch_size", "rival_size"), [(8, 16), (7, 3), (16, 64)])
def test_a_rival_makes_as_many_updates_and_looks_at_dev_after_the_same_ones(batch_size: int, rival_size: int):
    def per_epoch(one: Recipe) -> int:
        return -(-len(SENTENCES) // one.train.batch_size)

    def looks(one: Recipe) -> list[int]:
        every = max(1, round(one.train.evaluate_every * per_epoch(one)))
        return list(range(every, updates(one.train, per_epoch(one)), every))

    settings = {"epochs": 3.5, "batch_size": batch_size, "evaluate_every": 0.5}
    written = recipe("lstm").model_copy(update={"train": TrainConfig(**settings)})
    rival = recipe("gru").model_copy(update={"train": TrainConfig(batch_size=rival_size, learning_rate=1e-4)})
    found = match_steps(rival, written.train, per_epoch(written) / per_epoch(rival))
    assert updates(found.train, per_epoch(found)) == updates(written.train, per_epoch(written))
    assert looks(found) == looks(written)
    assert found.model == rival.model
    assert found.train.learning_rate == 1e-4
