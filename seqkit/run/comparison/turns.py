"""Processes that take turns on one machine, so that whatever else runs there slows all of them alike.

A turn ends with SIGTSTP, which a training run answers between two updates by stopping itself (`signals.pausing`), and the next
one begins with SIGCONT. What a process does before and after training is not cut: it runs on until it trains or ends.
"""

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from seqkit.run.signals import StopRequest

POLL = 0.02  # seconds between two looks at a process
LONGEST_TURN = 10.0  # seconds
Job = TypeVar("Job")


def take_turns(
    jobs: Sequence[Job],
    begin: Callable[[Job], subprocess.Popen[bytes]],
    end: Callable[[Job, int], None],
    turn: float,
    request: StopRequest,
) -> None:
    """Run a process for each job, one at a time and `turn` seconds each, until all have ended or a stop is requested.

    Args:
        begin: starts a job's process.
        end: is given the exit code.
    """
    waiting = deque(jobs)
    processes: dict[int, subprocess.Popen[bytes]] = {}
    try:
        while waiting and request.signal is None:
            job = waiting.popleft()
            if id(job) in processes:
                processes[id(job)].send_signal(signal.SIGCONT)
            else:
                processes[id(job)] = begin(job)
            code = give_turn(processes[id(job)], turn, request)
            if code is None:
                waiting.append(job)
            else:
                end(job, code)
    finally:
        for process in processes.values():
            process.kill()
            with process:  # closes its pipes and waits
                pass


def give_turn(process: subprocess.Popen[bytes], seconds: float, request: StopRequest) -> int | None:
    """Let a process run until it stops after its turn, or ends: then its exit code."""
    over = time.monotonic() + seconds
    while request.signal is None:
        changed, status = os.waitpid(process.pid, os.WNOHANG | os.WUNTRACED)
        if changed and os.WIFSTOPPED(status):
            return None
        if changed:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode
        if time.monotonic() > over:
            # Again and again: it is not heard before training begins.
            process.send_signal(signal.SIGTSTP)
        time.sleep(POLL)
    return None


def turn_seconds(seconds: float) -> float:
    """How long a turn is when each process trains for so many seconds: a tenth, in reason."""
    return min(max(seconds / 10, 0.2), LONGEST_TURN)
