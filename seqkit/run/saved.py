"""Trained models on disk: found, checked against their SHA-256 sums, and read as what they are."""

import json
from pathlib import Path

import safetensors
from pydantic import ValidationError

from seqkit.errors import DataError, UserError
from seqkit.run.folders import model_folder
from seqkit.run.tagging.model import TrainedTagger
from seqkit.run.text.model import TrainedLanguageModel
from seqkit.run.weights import FORMAT
from seqkit.training.sealed import read_sealed


def load(path: str | Path, *, device: str = "cpu") -> TrainedTagger | TrainedLanguageModel:
    """Load a trained model.

    Args:
        path: a run folder, its `model` folder, or `runs/ner/latest` for the newest run of a task.
        device: where to run it: `cpu`, `cuda`.

    Raises:
        UserError: no model there; DataError, a UserError too, names a file that is missing, cut short or altered.
    """
    folder = model_folder(Path(path))
    files = read_sealed(folder)
    try:
        description = json.loads(files["config.json"])
        if description["format"] > FORMAT:
            raise DataError(folder, None, f"was written by a newer seqkit ({description['seqkit']}); update seqkit")
        kind = TrainedTagger if description["task"] == "ner" else TrainedLanguageModel
        return kind.from_files(files, device=device)
    except (KeyError, ValueError, ValidationError, TypeError, safetensors.SafetensorError) as error:
        raise DataError(folder, None, f"is not a seqkit model ({error.__class__.__name__})") from error


def load_tagger(path: str | Path, *, device: str = "cpu") -> TrainedTagger:
    """Load a trained tagger.

    Raises:
        UserError: as `load`, or the model is of another kind.
    """
    model = load(path, device=device)
    if not isinstance(model, TrainedTagger):
        raise UserError(f"{path}: a language model, which cannot tag; see: seqkit generate, seqkit score")
    return model


def load_language_model(path: str | Path, *, device: str = "cpu") -> TrainedLanguageModel:
    """Load a trained language model.

    Raises:
        UserError: as `load`, or the model is of another kind.
    """
    model = load(path, device=device)
    if not isinstance(model, TrainedLanguageModel):
        raise UserError(f"{path}: a tagger, not a language model; see: seqkit tag")
    return model
