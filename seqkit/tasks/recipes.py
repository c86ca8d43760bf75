"""Recipes of every task, by name or by their tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqkit.data.home import packaged
from seqkit.errors import UserError, suggestion
from seqkit.recipe.reading import Overrides, build_recipe, read_tables
from seqkit.recipe.recipe import Recipe
from seqkit.tasks import TASKS, find_task


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
    found = TASKS[name].default if name in TASKS else name
    if found not in known:
        near = suggestion(name, [*known, *TASKS])
        raise UserError(f"unknown recipe '{name}'{near} (known: {', '.join([*TASKS, *known])})")
    return packaged("recipes") / f"{found}.toml"


def load_recipe(name: str, overrides: Overrides = ()) -> Recipe:
    """Read a recipe and apply `--set` overrides such as `model.width=256`.

    Raises:
        UserError: names the file, the line and the key, or the override, and the nearest valid key.
    """
    path = recipe_path(name)
    values, places = read_tables(path, overrides, shape_of)
    return recipe_from(values, str(path), places)


def recipe_from(values: Mapping[str, Any], source: str = "recipe", places: Mapping[str, str] | None = None) -> Recipe:
    """A recipe of any task from its tables; every rival must fit too.

    Raises:
        UserError: one line a fault.
    """
    places = places or {}
    shape = shape_of(values)
    if shape is None:
        task, place = values.get("task"), places.get("task", source)
        problem = f"unknown task '{task}'{suggestion(str(task), [*TASKS])}" if task is not None else "is missing"
        raise UserError(f"{place}: task: {problem} (known: {', '.join(TASKS)})")
    return build_recipe(shape, values, source, places)


def shape_of(values: Mapping[str, Any]) -> type[Recipe] | None:
    """The class of the recipes of the task that the tables name; None where they name none."""
    task = values.get("task")
    return find_task(task).recipe if isinstance(task, str) and task in TASKS else None
