"""The state of a causal model in tensors: `engine.state` on any device, and with gradients.

Axes: B sequences, S sources.
"""

from typing import Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqkit.engine import state


class Remembered(Protocol):
    """A part of a state that is more than one tensor, such as a Transformer's cache; its holders never see it change."""

    def select(self, rows_B: Tensor) -> Self:
        """Sequences by number, in any order and any number of times."""
        ...

    def detach(self) -> Self:
        """The same, cut off from the graph."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes in use."""
        ...


class State(state.State[Tensor]):
    """The past of B sequences; every `scan` gives a new one and leaves the old one valid."""

    def _chosen(self, rows_B: NDArray[np.int64], source_S: NDArray[np.int64] | None) -> "State":
        device = next(iter(self.carry.values())).device
        row_B, *sources = (
            torch.from_numpy(rows).to(device, non_blocking=True) for rows in (rows_B, source_S) if rows is not None
        )
        # Whole rows are copied by index_select, which indexing does ten times as slowly.
        return State(
            {name: part.index_select(0, row_B) for name, part in self.carry.items()},
            {name: part.select(row_B) for name, part in self.caches.items()},
            {name: part.index_select(0, sources[0]) if sources else part for name, part in self.memory.items()},
        )

    def detach(self) -> "State":
        """Cut off from the graph: the boundary of truncated back-propagation through time (Williams & Peng 1990)."""
        return State(
            {name: part.detach() for name, part in self.carry.items()},
            {name: part.detach() for name, part in self.caches.items()},
            {name: part.detach() for name, part in self.memory.items()},
        )
