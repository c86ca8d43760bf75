"""`seqkit compare`: a recipe against its rivals, trained job by job, then one report over all."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from rich.console import Console

from seqkit.data.sources import Sources
from seqkit.errors import UserError, suggestion
from seqkit.recipe.reading import Overrides
from seqkit.recipe.recipe import Recipe
from seqkit.report.report import Report
from seqkit.report.terminal import print_report
from seqkit.report.text import enumerated
from seqkit.report.write import write_report
from seqkit.run.comparison.budget import Budget, timed
from seqkit.run.comparison.folder import Identity, comparison_folder, kept
from seqkit.run.comparison.jobs import Job, Setting, run_jobs
from seqkit.run.comparison.matching import match_parameters, match_steps, match_time
from seqkit.run.comparison.report import comparison_report
from seqkit.run.comparison.system import System, gathered
from seqkit.run.comparison.tuning import Tuning
from seqkit.run.evaluation import Machine
from seqkit.run.experiment import Experiment
from seqkit.run.folders import RUNS
from seqkit.run.machine import prepare_machine
from seqkit.run.scaling.costs import Points, measure_lengths
from seqkit.tasks.recipes import load_recipe

TERMS = {"parameters": "equal parameters (± 2 %)", "steps": "equal numbers of updates"}
WHOLE = 100.0  # percent of the training split


@dataclass(frozen=True)
class CompareRequest:
    """`seqkit compare` as typed."""

    recipe: str
    out: Path | None = None
    seeds: tuple[int, ...] | None = None
    rivals: tuple[str, ...] | None = None
    overrides: Overrides = ()
    sources: Sources = field(default_factory=Sources)
    device: str = "auto"
    threads: int | None = None
    command: str = ""
    budget: float = 0.0  # seconds in all; 0: as the recipe says
    tune: int = 0  # trials of each system
    fractions: tuple[float, ...] = ()  # percents of the training split beside the whole
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

    def __repr__(self) -> str:
        return f"<Comparison {self.out}: {' '.join(self.report.verdict)}>"

    def _repr_html_(self) -> str:
        return self.report.framed()


def compare_command(request: CompareRequest, console: Console) -> Comparison:
    """Compare and print the report.

    Raises:
        UserError: as `compare`.
        Stopped: Ctrl-C or SIGTERM.
    """
    comparison = compare(request, console)
    print_report(comparison.report, console)
    console.print(f"\nreport  {comparison.out / 'report.html'}", soft_wrap=True)
    return comparison


def compare(request: CompareRequest, console: Console) -> Comparison:
    """Resize, train what is missing, measure, write the report.

    Raises:
        UserError: recipe or data are at fault, a rival cannot be matched, or every run failed.
        Stopped: Ctrl-C or SIGTERM.
    """
    started = time.monotonic() - time.process_time()  # what imports took counts too
    recipe = asked_recipe(request)
    device = prepare_machine(request.device, request.threads)
    experiment = Experiment(recipe, request.sources, console)
    if not experiment.has_test:
        raise UserError(f"{experiment.corpus.name}: a comparison needs a test split")
    seeds = request.seeds or recipe.compare.seeds
    if request.threads is None and device.type == "cpu":
        request = replace(request, threads=threads_for(request, recipe, experiment, console))
    systems = systems_of(recipe, experiment, request.rivals)
    identity = Identity.of(systems, request.sources, Machine.this(device), budget=request.budget, trials=request.tune)
    out = comparison_folder(identity, default_name(request, recipe), request.out, console)
    setting = Setting(request.sources, request.device, request.threads)
    tuning = Tuning(systems, matcher(recipe, experiment), request.tune, out) if request.tune else None
    budget = Budget(systems, seeds, out, request.budget, started) if request.budget else None
    count = len(systems) * (len(seeds) * (1 + len(request.fractions)) + request.tune)
    if budget:
        rounds = budget.rounds()
    elif tuning:
        rounds = tuned_rounds(tuning, seeds, request.fractions)
    else:
        rounds = plain_rounds(systems, seeds, request.fractions, out)
    with closing(rounds):
        jobs = run_jobs(rounds, lambda: budget.jobs if budget else count, setting, console, request.command)
    results = {fraction: finished_systems(jobs, seeds, fraction) for fraction in (*request.fractions, WHOLE)}
    failures = [(job.name, job.failure) for job in jobs if job.failure and job.mode != "trial"]
    if not results[WHOLE]:
        raise UserError(f"every run failed; the first: {': '.join(failures[0])}")
    report = comparison_report(
        results[WHOLE],
        title=f"{experiment.corpus.name}: {enumerated(tuple(systems), 'or')}?",
        corpus=experiment.corpus.name,
        command=request.command,
        device=device,
        terms=terms(recipe.compare.match, [job for job in jobs if job.run.startswith("seed")])
        + (f", time for {len(budget.seeds)} of {len(seeds)} seeds" if budget and len(budget.seeds) < len(seeds) else ""),
        failures=failures,
        trials=tuning.found if tuning else {},
        by_fraction=results if request.fractions else {},
        costs=costs_by_length(jobs, request, console),
    )
    write_report(report, out)
    return Comparison(out, results, report)


def threads_for(request: CompareRequest, recipe: Recipe, experiment: Experiment, console: Console) -> int:
    """As many as the comparison that lies in the folder has; for a new one the quickest number for its first system."""
    there = kept(request.out or RUNS / "compare" / default_name(request, recipe))
    if not isinstance(there, Identity):
        return experiment.try_threads(console)
    torch.set_num_threads(there.machine.threads)
    return there.machine.threads


def default_name(request: CompareRequest, recipe: Recipe) -> str:
    """Of the folder: after the corpus, or the place of the user's own data."""
    own = request.sources.own
    place = own.folder or own.text or next((path.resolve().parent for path in own.files.values()), None)
    return f"{recipe.task}-{place.resolve().stem}" if place else recipe.corpus.replace("/", "-")


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
    if request.fractions:
        raise UserError("--fractions and --budget exclude each other: leave out one")
    # Whatever time the recipe says is to be shared out.
    return timed(recipe, request.budget) if recipe.compare.match == "time" else recipe


