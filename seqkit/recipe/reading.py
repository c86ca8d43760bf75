"""Recipes on disk: found by name, read with overrides."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from seqkit.data.card import key_lines
from seqkit.data.home import packaged
from seqkit.errors import UserError, suggestion
from seqkit.recipe.building import build, merge
from seqkit.recipe.recipes import Recipe, TaggingRecipe, TextRecipe, TranslationRecipe
from seqkit.tasks import TASKS

KINDS: dict[str, type[TaggingRecipe] | type[TextRecipe] | type[TranslationRecipe]] = {
    "ner": TaggingRecipe,
    "lm": TextRecipe,
    "generate": TextRecipe,
    "translate": TranslationRecipe,
}
DEFAULTS = {"ner": "ner/newsdesk", "lm": "lm/pydoc", "generate": "generate/pydoc", "translate": "translate/phrasebook"}


def recipe_names() -> list[str]:
    """The recipes that come with seqkit, as `task/name`."""
    folder = packaged("recipes")
    paths = (path for task in TASKS for path in (folder / task).glob("*.toml"))
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in paths)


def recipe_path(name: str) -> Path:
    """The file of a recipe: a path ending in .toml, `task/name`, or a task alone for its default recipe.

    Raises:
        UserError: no such recipe; suggests the nearest.
    """
    if name.endswith(".toml"):
        if Path(name).is_file():
            return Path(name)
        raise UserError(f"{name}: no such recipe file")
    known = recipe_names()
    found = DEFAULTS.get(name, name)
    if found not in known:
        near = suggestion(name, [*known, *TASKS])
        raise UserError(f"unknown recipe '{name}'{near} (known: {', '.join([*TASKS, *known])})")
    return packaged("recipes") / f"{found}.toml"


def load_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe and apply `--set` overrides such as `model.width=256`.

    Raises:
        UserError: names the file, the line and the key, or the override, and the nearest valid key.
    """
    path = recipe_path(name)
    values, places = read_tables(path, overrides, lambda values: KINDS.get(values.get("task", "")))
    return recipe_from(values, str(path), places)


def read_tables(
    path: Path, overrides: Sequence[str], shape_of: Callable[[Mapping[str, Any]], type[BaseModel] | None]
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
    for override in overrides:
        key, value = parse_override(override)
        change: dict[str, Any] = value if not key else {key[-1]: value}
        for part in reversed(key[:-1]):
            change = {part: change}
        values = merge(shape, values, change)
        shown = f"--set {'.'.join(key)}"
        tables = {".".join(key[:length]): shown for length in range(1, len(key))}
        places = tables | places | {".".join(key): shown}
    return values, places


def parse_override(override: str) -> tuple[list[str], Any]:
    """`model.width=256` as its key and its TOML value; a bare word is a string."""
    key, equals, value = override.partition("=")
    key, value = key.strip(), value.strip()
    if not equals or not re.fullmatch(r"[\w-]+(\.[\w-]+)*", key):
        raise UserError(f"--set {override}: expected KEY=VALUE, as in --set model.width=256")
    try:
        return key.split("."), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError as error:
        if re.fullmatch(r"[A-Za-z_][\w./-]*", value):
            return key.split("."), value
        raise UserError(f"--set {override}: '{value}' is not a TOML value (text with spaces needs quotes)") from error


def recipe_from(values: Mapping[str, Any], source: str = "recipe", places: Mapping[str, str] | None = None) -> Recipe:
    """A recipe of any task from its tables; every rival must fit too.

    Raises:
        UserError: one line a fault.
    """
    places = places or {}
    task = values.get("task")
    shape = KINDS.get(task) if isinstance(task, str) else None
    if shape is None:
        place = places.get("task", source)
        told = f"unknown task '{task}'{suggestion(str(task), [*TASKS])}" if task is not None else "is missing"
        raise UserError(f"{place}: task: {told} (known: {', '.join(TASKS)})")
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
