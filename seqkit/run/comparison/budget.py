"""A comparison within a given time: what overheads leave of it is shared equally among the jobs still to be trained.

Overheads are measured, not guessed: first on a probe, a job of the recipe's own system that makes two updates, then on every
round of jobs. Within a seed all systems train for the same seconds; from seed to seed these may differ a little, as what is
left is shared anew. Where the time is too short for all seeds, the first of them are trained.
"""

import json
import math
import re
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from seqkit.errors import UserError
from seqkit.recipe.recipe import Recipe
from seqkit.run.comparison.jobs import Job
from seqkit.run.display import read_events
from seqkit.run.evaluation import Evaluation
from seqkit.training.loop import EVALUATIONS

REPORTING = 5.0  # seconds kept for the last tests and the report
LEAST_TRAINING = 1.0  # seconds a job
PROBE = 1e-3  # seconds of training: two updates, since the first is not counted
UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds_of(text: str) -> float:
    """`90s`, `10m`, `1h30m` in seconds.

    Raises:
        UserError: it is not a time.
    """
    if not re.fullmatch(r"(\d+(\.\d+)?[smh])+", text):
        raise UserError(f"--budget {text}: expected a time, as 90s, 10m or 1h30m")
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)([smh])", text))


def time_text(seconds: float) -> str:
    """The nearest time not shorter that `seconds_of` reads, in steps of ten seconds: `40s`, `1m50s`."""
    minutes, rest = divmod(10 * math.ceil(seconds / 10), 60)
    return f"{minutes}m" * bool(minutes) + f"{rest}s" * bool(rest or not minutes)


@dataclass
class Ledger:
    """What a comparison has spent and shared out so far, kept in a file, so that an interrupted one goes on within its time.

    Args:
        total: seconds.
        systems: that the time is shared among, and their seeds.
        spent: seconds, of earlier calls.
        overheads: seconds a job beside its training, one value a round.
        shares: seconds of training by seed.
        seeds: how many there is time for; 0 before that is known.
    """

    total: float
    systems: list[str]
    spent: float = 0.0
    overheads: list[float] = field(default_factory=list[float])
    shares: dict[str, float] = field(default_factory=dict[str, float])
    seeds: int = 0

    @classmethod
    def opened(cls, path: Path, total: float, systems: list[str]) -> "Ledger":
        """As it was left; new where there is none.

        Raises:
            UserError: its time was shared among others, or it is damaged: what was trained by it would not fit a new one.
        """
        if not path.exists():
            return cls(total, systems)
        try:
            found = cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise UserError(f"{path}: is not a budget that can be gone on with; name another folder with --out") from error
        if (found.total, found.systems) != (total, systems):
            raise UserError(
                f"{path}: {found.total:g} s were shared among {named(found.systems)}, and {total:g} s are asked for "
                f"{named(systems)}; name another folder with --out"
            )
        return found

    def share(self, spent: float, jobs: int) -> float:
        """Seconds of training for each of so many jobs still to come; not positive where there is no time for them."""
        return (self.total - REPORTING - spent) / jobs - self.overhead

    @property
    def overhead(self) -> float:
        """Seconds a job takes beside its training."""
        return sum(self.overheads) / len(self.overheads)

    def affordable(self, spent: float, systems: int, seeds: int) -> int:
        """How many of the seeds there is time for.

        As many as leave at least half of the time to training; but two, without which nothing can be claimed, or else one, if
        they leave any worth having.

        Raises:
            UserError: not even one; tells the least that works.
        """
        for count in range(seeds, 0, -1):
            share = self.share(spent, count * systems)
            if share >= max(LEAST_TRAINING, self.overhead if count > 2 else 0.0):
                return count
        least = spent + REPORTING + systems * (self.overhead + LEAST_TRAINING)
        raise UserError(
            f"--budget: {self.total:g} s are too few for one run of each of {systems} systems, each of which takes "
            f"{self.overhead:.0f} s beside its training; the least that works is {time_text(least)}"
        )


