"""Trained models from Python, typed by their task; nothing here imports PyTorch before a model is asked for its module."""

from pathlib import Path
from typing import Any, Literal, overload

from seqkit.run import saved
from seqkit.tasks import trained_class
from seqkit.tasks.language_modeling.trained import TrainedLanguageModel
from seqkit.tasks.tagging.trained import TrainedTagger
from seqkit.tasks.translation.trained import TrainedTranslator


@overload
def load(path: str | Path, task: Literal["ner"], *, device: str = "cpu") -> TrainedTagger: ...
@overload
def load(path: str | Path, task: Literal["lm", "generate"], *, device: str = "cpu") -> TrainedLanguageModel: ...
@overload
def load(path: str | Path, task: Literal["translate"], *, device: str = "cpu") -> TrainedTranslator: ...
@overload
def load(path: str | Path, task: None = None, *, device: str = "cpu") -> Any: ...
def load(path: str | Path, task: str | None = None, *, device: str = "cpu") -> Any:
    """Load a trained model.

    Args:
        path: a run folder, its `model` folder, or `runs/ner/latest` for the newest run of a task.
        task: what the model must be for, so that type checkers know what comes back; anything if left out.
        device: where to run it: `cpu`, `cuda`.

    Raises:
        UserError: no model there, or one for another task; DataError, a UserError too, names a file that is missing, cut
            short or altered.
    """
    if task is None:
        return saved.load(path, device=device)
    return saved.load_as(trained_class(task), path, device=device)


def load_tagger(path: str | Path, *, device: str = "cpu") -> TrainedTagger:
    """Load a trained tagger.

    Raises:
        UserError: as `load`, or the model is of another kind.
    """
    return saved.load_as(TrainedTagger, path, device=device)


def load_language_model(path: str | Path, *, device: str = "cpu") -> TrainedLanguageModel:
    """Load a trained language model.

    Raises:
        UserError: as `load`, or the model is of another kind.
    """
    return saved.load_as(TrainedLanguageModel, path, device=device)


def load_translator(path: str | Path, *, device: str = "cpu") -> TrainedTranslator:
    """Load a trained translator.

    Raises:
        UserError: as `load`, or the model is of another kind.
    """
    return saved.load_as(TrainedTranslator, path, device=device)
