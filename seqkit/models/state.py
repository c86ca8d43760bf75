"""What a causal model remembers between steps, whatever its family.

Axes: B sequences, S sources, K = B / S sequences of each, side by side, G groups of sequences.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

import torch
from torch import Tensor


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


@dataclass(frozen=True)
class State:
    """The past of B sequences; every `scan` gives a new one and leaves the old one valid.

    Args:
        carry: changes each step, and every state has some; batch-first.
        caches: what grows with each step, by layer; empty in a recurrent model.
        memory: fixed per source, such as what an encoder wrote; source-first, each name begins with the part that reads it.
            The K sequences of a source, as those of a beam, share its row.
    """

    carry: Mapping[str, Tensor]
    caches: Mapping[str, Remembered] = field(default_factory=dict)
    memory: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def batch(self) -> int:
        """The number of sequences."""
        return len(next(iter(self.carry.values())))

    @property
    def sources(self) -> int:
        """S; every sequence is its own where nothing is remembered of any."""
        return len(next(iter(self.memory.values()), next(iter(self.carry.values()))))

    def memory_of(self, part: str) -> dict[str, Tensor]:
        """What is remembered under `part.`, the names without it."""
        prefix = f"{part}."
        return {name.removeprefix(prefix): value for name, value in self.memory.items() if name.startswith(prefix)}

    def select(self, rows_B: Tensor) -> "State":
        """The states of some sequences: `rows_B` holds their numbers, repeats allowed, as a beam's parents."""
        return self._chosen(rows_B, rows_B // (self.batch // self.sources))

    def branch(self, rows_GK: Tensor) -> "State":
        """As `select`, but each group is of one source, whose memory its sequences then share; copied only where groups left.

        Args:
            rows_GK: on the CPU, so that looking at it does not hold up the device.
        """
        source_G = rows_GK[:, 0] // (self.batch // self.sources)
        alike = torch.equal(source_G, torch.arange(self.sources))
        device = next(iter(self.carry.values())).device
        source_S = None if alike else source_G.to(device, non_blocking=True)
        return self._chosen(rows_GK.flatten().to(device, non_blocking=True), source_S)

    def repeat(self, k: int) -> "State":
        """Each sequence `k` times in a row: B becomes B·k."""
        return self.branch(torch.arange(self.batch)[:, None].expand(-1, k).reshape(self.sources, -1))

    def _chosen(self, rows_B: Tensor, source_S: Tensor | None) -> "State":
        # Whole rows are copied by index_select, which indexing does ten times as slowly.
        return State(
            {name: part.index_select(0, rows_B) for name, part in self.carry.items()},
            {name: part.select(rows_B) for name, part in self.caches.items()},
            {name: part if source_S is None else part.index_select(0, source_S) for name, part in self.memory.items()},
        )

    def detach(self) -> "State":
        """Cut off from the graph: the boundary of truncated back-propagation through time (Williams & Peng 1990)."""
        return State(
            {name: part.detach() for name, part in self.carry.items()},
            {name: part.detach() for name, part in self.caches.items()},
            {name: part.detach() for name, part in self.memory.items()},
        )

    @property
    def nbytes(self) -> int:
        """Bytes held for all sequences together."""
        parts = [*self.carry.values(), *self.caches.values(), *self.memory.values()]
        return sum(part.nbytes for part in parts)


class Scanner(Protocol):
    """All that a search sees of a model."""

    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        """logit_BTV of the symbol after each token, and the state after the last one."""
        ...
