"""A model folder's `config.json` and `weights.safetensors`, written and read without PyTorch."""

import json
from collections.abc import Mapping
from typing import Any

import safetensors.numpy
from numpy.typing import NDArray
from pydantic import BaseModel

from seqkit.version import __version__

FORMAT = 1  # of the model folder; raised when an old reader would misread a new folder
KNOWN = ("format", "seqkit", "model")
RENAMED = {
    "lean": "outside_bias",
    "shift_K": "label_shift_K",
    "handover": "initialisation",
    "enter": "input_projection",
    "leave": "output_projection",
    "strength": "beta",
    "keep": "decay",
}
"""Parts of the names of weights as they were called in an earlier version, and as they are called now."""


def modern(name: str) -> str:
    """A weight's name as it is called now."""
    return ".".join(RENAMED.get(part, part) for part in name.split("."))


def description(files: Mapping[str, bytes]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model's configuration as a table, and the metadata.

    Raises:
        KeyError, ValueError: `config.json` is missing or damaged.
    """
    stored: dict[str, Any] = json.loads(files["config.json"])
    return stored["model"], {key: value for key, value in stored.items() if key not in KNOWN}


def described(config: BaseModel, metadata: Mapping[str, Any], weights: Mapping[str, NDArray[Any]]) -> dict[str, bytes]:
    """Both files.

    Args:
        metadata: what else is to be known of the model, such as its task and corpus.
    """
    description = {"format": FORMAT, "seqkit": __version__, "model": config.model_dump(mode="json"), **metadata}
    return {
        "config.json": json.dumps(description, indent=1, ensure_ascii=False).encode(),
        "weights.safetensors": safetensors.numpy.save(dict(weights)),
    }


def stored_weights(files: Mapping[str, bytes]) -> dict[str, NDArray[Any]]:
    """The weights by their names of today.

    Raises:
        KeyError, SafetensorError: they are missing or damaged.
    """
    return {modern(name): weight for name, weight in safetensors.numpy.load(files["weights.safetensors"]).items()}
