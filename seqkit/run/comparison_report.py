"""The comparison report: systems side by side, the tests between them, and a verdict no stronger than the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqkit.metrics.significance import (
    PairedDifference,
    approximate_randomisation,
    bootstrap_interval,
    detectable_difference,
    holm,
    paired_bootstrap,
)
from seqkit.recipe import Recipe
from seqkit.report.report import Bars, Figure, Lines, Report, Section, Series, Table
from seqkit.run.machine import surroundings
from seqkit.run.measures import Measure

ALPHA = 0.05
CLEAR_RATIO = 1.1  # speeds closer than this are called alike


@dataclass(frozen=True)
class System:
    """One system over its seeds.

    Args:
        units_SNC: counts by seed and test sentence.
        measured: each seed's `measured.json`.
        curves: each seed's (epoch, dev score) pairs.
    """

    name: str
    recipe: Recipe
    seeds: tuple[int, ...]
    units_SNC: NDArray[np.float64]
    measure: Measure
    measured: Sequence[dict[str, Any]]
    curves: Sequence[Sequence[tuple[int, float]]]

    @property
    def scores(self) -> NDArray[np.float64]:
        """The test score of each seed, as shown."""
        return self.measure.shown(self.units_SNC)

    def training(self, key: str) -> float:
        """A fact of training averaged over seeds."""
        return float(np.mean([one["training"][key] for one in self.measured]))

    def speed(self, place: int) -> tuple[str, float, str]:
        """A speed by its place among those measured: name, mean over seeds, unit."""
        name, _, unit = self.measured[0]["speeds"][place]
        return name, float(np.mean([one["speeds"][place][1] for one in self.measured])), unit

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return int(self.measured[0]["parameters"])


@dataclass(frozen=True)
class Contest:
    """The recipe's system against one rival, on the same sentences."""

    rival: System
    paired: PairedDifference
    p: float  # of approximate randomisation, corrected for the number of rivals
    detectable: float  # in the measure's unit


def comparison_report(systems: Sequence[System], *, title: str, command: str, device: torch.device, matched: bool) -> Report:
    """Assemble the report; the first system is the recipe's own."""
    contests = run_contests(systems)
    measure = systems[0].measure
    seeds = systems[0].seeds
    n = systems[0].units_SNC.shape[1]
    return Report(
        title=title,
        subtitle=f"{len(systems)} systems, seeds {', '.join(map(str, seeds))}, {n:,} test {measure.part}"
        + (", equal parameters (± 2 %)" if matched else ""),
        verdict=verdict(systems, contests),
        headline=tuple(score_figure(system) for system in systems),
        sections=(
            Section("Side by side", blocks=(side_by_side(systems),)),
            Section("Is the difference real?", blocks=(tests(systems[0], contests),)),
            Section("Curves", blocks=(*curves(systems), score_bars(systems))),
        ),
        context=(*surroundings(device), ("command", command), ("corpus", systems[0].recipe.corpus)),
        note=f"± is the standard deviation over seeds; [ , ] a 95 % bootstrap interval over test {measure.part}.",
    )


def run_contests(systems: Sequence[System]) -> list[Contest]:
    """Test the first system against each other one."""
    first = systems[0]
    statistic = first.measure.statistic
    raw: list[tuple[System, PairedDifference, float]] = []
    for rival in systems[1:]:
        paired = paired_bootstrap(first.units_SNC, rival.units_SNC, statistic, samples=1000, seed=0)
        p = approximate_randomisation(first.units_SNC, rival.units_SNC, statistic, trials=5000, seed=0)
        raw.append((rival, paired, p))
    corrected = holm([p for _, _, p in raw])
    return [
        Contest(rival, paired, p, abs(first.measure.factor) * detectable_difference(paired.standard_error))
        for (rival, paired, _), p in zip(raw, corrected, strict=True)
    ]


def verdict(systems: Sequence[System], contests: Sequence[Contest]) -> tuple[str, ...]:
    """One sentence a rival, claiming no more than the tests show."""
    first = systems[0]
    return tuple(f"{quality(first, contest)} {costs(first, contest.rival)}" for contest in contests)


def quality(first: System, contest: Contest) -> str:
    """Which is better, or that no difference was shown and which one would have been."""
    measure, rival = first.measure, contest.rival
    lead = contest.paired.difference
    size = f"{abs(measure.factor * lead):.{measure.digits}f} {measure.point}"
    if len(first.seeds) < 2:
        better = first.name if lead > 0 else rival.name
        return (
            f"With a single seed no claim is made: {better} scored {size} better this once ({first.name} against {rival.name})."
        )
    if contest.p < ALPHA:
        better, worse = (first, rival) if lead > 0 else (rival, first)
        return f"{better.name} is better than {worse.name} by {size} (p {contest.p:.3f})."
    return (
        f"No difference shown between {first.name} and {rival.name} "
        f"({size} in favour of {first.name if lead > 0 else rival.name}, p {contest.p:.2f}; "
        f"one of {contest.detectable:.{measure.digits}f} would have been seen)."
    )


