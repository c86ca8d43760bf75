"""Recipes as TOML: tables read with overrides, then built and checked, each fault told with its place."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from seqkit.data.card import key_lines
from seqkit.errors import UserError
from seqkit.recipe.building import build, merge
from seqkit.recipe.recipe import Recipe

AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)
Overrides = Sequence[str] | Mapping[str, Any]
"""`model.width=256` as typed, or values by dotted key."""


def read_tables(
    path: Path, overrides: Overrides, shape_of: Callable[[Mapping[str, Any]], type[BaseModel] | None]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The tables of a TOML file with overrides applied, and where each dotted key stands, for messages.

    Args:
        shape_of: what the tables are to become; None if they do not say.

    Raises:
        UserError: the file cannot be read, or an override is not one.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values: dict[str, Any] = tomllib.loads(text)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # of the encoding or of TOML
        raise UserError(f"{path}: {error}") from error
    places = {key: f"{path}:{line}" for key, line in key_lines(text).items()}
    shape = shape_of(values)
    settings = overrides.items() if isinstance(overrides, Mapping) else map(parse_override, overrides)
    for name, value in settings:
        key = name.split(".")
        change: dict[str, Any] = {key[-1]: value}
        for part in reversed(key[:-1]):
            change = {part: change}
        values = merge(shape, values, change)
        shown = f"--set {name}"
        tables = {".".join(key[:length]): shown for length in range(1, len(key))}
        places = tables | places | {name: shown}
    return values, places


def parse_override(override: str) -> tuple[str, Any]:
    """`model.width=256` as its key and its TOML value; a bare word is a string."""
    key, equals, value = override.partition("=")
    key, value = key.strip(), value.strip()
    if not equals or not re.fullmatch(r"[\w-]+(\.[\w-]+)*", key):
        raise UserError(f"--set {override}: expected KEY=VALUE, as in --set model.width=256")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError as error:
        if re.fullmatch(r"[A-Za-z_][\w./-]*", value):
            return key, value
        raise UserError(f"--set {override}: '{value}' is not a TOML value (text with spaces needs quotes)") from error


def build_recipe(shape: type[AnyRecipe], values: Mapping[str, Any], source: str, places: Mapping[str, str]) -> AnyRecipe:
    """A recipe of a task's class from its tables; every rival must fit too, and every space of `compare.tune`.

    Args:
        source: what messages call the tables where no place is known.
        places: where each dotted key stands.

    Raises:
        UserError: one line a fault.
    """
    recipe = build(shape, values, source, places)
    for name in recipe.compare.rivals:
        try:
            recipe.rival(name)
        except UserError as error:
            place = places.get(f"compare.rivals.{name}", source)
            raise UserError("\n".join(f"{place}: {line}" for line in str(error).split("\n"))) from None
    for name in ("", *recipe.compare.rivals):
        check_spaces(recipe.rival(name) if name else recipe, name, source, places)
    return recipe


def check_spaces(recipe: Recipe, rival: str, source: str, places: Mapping[str, str]) -> None:
    """Refuse spaces of keys that a system does not have, or whose ends it cannot take.

    Raises:
        UserError: names the nearest key.
    """
    for key, space in recipe.compare.tune.items():
        for value in space.ends:
            try:
                recipe.tuned({key: value})
            except UserError as error:
                own = f"compare.rivals.{rival}.compare.tune.{key}"
                place = places.get(own) or places.get(f"compare.tune.{key}") or source
                whose = f" of {rival}" * bool(rival)
                raise UserError(f"{place}: compare.tune{whose}{str(error).removeprefix('compare.tune')}") from None
