"""What is particular to each task, a folder each; tasks never import each other.

A recipe names its task as its users do (`ner`); the folder that serves it is named by the field's noun (`tagging`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from seqkit.errors import UserError, suggestion

if TYPE_CHECKING:
    from seqkit.tasks.task import AnyTask


class Entry(NamedTuple):
    """Where a task is, and the recipe that is meant by its name alone.

    Args:
        module: holds `TASK`; imported when the task is first asked for, since models need torch.
        default: `task/recipe`.
    """

    module: str
    default: str


TASKS = {
    "ner": Entry("seqkit.tasks.tagging.task", "ner/newsdesk"),
    "lm": Entry("seqkit.tasks.language_modeling.task", "lm/pydoc"),
    "generate": Entry("seqkit.tasks.language_modeling.task", "generate/pydoc"),
    "translate": Entry("seqkit.tasks.translation.task", "translate/phrasebook"),
}


def find_task(name: str) -> "AnyTask":
    """A task by the name that recipes give it.

    Raises:
        UserError: no such task; suggests the nearest.
    """
    if name not in TASKS:
        raise UserError(f"unknown task '{name}'{suggestion(name, [*TASKS])} (known: {', '.join(TASKS)})")
    return import_module(TASKS[name].module).TASK
