"""`seqkit compare`: a recipe against its rivals, each cell trained in a process of its own, then one report over all.

A cell is one system with one seed. A finished cell is never trained again: an interrupted comparison goes on where it stopped.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from seqkit.errors import UserError, suggestion
from seqkit.recipe import Recipe, load_recipe, recipe_from
from seqkit.report.terminal import print_report
from seqkit.report.write import write_report
from seqkit.run.comparison_report import System, comparison_report
from seqkit.run.corpora import Sources
from seqkit.run.display import read_events
from seqkit.run.machine import choose_device
from seqkit.run.matching import match_parameters
from seqkit.run.measures import MEASURES
from seqkit.run.roads import Road, open_road


@dataclass(frozen=True)
class CompareRequest:
    """`seqkit compare` as typed."""

    recipe: str
    out: Path | None = None
    seeds: tuple[int, ...] | None = None
    rivals: tuple[str, ...] | None = None
    overrides: Sequence[str] = ()
    sources: Sources = field(default_factory=Sources)
    device: str = "auto"
    threads: int | None = None
    command: str = ""


@dataclass(frozen=True)
class Cell:
    """One system, one seed, one folder."""

    system: str
    seed: int
    recipe: Recipe
    folder: Path

    @property
    def finished(self) -> bool:
        """Whether it was trained and measured with this very recipe."""
        try:
            stored = json.loads((self.folder / "recipe.json").read_text(encoding="utf-8"))
            return (self.folder / "measured.json").exists() and recipe_from(stored).fingerprint() == self.recipe.fingerprint()
        except (OSError, ValueError, UserError):
            return False


def compare_command(request: CompareRequest, console: Console) -> Path:
    """Resize, train what is missing, measure, report; returns the comparison's folder.

    Raises:
        UserError: recipe or data are at fault, or a rival cannot be matched.
    """
    recipe = load_recipe(request.recipe, request.overrides)
    if not recipe.compare.rivals:
        raise UserError(f"{request.recipe}: the recipe names no rivals; add [compare.rivals.NAME]")
    device = choose_device(request.device)
    road = open_road(recipe, request.sources, console)
    if not road.has_test:
        raise UserError(f"{road.corpus_name}: a comparison needs a test split")
    seeds = request.seeds or recipe.compare.seeds
    systems = contestants(recipe, road, request.rivals)
    out = request.out or Path("runs") / "compare" / recipe.corpus.replace("/", "-")
    cells = [
        Cell(name, seed, system.seeded(seed), out / name / f"seed-{seed}")
        for seed in seeds
        for name, system in systems.items()
    ]  # fmt: skip
    run_cells(cells, request, console)
    results = [gather(name, [cell for cell in cells if cell.system == name]) for name in systems]
    report = comparison_report(
        results,
        title=f"{road.corpus_name}: {' or '.join(systems)}?",
        command=request.command,
        device=device,
        matched=recipe.compare.match == "parameters",
    )
    write_report(report, out)
    print_report(report, console)
    console.print(f"\nreport  {out / 'report.html'}", soft_wrap=True)
    return out


def contestants(recipe: Recipe, road: Road, chosen: Sequence[str] | None) -> dict[str, Recipe]:
    """The recipe under its own or its family's name, and its rivals, resized if the recipe says so.

    Raises:
        UserError: a chosen rival is not in the recipe, or one cannot be matched.
    """
    systems = {recipe.compare.name or recipe.model.family: recipe}
    known = [*systems, *recipe.compare.rivals]
    for name in chosen or ():
        if name not in known:
            raise UserError(f"--systems {name}: not in the recipe{suggestion(name, known)} (known: {', '.join(known)})")
    for name in recipe.compare.rivals:
        if chosen is not None and name not in chosen:
            continue
        if name in systems:
            raise UserError(f"compare.rivals.{name}: the recipe itself goes by this name; choose another")
        rival = recipe.rival(name)
        if recipe.compare.match == "parameters":
            rival = match_parameters(rival, road.parameters(recipe), road.parameters)
        systems[name] = rival
    return systems


def run_cells(cells: Sequence[Cell], request: CompareRequest, console: Console) -> None:
    """Train and measure every unfinished cell, seeds in the outer loop so that a noisy hour hits all systems alike.

    Raises:
        UserError: a cell failed; its last words are shown, and the finished cells are kept.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[facts]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=len(cells), facts="")
        started = time.monotonic()
        trained = 0
        for number, cell in enumerate(cells):
            name = f"{cell.system}, seed {cell.seed} ({number + 1} of {len(cells)})"
            if not cell.finished:
                left = (time.monotonic() - started) / trained * (len(cells) - number) if trained else None
                facts = f"{left / 60:.0f} min left" if left else ""
                bar.update(task, description=name, facts=facts)
                if not console.is_terminal:
                    console.print(f"training {name}")
                train_cell(cell, request)
                trained += 1
            bar.advance(task)


def train_cell(cell: Cell, request: CompareRequest) -> None:
    """Train, evaluate and time one cell in a process of its own, so that its peak memory is its own.

    Raises:
        UserError: it failed.
    """
    cell.folder.mkdir(parents=True, exist_ok=True)
    for left_over in cell.folder.glob("*"):
        # A cell that was cut short starts over: its partial files are of no use.
        if left_over.is_file():
            left_over.unlink()
    (cell.folder / "cell.json").write_text(json.dumps(cell.recipe.to_dict()), encoding="utf-8")
    sources = request.sources
    options = {
        "sources": sources.to_dict(),
        "mirror": str(sources.mirror) if sources.mirror else None,
        "device": request.device,
        "threads": request.threads,
    }
    arguments = [sys.executable, "-m", "seqkit.run.cell", str(cell.folder), json.dumps(options)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).split("\n")[-1]
        raise UserError(f"{cell.system}, seed {cell.seed}: {words}")


def gather(name: str, cells: Sequence[Cell]) -> System:
    """What the cells of one system measured."""
    measured: list[dict[str, Any]] = [json.loads((cell.folder / "measured.json").read_text(encoding="utf-8")) for cell in cells]
    units_SNC: NDArray[np.float64] = np.array([one["units"] for one in measured], dtype=np.float64)
    curves = [
        [(row["epoch"], row["dev_score"]) for row in read_events(cell.folder / "metrics.jsonl") if row["event"] == "evaluated"]
        for cell in cells
    ]
    return System(
        name=name,
        recipe=cells[0].recipe,
        seeds=tuple(cell.seed for cell in cells),
        units_SNC=units_SNC,
        measure=MEASURES[measured[0]["measure"]],
        measured=measured,
        curves=curves,
    )
