"""A run that was not told its threads tries them out, and nothing else of it changes."""

import json
import os
from io import StringIO
from itertools import islice
from pathlib import Path

import pytest
import small
import torch
from commandline import seqkit
from rich.console import Console

from seqkit.run import experiment, threads
from seqkit.run.threads import PaceWatch, bound_waiting, choose_threads, take_threads
from seqkit.training.loop import Step, train


class Machine:
    """Two threads on a clock of its own: a gradient takes as long as the number of threads makes it."""

    def __init__(self, seconds: dict[int, float], monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads, self.now = 2, 0.0
        backward = torch.Tensor.backward

        def gradient(tensor: torch.Tensor) -> None:
            self.now += seconds[self.threads]
            backward(tensor)

        monkeypatch.setattr(torch, "get_num_threads", lambda: self.threads)
        monkeypatch.setattr(torch, "set_num_threads", lambda count: setattr(self, "threads", count))
        monkeypatch.setattr(threads.time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(torch.Tensor, "backward", gradient)


def console() -> Console:
    return Console(file=StringIO(), width=200)


def said(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("several", "chosen", "words"), [(0.6, 2, ""), (0.99, 1, "as slow now"), (5.0, 1, "2 are 5.0 × as slow now (--threads 2")]
)
def test_the_quicker_number_is_taken(several: float, chosen: int, words: str, monkeypatch: pytest.MonkeyPatch):
    machine, out = Machine({1: 1.0, 2: several}, monkeypatch), console()
    run = small.training("tagger, gru")
    assert choose_threads(run.model, run.trainable, out) == machine.threads == chosen
    assert words in said(out)
    assert bool(said(out)) == (chosen == 1)


@pytest.mark.parametrize("name", ["tagger, lstm", "text, lstm, dropped", "pairs, sampled"])
def test_the_run_is_the_same_as_if_nothing_had_been_tried(name: str, monkeypatch: pytest.MonkeyPatch):
    losses: list[list[float]] = []
    for tried in (False, True):
        run = small.training(name)
        if tried:
            with monkeypatch.context() as patch:
                Machine({1: 1.0, 2: 2.0}, patch)
                choose_threads(run.model, run.trainable, console())
            assert run.trainable.carried == {}
        losses.append([step.loss for step in islice(train(run.trainable, run.state), 5) if isinstance(step, Step)])
    assert losses[0] == losses[1]


def test_a_run_is_gone_on_with_on_as_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    machine = Machine({1: 1.0, 2: 3.0}, monkeypatch)
    run = small.training("tagger, gru")
    take_threads(tmp_path, run.model, run.trainable, console(), resume=False)
    assert (machine.threads, json.loads((tmp_path / "threads.json").read_text())) == (1, 1)
    machine.threads = 2
    take_threads(tmp_path, run.model, run.trainable, console(), resume=True)
    assert machine.threads == 1


@pytest.mark.parametrize(("several", "notes"), [(2, 1), (1, 0)])
def test_a_pace_that_breaks_down_is_spoken_of_once(several: int, notes: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: several)
    out = console()
    watch = PaceWatch(out, "seqkit train --resume RUN")
    for number in range(300):
        watch(Step(number, 0, 1.0, 100, 1e-3, 1.0, 0.1 if number < 100 else 1.0))
    assert said(out).count("slower than it was") == notes
    assert said(out).count("seqkit train --resume RUN --threads 1") == notes


def test_one_slow_update_is_no_matter(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    out = console()
    watch = PaceWatch(out, "")
    for number in range(300):
        watch(Step(number, 0, 1.0, 100, 1e-3, 1.0, 5.0 if number % 50 == 49 else 0.1))
    assert not said(out)


@pytest.mark.parametrize(
    ("given", "spins"), [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, None)]
)
def test_what_the_user_says_of_waiting_is_heeded(given: dict[str, str], spins: str | None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "environ", {**given})
    bound_waiting()
    assert os.environ.get("GOMP_SPINCOUNT") == spins


def test_a_comparison_is_gone_on_with_on_as_many(
    data: Path, recipe: Path, tmp_path: Path, trained: list[str], monkeypatch: pytest.MonkeyPatch
):
    asked: list[int] = []
    monkeypatch.setattr(experiment, "choose_threads", lambda *_: asked.append(1) or torch.get_num_threads())
    given = ("compare", recipe, "--data", data, "--out", tmp_path, "--systems", "gru", "--set", "train.epochs=1")
    assert seqkit(*given, "--seeds", "1").code == 0
    threads = json.loads((tmp_path / "comparison.json").read_text())["machine"]["threads"]
    assert asked == [1]
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert seqkit(*given, "--seeds", "1,2").code == 0
    assert asked == [1], "what is there decides"
    assert trained == ["lstm/seed-1", "gru/seed-1", "lstm/seed-2", "gru/seed-2"]
