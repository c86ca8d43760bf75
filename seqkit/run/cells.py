"""The cells of a comparison: one system, one seed, one folder, and a process of its own each.

A finished cell is never trained again: an interrupted comparison goes on where it stopped. A cell that fails is recorded
with its reason, the others go on, and the next run of the comparison tries it again.
"""

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from seqkit.errors import UserError
from seqkit.recipe import Recipe, recipe_from
from seqkit.report.text import enumerated
from seqkit.run.corpora import Sources
from seqkit.run.signals import Stopped, StopRequest, listening
from seqkit.run.turns import take_turns, turn_seconds

FAILURE = "failed.json"
Mode = Literal["full", "brief", "trial"]


@dataclass(frozen=True)
class Cell:
    """One training run of a comparison.

    Args:
        system: its name.
        run: what is trained of it: `seed 1`.
        recipe: of this very run.
        folder: for it alone.
        mode: `full` trains, measures and reports; `brief` leaves the cell's own report out; `trial` trains alone.
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
        try:
            stored = json.loads((self.folder / "recipe.json").read_text(encoding="utf-8"))
            return (self.folder / "measured.json").exists() and recipe_from(stored).fingerprint() == self.recipe.fingerprint()
        except (OSError, ValueError, UserError):
            return False

    @property
    def dev_score(self) -> float | None:
        """Of a finished trial."""
        return json.loads((self.folder / "measured.json").read_text(encoding="utf-8"))["dev_score"] if self.finished else None

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

    def options(self, mode: Mode) -> str:
        """As `seqkit.run.cell` takes them."""
        mirror = str(self.sources.mirror) if self.sources.mirror else None
        data = {"sources": self.sources.to_dict(), "mirror": mirror}
        return json.dumps(data | {"device": self.device, "threads": self.threads, "mode": mode})


def run_cells(
    rounds: Iterable[Sequence[Cell]], total: Callable[[], int], setting: Setting, console: Console, command: str
) -> list[Cell]:
    """Train and measure every unfinished cell, round by round; returns all cells.

    Args:
        rounds: the cells of a round are trained in turns; a round is asked for when the one before is done.
        total: how many cells there will be, as far as is known.

    Raises:
        Stopped: Ctrl-C or SIGTERM; says how to go on.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[left]}"),
        TimeElapsedColumn(),
    )
    seen: list[Cell] = []
    trained = 0
    with (
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
        listening() as request,
    ):
        task = bar.add_task("", total=total(), left="")
        started = time.monotonic()
        for cells in rounds:
            if missing := [cell for cell in cells if not cell.finished]:
                seconds = (time.monotonic() - started) / trained * (total() - len(seen)) if trained else 0
                left = f"about {seconds / 60:.0f} min left" if trained else ""
                name = f"{names(missing)} ({len(seen) + 1} of {total()})"
                bar.update(task, description=name, left=left, total=total())
                if not console.is_terminal:
                    console.print(" · ".join(filter(None, (f"training {name}", left))))
                run_round(missing, setting, request)
                if request.signal is not None:
                    done = len([cell for cell in [*seen, *cells] if cell.finished])
                    raise Stopped(
                        request.signal,
                        f"stopped; {done} of {total()} cells are finished and kept. Go on with the same command: {command}",
                    )
                for cell in missing:
                    if cell.failure:
                        console.print(f"{cell.name} failed: {cell.failure}", style="red", soft_wrap=True)
                trained += len(missing)
            seen += cells
            bar.advance(task, len(cells))
    return seen


def names(cells: Sequence[Cell]) -> str:
    """`lstm, seed 1`, or `lstm, gru and transformer in turns, seed 1`."""
    if len(cells) == 1:
        return cells[0].name
    return f"{enumerated([cell.system for cell in cells], 'and')} in turns, {cells[0].run}"


def run_round(cells: Sequence[Cell], setting: Setting, request: StopRequest) -> None:
    """Train, evaluate and time cells, each in a process of its own, so that its peak memory is its own."""
    turn = turn_seconds(cells[0].recipe.train.seconds) if len(cells) > 1 else math.inf
    take_turns(cells, lambda cell: start(cell, setting), conclude, turn, request)


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
            [sys.executable, "-m", "seqkit.run.cell", str(cell.folder), setting.options(cell.mode)],
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
