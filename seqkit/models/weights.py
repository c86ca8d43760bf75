"""A model folder's files: its configuration as JSON and its weights in safetensors."""

import json
from collections.abc import Mapping
from typing import Any

import safetensors.torch
from pydantic import BaseModel
from torch import Tensor, nn

from seqkit.architecture.description import FORMAT, modern
from seqkit.version import __version__


def described(config: BaseModel, metadata: Mapping[str, Any], model: nn.Module) -> dict[str, bytes]:
    """`config.json` and `weights.safetensors`.

    Args:
        metadata: what else is to be known of the model, such as its task and corpus.
    """
    description = {"format": FORMAT, "seqkit": __version__, "model": config.model_dump(mode="json"), **metadata}
    weights = {name: weight.detach().cpu().contiguous() for name, weight in model.named_parameters()}
    return {
        "config.json": json.dumps(description, indent=1, ensure_ascii=False).encode(),
        "weights.safetensors": safetensors.torch.save(weights),
    }


def fill(model: nn.Module, files: Mapping[str, bytes]) -> None:
    """Put the stored weights into a model; its buffers are computed, not stored.

    Raises:
        ValueError: they are not the weights of this model.
        KeyError, SafetensorError: they are missing or damaged.
    """
    stored: dict[str, Tensor] = safetensors.torch.load(files["weights.safetensors"])
    weights = {modern(name): weight for name, weight in stored.items()}
    fault = ValueError("weights.safetensors does not fit config.json")
    # Not the state dictionary: tied weights stand there under each of their names.
    if weights.keys() != dict(model.named_parameters()).keys():
        raise fault
    try:
        model.load_state_dict(weights, strict=False)
    except RuntimeError as error:  # shapes
        raise fault from error
