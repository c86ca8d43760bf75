"""Trained models on disk: found, checked against their SHA-256 sums, and read as what they are."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import safetensors
from pydantic import ValidationError

from seqkit.architecture.description import FORMAT
from seqkit.errors import DataError, UserError
from seqkit.run.folders import model_folder
from seqkit.tasks import TASKS, find_task, trained_class
from seqkit.tasks.trained import Trained
from seqkit.training.atomic_folder import read_folder

if TYPE_CHECKING:
    from seqkit.tasks.task import AnyTask

Kind = TypeVar("Kind", bound=Trained[Any, Any])


def load(path: str | Path, *, device: str = "cpu") -> Trained[Any, Any]:
    """Load a trained model of any task.

    Args:
        path: a run folder, its `model` folder, or `runs/ner/latest` for the newest run of a task.
        device: where to run it: `cpu`, `cuda`.

    Raises:
        UserError: no model there; DataError, a UserError too, names a file that is missing, cut short or altered.
    """
    folder = model_folder(Path(path))
    files = read_folder(folder)
    try:
        description = json.loads(files["config.json"])
        if description["format"] > FORMAT:
            raise DataError(folder, None, f"was written by a newer seqkit ({description['seqkit']}); update seqkit")
        if description["task"] not in TASKS:
            raise ValueError(f"unknown task {description['task']!r}")
        return trained_class(description["task"]).from_files(files, device=device)
    except (KeyError, ValueError, ValidationError, TypeError, safetensors.SafetensorError) as error:
        reason = str(error) if type(error) is ValueError else error.__class__.__name__
        raise DataError(folder, None, f"is not a seqkit model ({reason})") from error


def load_as(kind: type[Kind], path: str | Path, *, device: str = "cpu") -> Kind:
    """Load a trained model that must be of one class.

    Raises:
        UserError: as `load`, or the model is of another class.
    """
    model = load(path, device=device)
    if not isinstance(model, kind):
        raise UserError(f"{path}: {kind.refusal}: it is {task_of(model).noun}")
    return model


def task_of(model: Trained[Any, Any]) -> "AnyTask":
    """The task that a model was trained for."""
    return find_task(model.metadata["task"])
