"""The systems of a comparison, the tests between them, and a verdict no stronger than the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.metrics.significance import (
    PairedDifference,
    approximate_randomisation,
    detectable_difference,
    holm,
    paired_bootstrap,
)
from seqkit.recipe import Recipe
from seqkit.run.measures import Measure

ALPHA = 0.05
CLEAR_RATIO = 1.1  # speeds closer than this are called alike
FAR_TOO_FEW = 100  # times as many test sentences; more than that is not counted out


@dataclass(frozen=True)
class System:
    """One system over its seeds.

    Args:
        units_SNC: counts by seed and test sentence.
        measured: each seed's `measured.json`.
        curves: each seed's evaluations on dev, as logged.
    """

    name: str
    recipe: Recipe
    seeds: tuple[int, ...]
    units_SNC: NDArray[np.float64]
    measure: Measure
    measured: Sequence[dict[str, Any]]
    curves: Sequence[Sequence[Mapping[str, float]]]

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

    def at(self, seeds: Sequence[int]) -> "System":
        """The same with some of its seeds alone."""
        places = [self.seeds.index(seed) for seed in seeds]
        return replace(
            self,
            seeds=tuple(seeds),
            units_SNC=self.units_SNC[places],
            measured=[self.measured[place] for place in places],
            curves=[self.curves[place] for place in places],
        )


@dataclass(frozen=True)
class Contest:
    """Two systems on the same sentences, with the seeds that both finished."""

    first: System
    rival: System
    paired: PairedDifference
    p: float  # of approximate randomisation, corrected for the number of rivals
    detectable: float  # in the measure's unit

    @property
    def shown_difference(self) -> float:
        """In the measure's unit; positive where the first system is better."""
        return abs(self.first.measure.factor) * self.paired.difference

    @property
    def leader(self) -> System:
        """The better one."""
        return self.first if self.paired.difference > 0 else self.rival


def run_contests(systems: Sequence[System]) -> list[Contest]:
    """Test the first system against each other one with which it shares a seed."""
    pairs: list[tuple[System, System]] = []
    for rival in systems[1:]:
        if shared := [seed for seed in systems[0].seeds if seed in rival.seeds]:
            pairs.append((systems[0].at(shared), rival.at(shared)))
    statistic = systems[0].measure.statistic
    raw = [approximate_randomisation(a.units_SNC, b.units_SNC, statistic, trials=5000, seed=0) for a, b in pairs]
    contests: list[Contest] = []
    for (first, rival), p in zip(pairs, holm(raw), strict=True):
        paired = paired_bootstrap(first.units_SNC, rival.units_SNC, statistic, samples=1000, seed=0)
        detectable = abs(first.measure.factor) * detectable_difference(paired.standard_error)
        contests.append(Contest(first, rival, paired, p, detectable))
    return contests


def verdict(systems: Sequence[System], contests: Sequence[Contest], failures: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """One sentence a rival, claiming no more than the tests show, and one on the cells that failed."""
    told = [f"{quality(contest)} {costs(contest.first, contest.rival)}" for contest in contests]
    if not contests:
        told.append(f"Nothing was compared: no rival shares a finished seed with {systems[0].name}.")
    if failures:
        named = "; ".join(f"{name} ({reason})" for name, reason in failures)
        told.append(f"Failed and left out: {named}.")
    return tuple(told)


def quality(contest: Contest) -> str:
    """Which is better, or that no difference was shown, which one would have been and what it would take to tell."""
    first, rival, measure = contest.first, contest.rival, contest.first.measure
    size = f"{abs(contest.shown_difference):.{measure.digits}f} {measure.point}"
    leader = contest.leader.name
    if len(first.seeds) < 2:
        return (
            f"With a single seed no claim is made: {leader} scored {size} better this once ({first.name} against {rival.name})."
        )
    if contest.p < ALPHA:
        loser = rival.name if leader == first.name else first.name
        return f"{leader} is better than {loser} by {size} (p {contest.p:.4f})."
    return (
        f"No difference shown between {first.name} and {rival.name} ({size} in favour of {leader}, p {contest.p:.2f}; "
        f"one of {contest.detectable:.{measure.digits}f} would have been seen{wanting(contest)})."
    )


def wanting(contest: Contest) -> str:
    """How many more test sentences would show a difference of the size found: errors shrink with the root of their number."""
    ratio = (contest.detectable / abs(contest.shown_difference)) ** 2 if contest.shown_difference else float("inf")
    if ratio <= 1:
        return ""
    count, part = contest.first.units_SNC.shape[1], contest.first.measure.part
    if ratio > FAR_TOO_FEW:
        return f"; to tell so small a one would take more than {FAR_TOO_FEW} times the {count:,} test {part}"
    more = count * (ratio - 1)
    rounded = round(more, -max(len(str(round(more))) - 2, 0))
    return f"; to tell one as small as this would take about {rounded:,.0f} more test {part}"


def costs(first: System, rival: System) -> str:
    """How the speeds compare."""
    name, mine, _ = first.speed(0)
    ratios = (
        ("trains {}", first.training("rate") / rival.training("rate")),
        (f"is {{}} in {name}", mine / rival.speed(0)[1]),
    )
    parts: list[str] = []
    for told, ratio in ratios:
        if ratio > CLEAR_RATIO:
            parts.append(told.format(f"{ratio:.1f}× faster"))
        elif ratio < 1 / CLEAR_RATIO:
            parts.append(told.format(f"{1 / ratio:.1f}× slower"))
    if not parts:
        return f"{first.name} and {rival.name} are alike in speed."
    return f"{first.name} {' and '.join(parts)}."
