"""The comparison report: systems side by side, and the tests between them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from seqkit.metrics.significance import bootstrap_interval
from seqkit.report.report import Figure, Report, Section, Table
from seqkit.run.comparison.curves import fraction_sections, length_bars, score_bars, training_curves, tuning_sections
from seqkit.run.comparison.paired import PairedComparison, paired_comparisons, verdict
from seqkit.run.comparison.system import System
from seqkit.run.comparison.tuning import Trial
from seqkit.run.machine import surroundings
from seqkit.run.scaling.costs import Points, length_sections
from seqkit.run.statistics import TrainingStatistics


def comparison_report(
    systems: Sequence[System],
    *,
    title: str,
    corpus: str,
    command: str,
    device: torch.device,
    terms: str,
    failures: Sequence[tuple[str, str]] = (),
    trials: Mapping[str, Sequence[Trial]] | None = None,
    by_fraction: Mapping[float, Sequence[System]] | None = None,
    costs: Mapping[str, Points] | None = None,
) -> Report:
    """Assemble the report; the first system is the recipe's own.

    Args:
        systems: those of which at least one job was finished.
        terms: what was made equal, in words.
        failures: jobs that failed and why.
        trials: of tuning, by system.
        by_fraction: the systems trained on so many percent of the training split.
        costs: by system, as texts grow.
    """
    pairs = paired_comparisons(systems)
    measure = systems[0].measure
    seeds = sorted({seed for system in systems for seed in system.seeds})
    n = systems[0].units_SNC.shape[1]
    trained = f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
    size = (f"{len(systems)} systems", trained, f"{n:,} test {measure.part}", terms)
    evidence = (Section("Is the difference real?", blocks=(tests(pairs),)),) if pairs else ()
    failed = (Section("Failed runs", blocks=(failure_table(failures),)),) if failures else ()
    return Report(
        title=title,
        subtitle=", ".join(filter(None, size)),
        verdict=verdict(systems, pairs, failures),
        headline=tuple(score_figure(system) for system in systems),
        sections=(
            Section("Side by side", blocks=(side_by_side(systems),)),
            *evidence,
            Section("Curves", blocks=(*training_curves(systems), *length_bars(systems), score_bars(systems))),
            *fraction_sections(by_fraction or {}, [system.name for system in systems]),
            *length_sections(costs or {}),
            *tuning_sections(trials or {}, measure),
            *failed,
        ),
        context=(*surroundings(device), ("command", command), ("corpus", corpus)),
        note=f"± is the standard deviation over seeds; [ , ] a 95 % bootstrap interval over test {measure.part}.",
    )


def score_figure(system: System) -> Figure:
    """The mean over seeds, its spread, and the interval over the parts of the test split."""
    measure = system.measure
    interval = bootstrap_interval(system.units_SNC, measure.statistic, seed=0)
    several = len(system.seeds) > 1
    low, high = sorted((measure.factor * interval.low, measure.factor * interval.high))
    return Figure(
        f"{system.name} {measure.name}",
        float(system.scores.mean()),
        measure.unit,
        n=system.units_SNC.shape[1],
        seeds=system.seeds,
        interval=(low, high),
        spread=float(system.scores.std(ddof=1)) if several else None,
        digits=measure.digits,
    )


def side_by_side(systems: Sequence[System]) -> Table:
    """A row a measure, a column a system."""
    first = systems[0]

    def training(name: str, unit: str, figure: Callable[[TrainingStatistics], float]) -> tuple[Any, ...]:
        return (name, *(Figure(name, system.training(figure), unit) for system in systems))

    speeds = [(name, *(Figure(name, system.speed(name), unit) for system in systems)) for name, unit in first.speeds.items()]
    rows: list[tuple[Any, ...]] = [
        (f"test {first.measure.name}", *(score_figure(system) for system in systems)),
        *extra_rows(systems),
        ("parameters", *(Figure("parameters", s.parameters, "parameters") for s in systems)),
        ("model on disk", *(Figure("size", s.bytes, "bytes") for s in systems)),
        training("training, wall time", "s", lambda training: training.seconds),
        training("training, processor time", "s", lambda training: training.cpu_seconds),
        training("training speed", first.training_unit, lambda training: training.rate),
        *speeds,
        training("peak memory, training", "bytes", lambda training: training.peak_memory),
    ]
    return Table("Systems", ("measure", *(system.name for system in systems)), tuple(rows), "Means over seeds.")


def extra_rows(systems: Sequence[System]) -> list[tuple[Any, ...]]:
    """What a task measures beside its main score and its speeds."""
    rows: list[tuple[Any, ...]] = []
    for name, unit in systems[0].further.items():
        figures: list[Figure] = []
        for system in systems:
            values = system.quantities(name)
            spread = float(np.std(values, ddof=1)) if len(set(values)) > 1 else None  # sizes do not differ by seed
            figures.append(Figure(name, float(np.mean(values)), unit, spread=spread))
        rows.append((name, *figures))
    return rows


def tests(pairs: Sequence[PairedComparison]) -> Table:
    """The paired tests; a positive difference speaks for the first system."""
    measure = pairs[0].first.measure
    factor = abs(measure.factor)
    rows = tuple(
        (
            f"{pair.first.name} − {pair.rival.name}",
            Figure(
                "difference",
                pair.difference_in_points,
                measure.point,
                seeds=pair.first.seeds,
                interval=(factor * pair.paired.low, factor * pair.paired.high),
                digits=measure.digits,
            ),
            Figure("p", pair.p, digits=4) if len(pair.first.seeds) > 1 else None,
            Figure("would have been seen", pair.detectable, measure.point, digits=measure.digits),
        )
        for pair in pairs
    )
    return Table(
        "Paired tests",
        ("systems", "difference", "p", "would have been seen"),
        rows,
        f"A positive difference speaks for {pairs[0].first.name}. Interval: paired bootstrap over {measure.part}, seeds "
        "averaged. p: approximate randomisation (Noreen 1989), corrected for the number of rivals (Holm 1979). Last column: "
        "the smallest difference found with 80 % power.",
    )


def failure_table(failures: Sequence[tuple[str, str]]) -> Table:
    """Jobs that failed, with their last words."""
    note = "Left out of every figure. Running the same command again tries them again and keeps all others."
    return Table("Runs", ("run", "reason"), tuple(failures), note)
