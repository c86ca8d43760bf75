"""Every model of every task, small: a recipe, a corpus in memory, and training by them as `Experiment.fit` begins it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
import tiny
import torch
from torch import nn

from seqkit.data.examples import Pair, Text
from seqkit.data.pairs import PairCorpus
from seqkit.data.texts import TextCorpus
from seqkit.recipe.recipe import Recipe
from seqkit.tasks import find_task
from seqkit.tasks.recipes import recipe_from
from seqkit.tasks.tagging.corpus import TaggedCorpus
from seqkit.training.loop import Trainable, TrainState

WORDS = {"cat": "chat", "dog": "chien", "house": "maison", "red": "rouge", "small": "petit", "sees": "voit", "a": "un"}
DROPPED = {"dropout": 0.2, "input_dropout": 0.2, "output_dropout": 0.2}
CHARACTERS = {"source": {"kind": "characters"}, "target": {"kind": "characters"}}

TAGGERS: dict[str, dict[str, Any]] = {
    **{f"tagger, {family}": {"model": table} for family, table in tiny.FAMILIES.items()},
    "tagger, softmax": {"model": {"family": "lstm", "width": 16, "output": "softmax"}},
    "tagger, two members": {"model": {"family": "lstm", "width": 12, "ensemble_size": 2, "outside_bias": True}},
    "tagger, label shift": {"model": {"family": "gru", "width": 12, "label_shift": 1.0}},
    "tagger, augmented": {"model": {"family": "gru", "width": 12}, "augment": {"swap": 0.5, "lower": 0.2}},
}
TEXTS: dict[str, dict[str, Any]] = {
    **{f"text, {family}": {"model": {"family": family, "layers": 2}} for family in ("rnn", "lstm", "gru", "mingru")},
    "text, mingru, residual": {"model": {"family": "mingru", "layers": 2, "residual": True}},
    "text, lstm, bare": {"model": {"family": "lstm", "norm": False, "init": "default"}},
    "text, lstm, untied": {"model": {"family": "lstm", "tied": False, "embedding_width": 6}},
    "text, lstm, dropped": {"model": {"family": "lstm", "weight_drop": 0.2, "embedding_dropout": 0.1, **DROPPED}},
    "text, rotary": {"model": {"family": "transformer", "layers": 2, "heads": 2, "window": 8}},
    "text, alibi": {"model": {"family": "transformer", "layers": 1, "heads": 2, "positions": "alibi", "window": 0}},
    "text, pieces": {"model": {"family": "gru"}, "tokenizer": {"kind": "pieces", "size": 280}},
}
PAIRS: dict[str, dict[str, Any]] = {
    **{
        f"pairs, {family}, {bridge}": {"model": {"family": family, "bridge": bridge}}
        for family in ("rnn", "lstm", "gru")
        for bridge in ("final", "context", "matrix", "attention")
    },
    "pairs, matrix, read last": {"model": {"bridge": "matrix", "reads": "last", "layers": 2}},
    "pairs, matrix, both ways": {"model": {"bridge": "matrix", "both_ways": True, "heads": 2}},
    "pairs, matrix, added": {"model": {"bridge": "matrix", "delta": False, "decay": False, "initialise": False}},
    "pairs, reversed, untied": {"model": {"bridge": "final", "reverse": True, "tied": False}},
    "pairs, transformer": {"model": {"family": "transformer", "layers": 2, "heads": 2}},
    "pairs, two vocabularies": {"model": {"bridge": "attention"}, "tokenizer": CHARACTERS},
    "pairs, joined": {"model": {"bridge": "matrix"}, "augment": {"join": 0.5}},
    "pairs, by symbols": {"model": {"bridge": "matrix"}, "train": {"batch_tokens": 60}},
    "pairs, sampled": {
        "model": {"bridge": "attention"},
        "tokenizer": {"source": {"kind": "pieces", "model": "unigram", "size": 280}, "sampling": {}},
    },
}
SIZES: dict[str, dict[str, Any]] = {
    "ner": {"model": {"words": tiny.WORDS}},
    "generate": {"model": {"width": 8}, "batches": {"window": 12}},
    "translate": {"model": {"width": 8, "dropout": 0.1}, "tokenizer": {"source": {"kind": "characters"}}},
}
RUNS = {name: ("ner", table) for name, table in TAGGERS.items()}
RUNS |= {name: ("generate", table) for name, table in TEXTS.items()}
RUNS |= {name: ("translate", table) for name, table in PAIRS.items()}


@dataclass
class Training:
    """What training starts from."""

    recipe: Recipe
    model: nn.Module
    trainable: Trainable
    tokenizer: Any
    state: TrainState


def recipe(name: str, **train: Any) -> Recipe:
    """The recipe of one of RUNS."""
    task, table = RUNS[name]
    settings = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-2, **train}
    tables: dict[str, Any] = {"task": task, "corpus": "small", "train": settings}
    for given in (SIZES[task], table):
        for key, value in given.items():
            tables[key] = {**tables.get(key, {}), **value}
    return recipe_from(tables)


def training(name: str, *, seed: int = 1, corpus: Any = None, **train: Any) -> Training:
    """One of RUNS at its start, in the order in which `Experiment.fit` makes it."""
    found = recipe(name, seed=seed, **train)
    task = find_task(found.task)
    data = corpus or CORPORA[found.task]()
    tokenizer = task.fit_tokenizer(found, data)
    torch.manual_seed(found.train.seed)
    model = task.build(found, data, tokenizer)
    task.prepare(model, found, data, tokenizer)
    trainable = task.trainable(found, data, tokenizer, model, Path(gettempdir()))
    return Training(found, model, trainable, tokenizer, TrainState(model, found.train))


def tagged() -> TaggedCorpus:
    """Sentences of the tiny language."""
    splits = {"train": tiny.sentences(26, 1), "dev": tiny.sentences(10, 2), "test": tiny.sentences(12, 3)}
    seen = frozenset(tag for sentence in splits["train"] for tag in sentence.tags)
    return TaggedCorpus("small", "en", splits, {}, seen)


def running_text() -> TextCorpus:
    """Sentences in a row, a document a split."""
    return TextCorpus("small", "en", {split: text(split) for split in ("train", "dev", "test")}, {})


def text(split: str) -> Any:
    lines = [f"{pair.source}.\n" for pair in pairs({"train": 40, "dev": 9, "test": 14}[split], seed=len(split))]

    def read() -> Iterator[Text]:
        yield Text("".join(lines), True, split)

    return read


def paired() -> PairCorpus:
    """Word by word into another language."""
    splits = {"train": pairs(27, 1), "dev": pairs(7, 2), "test": pairs(9, 3)}
    return PairCorpus("small", "en", "fr", splits, {})


def pairs(count: int, seed: int) -> list[Pair]:
    random = np.random.default_rng(seed)
    chosen = [random.choice([*WORDS], random.integers(1, 5)).tolist() for _ in range(count)]
    return [Pair(" ".join(words), " ".join(WORDS[word] for word in words)) for words in chosen]


CORPORA = {"ner": tagged, "generate": running_text, "translate": paired}
