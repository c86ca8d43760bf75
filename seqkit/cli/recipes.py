"""`seqkit recipes list | show`."""

from typing import Annotated

import typer

recipes_app = typer.Typer(no_args_is_help=True, help="The recipes that come with seqkit.")


@recipes_app.command("list")
def list_recipes() -> None:
    """One line a recipe."""
    from seqkit.tasks import TASKS
    from seqkit.tasks.recipes import load_recipe, recipe_names

    defaults = {entry.default for entry in TASKS.values()}
    names = recipe_names()
    width = max(map(len, names))
    for name in names:
        default = " (default of its task)" if name in defaults else ""
        print(f"{name:{width}}  {load_recipe(name).about}{default}")


@recipes_app.command("show")
def show_recipe(name: Annotated[str, typer.Argument(help="A task, task/recipe, or a .toml file.")]) -> None:
    """The recipe's file, as it is; copy it to make your own."""
    from seqkit.tasks.recipes import recipe_path

    print(recipe_path(name).read_text(encoding="utf-8"), end="")
