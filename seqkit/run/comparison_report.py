"""The comparison report: systems side by side, the tests between them, and a verdict no stronger than the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqkit.metrics.significance import (
    PairedDifference,
    accuracy,
    approximate_randomisation,
    bootstrap_interval,
    detectable_difference,
    f1,
    holm,
    paired_bootstrap,
)
from seqkit.recipe import Recipe
from seqkit.report.report import Bars, Figure, Lines, Report, Section, Series, Table
from seqkit.run.machine import surroundings

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
    units_SNC: NDArray[np.int64]
    entities: bool
    measured: Sequence[dict[str, Any]]
    curves: Sequence[Sequence[tuple[int, float]]]

    @property
    def scores(self) -> NDArray[np.float64]:
        """The test score of each seed, in percent."""
        statistic = f1 if self.entities else accuracy
        return 100 * statistic(self.units_SNC.sum(axis=1).astype(np.float64))

    def mean(self, part: str, key: str) -> float:
        """A measurement averaged over seeds."""
        return float(np.mean([one[part][key] for one in self.measured]))

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
    detectable: float  # in points


def comparison_report(systems: Sequence[System], *, title: str, command: str, device: torch.device, matched: bool) -> Report:
    """Assemble the report; the first system is the recipe's own."""
    contests = run_contests(systems)
    measure = "F1, strict" if systems[0].entities else "accuracy"
    seeds = systems[0].seeds
    n = systems[0].units_SNC.shape[1]
    return Report(
        title=title,
        subtitle=f"{len(systems)} systems, seeds {', '.join(map(str, seeds))}, {n:,} test sentences"
        + (", equal parameters (± 2 %)" if matched else ""),
        verdict=verdict(systems, contests),
        headline=tuple(score_figure(system, measure) for system in systems),
        sections=(
            Section("Side by side", blocks=(side_by_side(systems, measure),)),
            Section("Is the difference real?", blocks=(tests(systems[0], contests),)),
            Section("Curves", blocks=(*curves(systems), score_bars(systems, measure))),
        ),
        context=(*surroundings(device), ("command", command), ("corpus", systems[0].recipe.corpus)),
        note="± is the standard deviation over seeds; [ , ] a 95 % bootstrap interval over test sentences.",
    )


def run_contests(systems: Sequence[System]) -> list[Contest]:
    """Test the first system against each other one."""
    first = systems[0]
    statistic = f1 if first.entities else accuracy
    raw: list[tuple[System, PairedDifference, float]] = []
    for rival in systems[1:]:
        paired = paired_bootstrap(first.units_SNC, rival.units_SNC, statistic, samples=1000, seed=0)
        p = approximate_randomisation(first.units_SNC, rival.units_SNC, statistic, trials=5000, seed=0)
        raw.append((rival, paired, p))
    corrected = holm([p for _, _, p in raw])
    return [
        Contest(rival, paired, p, 100 * detectable_difference(paired.standard_error))
        for (rival, paired, _), p in zip(raw, corrected, strict=True)
    ]


def verdict(systems: Sequence[System], contests: Sequence[Contest]) -> tuple[str, ...]:
    """One sentence a rival, claiming no more than the tests show."""
    first = systems[0]
    return tuple(f"{quality(first, contest)} {costs(first, contest.rival)}" for contest in contests)


def quality(first: System, contest: Contest) -> str:
    """Which is better, or that no difference was shown and which one would have been."""
    rival, points = contest.rival, 100 * contest.paired.difference
    if len(first.seeds) < 2:
        better = first.name if points > 0 else rival.name
        return (
            f"With a single seed no claim is made: {better} scored {abs(points):.1f} points higher this once "
            f"({first.name} against {rival.name})."
        )
    if contest.p < ALPHA:
        better, worse = (first, rival) if points > 0 else (rival, first)
        return f"{better.name} is better than {worse.name} by {abs(points):.1f} points (p {contest.p:.3f})."
    return (
        f"No difference shown between {first.name} and {rival.name} "
        f"({points:+.1f} points, p {contest.p:.2f}; one of {contest.detectable:.1f} would have been seen)."
    )


