"""The paired tests between systems, and a verdict no stronger than the figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from seqkit.metrics.significance import (
    PairedDifference,
    approximate_randomisation,
    detectable_difference,
    holm,
    paired_bootstrap,
)
from seqkit.run.comparison.system import System
from seqkit.run.statistics import TrainingStatistics

ALPHA = 0.05
CLEAR_RATIO = 1.1  # speeds closer than this are called alike
FAR_TOO_FEW = 100  # times as many test sentences; more than that is not counted out


@dataclass(frozen=True)
class PairedComparison:
    """Two systems on the same sentences, with the seeds that both finished."""

    first: System
    rival: System
    paired: PairedDifference
    p: float  # of approximate randomisation, corrected for the number of rivals
    detectable: float  # in the measure's unit

    @property
    def difference_in_points(self) -> float:
        """In the measure's unit; positive where the first system is better."""
        return abs(self.first.measure.factor) * self.paired.difference

    @property
    def leader(self) -> System:
        """The better one."""
        return self.first if self.paired.difference > 0 else self.rival


def paired_comparisons(systems: Sequence[System]) -> list[PairedComparison]:
    """Test the first system against each other one with which it shares a seed."""
    pairs: list[tuple[System, System]] = []
    for rival in systems[1:]:
        if shared := [seed for seed in systems[0].seeds if seed in rival.seeds]:
            pairs.append((systems[0].at(shared), rival.at(shared)))
    statistic = systems[0].measure.statistic
    raw = [approximate_randomisation(a.units_SNC, b.units_SNC, statistic, trials=5000, seed=0) for a, b in pairs]
    found: list[PairedComparison] = []
    for (first, rival), p in zip(pairs, holm(raw), strict=True):
        paired = paired_bootstrap(first.units_SNC, rival.units_SNC, statistic, samples=1000, seed=0)
        detectable = abs(first.measure.factor) * detectable_difference(paired.standard_error)
        found.append(PairedComparison(first, rival, paired, p, detectable))
    return found


def verdict(
    systems: Sequence[System], pairs: Sequence[PairedComparison], failures: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    """One sentence a rival, claiming no more than the tests show, and one on the runs that failed."""
    sentences = [f"{quality(pair)} {costs(pair.first, pair.rival)}" for pair in pairs]
    if not pairs:
        sentences.append(f"Nothing was compared: no rival shares a finished seed with {systems[0].name}.")
    if failures:
        named = "; ".join(f"{name} ({reason})" for name, reason in failures)
        sentences.append(f"Failed and left out: {named}.")
    return tuple(sentences)


def quality(pair: PairedComparison) -> str:
    """Which is better, or that no difference was shown, which one would have been and what it would take to tell."""
    first, rival, measure = pair.first, pair.rival, pair.first.measure
    size = f"{abs(pair.difference_in_points):.{measure.digits}f} {measure.point}"
    leader = pair.leader.name
    if len(first.seeds) < 2:
        return (
            f"With a single seed no claim is made: {leader} scored {size} better this once ({first.name} against {rival.name})."
        )
    if pair.p < ALPHA:
        loser = rival.name if leader == first.name else first.name
        return f"{leader} is better than {loser} by {size} (p {pair.p:.4f})."
    return (
        f"No difference shown between {first.name} and {rival.name} ({size} in favour of {leader}, p {pair.p:.2f}; "
        f"one of {pair.detectable:.{measure.digits}f} would have been seen{wanting(pair)})."
    )


def wanting(pair: PairedComparison) -> str:
    """How many more test sentences would show a difference of the size found: errors shrink with the root of their number."""
    ratio = (pair.detectable / abs(pair.difference_in_points)) ** 2 if pair.difference_in_points else float("inf")
    if ratio <= 1:
        return ""
    count, part = pair.first.units_SNC.shape[1], pair.first.measure.part
    if ratio > FAR_TOO_FEW:
        return f"; to tell so small a one would take more than {FAR_TOO_FEW} times the {count:,} test {part}"
    more = count * (ratio - 1)
    rounded = round(more, -max(len(str(round(more))) - 2, 0))
    return f"; to tell one as small as this would take about {rounded:,.0f} more test {part}"


def costs(first: System, rival: System) -> str:
    """How the speeds compare."""
    name = next(iter(first.speeds))
    ratios = (
        ("trains {}", first.training(rate) / rival.training(rate)),
        (f"is {{}} in {name}", first.speed(name) / rival.speed(name)),
    )
    parts: list[str] = []
    for sentences, ratio in ratios:
        if ratio > CLEAR_RATIO:
            parts.append(sentences.format(f"{ratio:.1f}× faster"))
        elif ratio < 1 / CLEAR_RATIO:
            parts.append(sentences.format(f"{1 / ratio:.1f}× slower"))
    if not parts:
        return f"{first.name} and {rival.name} are alike in speed."
    return f"{first.name} {' and '.join(parts)}."


def rate(training: TrainingStatistics) -> float:
    """Tokens a second of training."""
    return training.rate
