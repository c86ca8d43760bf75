"""What every kind of measurement has in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from rich.console import Console

from seqkit.report.figure import Figure
from seqkit.report.report import Section
from seqkit.run.claims.verdict import Check

Result = Mapping[str, Any]
"""What one job measured, as JSON can hold it."""


@dataclass(frozen=True)
class Setting:
    """Where a claim is measured.

    Args:
        device: chosen from `device_name`, which is as typed.
        out: the claim's folder.
        command: as typed, so that it can be repeated.
    """

    device: torch.device
    device_name: str
    threads: int | None
    out: Path
    command: str
    console: Console


@dataclass(frozen=True)
class Evidence:
    """What the results say.

    Args:
        checks: what the verdict is made of.
        headline: the figures that matter most.
        sections: tables and plots.
        subtitle: sizes and counts, in a line.
        note: how the figures are to be read.
    """

    checks: tuple[Check, ...]
    headline: tuple[Figure, ...]
    sections: tuple[Section, ...]
    subtitle: str = ""
    note: str = ""


class Measurement(Protocol):
    """A claim's measurement: jobs that are done one by one, and what they show together.

    Args:
        shows_itself: whether its jobs show their own progress.
    """

    shows_itself: bool

    def jobs(self) -> Mapping[str, Callable[[], Result]]:
        """By name; a name says all that tells the job from others of the same settings."""
        ...

    def evidence(self, results: Mapping[str, Result]) -> Evidence:
        """Of the results of all jobs, by name."""
        ...