def costs(first: System, rival: System) -> str:
    """How the speeds compare."""
    parts: list[str] = []
    for name, part, key in (("trains", "training", "words_per_second"), ("predicts", "speed", "batched")):
        ratio = first.mean(part, key) / rival.mean(part, key)
        if ratio > CLEAR_RATIO:
            parts.append(f"{name} {ratio:.1f}× faster")
        elif ratio < 1 / CLEAR_RATIO:
            parts.append(f"{name} {1 / ratio:.1f}× slower")
    if not parts:
        return f"{first.name} and {rival.name} are alike in speed."
    return f"{first.name} {' and '.join(parts)}."


def score_figure(system: System, measure: str) -> Figure:
    """The mean over seeds, its spread, and the interval over sentences."""
    interval = bootstrap_interval(system.units_SNC, f1 if system.entities else accuracy, seed=0)
    several = len(system.seeds) > 1
    return Figure(
        f"{system.name} {measure}",
        float(system.scores.mean()),
        "%",
        n=system.units_SNC.shape[1],
        seeds=system.seeds,
        interval=(100 * interval.low, 100 * interval.high),
        spread=float(system.scores.std(ddof=1)) if several else None,
    )


def side_by_side(systems: Sequence[System], measure: str) -> Table:
    """A row a measure, a column a system."""

    def row(name: str, unit: str, part: str, key: str) -> tuple[Any, ...]:
        return (name, *(Figure(name, system.mean(part, key), unit) for system in systems))

    rows: list[tuple[Any, ...]] = [
        (f"test {measure}", *(score_figure(system, measure) for system in systems)),
        ("parameters", *(Figure("parameters", s.parameters, "parameters") for s in systems)),
        ("model on disk", *(Figure("size", s.measured[0]["bytes"], "bytes") for s in systems)),
        row("training time", "s", "training", "seconds"),
        row("training speed", "words/s", "training", "words_per_second"),
        row("prediction, batch 64", "words/s", "speed", "batched"),
        row("prediction, batch 1", "words/s", "speed", "single"),
        row("one sentence alone", "ms", "speed", "single_milliseconds"),
        row("peak memory, training", "bytes", "training", "peak_memory"),
    ]
    return Table("Systems", ("measure", *(system.name for system in systems)), tuple(rows), "Means over seeds.")


def tests(first: System, contests: Sequence[Contest]) -> Table:
    """The paired tests."""
    rows = tuple(
        (
            f"{first.name} − {contest.rival.name}",
            Figure(
                "difference",
                100 * contest.paired.difference,
                "points",
                interval=(100 * contest.paired.low, 100 * contest.paired.high),
                digits=1,
            ),
            Figure("p", contest.p, digits=3) if len(first.seeds) > 1 else None,
            Figure("would have been seen", contest.detectable, "points", digits=1),
        )
        for contest in contests
    )
    return Table(
        "Paired tests",
        ("systems", "difference", "p", "would have been seen"),
        rows,
        "Interval: paired bootstrap over sentences, seeds averaged. p: approximate randomisation (Noreen 1989), corrected "
        "for the number of rivals (Holm 1979). Last column: the smallest difference found with 80 % power.",
    )


def curves(systems: Sequence[System]) -> tuple[Lines, ...]:
    """Dev score by epoch, the mean over seeds."""
    series: list[Series] = []
    for system in systems:
        length = min(len(curve) for curve in system.curves)
        scores_SE = 100 * np.array([[score for _, score in curve[:length]] for curve in system.curves])
        series.append(
            Series(
                system.name,
                tuple(epoch for epoch, _ in system.curves[0][:length]),
                tuple(scores_SE.mean(axis=0).tolist()),
                tuple(scores_SE.min(axis=0).tolist()),
                tuple(scores_SE.max(axis=0).tolist()),
            )
        )
    return (Lines("Learning curves", "epoch", "dev score, %", tuple(series), "Mean over seeds; the band spans them."),)


def score_bars(systems: Sequence[System], measure: str) -> Bars:
    """Test score by seed."""
    names = tuple(f"seed {seed}" for seed in systems[0].seeds)
    groups = tuple((system.name, tuple(system.scores.tolist())) for system in systems)
    return Bars("Each seed", f"test {measure}, %", names, groups)
