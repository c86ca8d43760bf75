"""Weights from arrays into modules and back."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from seqkit.engine.weights import Weights

Module = TypeVar("Module", bound=nn.Module)


def arrays(model: nn.Module) -> dict[str, NDArray[Any]]:
    """The weights as they stand, by name; shared with the model where it is on the CPU."""
    return {name: weight.detach().contiguous().numpy(force=True) for name, weight in model.named_parameters()}


def restored(build: Callable[[], Module], weights: Mapping[str, NDArray[Any]]) -> Module:
    """A model with stored weights; its buffers are computed, not stored.

    Nothing is allocated before the weights are known to be those that the configuration asks for.

    Raises:
        ValueError: they are not.
    """
    asked = Weights(weights)
    try:
        with torch.device("meta"):
            shapes = {name: weight.shape for name, weight in build().named_parameters()}
    except RuntimeError as error:  # numbers beyond what any tensor can hold
        raise ValueError("config.json: the model would be too large") from error
    for name, shape in shapes.items():
        asked.take(name, *shape)
    asked.finish()
    model = build()
    # Not the state dictionary: tied weights stand there under each of their names.
    model.load_state_dict({name: torch.from_numpy(np.array(weight)) for name, weight in weights.items()}, strict=False)
    return model
