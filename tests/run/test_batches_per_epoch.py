"""What an experiment says an epoch takes is what training takes."""

import json
from pathlib import Path

import pytest
from commandline import RECIPE, sentences, write_columns
from rich.console import Console

from seqkit.data.sources import OwnFiles, Sources
from seqkit.recipe.recipe import Recipe
from seqkit.run.experiment import Experiment
from seqkit.run.machine import choose_device
from seqkit.tasks.recipes import load_recipe

SETTINGS = ["train.epochs=1", "train.batch_size=7", "train.average=0"]
SMALL = {
    "generate": ["model.width=8", "model.layers=1", "batches.window=16"],
    "translate": ["model.width=16", "tokenizer.source.kind=characters", "longest=24"],
}


def data(task: str, folder: Path) -> Sources:
    words = [f"line {number} says what {number * number} is\n" for number in range(60)]
    for split in ("train", "dev"):
        if task == "ner":
            write_columns(folder / f"{split}.conll", sentences(52, 1))
        elif task == "generate":
            (folder / f"{split}.txt").write_text("".join(words))
        else:
            (folder / f"{split}.tsv").write_text("".join(f"{one.strip()}\t{one}" for one in words))
    return Sources(OwnFiles(folder=folder))


@pytest.mark.parametrize("task", ["ner", "generate", "translate"])
@pytest.mark.parametrize("rival", [None, "transformer"])
def test_an_epoch_makes_so_many_updates(task: str, rival: str | None, tmp_path: Path):
    source = tmp_path / "tiny.toml"
    source.write_text(RECIPE)
    recipe: Recipe = load_recipe(str(source) if task == "ner" else task, [*SETTINGS, *SMALL.get(task, [])])
    if rival and task != "ner":
        recipe = recipe.rival(rival)
    sources = data(task, tmp_path)
    experiment = Experiment(recipe, sources)
    run = tmp_path / "run"
    run.mkdir()
    experiment.fit(run, choose_device("cpu"), Console(quiet=True))
    (last,) = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines() if '"evaluated"' in line][-1:]
    assert experiment.batches_per_epoch(recipe) == last["step"]
