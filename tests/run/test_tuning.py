"""Tuning: as many trials for every system, the best on dev taken, none repeated."""

import json
from pathlib import Path

import pytest
from commandline import seqkit
from records import statistics

from seqkit.data.sources import OwnFiles, Sources
from seqkit.errors import UserError
from seqkit.recipe.recipe import Recipe
from seqkit.run.comparison.job import run_job
from seqkit.run.comparison.jobs import Job, Setting, TrialResult
from seqkit.run.comparison.tuning import Trial, Tuning, best_of
from seqkit.tasks.recipes import load_recipe
from seqkit.tasks.tagging.recipe import TaggingRecipe

TUNE = {"train.learning_rate": {"low": 1e-4, "high": 1e-1, "log": True}, "model.dropout": [0.1, 0.5]}
MODELS = {"lstm": {"family": "lstm"}, "transformer": {"family": "transformer"}}


def systems() -> dict[str, Recipe]:
    return {name: TaggingRecipe(task="ner", corpus="x", model=model, compare={"tune": TUNE}) for name, model in MODELS.items()}  # type: ignore[arg-type]


def run(tuning: Tuning, best: dict[str, float]) -> list[str]:
    """Dev scores fall off on both sides of each system's best learning rate; returns what was trained."""
    trained: list[str] = []
    for jobs in tuning.rounds():
        for job in jobs:
            if not job.finished:
                trained.append(job.name)
                job.folder.mkdir(parents=True)
                score = -abs(job.recipe.train.learning_rate - best[job.system])
                TrialResult(dev_score=score, training=statistics()).write(job.folder)
                (job.folder / "recipe.json").write_text(json.dumps(job.recipe.to_dict()))
    return trained


def test_every_system_has_as_many_trials_and_its_best_is_taken(tmp_path: Path):
    tuning = Tuning(systems(), lambda recipe: recipe, 6, tmp_path)
    trained = run(tuning, {"lstm": 0.05, "transformer": 2e-3})
    assert trained == [f"{name}, trial {number}" for number in range(1, 7) for name in MODELS]
    for name, recipe in tuning.chosen().items():
        rates = [trial.settings.get("train.learning_rate", 2e-3) for trial in tuning.found[name]]
        nearest = min(rates, key=lambda rate: abs(rate - {"lstm": 0.05, "transformer": 2e-3}[name]))
        assert recipe.train.learning_rate == nearest
        assert recipe.model.family == name
    assert tuning.chosen()["transformer"] == tuning.systems["transformer"]  # as written was best
    kept = json.loads((tmp_path / "tuning" / "trials.json").read_text())
    assert [trial["settings"] for trial in kept["lstm"]] == [trial["settings"] for trial in kept["transformer"]]
    again = Tuning(systems(), lambda recipe: recipe, 8, tmp_path)
    assert run(again, {"lstm": 0.05, "transformer": 2e-3}) == [f"{name}, trial {n}" for n in (7, 8) for name in MODELS]


def test_a_setting_that_cannot_be_matched_is_a_trial_that_failed(tmp_path: Path):
    def equal(recipe: Recipe) -> Recipe:
        if recipe.model.dropout == 0.5:
            raise UserError("cannot be brought within 2%")
        return recipe.resized(width=64)

    tuning = Tuning(systems(), equal, 5, tmp_path)
    run(tuning, dict.fromkeys(MODELS, 0.05))
    failed = [trial for trial in tuning.found["lstm"] if trial.failure]
    assert len(tuning.found["lstm"]) == 5
    assert len(failed) == 2
    assert all("2%" in (trial.failure or "") and trial.settings["model.dropout"] == 0.5 for trial in failed)
    chosen = tuning.chosen()["lstm"]
    assert (chosen.model.width, chosen.model.dropout) == (64, 0.1)


def test_the_earliest_of_equals_is_best():
    trials = [Trial({}, None, "failed"), Trial({"a": 1}, -2.0), Trial({"b": 1}, -1.0), Trial({"c": 1}, -1.0)]
    assert best_of(trials) == trials[2]
    assert best_of(trials[:1]) is None
    assert trials[1].text() == "a 1"


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_trial_keeps_the_dev_score_of_the_weights_kept(keep: str, recipe: Path, data: Path, tmp_path: Path):
    job = Job("lstm", "trial 1", load_recipe(str(recipe), [f"train.keep={keep}"]), tmp_path, "trial")
    (tmp_path / "job.json").write_text(json.dumps(job.recipe.to_dict()))
    run_job(Setting(Sources(OwnFiles(folder=data)), "cpu", 1).options(job))
    events = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    scores = [event["dev_score"] for event in events if event["event"] == "evaluated"]
    assert job.dev_score == (max(scores) if keep == "best" else scores[-1])
    assert not list(tmp_path.glob("*/"))
    assert not (tmp_path / "evaluation.json").exists(), "test was looked at"


def test_tuning_needs_spaces_and_no_budget(recipe: Path, data: Path, tmp_path: Path):
    given = ("compare", recipe, "--data", data, "--out", tmp_path / "out", "--tune", "3")
    assert seqkit(*given).refused("[compare.tune]")
    assert seqkit(*given, "--budget", "1m", "--set", "compare.tune.model.dropout=[0.1]").refused("--tune and --budget")
    assert not (tmp_path / "out").exists()
