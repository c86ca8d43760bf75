"""Measurements in processes of their own, which may fail without harm."""

import json
import signal
import subprocess
import sys
from typing import Any


def probe(module: str, options: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What `python -m module OPTIONS` prints as JSON, or `failure` in a line.

    Args:
        seconds: of processor time that the process allows itself.
    """
    # A process group of its own: Ctrl-C reaches this process alone, which then ends the other.
    words = [sys.executable, "-m", module, json.dumps(options)]
    done = subprocess.run(words, capture_output=True, text=True, process_group=0)
    if done.returncode == 0:
        return json.loads(done.stdout)
    if done.returncode == -signal.SIGXCPU:
        return {"failure": f"took more than {seconds:g} s of processor time"}
    if done.returncode == -signal.SIGKILL:
        return {"failure": "killed by the system, most likely for want of memory"}
    return {"failure": done.stderr.strip().split("\n")[-1] or f"exit code {done.returncode}"}
