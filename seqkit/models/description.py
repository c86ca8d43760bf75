"""What a model folder's `config.json` says."""

import json
from collections.abc import Mapping
from typing import Any

FORMAT = 1  # of the model folder; raised when an old reader would misread a new folder
KNOWN = ("format", "seqkit", "model")


def description(files: Mapping[str, bytes]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model's configuration as a table, and the metadata.

    Raises:
        KeyError, ValueError: `config.json` is missing or damaged.
    """
    stored: dict[str, Any] = json.loads(files["config.json"])
    return stored["model"], {key: value for key, value in stored.items() if key not in KNOWN}
