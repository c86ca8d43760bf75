"""`seqkit compare`: a recipe against its rivals, trained cell by cell, then one report over all."""

import json
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from seqkit.errors import UserError, suggestion
from seqkit.recipe import Recipe, load_recipe
from seqkit.report.report import Report
from seqkit.report.terminal import print_report
from seqkit.report.text import enumerated
from seqkit.report.write import write_report
from seqkit.run.budget import Budget, timed
from seqkit.run.cells import Cell, Setting, run_cells
from seqkit.run.comparison_report import comparison_report
from seqkit.run.contests import System
from seqkit.run.corpora import Sources
from seqkit.run.display import read_events
from seqkit.run.lengths.costs import Points, measure_lengths
from seqkit.run.machine import prepare_machine
from seqkit.run.matching import match_parameters, match_steps, match_time
from seqkit.run.measures import MEASURES
from seqkit.run.roads import Road, open_road
from seqkit.run.tuning import Tuning

TERMS = {"parameters": "equal parameters (± 2 %)", "steps": "equal numbers of updates"}
WHOLE = 100.0  # percent of the training split


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
    budget: float = 0.0  # seconds in all; 0: as the recipe says
    tune: int = 0  # trials of each system
    shares: tuple[float, ...] = ()  # percents of the training split beside the whole
    lengths: tuple[int, ...] = ()  # tokens of a text, at which each system's memory and time are measured


@dataclass(frozen=True)
class Comparison:
    """A finished comparison.

    Args:
        results: the systems by percent of the training split.
        report: as it was written into `out`.
    """

    out: Path
    results: Mapping[float, Sequence[System]]
    report: Report


def compare_command(request: CompareRequest, console: Console) -> Path:
    """Compare, print the report; returns the comparison's folder.

    Raises:
        UserError: as `compare`.
        Stopped: Ctrl-C or SIGTERM.
    """
    comparison = compare(request, console)
    print_report(comparison.report, console)
    console.print(f"\nreport  {comparison.out / 'report.html'}", soft_wrap=True)
    return comparison.out


def compare(request: CompareRequest, console: Console) -> Comparison:
    """Resize, train what is missing, measure, write the report.

    Raises:
        UserError: recipe or data are at fault, a rival cannot be matched, or every cell failed.
        Stopped: Ctrl-C or SIGTERM.
    """
    started = time.monotonic() - time.process_time()  # what imports took counts too
    recipe = asked_recipe(request)
    device = prepare_machine(request.device, request.threads)
    road = open_road(recipe, request.sources, console)
    if not road.has_test:
        raise UserError(f"{road.corpus_name}: a comparison needs a test split")
    seeds = request.seeds or recipe.compare.seeds
    systems = contestants(recipe, road, request.rivals)
    out = comparison_folder(request, recipe)
    setting = Setting(request.sources, request.device, request.threads)
    tuning = Tuning(systems, equaliser(recipe, road), request.tune, out) if request.tune else None
    budget = Budget(systems, seeds, out, request.budget, started) if request.budget else None
    count = len(systems) * (len(seeds) * (1 + len(request.shares)) + request.tune)
    if budget:
        rounds = budget.rounds()
    elif tuning:
        rounds = tuned_rounds(tuning, seeds, request.shares)
    else:
        rounds = plain_rounds(systems, seeds, request.shares, out)
    with closing(rounds):
        cells = run_cells(rounds, lambda: budget.cells if budget else count, setting, console, request.command)
    results = {share: gathered(cells, seeds, share) for share in (*request.shares, WHOLE)}
    failures = [(cell.name, cell.failure) for cell in cells if cell.failure and cell.mode != "trial"]
    if not results[WHOLE]:
        raise UserError(f"every cell failed; the first: {': '.join(failures[0])}")
    report = comparison_report(
        results[WHOLE],
        title=f"{road.corpus_name}: {enumerated(tuple(systems), 'or')}?",
        corpus=road.corpus_name,
        command=request.command,
        device=device,
        terms=terms(recipe.compare.match, [cell for cell in cells if cell.run.startswith("seed")])
        + (f", time for {len(budget.seeds)} of {len(seeds)} seeds" if budget and len(budget.seeds) < len(seeds) else ""),
        failures=failures,
        trials=tuning.found if tuning else {},
        by_share=results if request.shares else {},
        costs=costs_by_length(cells, request, console),
    )
    write_report(report, out)
    return Comparison(out, results, report)


def asked_recipe(request: CompareRequest) -> Recipe:
    """The recipe of the request.

    Raises:
        UserError: it cannot be compared in the way that is asked for.
    """
    recipe = load_recipe(request.recipe, request.overrides)
    if not recipe.compare.rivals:
        raise UserError(f"{request.recipe}: the recipe names no rivals; add [compare.rivals.NAME]")
    if request.tune and not recipe.compare.tune:
        raise UserError(f"{request.recipe}: the recipe says not where to search; add [compare.tune], or leave out --tune")
    if not request.budget:
        return recipe
    if recipe.compare.match == "steps":
        raise UserError("--budget makes training times equal; compare.match = 'steps' makes updates equal: leave out one")
    if request.tune:
        raise UserError("--tune and --budget exclude each other: leave out one")
    if request.shares:
        raise UserError("--fractions and --budget exclude each other: leave out one")
    # Whatever time the recipe says is to be shared out.
    return timed(recipe, request.budget) if recipe.compare.match == "time" else recipe


