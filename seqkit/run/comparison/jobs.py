"""The jobs of a comparison: one system, one seed, one folder, and a process of its own each.

A finished job is never trained again: an interrupted comparison goes on where it stopped. A job that fails is recorded
with its reason, the others go on, and the next run of the comparison tries it again.
"""

import json
import math
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from seqkit.config import Config
from seqkit.data.sources import Sources
from seqkit.errors import UserError
from seqkit.recipe.recipe import Recipe
from seqkit.report.text import enumerated
from seqkit.run.child import words
from seqkit.run.comparison.turns import take_turns, turn_seconds
from seqkit.run.evaluation import NAME as EVALUATION
from seqkit.run.signals import Stopped, StopRequest, listening
from seqkit.run.statistics import TrainingStatistics
from seqkit.tasks.recipes import recipe_from

FAILURE = "failed.json"
TRIAL = "trial.json"
Mode = Literal["full", "brief", "trial"]


class TrialResult(Config):
    """What a trial of tuning leaves: how it did on dev, and no weights."""

    dev_score: float
    training: TrainingStatistics

    def write(self, folder: Path) -> None:
        """Keep it in the trial's folder."""
        (folder / TRIAL).write_text(self.model_dump_json(), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """That of a trial's folder."""
        return cls.model_validate_json((folder / TRIAL).read_bytes())


@dataclass(frozen=True)
class Job:
    """One training run of a comparison.

    Args:
        system: its name.
        run: what is trained of it: `seed 1`.
        recipe: of this very run.
        folder: for it alone.
        mode: `full` trains, measures and reports; `brief` leaves the job's own report out; `trial` trains alone.
    """

    system: str
    run: str
    recipe: Recipe
    folder: Path
    mode: Mode = "full"

    @property
    def name(self) -> str:
        """As shown."""
        return f"{self.system}, {self.run}"

    @property
    def seed(self) -> int:
        """It is trained with."""
        return self.recipe.train.seed

    @property
    def finished(self) -> bool:
        """Whether it was trained and measured with this very recipe."""
        return self.finished_fingerprint == self.recipe.fingerprint()

    @property
    def finished_fingerprint(self) -> str | None:
        """Of the recipe of the finished job that lies in the folder; None where there is none."""
        try:
            stored = json.loads((self.folder / "recipe.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not (self.folder / (TRIAL if self.mode == "trial" else EVALUATION)).exists():
            return None
        try:
            return recipe_from(stored).fingerprint()
        except UserError:
            return "unreadable"  # by this version, and finished all the same

    @property
    def dev_score(self) -> float | None:
        """Of a finished trial."""
        return TrialResult.read(self.folder).dev_score if self.finished else None

    @property
    def failure(self) -> str | None:
        """Why it failed, in a line; None if it did not."""
        try:
            return json.loads((self.folder / FAILURE).read_text(encoding="utf-8"))["reason"]
        except (OSError, ValueError, KeyError):
            return None


@dataclass(frozen=True)
class Setting:
    """What all jobs share."""

    sources: Sources
    device: str = "auto"
    threads: int | None = None

    def options(self, job: Job) -> dict[str, Any]:
        """As `seqkit.run.comparison.job` takes them."""
        return {
            "folder": str(job.folder),
            "mode": job.mode,
            "sources": self.sources.to_dict(),
            "mirror": str(self.sources.mirror) if self.sources.mirror else None,
            "device": self.device,
            "threads": self.threads,
        }


def run_jobs(
    rounds: Iterable[Sequence[Job]], total: Callable[[], int], setting: Setting, console: Console, command: str
) -> list[Job]:
    """Train and measure every unfinished job, round by round; returns all jobs.

    Args:
        rounds: the jobs of a round are trained in turns; a round is asked for when the one before is done.
        total: how many jobs there will be, as far as is known.

    Raises:
        Stopped: Ctrl-C or SIGTERM; says how to go on.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[left]}"),
        TimeElapsedColumn(),
    )
    seen: list[Job] = []
    trained = 0
    with (
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
        listening() as request,
    ):
        task = bar.add_task("", total=total(), left="")
        started = time.monotonic()
        for jobs in rounds:
            if missing := [job for job in jobs if not job.finished]:
                seconds = (time.monotonic() - started) / trained * (total() - len(seen)) if trained else 0
                left = f"about {seconds / 60:.0f} min left" if trained else ""
                name = f"{names(missing)} ({len(seen) + 1} of {total()})"
                bar.update(task, description=name, left=left, total=total())
                if not console.is_terminal:
                    console.print(" · ".join(filter(None, (f"training {name}", left))))
                run_round(missing, setting, request)
                if request.signal is not None:
                    done = len([job for job in [*seen, *jobs] if job.finished])
                    raise Stopped(
                        request.signal,
                        f"stopped; {done} of {total()} jobs are finished and kept. Go on with the same command: {command}",
                    )
                for job in missing:
                    if job.failure:
                        console.print(f"{job.name} failed: {job.failure}", style="red", soft_wrap=True)
                trained += len(missing)
            seen += jobs
            bar.advance(task, len(jobs))
    return seen


def names(jobs: Sequence[Job]) -> str:
    """`lstm, seed 1`, or `lstm, gru and transformer in turns, seed 1`."""
    if len(jobs) == 1:
        return jobs[0].name
    return f"{enumerated([job.system for job in jobs], 'and')} in turns, {jobs[0].run}"


def run_round(jobs: Sequence[Job], setting: Setting, request: StopRequest) -> None:
    """Train, evaluate and time jobs, each in a process of its own, so that its peak memory is its own."""
    turn = turn_seconds(jobs[0].recipe.train.seconds) if len(jobs) > 1 else math.inf
    take_turns(jobs, lambda job: start(job, setting), conclude, turn, request)


def start(job: Job, setting: Setting) -> subprocess.Popen[bytes]:
    """The job's process; it ends with the process that started it, and what it complains of goes to a file.

    Raises:
        UserError: a finished job with other settings, or something else, lies in its folder.
    """
    if job.finished_fingerprint:
        raise UserError(f"{job.folder}: holds a finished run with other settings; name another folder with --out")
    job.folder.mkdir(parents=True, exist_ok=True)
    if any(job.folder.iterdir()) and not (job.folder / "job.json").exists():
        raise UserError(f"{job.folder}: holds what no comparison has left there; name another folder with --out")
    for left_over in job.folder.glob("*"):
        # A job that was cut short starts over: its partial files are of no use.
        if left_over.is_file():
            left_over.unlink()
    (job.folder / "job.json").write_text(json.dumps(job.recipe.to_dict()), encoding="utf-8")
    with (job.folder / "stderr.txt").open("wb") as complaints:
        return subprocess.Popen(
            words("seqkit.run.comparison.job", setting.options(job)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            process_group=0,  # Ctrl-C reaches the comparison alone, which then ends its jobs
        )


def conclude(job: Job, code: int) -> None:
    """Record a failure, its reason being the last line the process wrote; `stderr.txt` has the rest."""
    complaint = (job.folder / "stderr.txt").read_text(encoding="utf-8", errors="replace").strip()
    if code == -signal.SIGKILL:
        reason = "killed by the system, most likely for want of memory"
    elif code < 0:
        reason = f"ended by {signal.Signals(-code).name}"
    else:
        reason = complaint.split("\n")[-1] or f"exit code {code}"
    if code:
        (job.folder / FAILURE).write_text(json.dumps({"reason": reason}), encoding="utf-8")
    else:
        (job.folder / "stderr.txt").unlink()