def named(systems: Sequence[str]) -> str:
    """Those of a ledger, as `lstm, gru, seeds [1, 2]`."""
    return ", ".join((*(name.rsplit(" ", 1)[0] for name in systems[:-1]), *systems[-1:]))


class Budget:
    """The rounds of a comparison, each planned when the one before is done.

    Args:
        systems: by name.
        seeds: as asked for; there may be time for the first of them alone.
        out: the comparison's folder.
        total: seconds in all.
        started: when they began, by `time.monotonic`.

    Raises:
        UserError: the folder holds a budget shared among others.
    """

    def __init__(self, systems: Mapping[str, Recipe], seeds: Sequence[int], out: Path, total: float, started: float) -> None:
        self.systems = systems
        self.seeds = tuple(seeds)
        self.out = out
        among = [f"{name} {recipe.fingerprint()}" for name, recipe in systems.items()] + [f"seeds {list(seeds)}"]
        self.ledger = Ledger.opened(out / "budget.json", total, among)
        self.started = started - self.ledger.spent

    def rounds(self) -> Generator[list[Job]]:
        """A probe, then the systems of each seed.

        Raises:
            UserError: the budget is too small; tells the least that works.
        """
        ledger = self.ledger
        try:
            if not ledger.overheads:
                yield from self.probe()
            self.seeds = self.seeds[: ledger.seeds or ledger.affordable(self.spent, len(self.systems), len(self.seeds))]
            ledger.seeds = len(self.seeds)
            for number, seed in enumerate(self.seeds):
                left = len(self.systems) * (len(self.seeds) - number)
                share = ledger.shares.setdefault(str(seed), max(ledger.share(self.spent, left), LEAST_TRAINING))
                self.keep()
                yield from self.measured([
                    Job(name, f"seed {seed}", timed(system.seeded(seed), share), self.out / name / f"seed-{seed}", "brief")
                    for name, system in self.systems.items()
                ])  # fmt: skip
                if number == 0:
                    ledger.overheads = ledger.overheads[1:] or ledger.overheads  # the probe was one system's
        finally:
            self.keep()

    def probe(self) -> Generator[list[Job]]:
        """A job of the first system that hardly trains: it tells what a job takes beside training."""
        name, recipe = next(iter(self.systems.items()))
        probe = Job(name, "probe", timed(recipe, PROBE), self.out / "probe", "brief")
        (probe.folder / "recipe.json").unlink(missing_ok=True)  # one whose time was not noted tells nothing: do it anew
        yield from self.measured([probe])
        if probe.failure:
            raise UserError(f"{probe.name}: {probe.failure}")
        # It looks at dev once, every other job EVALUATIONS times.
        look = read_events(probe.folder / "metrics.jsonl")[-1]["seconds"]
        self.ledger.overheads[0] += (EVALUATIONS - 1) * look

    def measured(self, jobs: list[Job]) -> Generator[list[Job]]:
        """A round, and what it took beside training."""
        begun = time.monotonic()
        fresh = not any(job.finished for job in jobs)
        yield jobs
        done = [job for job in jobs if job.finished]
        if fresh and done:
            trained = sum(update_seconds(job) for job in done)
            self.ledger.overheads.append((time.monotonic() - begun - trained) / len(jobs))
        self.keep()

    @property
    def spent(self) -> float:
        """Seconds so far, those of earlier calls included."""
        return time.monotonic() - self.started

    @property
    def jobs(self) -> int:
        """How many there will be."""
        return 1 + len(self.systems) * len(self.seeds)

    def keep(self) -> None:
        """Write the ledger."""
        self.ledger.spent = self.spent
        self.out.mkdir(parents=True, exist_ok=True)
        part = self.out / "budget.part"
        part.write_text(json.dumps(asdict(self.ledger), indent=1), encoding="utf-8")
        part.replace(self.out / "budget.json")


def timed(recipe: Recipe, seconds: float) -> Recipe:
    """The recipe, training for so long."""
    return recipe.model_copy(update={"train": recipe.train.model_copy(update={"seconds": seconds})})


def update_seconds(job: Job) -> float:
    """Of training, of a finished job."""
    training = Evaluation.read(job.folder).training
    return training.update_seconds if training else 0.0
