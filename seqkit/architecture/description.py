"""What a model folder's `config.json` says."""

import json
from collections.abc import Mapping
from typing import Any

FORMAT = 1  # of the model folder; raised when an old reader would misread a new folder
KNOWN = ("format", "seqkit", "model")
RENAMED = {
    "lean": "outside_bias",
    "shift_K": "label_shift_K",
    "handover": "initialisation",
    "enter": "input_projection",
    "leave": "output_projection",
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
