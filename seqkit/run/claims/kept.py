"""What a claim has measured so far, kept in a file, so that an interrupted one goes on where it stopped."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from seqkit.run.claims.measurement import Result


class Kept:
    """Results by name, of one setting; those of other settings stay beside them.

    Args:
        path: of the file.
        setting: everything that shapes the results but what their names say.
    """

    def __init__(self, path: Path, setting: Mapping[str, Any]) -> None:
        self.path = path
        self.setting = hashlib.sha256(json.dumps(setting, sort_keys=True).encode()).hexdigest()[:12]
        self.settings: dict[str, dict[str, dict[str, Any]]] = {}
        with suppress(OSError, ValueError, KeyError, TypeError):
            stored = json.loads(path.read_text(encoding="utf-8"))
            self.settings = stored.get("settings") or {stored["setting"]: stored["jobs"]}  # one alone, until 0.1.0
        self.jobs = self.settings.setdefault(self.setting, {})

    def do(self, name: str, job: Callable[[], Result]) -> None:
        """Do a job and keep its result and what it took; the file is whole at any time."""
        before = time.perf_counter(), processor_seconds()
        result = job()
        after = time.perf_counter(), processor_seconds()
        self.jobs[name] = {"result": dict(result), "seconds": after[0] - before[0], "cpu_seconds": after[1] - before[1]}
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps({"settings": self.settings}), encoding="utf-8")
        part.replace(self.path)

    def results(self, names: Mapping[str, Any]) -> dict[str, Result]:
        """Of the named jobs, which are all done."""
        return {name: self.jobs[name]["result"] for name in names}

    def took(self, names: Mapping[str, Any]) -> str:
        """How long these jobs took: `312 s, 305 s of processor time`."""
        seconds, cpu = (sum(self.jobs[name][key] for name in names) for key in ("seconds", "cpu_seconds"))
        return f"{seconds:,.0f} s, {cpu:,.0f} s of processor time"


def processor_seconds() -> float:
    """Of this process and of those it started that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
