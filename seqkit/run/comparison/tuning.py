"""Equal tuning effort: every system gets as many trials, from spaces stated in the recipe, and is chosen on dev alone.

A trial trains one model and looks at dev; test is not read. Trials lie in `tuning/` beside the jobs and are never repeated.
"""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seqkit.errors import UserError
from seqkit.recipe.recipe import Recipe
from seqkit.recipe.spaces import draw
from seqkit.run.comparison.jobs import Job


@dataclass(frozen=True)
class Trial:
    """One setting that was tried.

    Args:
        settings: what differs from the recipe, by dotted key; empty for the recipe as written.
        score: on dev, of the weights kept; None where it failed.
        failure: why, in a line.
    """

    settings: dict[str, Any]
    score: float | None
    failure: str | None = None

    def text(self) -> str:
        """`train.learning_rate 0.0021, model.dropout 0.3`."""
        return ", ".join(f"{key} {value}" for key, value in self.settings.items()) or "as written"


@dataclass
class Tuning:
    """The trials of all systems.

    Args:
        systems: by name, as written.
        equal: makes a recipe equal to the others in what the recipe says.
        trials: for each system, the one as written included.
    """

    systems: Mapping[str, Recipe]
    equal: Callable[[Recipe], Recipe]
    trials: int
    out: Path

    def __post_init__(self) -> None:
        self.found: dict[str, list[Trial]] = {name: [] for name in self.systems}

    def rounds(self) -> Generator[list[Job]]:
        """The trials, system after system, so that a noisy hour hits all alike; notes what they found."""
        drawn = {name: draw(recipe.compare.tune, self.trials) for name, recipe in self.systems.items()}
        for number in range(self.trials):
            jobs: dict[str, Job] = {}
            for name, recipe in self.systems.items():
                if number < len(drawn[name]):
                    try:
                        tried = self.equal(recipe.tuned(drawn[name][number])) if number else recipe
                    except UserError as error:
                        self.found[name].append(Trial(drawn[name][number], None, str(error)))
                        continue
                    place = self.out / "tuning" / name / f"trial-{number + 1}"
                    jobs[name] = Job(name, f"trial {number + 1}", tried, place, "trial")
            if all(job.recipe.train.seconds for job in jobs.values()):
                yield list(jobs.values())
            else:
                yield from ([job] for job in jobs.values())
            for name, job in jobs.items():
                self.found[name].append(Trial(drawn[name][number], job.dev_score, job.failure))
        record = {name: [asdict(trial) for trial in trials] for name, trials in self.found.items()}
        (self.out / "tuning").mkdir(exist_ok=True)
        (self.out / "tuning" / "trials.json").write_text(json.dumps(record, indent=1), encoding="utf-8")

    def chosen(self) -> dict[str, Recipe]:
        """Each system with the setting that scored best on dev, the earliest of equals; as written where every trial failed."""
        return {
            name: self.equal(recipe.tuned(best.settings)) if (best := best_of(self.found[name])) and best.settings else recipe
            for name, recipe in self.systems.items()
        }


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The trial that scored best on dev, the earliest of equals."""
    scored = [trial for trial in trials if trial.score is not None]
    return max(scored, key=lambda trial: trial.score or 0.0) if scored else None
