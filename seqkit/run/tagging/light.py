"""A trained tagger's model folder, read without PyTorch."""

import json
from pathlib import Path

import safetensors
import safetensors.numpy

from seqkit.data.vocabulary import Vocabulary
from seqkit.models.light.recurrent import FAMILIES
from seqkit.models.light.tagger import LightTagger
from seqkit.run.description import FORMAT
from seqkit.run.folders import model_folder
from seqkit.tasks.ner.light import LightPredictor
from seqkit.training.sealed import read_sealed


def light_predictor(path: Path) -> LightPredictor | None:
    """The tagger of a run; None if it is no recurrent tagger, or if something is wrong with it: `load_tagger` says what.

    Raises:
        UserError: no model there; DataError, a UserError too, names a file that is missing, cut short or altered.
    """
    files = read_sealed(model_folder(path))
    try:
        stored = json.loads(files["config.json"])
        if stored["task"] != "ner" or stored["format"] > FORMAT or stored["model"]["family"] not in FAMILIES:
            return None
        vocabulary = Vocabulary.from_dict(json.loads(files["tokenizer.json"]))
        weights = safetensors.numpy.load(files["weights.safetensors"])
        return LightPredictor(LightTagger(stored["model"], weights, stored["tags"]), vocabulary, stored["tags"])
    except (KeyError, ValueError, TypeError, safetensors.SafetensorError):
        return None
