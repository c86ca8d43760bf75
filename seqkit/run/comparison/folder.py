"""The folder of a comparison: it belongs to one comparison, and nothing finished in it is ever overwritten.

More seeds, rivals, fractions and lengths go on with a comparison. Other settings, data, machines or versions make another one.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ValidationError
from rich.console import Console

from seqkit.config import Config
from seqkit.data.sources import Sources
from seqkit.errors import UserError
from seqkit.recipe.recipe import Recipe
from seqkit.run.evaluation import Machine
from seqkit.run.folders import RUNS

NAME = "comparison.json"
OLDER = "data.json"  # what a comparison of seqkit 0.1.0 kept in its place
NAMED = 3  # differences that a message names
Flat = dict[str, Any]


class Identity(Config):
    """What a comparison is of.

    Args:
        format: of this record.
        systems: the recipe of each, without its seed.
        data: where they come from; the user's own with their SHA-256 sums.
        machine: where figures are measured.
        budget: seconds in all; 0 without one.
        trials: of tuning, of each system.
    """

    format: Literal[1] = 1
    systems: dict[str, dict[str, Any]]
    data: dict[str, Any]
    machine: Machine
    budget: float = 0.0
    trials: int = 0

    @classmethod
    def of(
        cls, systems: Mapping[str, Recipe], sources: Sources, machine: Machine, *, budget: float = 0.0, trials: int = 0
    ) -> Self:
        """That of a comparison that is asked for."""
        own = {"sha256": sources.own.sums()} if sources.own else {}
        recipes = {name: settings_of(recipe) for name, recipe in systems.items()}
        data = json.loads(json.dumps(sources.to_dict() | own))
        return cls(systems=recipes, data=data, machine=machine, budget=budget, trials=trials)

    def differences(self, asked: "Identity") -> list[str]:
        """What keeps what is asked for from going on with this comparison: `lstm.model.width 128 there, 256 asked for`."""
        shared = {name: recipe for name, recipe in asked.systems.items() if name in self.systems}
        known = {name: self.systems[name] for name in shared}
        there = flat(self.model_dump(mode="json") | {"systems": known})
        here = flat(asked.model_dump(mode="json") | {"systems": shared})
        keys = [key for key in {**there, **here} if there.get(key) != here.get(key)]
        if keys and all(key.startswith("data.sha256") for key in keys):
            return ["the files have changed since"]
        return [f"{key.removeprefix('systems.')} {there.get(key)} there, {here.get(key)} asked for" for key in keys]

    def with_systems_of(self, other: "Identity") -> "Identity":
        """The same comparison with the systems of both."""
        return self.model_copy(update={"systems": other.systems | self.systems})


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """All that shapes a system's runs but the seed."""
    settings = {key: value for key, value in recipe.to_dict().items() if key not in ("about", "compare")}
    return settings | {"train": {key: value for key, value in settings["train"].items() if key != "seed"}}


def comparison_folder(identity: Identity, name: str, out: Path | None, console: Console) -> Path:
    """Where a comparison lies, or will; what it is of is kept there.

    Args:
        name: of its folder in `runs/compare` where `out` is None; where another comparison lies there, a number is added.

    Raises:
        UserError: another comparison lies in `out`, which cannot be made else.
    """
    default = RUNS / "compare" / name
    for place in [out] if out else numbered(default):
        there = kept(place)
        differences = there.differences(identity) if isinstance(there, Identity) else [there] * bool(there)
        if differences:
            named = "; ".join(differences[:NAMED]) + f"; and {len(differences) - NAMED} more" * (len(differences) > NAMED)
            if out:
                raise UserError(f"{out}: holds another comparison ({named}); name another folder with --out")
            console.print(f"{place} holds another comparison ({named})", style="dim", soft_wrap=True)
            continue
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--out {place}: {error.strerror}") from error
        whole = identity.with_systems_of(there) if isinstance(there, Identity) else identity
        (place / NAME).write_text(whole.model_dump_json(indent=1), encoding="utf-8")
        if place != (out or default):
            console.print(f"this one goes to {place}", style="dim", soft_wrap=True)
        return place
    raise AssertionError("numbers do not end")


def numbered(place: Path) -> Iterator[Path]:
    """`ner-newsdesk`, `ner-newsdesk-2`, `ner-newsdesk-3` …"""
    yield place
    yield from (place.with_name(f"{place.name}-{number}") for number in count(2))


def kept(place: Path) -> Identity | str:
    """What the comparison in a folder is of; in words where that cannot be read; empty where there is none."""
    with suppress(OSError):
        text = (place / NAME).read_bytes()
        try:
            return Identity.model_validate_json(text)
        except ValidationError:
            return f"{NAME} is damaged, or of another version of seqkit"
    return "of an older seqkit" if (place / OLDER).exists() else ""


def flat(tree: Mapping[str, Any], prefix: str = "") -> Flat:
    """Values by dotted key."""
    found: Flat = {}
    for key, value in tree.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) and value else {f"{prefix}{key}": value}
    return found
