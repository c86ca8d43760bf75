"""A tiny language in which a name's tag is told by its neighbours alone, and tiny taggers of every family to learn it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter

from seqkit.architecture.tagger import AnyTaggerConfig, TaggerConfig
from seqkit.data.examples import Tagged
from seqkit.data.vocabulary import Vocabulary, VocabularyConfig
from seqkit.models.tagger import Tagger
from seqkit.tasks.tagging.augment import AugmentConfig, Augmenter
from seqkit.tasks.tagging.batches import TaggingBatches
from seqkit.training.loop import Event, TrainConfig, TrainState, train

TAGS = ("O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER")
NAMES = ("Ash", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Oak", "Pine", "Rowan", "Yew")
FILLERS = ("and", "saw", "the", "or", "then", ",")

# Every name stands in every role, so a word alone says nothing about its tag.
FAMILIES: dict[str, dict[str, Any]] = {
    "rnn": {"family": "rnn", "width": 24},
    "lstm": {"family": "lstm", "width": 24},
    "gru": {"family": "gru", "width": 24},
    "mingru": {"family": "mingru", "width": 24, "layers": 2},
    "mingru, residual": {"family": "mingru", "width": 24, "layers": 2, "norm": True, "residual": True},
    "transformer": {"family": "transformer", "width": 32, "heads": 8, "layers": 2},
    "rotary": {"family": "transformer", "width": 24, "heads": 2, "layers": 2, "positions": "rotary"},
}
OUTPUTS = ("crf", "softmax")
WORDS = {"word_width": 12, "char_width": 4, "char_output": 6, "affix_width": 4, "shape_width": 4}
UNDROPPED = {"dropout": 0.0, "input_dropout": 0.0, "output_dropout": 0.0}


def config(name: str, /, **changes: Any) -> AnyTaggerConfig:
    """The model table of a family of FAMILIES."""
    return TypeAdapter[Any](TaggerConfig).validate_python({"words": WORDS} | FAMILIES[name] | changes)


def sentences(count: int, seed: int = 0, phrases: int = 4) -> list[Tagged]:
    """Sentences of one to `phrases` phrases, each with a filler after it."""
    random = np.random.default_rng(seed)
    return [_sentence(random, int(random.integers(1, phrases + 1))) for _ in range(count)]


def long_sentence(tokens: int, seed: int = 0) -> Tagged:
    """One sentence of so many tokens."""
    whole = _sentence(np.random.default_rng(seed), tokens)
    return Tagged(whole.tokens[:tokens], whole.tags[:tokens])


def vocabulary(train_sentences: Sequence[Tagged]) -> Vocabulary:
    """Few affix buckets, so that models stay tiny."""
    return Vocabulary.fit(VocabularyConfig(affix_buckets=20), [sentence.tokens for sentence in train_sentences])


def tagger(name: str, vocabulary: Vocabulary, /, seed: int = 1, **changes: Any) -> Tagger:
    """An untrained tagger of a family, in evaluation."""
    torch.manual_seed(seed)
    return Tagger(config(name, **changes), vocabulary.sizes, TAGS).eval()


def scrambled(model: Tagger, scale: float = 1.0, seed: int = 7, *, biases: bool = True) -> Tagger:
    """The same tagger with every weight at random, or every matrix."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad and (biases or weight.dim() > 1):
                weight.normal_(std=scale)
    return model


def task(
    model: Tagger, words: Vocabulary, data: Sequence[Tagged], dev: Sequence[Tagged] | None = None, **options: Any
) -> TaggingBatches:
    """A task over sentences, scored on the same sentences unless `dev` is given."""
    given = {"batch_size": 8, "precision": torch.float32, "seed": 1} | options
    if isinstance(given.get("augment"), dict):
        given["augment"] = Augmenter(AugmentConfig(**given["augment"]), data)
    return TaggingBatches(model, words, TAGS, data, data if dev is None else dev, **given)


def learn(model: Tagger, trainable: TaggingBatches, **settings: Any) -> Iterator[Event]:
    """Train with the loop's own defaults but for `settings`; ends with the best weights in the model."""
    state = TrainState(model, TrainConfig(**settings))
    yield from train(trainable, state)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(state.best[name])
    model.eval()


def _sentence(random: np.random.Generator, phrases: int) -> Tagged:
    tokens: list[str] = []
    tags: list[str] = []
    for _ in range(phrases):
        one, two = random.choice(NAMES, 2)
        phrase, tagged = (
            (("Mr", one, two), ("O", "B-PER", "I-PER")),
            (("in", one), ("O", "B-LOC")),
            ((one, "Inc"), ("B-ORG", "I-ORG")),
            ((one,), ("O",)),
        )[random.integers(4)]
        tokens += [str(word) for word in phrase] + [str(random.choice(FILLERS))]
        tags += [*tagged, "O"]
    return Tagged(tuple(tokens), tuple(tags))
