"""Ctrl-C, SIGTERM and kill -9: a run stops where it is, says how to go on, and goes on to the weights it would have had."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from commandline import Done, command, environment, seqkit, weights
from torch import Tensor

from seqkit.training.checkpoint import save_checkpoint
from seqkit.training.loop import TrainState

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

SETTINGS = ("--threads", "1", "--set", "train.epochs=16", "--set", "augment.swap=0.3", "--set", "train.average=0.9")
CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # ignored in a shell's background
OFTEN = "from seqkit.run import experiment; experiment.CHECKPOINT_EVERY = 0.0"


@pytest.fixture(scope="module")
def whole(recipe: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that nothing interrupts."""
    out = tmp_path_factory.mktemp("whole") / "run"
    done = seqkit("train", recipe, "--data", data, "--out", out, *SETTINGS)
    assert done.code == 0, done
    return out


@pytest.fixture(scope="module")
def killed(recipe: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run killed with -9; copy it."""
    out = tmp_path_factory.mktemp("killed") / "run"
    assert interrupt(signal.SIGKILL, 3, recipe, data, out, OFTEN).code == -signal.SIGKILL
    assert not (out / "model").exists()
    return out


def interrupt(number: int, after: int, recipe: Path, data: Path, out: Path, before: str) -> Done:
    """Train in a process that gets the signal after so many epochs."""
    words = command("train", recipe, "--data", data, "--out", out, *SETTINGS, before=before)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as training:
        assert training.stdout is not None
        said: list[str] = []
        for line in training.stdout:
            said.append(line)
            if line.startswith(f"epoch {after}/"):
                training.send_signal(number)
                break
        out_rest, err = training.communicate(timeout=200)
        return Done(training.returncode, "".join(said) + out_rest, err)


@pytest.mark.parametrize(("number", "after"), [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_a_stopped_run_goes_on_to_identical_weights(
    number: signal.Signals, after: int, whole: Path, recipe: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    done = interrupt(number, after, recipe, data, out, CTRL_C)
    assert done.code == 128 + number, done
    assert len(done.err.splitlines()) == 1
    assert "saved" in done.err
    assert f"seqkit train --resume {out}" in done.err
    assert not (out / "model").exists()
    assert seqkit("tag", out, stdin=b"Ada\n").refused("not finished", f"seqkit train --resume {out}")
    resumed = seqkit("train", "--resume", out, "--threads", "1")
    assert resumed.code == 0, resumed
    assert weights(out) == weights(whole)
    told = (out / "metrics.jsonl").read_text().splitlines()
    assert len(told) == len((whole / "metrics.jsonl").read_text().splitlines())


def test_a_killed_run_goes_on_to_identical_weights(whole: Path, killed: Path, tmp_path: Path) -> None:
    out = shutil.copytree(killed, tmp_path / "run")
    # what a kill in the midst of saving leaves: a folder under a temporary name, a log line cut short
    newest = max((out / "checkpoints").glob("step-*"))
    shutil.copytree(newest, out / "checkpoints" / ".step-99999999.1.new")
    with (out / "metrics.jsonl").open("a") as log:
        log.write('{"event": "st')
    assert seqkit("train", "--resume", out, "--threads", "1").code == 0
    assert weights(out) == weights(whole)


def test_an_altered_checkpoint_is_passed_over_for_the_one_before(whole: Path, killed: Path, tmp_path: Path) -> None:
    out = shutil.copytree(killed, tmp_path / "run")
    newest = max((out / "checkpoints").glob("step-*"))
    state = newest / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-7])
    assert seqkit("train", "--resume", out, "--threads", "1").code == 0
    assert weights(out) == weights(whole)


def test_checkpoints_that_are_all_altered_are_refused(killed: Path, tmp_path: Path) -> None:
    out = shutil.copytree(killed, tmp_path / "run")
    states = sorted((out / "checkpoints").glob("step-*/state.safetensors"))
    for state in states:
        state.write_bytes(state.read_bytes()[:-7])
    assert seqkit("train", "--resume", out, "--threads", "1").refused(str(states[-1]), "cut short or altered")
    assert seqkit("train", "--resume", tmp_path).refused("not a run that can be resumed")


def test_a_run_killed_after_early_stopping_trains_no_further(
    recipe: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = (recipe, "--data", data, "--threads", "1", "--set", "train.epochs=40", "--set", "train.patience=1")
    assert seqkit("train", *given, "--out", tmp_path / "whole").code == 0

    def save_then_die(checkpoints: Path, state: TrainState, carried: dict[str, Tensor]) -> None:
        save_checkpoint(checkpoints, state, carried)
        if state.bad_evaluations:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("seqkit.run.experiment.CHECKPOINT_EVERY", 0.0)
        patch.setattr("seqkit.run.experiment.save_checkpoint", save_then_die)
        assert seqkit("train", *given, "--out", tmp_path / "run").code == 130
    assert seqkit("train", "--resume", tmp_path / "run", "--threads", "1").code == 0
    epochs = [(folder / "metrics.jsonl").read_text().count('"evaluated"') for folder in (tmp_path / "run", tmp_path / "whole")]
    assert epochs[0] == epochs[1] < 40
    assert weights(tmp_path / "run") == weights(tmp_path / "whole")


def test_ctrl_c_while_tagging_is_silent(run: Path) -> None:
    words = command("tag", run, before=CTRL_C)
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as tagger:
        assert tagger.stdin is not None
        assert tagger.stdout is not None
        tagger.stdin.write(b"Ada\n")
        tagger.stdin.flush()
        assert tagger.stdout.readline().startswith(b"Ada\t")
        tagger.send_signal(signal.SIGINT)
        _, err = tagger.communicate(timeout=200)
        assert (tagger.returncode, err) == (130, b"")
