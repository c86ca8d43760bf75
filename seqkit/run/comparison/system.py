"""One system of a comparison over its seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.metrics.measures import MEASURES, Measure
from seqkit.recipe.recipe import Recipe
from seqkit.run.comparison.jobs import Job
from seqkit.run.display import read_events
from seqkit.run.evaluation import Evaluation
from seqkit.run.statistics import TrainingStatistics


@dataclass(frozen=True)
class System:
    """One system over its seeds.

    Args:
        evaluations: of each seed.
        curves: each seed's evaluations on dev, as logged.
    """

    name: str
    recipe: Recipe
    seeds: tuple[int, ...]
    evaluations: tuple[Evaluation, ...]
    curves: tuple[Sequence[Mapping[str, float]], ...]

    @classmethod
    def of(cls, jobs: Sequence[Job]) -> "System":
        """What the finished jobs of one system measured."""
        return cls(
            name=jobs[0].system,
            recipe=jobs[0].recipe,
            seeds=tuple(job.seed for job in jobs),
            evaluations=tuple(Evaluation.read(job.folder) for job in jobs),
            curves=tuple(dev_curve(job) for job in jobs),
        )

    @property
    def measure(self) -> Measure:
        """What it is judged by."""
        return MEASURES[self.evaluations[0].scores.measure]

    @cached_property
    def units_SNC(self) -> NDArray[np.float64]:  # noqa: N802
        """Counts by seed and test item."""
        return np.array([one.scores.units for one in self.evaluations], dtype=np.float64)

    @property
    def scores(self) -> NDArray[np.float64]:
        """The test score of each seed, as shown."""
        return self.measure.in_points(self.units_SNC)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Of each test item; empty for running text."""
        return self.evaluations[0].scores.lengths

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return self.evaluations[0].parameters

    @property
    def bytes(self) -> int:
        """Of the model on disk."""
        return self.evaluations[0].bytes

    @property
    def training_unit(self) -> str:
        """Of the speed of training: `words/s`."""
        return f"{self.trainings[0].unit}/s"

    @property
    def trainings(self) -> list[TrainingStatistics]:
        """How each seed was trained."""
        return [one.training for one in self.evaluations if one.training]

    def training(self, figure: Callable[[TrainingStatistics], float]) -> float:
        """A figure of training, averaged over seeds."""
        return fmean(map(figure, self.trainings))

    @property
    def speeds(self) -> dict[str, str]:
        """The unit of each speed that was measured, by name; the first is the one systems are told apart by in words."""
        return {name: speed.unit for name, speed in self.evaluations[0].scores.speeds.items()}

    def speed(self, name: str) -> float:
        """A speed, averaged over seeds."""
        return fmean(one.scores.speeds[name].value for one in self.evaluations)

    @property
    def further(self) -> dict[str, str]:
        """The unit of each score beside the measure, by name."""
        return {name: quantity.unit for name, quantity in self.evaluations[0].scores.further.items()}

    def quantities(self, name: str) -> list[float]:
        """A score beside the measure, or a size, of each seed."""
        return [one.scores.further[name].value for one in self.evaluations]

    def at(self, seeds: Sequence[int]) -> "System":
        """The same with some of its seeds alone."""
        places = [self.seeds.index(seed) for seed in seeds]
        return replace(
            self,
            seeds=tuple(seeds),
            evaluations=tuple(self.evaluations[place] for place in places),
            curves=tuple(self.curves[place] for place in places),
        )


def dev_curve(job: Job) -> list[dict[str, Any]]:
    """The evaluations on dev of a finished job."""
    return [row for row in read_events(job.folder / "metrics.jsonl") if row["event"] == "evaluated"]


def gathered(jobs: Sequence[Job]) -> list[System]:
    """The systems of finished jobs."""
    names = dict.fromkeys(job.system for job in jobs)
    return [System.of([job for job in jobs if job.system == name]) for name in names]
