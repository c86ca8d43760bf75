"""Learning curves: every system on nested shares of the training split, and as much training at each."""

import json
import subprocess
from pathlib import Path

import pytest
from commandline import RECIPE, sentences, seqkit, write_columns

from seqkit.cli.options import percents
from seqkit.data.sources import OwnFiles, Sources
from seqkit.errors import UserError
from seqkit.run.comparison.compare import plain_rounds
from seqkit.run.comparison.job import run_job
from seqkit.run.comparison.jobs import Job, Setting
from seqkit.run.experiment import Experiment
from seqkit.tasks.recipes import load_recipe


def test_percents_are_read_in_order_without_the_whole():
    assert percents("30,1,100,3.5,1") == (1, 3.5, 30)
    assert percents("100") == ()
    for wrong in ("0", "101", "1;3", "", "-5", "nan"):
        with pytest.raises(UserError, match="1,3,10,30,100"):
            percents(wrong)


def test_every_system_is_trained_on_every_fraction_as_long(recipe: Path, tmp_path: Path):
    written = load_recipe(str(recipe), ["fraction=0.5"])
    systems = {"lstm": written, "gru": written.rival("gru")}
    jobs = [job for jobs in plain_rounds(systems, (1, 2), (10.0, 25.0), tmp_path) for job in jobs]
    assert len({job.folder for job in jobs}) == len({job.name for job in jobs}) == 12
    for job in jobs:
        assert job.recipe.train.epochs * job.recipe.fraction == pytest.approx(written.train.epochs * 0.5)
        assert job.recipe.train.evaluate_every * job.recipe.fraction == pytest.approx(0.5)
    assert [job.recipe.fraction for job in jobs][::2] == [0.5, 0.05, 0.125] * 2
    assert jobs[2].name == "lstm, seed 1, 10 % of train"


def test_tags_that_a_fraction_lacks_are_known_all_the_same(recipe: Path, tmp_path: Path):
    plain = [[("it", "O"), ("rains", "O")]] * 19
    for split in ("train", "dev", "test"):
        write_columns(tmp_path / f"{split}.conll", [*plain, *sentences(1, 1)])
    sources = Sources(OwnFiles(folder=tmp_path))
    written = load_recipe(str(recipe), ["fraction=0.05", "train.epochs=1"])
    experiment, whole = Experiment(written, sources), Experiment(load_recipe(str(recipe)), sources)
    assert experiment.batches_per_epoch(written) == 1
    assert whole.batches_per_epoch(written) == 3
    job = Job("lstm", "seed 1", written, tmp_path / "job", "brief")
    job.folder.mkdir()
    (job.folder / "job.json").write_text(json.dumps(written.to_dict()))
    run_job(Setting(sources, "cpu", 1).options(job))
    assert job.finished
    assert not (job.folder / "report.html").exists()


def test_a_report_holds_the_curve(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    popen = subprocess.Popen

    def train_here(arguments: list[str], **options):
        if "seqkit.run.comparison.job" not in arguments:
            return popen(arguments, **options)
        run_job(json.loads(arguments[3]))
        return popen("exit 0", shell=True, **options)

    monkeypatch.setattr(subprocess, "Popen", train_here)
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    done = seqkit("compare", path, "--data", data, "--out", tmp_path / "out", "--threads", "1", "--fractions", "50,100",
                  "--seeds", "1", "--set", "train.epochs=1")  # fmt: skip
    assert done.code == 0, done
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    (section,) = [section for section in report["sections"] if section["title"] == "How much data?"]
    table, plot = section["blocks"]
    assert [row[0] for row in table["rows"]] == ["50 %", "100 %"]
    assert [series["x"] for series in plot["series"]] == [[50, 100]] * 2
    headline = [figure["value"] for figure in report["headline"]]
    assert [series["y"][-1] for series in plot["series"]] == headline
    assert report["headline"][0]["n"] == 16


def test_fractions_and_a_budget_exclude_each_other(recipe: Path, data: Path):
    assert seqkit("compare", recipe, "--data", data, "--fractions", "10", "--budget", "1m").refused("--fractions and --budget")
