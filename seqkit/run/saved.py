"""Trained models on disk: found, checked against their SHA-256 sums, and read as what they are."""

import json
from pathlib import Path

import safetensors
from pydantic import ValidationError

from seqkit.errors import DataError, UserError
from seqkit.run.description import FORMAT
from seqkit.run.folders import model_folder
from seqkit.run.tagging.model import TrainedTagger
from seqkit.run.text.model import TrainedLanguageModel
from seqkit.run.translation.model import TrainedTranslator
from seqkit.training.sealed import read_sealed

Trained = TrainedTagger | TrainedLanguageModel | TrainedTranslator

KINDS: dict[str, type[Trained]] = {
    "ner": TrainedTagger,
    "lm": TrainedLanguageModel,
    "generate": TrainedLanguageModel,
    "translate": TrainedTranslator,
}
USES = {
    TrainedTagger: "a tagger; see: seqkit tag",
    TrainedLanguageModel: "a language model; see: seqkit generate, seqkit score",
    TrainedTranslator: "a translator; see: seqkit translate",
}


def load(path: str | Path, *, device: str = "cpu") -> Trained:
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
        return KINDS[description["task"]].from_files(files, device=device)
    except (KeyError, ValueError, ValidationError, TypeError, safetensors.SafetensorError) as error:
        told = str(error) if type(error) is ValueError else error.__class__.__name__
        raise DataError(folder, None, f"is not a seqkit model ({told})") from error


def load_tagger(path: str | Path, *, device: str = "cpu") -> TrainedTagger:
    """Load a trained tagger.

    Raises:
        UserError: as `load`, or the model is of another kind.
    """
    model = load(path, device=device)
    if not isinstance(model, TrainedTagger):
        raise UserError(f"{path}: cannot tag: it is {USES[type(model)]}")
    return model


def load_language_model(path: str | Path, *, device: str = "cpu") -> TrainedLanguageModel:
    """Load a trained language model.

    Raises:
        UserError: as `load`, or the model is of another kind.
    """
    model = load(path, device=device)
    if not isinstance(model, TrainedLanguageModel):
        raise UserError(f"{path}: not a language model: it is {USES[type(model)]}")
    return model


def load_translator(path: str | Path, *, device: str = "cpu") -> TrainedTranslator:
    """Load a trained translator.

    Raises:
        UserError: as `load`, or the model is of another kind.
    """
    model = load(path, device=device)
    if not isinstance(model, TrainedTranslator):
        raise UserError(f"{path}: cannot translate: it is {USES[type(model)]}")
    return model