def costs_by_length(jobs: Sequence[Job], request: CompareRequest, console: Console) -> Mapping[str, Points]:
    """Of the first finished job of each system; none under a budget, which has no time for them."""
    if request.budget or not request.lengths:
        return {}
    runs = {job.system: job.folder for job in reversed(jobs) if job.run == run_name(job.seed) and not job.failure}
    in_order = {name: runs[name] for name in dict.fromkeys(job.system for job in jobs) if name in runs}
    return measure_lengths(in_order, request.lengths, device=request.device, threads=request.threads, console=console)


def tuned_rounds(tuning: Tuning, seeds: Sequence[int], fractions: Sequence[float]) -> Generator[list[Job]]:
    """The trials, then the jobs of what they chose."""
    yield from tuning.rounds()
    yield from plain_rounds(tuning.chosen(), seeds, fractions, tuning.out)


def plain_rounds(
    systems: Mapping[str, Recipe], seeds: Sequence[int], fractions: Sequence[float], out: Path
) -> Generator[list[Job]]:
    """Seeds in the outer loop, so that a noisy hour hits all systems alike; in turns where the clock says how long.

    Args:
        fractions: percents of the training split that are trained on beside the whole.
    """
    for seed in seeds:
        for fraction in (WHOLE, *fractions):
            jobs = [
                Job(name, run_name(seed, fraction), system.seeded(seed), out / name / f"seed-{seed}")
                if fraction == WHOLE
                else Job(
                    name,
                    run_name(seed, fraction),
                    system.at_fraction(fraction / WHOLE).seeded(seed),
                    out / f"fraction-{fraction:g}" / name / f"seed-{seed}",
                    "brief",
                )
                for name, system in systems.items()
            ]
            if all(job.recipe.train.seconds for job in jobs):
                yield jobs
            else:
                yield from ([job] for job in jobs)


def run_name(seed: int, fraction: float = WHOLE) -> str:
    """`seed 1`, or `seed 1, 3 % of train`."""
    return f"seed {seed}" if fraction == WHOLE else f"seed {seed}, {fraction:g} % of train"


def systems_of(recipe: Recipe, experiment: Experiment, chosen: Sequence[str] | None) -> dict[str, Recipe]:
    """The recipe under its own or its family's name, and its rivals, made equal as the recipe says.

    Raises:
        UserError: a chosen rival is not in the recipe, or one cannot be matched.
    """
    systems = {recipe.compare.name or recipe.model.family: recipe}
    known = [*systems, *recipe.compare.rivals]
    for name in chosen or ():
        if name not in known:
            raise UserError(f"--systems {name}: not in the recipe{suggestion(name, known)} (known: {', '.join(known)})")
    equal = matcher(recipe, experiment)
    for name in recipe.compare.rivals:
        if chosen is not None and name not in chosen:
            continue
        if name in systems:
            raise UserError(f"compare.rivals.{name}: the recipe itself goes by this name; choose another")
        systems[name] = equal(recipe.rival(name))
    return systems


def matcher(recipe: Recipe, experiment: Experiment) -> Callable[[Recipe], Recipe]:
    """What makes a rival equal to the recipe in what the recipe says.

    The callable raises UserError: the rival cannot be matched.
    """
    match recipe.compare.match:
        case "parameters":
            goal = experiment.parameters(recipe)
            return lambda rival: match_parameters(rival, goal, experiment.parameters)
        case "steps":
            batches = experiment.batches_per_epoch(recipe)
            return lambda rival: match_steps(rival, recipe.train, batches / experiment.batches_per_epoch(rival))
        case "time":
            return lambda rival: match_time(rival, recipe.train)
        case "none":
            return lambda rival: rival


def terms(match: str, jobs: Sequence[Job]) -> str:
    """What was made equal."""
    seconds = sorted({job.recipe.train.seconds for job in jobs})
    equal = [TERMS[match]] if match in TERMS else []
    if seconds[0]:
        each = f"{seconds[0]:.3g}" if seconds[0] == seconds[-1] else f"{seconds[0]:.3g} to {seconds[-1]:.3g}"
        equal.append(f"equal training time ({each} s of updates)")
    return ", ".join(equal)


def finished_systems(jobs: Sequence[Job], seeds: Sequence[int], fraction: float) -> list[System]:
    """The systems with a finished job at a fraction of the training split."""
    runs = [run_name(seed, fraction) for seed in seeds]
    return gathered([job for job in jobs if job.run in runs and not job.failure])
