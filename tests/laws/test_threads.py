"""One loaded model, called from many threads, answers as it answers one: to the last bit, whatever was asked before."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import small
import tiny
import torch
from rich.console import Console

from seqkit.data.sources import Sources
from seqkit.run.experiment import Experiment
from seqkit.run.saved import load
from seqkit.tasks import find_task
from seqkit.tasks.tagging.trained import TrainedTagger

THREADS = 8
CALLS = {"ner": 1000, "generate": 1000, "translate": 200}
MODELS = {
    "ner": ("tagger, lstm", "tagger, transformer"),
    "generate": ("text, lstm", "text, rotary"),
    "translate": ("pairs, lstm, matrix", "pairs, lstm, attention", "pairs, transformer"),
}
Ask = Callable[[Any], object]


def questions(trained: Any) -> list[Ask]:
    """Calls whose answers are compared, of all that a model of a task is asked for."""
    match trained.metadata["task"]:
        case "ner":
            texts = [" ".join(sentence.tokens) for sentence in tiny.sentences(40, seed=9)] + ["Unseen words, 20,000", "x" * 50]
            return [lambda model, text=text: model.tag([text]) for text in texts]
        case "generate":
            asked: list[Ask] = [lambda model, n=n: model.generate("a b", length=9, seed=n) for n in range(20)]
            return [*asked, *(lambda model, n=n: model.score(["a b c d e"[: n + 1]]) for n in range(9))]
        case _:
            sources = ("a cat", "a red dog sees a cat", "house", "a small cat sees a red house")
            return [
                lambda model, source=source, beam=beam: list(model.translate([source, "dog"], beam=beam))
                for source in sources
                for beam in (1, 3)
            ]


def trained(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    recipe = small.recipe(name, epochs=1)
    monkeypatch.setattr(type(find_task(recipe.task)), "read", lambda *_: small.CORPORA[recipe.task]())
    Experiment(recipe, Sources()).fit(folder, torch.device("cpu"), Console(quiet=True))
    return folder / "model"


def answers(ask: Sequence[Ask], model: Any, order: Sequence[int], threads: int) -> list[object]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda place: ask[place](model), order))


@pytest.mark.parametrize("name", [name for names in MODELS.values() for name in names])
def test_many_threads_get_the_answers_of_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = trained(name, tmp_path, monkeypatch)
    ask = questions(load(folder))
    alone = [one(load(folder)) for one in ask]  # each of a model that was asked nothing before
    order = random.Random(1).choices(range(len(ask)), k=CALLS[small.RUNS[name][0]])
    model = load(folder)
    assert answers(ask, model, order, THREADS) == [alone[place] for place in order]


def test_a_tagger_in_batches_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each sentence brings words that are new to it."""
    folder = trained("tagger, lstm", tmp_path, monkeypatch)
    known = enumerate(tiny.sentences(300, seed=9))
    sentences = [[f"New{number}", *sentence.tokens, f"{number}th"] for number, sentence in known]
    ask: list[Ask] = [partial(lambda words, model: model.predictor([words])[0].tags, words) for words in sentences]
    alone, shared = load(folder), load(folder)
    assert isinstance(shared, TrainedTagger)
    assert shared.predictor.device.type == "cpu"  # made before it is shared
    assert answers(ask, shared, range(300), THREADS) == [one(alone) for one in ask]
