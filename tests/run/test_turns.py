"""Processes in turns: never two at once, each as often as the others, and none left behind."""

import os
import signal
import subprocess
import sys
import time
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from commandline import environment

from seqkit.run.comparison.turns import take_turns, turn_seconds
from seqkit.run.signals import StopRequest, pausing

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

# Works in updates of 5 ms until its own clock says so, as training does; then goes on a while unheard, as an evaluation does.
WORKER = """
import sys, time
from seqkit.run.signals import pausing
name, seconds, after, path = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
def note(started):
    with open(path, "a") as log:
        log.write(f"{name} {started} {time.monotonic()}\\n")
spent = 0.0
with pausing() as pause:
    while spent < seconds:
        started = time.monotonic()
        time.sleep(0.005)
        spent += time.monotonic() - started
        note(started)
        pause()
started = time.monotonic()
time.sleep(after)
note(started)
sys.exit(3 if name == "b" else 0)
"""


def begin(name: str, log: Path, seconds: float = 0.3, after: float = 0.1) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", WORKER, name, str(seconds), str(after), str(log)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, env=environment(), process_group=0, preexec_fn=deaf)


def deaf() -> None:
    """From the start, so that all begin in the order given however slowly Python starts."""
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)


def test_no_two_work_at_once_and_all_are_heard_in_turn(tmp_path: Path):
    log = tmp_path / "log"
    ended: dict[str, int] = {}
    take_turns(["a", "b", "c"], lambda name: begin(name, log), ended.__setitem__, 0.06, StopRequest())
    assert ended == {"a": 0, "b": 3, "c": 0}
    rows = [line.split() for line in log.read_text().splitlines()]
    spans = [(name, float(start), float(end)) for name, start, end in rows]
    assert all(earlier[2] <= later[1] for earlier, later in pairwise(spans))  # nor does a stop fall into an update
    turns = [name for name, _ in groupby(spans, lambda span: span[0])]
    assert turns[:6] == ["a", "b", "c"] * 2
    for name in "abc":
        assert sum(end - start for who, start, end in spans if who == name) == pytest.approx(0.4, abs=0.1)


def test_a_stop_leaves_no_process_behind(tmp_path: Path):
    request, processes = StopRequest(), list[subprocess.Popen[bytes]]()

    def begin_and_stop(name: str) -> subprocess.Popen[bytes]:
        if processes:
            request.signal = signal.SIGINT
        processes.append(begin(name, tmp_path / "log", seconds=60))
        return processes[-1]

    ended: dict[str, int] = {}
    take_turns(["a", "b", "c"], begin_and_stop, ended.__setitem__, 0.05, request)
    assert ended == {}
    assert [process.returncode for process in processes] == [-signal.SIGKILL] * 2


def test_stopped_seconds_are_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(signal, "raise_signal", lambda number: time.sleep(0.05 * (number == signal.SIGSTOP)))
    before = signal.getsignal(signal.SIGTSTP)
    with pausing() as pause:
        pause()
        assert pause.seconds == 0
        os.kill(os.getpid(), signal.SIGTSTP)
        pause()
        assert pause.seconds == pytest.approx(0.05, abs=0.03)
        pause()  # once asked, once stopped
        assert pause.seconds < 0.09
    assert signal.getsignal(signal.SIGTSTP) is before


@pytest.mark.parametrize(("seconds", "turn"), [(0.5, 0.2), (30, 3), (3600, 10)])
def test_a_turn_is_a_tenth_in_reason(seconds: float, turn: float):
    assert turn_seconds(seconds) == turn
