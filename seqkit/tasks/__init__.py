"""What is particular to each task, a folder each; tasks never import each other.

A recipe names its task as its users do (`ner`); the folder that serves it is named by the field's noun (`tagging`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from seqkit.errors import UserError, suggestion

if TYPE_CHECKING:
    from seqkit.tasks.task import AnyTask
    from seqkit.tasks.trained import Trained


class Entry(NamedTuple):
    """Where a task is, and the recipe that is meant by its name alone.

    Args:
        module: holds `TASK`; imported when the task is first asked for, since models need torch.
        default: `task/recipe`.
        trained: module and class of its trained models, which are loaded without importing PyTorch; that of the task if empty.
    """

    module: str
    default: str
    trained: str = ""


TAGGER = "seqkit.tasks.tagging.trained:TrainedTagger"
LANGUAGE_MODEL = "seqkit.tasks.language_modeling.trained:TrainedLanguageModel"
TRANSLATOR = "seqkit.tasks.translation.trained:TrainedTranslator"
TASKS = {
    "ner": Entry("seqkit.tasks.tagging.task", "ner/newsdesk", TAGGER),
    "lm": Entry("seqkit.tasks.language_modeling.task", "lm/pydoc", LANGUAGE_MODEL),
    "generate": Entry("seqkit.tasks.language_modeling.task", "generate/pydoc", LANGUAGE_MODEL),
    "translate": Entry("seqkit.tasks.translation.task", "translate/phrasebook", TRANSLATOR),
}


def find_task(name: str) -> "AnyTask":
    """A task by the name that recipes give it.

    Raises:
        UserError: no such task; suggests the nearest.
    """
    return import_module(_entry(name).module).TASK


def trained_class(name: str) -> "type[Trained[Any, Any]]":
    """The class of a task's trained models.

    Raises:
        UserError: as `find_task`.
    """
    module, _, kind = _entry(name).trained.partition(":")
    return getattr(import_module(module), kind) if module else find_task(name).trained


def _entry(name: str) -> Entry:
    if name not in TASKS:
        raise UserError(f"unknown task '{name}'{suggestion(name, [*TASKS])} (known: {', '.join(TASKS)})")
    return TASKS[name]
