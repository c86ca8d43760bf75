"""The curves of a comparison: quality as training goes on, with more data, and as more settings are tried."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from seqkit.metrics.measures import Measure
from seqkit.metrics.translation import length_buckets
from seqkit.report.report import Bars, Figure, Lines, Section, Series, Table
from seqkit.run.comparison.system import System
from seqkit.run.comparison.tuning import Trial, best_of


def training_curves(systems: Sequence[System]) -> tuple[Lines, ...]:
    """Dev score by epoch and by seconds of updates, the mean over seeds."""
    measure = systems[0].measure
    label = f"dev score, {measure.dev_unit}"
    note = "Mean over seeds; the band spans them."
    by_epoch = Lines("Learning curves", "epoch", label, tuple(curve(system, "epoch") for system in systems), note)
    if not all("trained" in row for system in systems for rows in system.curves for row in rows):
        return (by_epoch,)
    by_time = tuple(curve(system, "trained") for system in systems)
    return by_epoch, Lines("Quality by training time", "seconds of updates", label, by_time, note)


def curve(system: System, x: str) -> Series:
    """A system's dev score over what its evaluations say of `x`; seeds are averaged at evaluations of equal number."""
    length = min(len(rows) for rows in system.curves)
    places = np.array([[row[x] for row in rows[:length]] for rows in system.curves]).mean(axis=0)
    scores_SE = np.array([[row["dev_score"] for row in rows[:length]] for rows in system.curves])
    scores_SE *= system.measure.dev_factor
    low, mean, high = scores_SE.min(axis=0), scores_SE.mean(axis=0), scores_SE.max(axis=0)
    return Series(system.name, tuple(places.tolist()), tuple(mean.tolist()), tuple(low.tolist()), tuple(high.tolist()))


def length_bars(systems: Sequence[System]) -> tuple[Bars, ...]:
    """Test score by length, in four parts of about one size; nothing of running text."""
    measure = systems[0].measure
    lengths = systems[0].lengths
    if not lengths:
        return ()
    bounds = sorted({int(bound) for bound in np.quantile(lengths, [0.25, 0.5, 0.75])} - {0, max(lengths)})
    buckets = length_buckets(lengths, bounds)
    groups = tuple(
        (system.name, tuple(float(measure.in_points(system.units_SNC[:, places]).mean()) for places in buckets.values()))
        for system in systems
    )
    names = tuple(buckets)
    title = f"Short and long {measure.part}, by {measure.length}"
    return (Bars(title, measure.test_label, names, groups, note=f"Mean over seeds; about as many {measure.part} in each."),)


def score_bars(systems: Sequence[System]) -> Bars:
    """Test score by seed."""
    measure = systems[0].measure
    seeds = sorted({seed for system in systems for seed in system.seeds})
    groups: list[tuple[str, tuple[float | None, ...]]] = []
    for system in systems:
        scores = dict(zip(system.seeds, system.scores.tolist(), strict=True))
        groups.append((system.name, tuple(scores.get(seed) for seed in seeds)))
    return Bars("Each seed", measure.test_label, tuple(f"seed {seed}" for seed in seeds), tuple(groups))


def fraction_sections(by_fraction: Mapping[float, Sequence[System]], names: Sequence[str]) -> tuple[Section, ...]:
    """Quality against the size of the training split; nothing where all were trained on the whole alone."""
    if not by_fraction:
        return ()
    percents = sorted(by_fraction)
    measure = next(system.measure for systems in by_fraction.values() for system in systems)
    found = {(percent, system.name): system.scores for percent in percents for system in by_fraction[percent]}
    rows = tuple(
        (f"{percent:g} %", *(fraction_figure(measure, found.get((percent, name), np.empty(0))) for name in names))
        for percent in percents
    )
    series = tuple(
        Series(
            name,
            tuple(percents),
            *(tuple(float(of(found[percent, name])) if (percent, name) in found else None for percent in percents)
              for of in (np.mean, np.min, np.max)),
        )
        for name in names
    )  # fmt: skip
    note = "Nested fractions, the same sentences for all; training is as long at each. Mean over seeds, the band spans them."
    plot = Lines("Quality by training-set size", "percent of the training split", measure.test_label, series, note, log_x=True)
    return (Section("How much data?", blocks=(Table(f"{measure.test_label}, by fraction", ("of train", *names), rows), plot)),)


def fraction_figure(measure: Measure, scores_S: NDArray[np.float64]) -> Figure:
    """The mean over the seeds that finished."""
    mean = float(scores_S.mean()) if scores_S.size else None
    spread = float(scores_S.std(ddof=1)) if scores_S.size > 1 else None
    return Figure(measure.name, mean, measure.unit, spread=spread, digits=measure.digits)


def tuning_sections(trials: Mapping[str, Sequence[Trial]], measure: Measure) -> tuple[Section, ...]:
    """What was searched and found; nothing where nothing was."""
    if not trials:
        return ()
    chosen = Table(
        "Chosen on dev",
        ("system", "trials", "dev, as written", "dev, chosen", "settings"),
        tuple(
            (name, len(tried), figure(tried[0], measure), figure(best, measure), best.text() if best else "every trial failed")
            for name, tried in trials.items()
            for best in [best_of(tried)]
        ),
        "Every system has the same number of trials, the recipe as written being the first; the others are points of a Sobol "
        "sequence in the spaces of the recipe. One seed each; test is not looked at.",
    )
    more = tuple(
        Table(
            name,
            ("trial", f"dev score, {measure.dev_unit}", "settings", "failed"),
            tuple((number, figure(trial, measure), trial.text(), trial.failure) for number, trial in enumerate(tried, 1)),
        )
        for name, tried in trials.items()
    )
    plot = Lines(
        "Best so far",
        "trials",
        f"dev score, {measure.dev_unit}",
        tuple(best_so_far(name, tried, measure) for name, tried in trials.items()),
        "The best dev score of the first trials: a line still rising says that more tuning would still have helped.",
    )
    return Section("Tuning", blocks=(chosen, plot)), Section("Every trial", blocks=more, detail=True)


def figure(trial: Trial | None, measure: Measure) -> Figure:
    """A trial's dev score."""
    score = measure.dev_factor * trial.score if trial and trial.score is not None else None
    return Figure("dev", score, measure.dev_unit, digits=measure.dev_digits)


def best_so_far(name: str, trials: Sequence[Trial], measure: Measure) -> Series:
    """The best dev score by number of trials."""
    bests = [best_of(trials[:number]) for number in range(1, len(trials) + 1)]
    scores = [measure.dev_factor * best.score if best and best.score is not None else None for best in bests]
    return Series(name, tuple(range(1, len(trials) + 1)), tuple(scores))