def costs_by_length(cells: Sequence[Cell], request: CompareRequest, console: Console) -> Mapping[str, Points]:
    """Of the first finished cell of each system; none under a budget, which has no time for them."""
    if request.budget or not request.lengths:
        return {}
    runs = {cell.system: cell.folder for cell in reversed(cells) if cell.run == run_name(cell.seed) and not cell.failure}
    in_order = {name: runs[name] for name in dict.fromkeys(cell.system for cell in cells) if name in runs}
    return measure_lengths(in_order, request.lengths, device=request.device, threads=request.threads, console=console)


def comparison_folder(request: CompareRequest, recipe: Recipe) -> Path:
    """Where the comparison lies; its `data.json` says which data it is on, the user's own by their contents.

    Raises:
        UserError: another comparison, on other data, lies there.
    """
    own = request.sources.own
    place = own.folder or own.text or next((path.resolve().parent for path in own.files.values()), None)
    name = f"{recipe.task}-{place.resolve().stem}" if place else recipe.corpus.replace("/", "-")
    out = request.out or Path("runs") / "compare" / name
    data = request.sources.to_dict() | {"corpus": recipe.corpus} | ({"sha256": own.sums()} if own else {})
    with suppress(OSError, ValueError):
        if (there := json.loads((out / "data.json").read_text(encoding="utf-8"))) != data:
            same = {**there, "sha256": None} == {**data, "sha256": None}
            told = "on these files as they were before a change" if same else "on other data"
            raise UserError(f"{out}: holds a comparison {told}; name another folder with --out")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror}") from error
    (out / "data.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
    return out


def tuned_rounds(tuning: Tuning, seeds: Sequence[int], shares: Sequence[float]) -> Generator[list[Cell]]:
    """The trials, then the cells of what they chose."""
    yield from tuning.rounds()
    yield from plain_rounds(tuning.chosen(), seeds, shares, tuning.out)


def plain_rounds(
    systems: Mapping[str, Recipe], seeds: Sequence[int], shares: Sequence[float], out: Path
) -> Generator[list[Cell]]:
    """Seeds in the outer loop, so that a noisy hour hits all systems alike; in turns where the clock says how long.

    Args:
        shares: percents of the training split that are trained on beside the whole.
    """
    for seed in seeds:
        for share in (WHOLE, *shares):
            cells = [
                Cell(name, run_name(seed, share), system.seeded(seed), out / name / f"seed-{seed}")
                if share == WHOLE
                else Cell(
                    name,
                    run_name(seed, share),
                    system.at_share(share / WHOLE).seeded(seed),
                    out / f"share-{share:g}" / name / f"seed-{seed}",
                    "brief",
                )
                for name, system in systems.items()
            ]
            if all(cell.recipe.train.seconds for cell in cells):
                yield cells
            else:
                yield from ([cell] for cell in cells)


def run_name(seed: int, share: float = WHOLE) -> str:
    """`seed 1`, or `seed 1, 3 % of train`."""
    return f"seed {seed}" if share == WHOLE else f"seed {seed}, {share:g} % of train"


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
        case "time":
            return lambda rival: match_time(rival, recipe.train)
        case "none":
            return lambda rival: rival


def terms(match: str, cells: Sequence[Cell]) -> str:
    """What was made equal."""
    seconds = sorted({cell.recipe.train.seconds for cell in cells})
    told = [TERMS[match]] if match in TERMS else []
    if seconds[0]:
        each = f"{seconds[0]:.3g}" if seconds[0] == seconds[-1] else f"{seconds[0]:.3g} to {seconds[-1]:.3g}"
        told.append(f"equal training time ({each} s of updates)")
    return ", ".join(told)


def gathered(cells: Sequence[Cell], seeds: Sequence[int], share: float) -> list[System]:
    """The systems with a finished cell at a share of the training split."""
    runs = [run_name(seed, share) for seed in seeds]
    finished = [cell for cell in cells if cell.run in runs and not cell.failure]
    names = dict.fromkeys(cell.system for cell in finished)
    return [gather([cell for cell in finished if cell.system == name]) for name in names]


def gather(cells: Sequence[Cell]) -> System:
    """What the finished cells of one system measured."""
    measured: list[dict[str, Any]] = [json.loads((cell.folder / "measured.json").read_text(encoding="utf-8")) for cell in cells]
    units_SNC: NDArray[np.float64] = np.array([one["units"] for one in measured], dtype=np.float64)
    curves = [[row for row in read_events(cell.folder / "metrics.jsonl") if row["event"] == "evaluated"] for cell in cells]
    return System(
        name=cells[0].system,
        recipe=cells[0].recipe,
        seeds=tuple(cell.seed for cell in cells),
        units_SNC=units_SNC,
        measure=MEASURES[measured[0]["measure"]],
        measured=measured,
        curves=curves,
    )
