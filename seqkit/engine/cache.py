"""The keys and values that an attention keeps of the past, appended to without copying and without changing what others hold.

Axes: B sequences, N heads, R rows in use, C rows there is room for, T new rows, E features of a head.

A cache is a view of rows `first` to `last` of a buffer that has room for more. Many caches may share a buffer; the one that
ends where the buffer's written rows end may write on in place, any other copies its rows first. So every cache stays valid,
as a persistent vector does, and a text costs its length in copies, not the square.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqkit.engine.weights import Array


class Buffer:
    """Rows written once and never changed.

    Args:
        written: rows in use by some cache; the rest of the C rows is room.
    """

    def __init__(self, key_BNCE: Array, value_BNCE: Array, written: int) -> None:
        self.key_BNCE = key_BNCE
        self.value_BNCE = value_BNCE
        self.written = written


@dataclass(frozen=True)
class KeyValueCache:
    """Rows `first` to `last` of a buffer, the past of one layer; part of a `State`."""

    buffer: Buffer
    first: int
    last: int

    @classmethod
    def empty(cls, batch: int, heads: int, features: int, dtype: np.dtype[np.floating]) -> "KeyValueCache":
        """Of no row."""
        nothing_BNRE = np.empty((batch, heads, 0, features), dtype)
        return cls(Buffer(nothing_BNRE, nothing_BNRE, 0), 0, 0)

    @property
    def rows(self) -> int:
        """Positions held."""
        return self.last - self.first

    @property
    def keys(self) -> Array:
        """key_BNRE, oldest first."""
        return self.buffer.key_BNCE[:, :, self.first : self.last]

    @property
    def values(self) -> Array:
        """value_BNRE, oldest first."""
        return self.buffer.value_BNCE[:, :, self.first : self.last]

    def newest(self, rows: int) -> "KeyValueCache":
        """At most so many rows, the latest ones."""
        return self if self.rows <= rows else KeyValueCache(self.buffer, self.last - rows, self.last)

    def append(self, key_BNTE: Array, value_BNTE: Array) -> "KeyValueCache":
        """The same rows and new ones after them, in amortised constant time a row."""
        buffer, last = self.buffer, self.last + key_BNTE.shape[2]
        if buffer.written != self.last or last > buffer.key_BNCE.shape[2]:
            return self._with_room(self.rows + 2 * key_BNTE.shape[2]).append(key_BNTE, value_BNTE)
        buffer.key_BNCE[:, :, self.last : last] = key_BNTE
        buffer.value_BNCE[:, :, self.last : last] = value_BNTE
        buffer.written = last
        return KeyValueCache(buffer, self.first, last)

    def select(self, rows_B: NDArray[np.int64]) -> "KeyValueCache":
        """Sequences by number, in any order and any number of times; room is kept, as a beam writes on at once."""
        buffer = self.buffer
        return KeyValueCache(Buffer(buffer.key_BNCE[rows_B], buffer.value_BNCE[rows_B], self.last), self.first, self.last)

    @property
    def nbytes(self) -> int:
        """Bytes of the rows in use."""
        return self.keys.nbytes + self.values.nbytes

    def _with_room(self, room: int) -> "KeyValueCache":
        batch, heads, _, features = self.buffer.key_BNCE.shape
        shape = (batch, heads, self.rows + room, features)
        key_BNCE, value_BNCE = (np.empty(shape, self.buffer.key_BNCE.dtype) for _ in range(2))
        key_BNCE[:, :, : self.rows] = self.keys
        value_BNCE[:, :, : self.rows] = self.values
        return KeyValueCache(Buffer(key_BNCE, value_BNCE, self.rows), 0, self.rows)
