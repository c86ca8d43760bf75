"""The weights of a model folder, handed out one by one and checked against what the configuration asks for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Weights:
    """Named arrays, some of which a part of a model takes.

    Args:
        arrays: by the names of the parameters of the modules in `models`.
    """

    def __init__(self, arrays: Mapping[str, Array], prefix: str = "", taken: set[str] | None = None) -> None:
        self.arrays = arrays
        self.prefix = prefix
        self.taken: set[str] = set() if taken is None else taken

    def part(self, name: str) -> "Weights":
        """The weights under `name.`, the names without it."""
        return Weights(self.arrays, f"{self.prefix}{name}.", self.taken)

    def holds(self, name: str) -> bool:
        """Whether there is such a weight, or one under `name.`."""
        whole = self.prefix + name
        return whole in self.arrays or any(key.startswith(f"{whole}.") for key in self.arrays)

    def take(self, name: str, *shape: int) -> Array:
        """A weight of this shape, as it is stored.

        Raises:
            ValueError: it is missing, of another shape or dtype, or not all numbers.
        """
        whole = self.prefix + name
        array = self.arrays.get(whole)
        if array is None:
            raise ValueError(f"weights.safetensors does not fit config.json: {whole} is missing")
        if array.shape != shape:
            raise ValueError(f"weights.safetensors does not fit config.json: {whole} is {array.shape}, not {shape}")
        if array.dtype.name not in ("float32", "float64"):
            raise ValueError(f"weights.safetensors: {whole} is {array.dtype}, not float32")
        if not np.isfinite(array).all():
            raise ValueError(f"weights.safetensors: {whole} holds what is not a finite number")
        self.taken.add(whole)
        return array

    def finish(self) -> None:
        """See that nothing is left.

        Raises:
            ValueError: a weight was not asked for.
        """
        if left := self.arrays.keys() - self.taken:
            raise ValueError(f"weights.safetensors does not fit config.json: {min(left)} belongs to no part of it")