def costs(first: System, rival: System) -> str:
    """How the speeds compare."""
    name, mine, _ = first.speed(0)
    ratios = (
        ("trains", first.training("rate") / rival.training("rate")),
        (f"is, in {name},", mine / rival.speed(0)[1]),
    )
    parts: list[str] = []
    for verb, ratio in ratios:
        if ratio > CLEAR_RATIO:
            parts.append(f"{verb} {ratio:.1f}× faster")
        elif ratio < 1 / CLEAR_RATIO:
            parts.append(f"{verb} {1 / ratio:.1f}× slower")
    if not parts:
        return f"{first.name} and {rival.name} are alike in speed."
    return f"{first.name} {' and '.join(parts)}."


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

    def training(name: str, unit: str, key: str) -> tuple[Any, ...]:
        return (name, *(Figure(name, system.training(key), unit) for system in systems))

    speeds = [
        (name, *(Figure(name, system.speed(place)[1], unit) for system in systems))
        for place, (name, _, unit) in enumerate(first.measured[0]["speeds"])
    ]
    rows: list[tuple[Any, ...]] = [
        (f"test {first.measure.name}", *(score_figure(system) for system in systems)),
        *extra_rows(systems),
        ("parameters", *(Figure("parameters", s.parameters, "parameters") for s in systems)),
        ("model on disk", *(Figure("size", s.measured[0]["bytes"], "bytes") for s in systems)),
        training("training, wall time", "s", "seconds"),
        training("training, processor time", "s", "cpu_seconds"),
        training("training speed", f"{first.measured[0]['training']['unit']}/s", "rate"),
        *speeds,
        training("peak memory, training", "bytes", "peak_memory"),
    ]
    return Table("Systems", ("measure", *(system.name for system in systems)), tuple(rows), "Means over seeds.")


def extra_rows(systems: Sequence[System]) -> list[tuple[Any, ...]]:
    """What a task measures beside its main score and its speeds."""
    rows: list[tuple[Any, ...]] = []
    for place, (name, _, unit) in enumerate(systems[0].measured[0].get("further", ())):
        cells: list[Figure] = []
        for system in systems:
            values = [one["further"][place][1] for one in system.measured]
            spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
            cells.append(Figure(name, float(np.mean(values)), unit, spread=spread))
        rows.append((name, *cells))
    return rows


def tests(first: System, contests: Sequence[Contest]) -> Table:
    """The paired tests; a positive difference speaks for the first system."""
    measure, factor = first.measure, abs(first.measure.factor)
    rows = tuple(
        (
            f"{first.name} − {contest.rival.name}",
            Figure(
                "difference",
                factor * contest.paired.difference,
                measure.point,
                interval=(factor * contest.paired.low, factor * contest.paired.high),
                digits=measure.digits,
            ),
            Figure("p", contest.p, digits=3) if len(first.seeds) > 1 else None,
            Figure("would have been seen", contest.detectable, measure.point, digits=measure.digits),
        )
        for contest in contests
    )
    return Table(
        "Paired tests",
        ("systems", "difference", "p", "would have been seen"),
        rows,
        f"A positive difference speaks for {first.name}. Interval: paired bootstrap over {measure.part}, seeds averaged. p: "
        "approximate randomisation (Noreen 1989), corrected for the number of rivals (Holm 1979). Last column: the smallest "
        "difference found with 80 % power.",
    )


def curves(systems: Sequence[System]) -> tuple[Lines, ...]:
    """Dev score by epoch, the mean over seeds."""
    series: list[Series] = []
    for system in systems:
        length = min(len(curve) for curve in system.curves)
        scores_SE = system.measure.factor * np.array([[score for _, score in curve[:length]] for curve in system.curves])
        series.append(
            Series(
                system.name,
                tuple(epoch for epoch, _ in system.curves[0][:length]),
                tuple(scores_SE.mean(axis=0).tolist()),
                tuple(scores_SE.min(axis=0).tolist()),
                tuple(scores_SE.max(axis=0).tolist()),
            )
        )
    unit = systems[0].measure.unit
    return (Lines("Learning curves", "epoch", f"dev score, {unit}", tuple(series), "Mean over seeds; the band spans them."),)


def score_bars(systems: Sequence[System]) -> Bars:
    """Test score by seed."""
    measure = systems[0].measure
    names = tuple(f"seed {seed}" for seed in systems[0].seeds)
    groups = tuple((system.name, tuple(system.scores.tolist())) for system in systems)
    return Bars("Each seed", f"test {measure.name}, {measure.unit}", names, groups)
