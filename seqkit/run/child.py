"""Processes of their own: what they are given, and measurements in them that may fail without harm."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from seqkit.tasks import TASKS, Entry


def words(module: str, options: Mapping[str, Any]) -> list[str]:
    """The command that runs a module with options; it knows the tasks that this process knows."""
    return [sys.executable, "-m", module, json.dumps({**options, "tasks": TASKS})]


def given() -> dict[str, Any]:
    """In the process: its options."""
    options: dict[str, Any] = json.loads(sys.argv[1])
    TASKS.update({name: Entry(*entry) for name, entry in options.pop("tasks").items()})
    return options


def probe(module: str, options: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """What a module's process prints as JSON, or `failure` in a line.

    Args:
        seconds: of processor time that the process allows itself.
    """
    # A process group of its own: Ctrl-C reaches this process alone, which then ends the other.
    done = subprocess.run(words(module, options), capture_output=True, text=True, process_group=0)
    if done.returncode == 0:
        return json.loads(done.stdout)
    if done.returncode == -signal.SIGXCPU:
        return {"failure": f"took more than {seconds:g} s of processor time"}
    if done.returncode == -signal.SIGKILL:
        return {"failure": "killed by the system, most likely for want of memory"}
    return {"failure": done.stderr.strip().split("\n")[-1] or f"exit code {done.returncode}"}
