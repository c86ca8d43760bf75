"""What a causal model remembers between steps, whatever its family and engine.

Axes: B sequences, S sources, K = B / S sequences of each, side by side, G groups of sequences.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Part = TypeVar("Part", bound=Any)
"""An array of either engine."""


@dataclass(frozen=True)
class State(Generic[Part]):
    """The past of B sequences; every `scan` gives a new one and leaves the old one valid.

    Args:
        carry: changes each step, and every state has some; batch-first.
        caches: what grows with each step, by layer; empty in a recurrent model.
        memory: fixed per source, such as what an encoder wrote; source-first, each name begins with the part that reads it.
            The K sequences of a source, as those of a beam, share its row.
    """

    carry: Mapping[str, Part]
    caches: Mapping[str, Any] = field(default_factory=dict[str, Any])
    memory: Mapping[str, Part] = field(default_factory=dict[str, Part])

    @property
    def batch(self) -> int:
        """The number of sequences."""
        return len(next(iter(self.carry.values())))

    @property
    def sources(self) -> int:
        """S; every sequence is its own where nothing is remembered of any."""
        return len(next(iter(self.memory.values()), next(iter(self.carry.values()))))

    def memory_of(self, part: str) -> dict[str, Part]:
        """What is remembered under `part.`, the names without it."""
        prefix = f"{part}."
        return {name.removeprefix(prefix): value for name, value in self.memory.items() if name.startswith(prefix)}

    def select(self, rows_B: ArrayLike) -> Self:
        """The states of some sequences by number, in any order, repeats allowed."""
        return self.branch(np.asarray(rows_B)[:, None])

    def branch(self, rows_GK: ArrayLike) -> Self:
        """The states of some sequences, repeats allowed, as a beam's parents.

        Args:
            rows_GK: their numbers; each group is of one source, whose memory its sequences then share: it is copied only
                where groups left.
        """
        rows_GK = np.asarray(rows_GK)
        source_G = rows_GK[:, 0] // (self.batch // self.sources)
        alike = np.array_equal(source_G, np.arange(self.sources))
        return self._chosen(rows_GK.ravel(), None if alike else source_G)

    def repeat(self, k: int) -> Self:
        """Each sequence `k` times in a row: B becomes B·k."""
        return self.branch(np.arange(self.batch).repeat(k).reshape(self.sources, -1))

    def _chosen(self, rows_B: NDArray[np.int64], source_S: NDArray[np.int64] | None) -> Self:
        return type(self)(
            {name: part.take(rows_B, axis=0) for name, part in self.carry.items()},
            {name: part.select(rows_B) for name, part in self.caches.items()},
            {name: part if source_S is None else part.take(source_S, axis=0) for name, part in self.memory.items()},
        )

    @property
    def nbytes(self) -> int:
        """Bytes held for all sequences together."""
        parts = [*self.carry.values(), *self.caches.values(), *self.memory.values()]
        return sum(part.nbytes for part in parts)


class Scanner(Protocol[Part]):
    """All that a search sees of a model of either engine."""

    def scan(self, token_BT: Part, state: Any) -> tuple[Part, Any]:
        """logit_BTV of the symbol after each token, and the state after the last one."""
        ...
