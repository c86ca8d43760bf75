"""`seqkit compare`: a recipe against its rivals, trained cell by cell, then one report over all."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from seqkit.errors import UserError, suggestion
from seqkit.recipe import Recipe, load_recipe
from seqkit.report.terminal import print_report
from seqkit.report.write import write_report
from seqkit.run.cells import Cell, Setting, run_cells
from seqkit.run.comparison_report import comparison_report
from seqkit.run.contests import System
from seqkit.run.corpora import Sources
from seqkit.run.display import read_events
from seqkit.run.machine import choose_device
from seqkit.run.matching import match_parameters, match_steps
from seqkit.run.measures import MEASURES
from seqkit.run.roads import Road, open_road

TERMS = {"parameters": "equal parameters (± 2 %)", "steps": "equal numbers of updates", "none": ""}


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


def compare_command(request: CompareRequest, console: Console) -> Path:
    """Resize, train what is missing, measure, report; returns the comparison's folder.

    Raises:
        UserError: recipe or data are at fault, a rival cannot be matched, or every cell failed.
        Stopped: Ctrl-C or SIGTERM.
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
    # Seeds in the outer loop: a noisy hour hits all systems alike.
    cells = [
        Cell(name, seed, system.seeded(seed), out / name / f"seed-{seed}")
        for seed in seeds
        for name, system in systems.items()
    ]  # fmt: skip
    run_cells(cells, Setting(request.sources, request.device, request.threads), console, request.command)
    failures = [(cell.name, cell.failure) for cell in cells if cell.failure]
    finished = [[cell for cell in cells if cell.system == name and not cell.failure] for name in systems]
    if not any(finished):
        raise UserError(f"every cell failed; the first: {': '.join(failures[0])}")
    report = comparison_report(
        [gather(mine) for mine in finished if mine],
        title=f"{road.corpus_name}: {' or '.join(systems)}?",
        command=request.command,
        device=device,
        terms=TERMS[recipe.compare.match],
        failures=failures,
    )
    write_report(report, out)
    print_report(report, console)
    console.print(f"\nreport  {out / 'report.html'}", soft_wrap=True)
    return out


def contestants(recipe: Recipe, road: Road, chosen: Sequence[str] | None) -> dict[str, Recipe]:
    """The recipe under its own or its family's name, and its rivals, made equal as the recipe says.

    Raises:
        UserError: a chosen rival is not in the recipe, or one cannot be matched.
    """
    systems = {recipe.compare.name or recipe.model.family: recipe}
    known = [*systems, *recipe.compare.rivals]
    for name in chosen or ():
        if name not in known:
            raise UserError(f"--systems {name}: not in the recipe{suggestion(name, known)} (known: {', '.join(known)})")
    equal = equaliser(recipe, road)
    for name in recipe.compare.rivals:
        if chosen is not None and name not in chosen:
            continue
        if name in systems:
            raise UserError(f"compare.rivals.{name}: the recipe itself goes by this name; choose another")
        systems[name] = equal(recipe.rival(name))
    return systems


def equaliser(recipe: Recipe, road: Road) -> Callable[[Recipe], Recipe]:
    """What makes a rival equal to the recipe in what the recipe says.

    The callable raises UserError: the rival cannot be matched.
    """
    match recipe.compare.match:
        case "parameters":
            goal = road.parameters(recipe)
            return lambda rival: match_parameters(rival, goal, road.parameters)
        case "steps":
            batches = road.batches_per_epoch(recipe)
            return lambda rival: match_steps(rival, recipe.train, batches / road.batches_per_epoch(rival))
        case "none":
            return lambda rival: rival


def gather(cells: Sequence[Cell]) -> System:
    """What the finished cells of one system measured."""
    measured: list[dict[str, Any]] = [json.loads((cell.folder / "measured.json").read_text(encoding="utf-8")) for cell in cells]
    units_SNC: NDArray[np.float64] = np.array([one["units"] for one in measured], dtype=np.float64)
    curves = [
        [(row["epoch"], row["dev_score"]) for row in read_events(cell.folder / "metrics.jsonl") if row["event"] == "evaluated"]
        for cell in cells
    ]
    return System(
        name=cells[0].system,
        recipe=cells[0].recipe,
        seeds=tuple(cell.seed for cell in cells),
        units_SNC=units_SNC,
        measure=MEASURES[measured[0]["measure"]],
        measured=measured,
        curves=curves,
    )
