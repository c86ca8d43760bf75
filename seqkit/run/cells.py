"""The cells of a comparison: one system, one seed, one folder, and a process of its own.

A finished cell is never trained again: an interrupted comparison goes on where it stopped. A cell that fails is recorded
with its reason, the others go on, and the next run of the comparison tries it again.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from seqkit.errors import UserError
from seqkit.recipe import Recipe, recipe_from
from seqkit.run.corpora import Sources
from seqkit.run.signals import Stopped, StopRequest, listening

POLL = 0.05  # seconds between two looks at a process
FAILURE = "failed.json"


@dataclass(frozen=True)
class Cell:
    """One system, one seed, one folder."""

    system: str
    seed: int
    recipe: Recipe
    folder: Path

    @property
    def name(self) -> str:
        """As shown."""
        return f"{self.system}, seed {self.seed}"

    @property
    def finished(self) -> bool:
        """Whether it was trained and measured with this very recipe."""
        try:
            stored = json.loads((self.folder / "recipe.json").read_text(encoding="utf-8"))
            return (self.folder / "measured.json").exists() and recipe_from(stored).fingerprint() == self.recipe.fingerprint()
        except (OSError, ValueError, UserError):
            return False

    @property
    def failure(self) -> str | None:
        """Why it failed, in a line; None if it did not."""
        try:
            return json.loads((self.folder / FAILURE).read_text(encoding="utf-8"))["reason"]
        except (OSError, ValueError, KeyError):
            return None


@dataclass(frozen=True)
class Setting:
    """What all cells share."""

    sources: Sources
    device: str = "auto"
    threads: int | None = None

    def options(self) -> str:
        """As `seqkit.run.cell` takes them."""
        mirror = str(self.sources.mirror) if self.sources.mirror else None
        options = {"sources": self.sources.to_dict(), "mirror": mirror, "device": self.device, "threads": self.threads}
        return json.dumps(options)


def run_cells(cells: Sequence[Cell], setting: Setting, console: Console, command: str) -> None:
    """Train and measure every unfinished cell, in the order given.

    Raises:
        Stopped: Ctrl-C or SIGTERM; says how to go on.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[left]}"),
        TimeElapsedColumn(),
    )
    missing = [cell for cell in cells if not cell.finished]
    with (
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
        listening() as request,
    ):
        task = bar.add_task("", total=len(cells), completed=len(cells) - len(missing), left="")
        started = time.monotonic()
        for done, cell in enumerate(missing):
            minutes = (time.monotonic() - started) / 60 / done * (len(missing) - done) if done else 0
            left = f"about {minutes:.0f} min left" if done else ""
            name = f"{cell.name} ({len(cells) - len(missing) + done + 1} of {len(cells)})"
            bar.update(task, description=name, left=left)
            if not console.is_terminal:
                console.print(" · ".join(filter(None, (f"training {name}", left))))
            run_cell(cell, setting, request)
            if request.signal is not None:
                raise stopped(request.signal, cells, command)
            if cell.failure:
                console.print(f"{cell.name} failed: {cell.failure}", style="red", soft_wrap=True)
            bar.advance(task)


def stopped(number: int, cells: Sequence[Cell], command: str) -> Stopped:
    """What a comparison that was told to stop ends with."""
    done = sum(cell.finished for cell in cells)
    kept = f"{done} of {len(cells)} cells are finished and kept"
    return Stopped(number, f"stopped; {kept}. Go on with the same command: {command}")


def run_cell(cell: Cell, setting: Setting, request: StopRequest) -> None:
    """Train, evaluate and time one cell in a process of its own, so that its peak memory is its own."""
    with start(cell, setting) as process:
        try:
            while process.poll() is None and request.signal is None:
                time.sleep(POLL)
            if process.poll() is not None:
                conclude(cell, process.returncode)
        finally:
            process.kill()


def start(cell: Cell, setting: Setting) -> subprocess.Popen[bytes]:
    """The cell's process; it ends with the process that started it, and what it complains of goes to a file."""
    cell.folder.mkdir(parents=True, exist_ok=True)
    for left_over in cell.folder.glob("*"):
        # A cell that was cut short starts over: its partial files are of no use.
        if left_over.is_file():
            left_over.unlink()
    (cell.folder / "cell.json").write_text(json.dumps(cell.recipe.to_dict()), encoding="utf-8")
    with (cell.folder / "stderr.txt").open("wb") as complaints:
        return subprocess.Popen(
            [sys.executable, "-m", "seqkit.run.cell", str(cell.folder), setting.options()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            process_group=0,  # Ctrl-C reaches the comparison alone, which then ends its cells
        )


def conclude(cell: Cell, code: int) -> None:
    """Record a failure, its reason being the last line the process wrote; `stderr.txt` has the rest."""
    words = (cell.folder / "stderr.txt").read_text(encoding="utf-8", errors="replace").strip()
    if code == -signal.SIGKILL:
        reason = "killed by the system, most likely for want of memory"
    elif code < 0:
        reason = f"ended by {signal.Signals(-code).name}"
    else:
        reason = words.split("\n")[-1] or f"exit code {code}"
    if code:
        (cell.folder / FAILURE).write_text(json.dumps({"reason": reason}), encoding="utf-8")
    else:
        (cell.folder / "stderr.txt").unlink()
