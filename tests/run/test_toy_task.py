"""A task that seqkit does not know is trained, resumed, evaluated, compared, inspected, saved and loaded: no verb asks which.

The task is `tests/toy_counting.py`, one file; a line in `TASKS` is all that makes it known.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from commandline import ROOT, process, seqkit, weights

import seqkit as package
from seqkit.run.evaluation import Evaluation
from seqkit.tasks import TASKS, Entry

RECIPE = """task = "count"
corpus = "lines"
model = { family = "gru", width = 64 }
[train]
epochs = 2
batch_size = 16
learning_rate = 3e-2
[compare]
match = "parameters"
seeds = [1]
[compare.rivals.rnn]
model.family = "rnn"
"""
REGISTER = "from seqkit.tasks import TASKS, Entry; TASKS['count'] = Entry('toy_counting', 'count/none')"


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The task made known here and to processes, its data and its recipe."""
    monkeypatch.setitem(TASKS, "count", Entry("toy_counting", "count/none"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]))
    random = np.random.default_rng(1)
    for split, count in (("train", 96), ("dev", 24), ("test", 31)):
        texts = ["".join(random.choice(["a", "b"], 6, p=[0.3, 0.7])) for _ in range(count)]
        (tmp_path / f"{split}.txt").write_text("".join(f"{text}\t{text.count('a')}\n" for text in texts))
    (tmp_path / "count.toml").write_text(RECIPE)
    return tmp_path


def test_a_task_of_ones_own_walks_every_road(lines: Path) -> None:
    run = lines / "run"
    done = seqkit("train", lines / "count.toml", "--data", lines, "--out", run, "--threads", "1")
    assert done.code == 0, done
    assert "train: 96 lines" in done.out
    assert "lines · GRU" in done.out
    evaluation = Evaluation.read(run)
    assert (evaluation.scores.split, len(evaluation.scores.units)) == ("test", 31)
    report = json.loads((run / "report.json").read_text())
    assert [figure["name"] for figure in report["headline"]][:2] == ["test accuracy", "parameters"]
    assert {"Training", "Speed, size, memory"} <= {section["title"] for section in report["sections"]}

    model = package.load(run)
    assert type(model).__name__ == "TrainedCounter"
    assert package.load(run, "count").metadata["corpus"] == "lines"
    with pytest.raises(package.UserError, match="cannot tag: it is a counter"):
        package.load_tagger(run)

    assert seqkit("evaluate", run, "--split", "dev").code == 0
    assert len(Evaluation.read(run / "evaluation-dev").scores.units) == 24
    assert seqkit("evaluate", run, "--protocol", "carried").refused("--protocol", "a counter")
    assert seqkit("inspect", run, "--text", "aba").code == 0
    assert "times" in (run / "inspection" / "report.md").read_text()
    assert seqkit("inspect", run, "--text", "aba", "--target", "2").refused("--target", "a counter")


def test_it_goes_on_where_it_stopped(lines: Path) -> None:
    straight, stopped = lines / "straight", lines / "stopped"
    given = ("train", lines / "count.toml", "--data", lines, "--threads", "1")
    assert seqkit(*given, "--out", straight).code == 0
    # An interrupt after the fifth update, as if Ctrl-C had been pressed.
    interrupt = f"""{REGISTER}
import os, signal
import seqkit.run.experiment as experiment
train = experiment.train
def until_five(trainable, state):
    for event in train(trainable, state):
        if state.step == 5: os.kill(os.getpid(), signal.SIGINT)
        yield event
experiment.train = until_five"""
    assert process(*given, "--out", stopped, before=interrupt).code == 130
    assert not (stopped / "model").exists()
    done = seqkit("train", "--resume", stopped, "--threads", "1")
    assert done.code == 0, done
    assert weights(stopped) == weights(straight)
    # What the run took is told of both legs: here at least the import of nothing, there the whole of both.
    assert Evaluation.read(stopped).training is not None


def test_it_is_compared_job_by_job_in_processes_that_know_it(lines: Path) -> None:
    out = lines / "comparison"
    done = seqkit("compare", lines / "count.toml", "--data", lines, "--out", out, "--threads", "1", "--lengths", "8")
    assert done.code == 0, done
    report = json.loads((out / "report.json").read_text())
    assert [figure["name"] for figure in report["headline"]] == ["gru accuracy", "rnn accuracy"]
    sizes = [Evaluation.read(out / name / "seed-1").parameters for name in ("gru", "rnn")]
    assert abs(sizes[1] / sizes[0] - 1) <= 0.02
    assert any(section["title"] == "As texts grow" for section in report["sections"])
