"""A model folder's files: its configuration as JSON and its weights in safetensors."""

import json
from collections.abc import Mapping
from typing import Any

import safetensors.torch
from pydantic import BaseModel
from torch import Tensor, nn

import seqkit

FORMAT = 1  # of the model folder; raised when an old reader would misread a new folder
KNOWN = ("format", "seqkit", "model")


def described(config: BaseModel, about: Mapping[str, Any], model: nn.Module) -> dict[str, bytes]:
    """`config.json` and `weights.safetensors`.

    Args:
        about: what else is to be known of the model, such as its task and corpus.
    """
    description = {"format": FORMAT, "seqkit": seqkit.__version__, "model": config.model_dump(mode="json"), **about}
    weights = {name: weight.detach().cpu().contiguous() for name, weight in model.named_parameters()}
    return {
        "config.json": json.dumps(description, indent=1, ensure_ascii=False).encode(),
        "weights.safetensors": safetensors.torch.save(weights),
    }


def description(files: Mapping[str, bytes]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model's configuration as a table, and `about`.

    Raises:
        KeyError, ValueError: `config.json` is missing or damaged.
    """
    stored: dict[str, Any] = json.loads(files["config.json"])
    return stored["model"], {key: value for key, value in stored.items() if key not in KNOWN}


def fill(model: nn.Module, files: Mapping[str, bytes]) -> None:
    """Put the stored weights into a model; its buffers are computed, not stored.

    Raises:
        ValueError: they are not the weights of this model.
        KeyError, SafetensorError: they are missing or damaged.
    """
    weights: dict[str, Tensor] = safetensors.torch.load(files["weights.safetensors"])
    fault = ValueError("weights.safetensors does not fit config.json")
    # Not the state dictionary: tied weights stand there under each of their names.
    if weights.keys() != dict(model.named_parameters()).keys():
        raise fault
    try:
        model.load_state_dict(weights, strict=False)
    except RuntimeError as error:  # shapes
        raise fault from error
