"""A comparison within a given time: what overheads leave of it is shared equally among the cells still to be trained.

Overheads are measured, not guessed: first on a probe, a cell of the recipe's own system that makes two updates, then on every
round of cells. Within a seed all systems train for the same seconds; from seed to seed these may differ a little, as what is
left is shared anew.
"""

import json
import math
import re
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seqkit.errors import UserError
from seqkit.recipe import Recipe
from seqkit.run.cells import Cell
from seqkit.run.display import read_events
from seqkit.training.loop import LOOKS

REPORTING = 5.0  # seconds kept for the last tests and the report
LEAST_TRAINING = 1.0  # seconds a cell
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
        contest: what the shares are for; another contest starts afresh.
        spent: seconds, of earlier calls.
        overheads: seconds a cell beside its training, one value a round.
        shares: seconds of training by seed.
    """

    total: float
    contest: list[str]
    spent: float = 0.0
    overheads: list[float] = field(default_factory=list[float])
    shares: dict[str, float] = field(default_factory=dict[str, float])

    @classmethod
    def opened(cls, path: Path, total: float, contest: list[str]) -> "Ledger":
        """As it was left; new where there is none, or it was another contest's."""
        with suppress(OSError, ValueError, TypeError):
            found = cls(**json.loads(path.read_text(encoding="utf-8")))
            if (found.total, found.contest) == (total, contest):
                return found
        return cls(total, contest)

    def share(self, spent: float, cells: int) -> float:
        """Seconds of training for each of the cells still to come.

        Raises:
            UserError: too little for the first of them; tells the least that works.
        """
        overhead = sum(self.overheads) / len(self.overheads)
        share = (self.total - REPORTING - spent) / cells - overhead
        if not self.shares and share < LEAST_TRAINING:
            least = spent + REPORTING + cells * (overhead + LEAST_TRAINING)
            raise UserError(
                f"--budget: {self.total:g} s are too few for {cells} cells, each of which takes {overhead:.0f} s beside its "
                f"training; the least that works is {time_text(least)} (less with fewer --seeds or --systems)"
            )
        return max(share, LEAST_TRAINING)


def budgeted_rounds(
    systems: Mapping[str, Recipe], seeds: Sequence[int], out: Path, budget: float, started: float
) -> Generator[list[Cell]]:
    """The rounds of a comparison, each planned when the one before is done.

    Args:
        budget: seconds in all.
        started: when they began, by `time.monotonic`.

    Raises:
        UserError: the budget is too small; tells the least that works.
    """
    path = out / "budget.json"
    contest = [f"{name} {recipe.fingerprint()}" for name, recipe in systems.items()] + [f"seeds {list(seeds)}"]
    ledger = Ledger.opened(path, budget, contest)
    before = ledger.spent

    def spent() -> float:
        return before + time.monotonic() - started

    def keep() -> None:
        ledger.spent = spent()
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(ledger), indent=1), encoding="utf-8")

    def round_of(cells: list[Cell]) -> Generator[list[Cell]]:
        begun = time.monotonic()
        fresh = not any(cell.finished for cell in cells)
        yield cells
        done = [cell for cell in cells if cell.finished]
        if fresh and done:
            trained = sum(facts(cell)["update_seconds"] for cell in done)
            ledger.overheads.append((time.monotonic() - begun - trained) / len(cells))
        keep()

    try:
        if not ledger.overheads:
            name, recipe = next(iter(systems.items()))
            probe = Cell(name, "probe", timed(recipe, PROBE), out / "probe", "brief")
            yield from round_of([probe])
            if probe.failure:
                raise UserError(f"{probe.name}: {probe.failure}")
            # The probe looks at dev once, every other cell LOOKS times.
            look = read_events(probe.folder / "metrics.jsonl")[-1]["seconds"]
            ledger.overheads[0] += (LOOKS - 1) * look
        for number, seed in enumerate(seeds):
            if str(seed) not in ledger.shares:
                ledger.shares[str(seed)] = ledger.share(spent(), len(systems) * (len(seeds) - number))
                keep()
            share = ledger.shares[str(seed)]
            yield from round_of([
                Cell(name, f"seed {seed}", timed(system.seeded(seed), share), out / name / f"seed-{seed}", "brief")
                for name, system in systems.items()
            ])  # fmt: skip
            if number == 0:
                ledger.overheads = ledger.overheads[1:] or ledger.overheads  # the probe was one system's
    finally:
        keep()


def timed(recipe: Recipe, seconds: float) -> Recipe:
    """The recipe, training for so long."""
    return recipe.model_copy(update={"train": recipe.train.model_copy(update={"seconds": seconds})})


def facts(cell: Cell) -> dict[str, Any]:
    """How a finished cell was trained."""
    return json.loads((cell.folder / "measured.json").read_text(encoding="utf-8"))["training"]
