"""The keys and values a Transformer layer keeps of the past, appended to without copying and without changing what others hold.

Axes: B sequences, N heads, R rows in use, C rows there is room for, T new rows, E features of a head.

A cache is a view of rows `first` to `last` of a buffer that has room for more. Many caches may share a buffer; the one that
ends where the buffer's written rows end may write on in place, any other copies its rows first. So every cache stays valid,
as a persistent vector does, and a text costs its length in copies, not the square.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


class Buffer:
    """Rows written once and never changed.

    Args:
        written: rows in use by some cache; the rest of the C rows is room.
    """

    def __init__(self, key_BNCE: Tensor, value_BNCE: Tensor, written: int) -> None:
        self.key_BNCE = key_BNCE
        self.value_BNCE = value_BNCE
        self.written = written

    def takes(self, new_rows: int) -> bool:
        """Whether that many rows can be written on in place, here and now."""
        sealed = torch.is_grad_enabled() or (self.key_BNCE.is_inference() and not torch.is_inference_mode_enabled())
        return not sealed and self.written + new_rows <= self.key_BNCE.shape[2]


@dataclass(frozen=True)
class KeyValueCache:
    """Rows `first` to `last` of a buffer, the past of one layer; part of a `State`."""

    buffer: Buffer
    first: int
    last: int

    @classmethod
    def of(cls, key_BNRE: Tensor, value_BNRE: Tensor) -> "KeyValueCache":
        """A cache of these rows, which are not copied."""
        rows = key_BNRE.shape[2]
        return cls(Buffer(key_BNRE, value_BNRE, rows), 0, rows)

    @property
    def rows(self) -> int:
        """Positions held."""
        return self.last - self.first

    @property
    def keys(self) -> Tensor:
        """key_BNRE, oldest first."""
        return self.buffer.key_BNCE[:, :, self.first : self.last]

    @property
    def values(self) -> Tensor:
        """value_BNRE, oldest first."""
        return self.buffer.value_BNCE[:, :, self.first : self.last]

    def newest(self, rows: int) -> "KeyValueCache":
        """At most so many rows, the latest ones."""
        return self if self.rows <= rows else KeyValueCache(self.buffer, self.last - rows, self.last)

    def append(self, key_BNTE: Tensor, value_BNTE: Tensor) -> "KeyValueCache":
        """The same rows and new ones after them; without gradient in amortised constant time a row."""
        new_rows = key_BNTE.shape[2]
        if self.rows == 0:
            return KeyValueCache.of(key_BNTE, value_BNTE)
        if torch.is_grad_enabled():
            parts = (self.keys, key_BNTE), (self.values, value_BNTE)
            return KeyValueCache.of(*(torch.cat(part, dim=2) for part in parts))
        if self.buffer.written != self.last or not self.buffer.takes(new_rows):
            return self._copy(2 * (self.rows + new_rows)).append(key_BNTE, value_BNTE)
        self.buffer.written += new_rows
        grown = KeyValueCache(self.buffer, self.first, self.buffer.written)
        grown.keys[:, :, -new_rows:] = key_BNTE
        grown.values[:, :, -new_rows:] = value_BNTE
        return grown

    def select(self, rows_B: Tensor) -> "KeyValueCache":
        """Sequences by number, in any order and any number of times; room is kept, as a beam writes on at once."""
        buffer = self.buffer
        chosen = Buffer(buffer.key_BNCE.index_select(0, rows_B), buffer.value_BNCE.index_select(0, rows_B), self.last)
        return KeyValueCache(chosen, self.first, self.last)

    def detach(self) -> "KeyValueCache":
        """The same rows, cut off from the graph."""
        if not self.buffer.key_BNCE.requires_grad:
            return self
        return KeyValueCache.of(self.keys.detach(), self.values.detach())

    @property
    def nbytes(self) -> int:
        """Bytes of the rows in use."""
        return self.keys.nbytes + self.values.nbytes

    def _copy(self, capacity: int) -> "KeyValueCache":
        batch, heads, _, features = self.buffer.key_BNCE.shape
        key_BNCE, value_BNCE = self.buffer.key_BNCE.new_empty(2, batch, heads, capacity, features)
        key_BNCE[:, :, : self.rows] = self.keys
        value_BNCE[:, :, : self.rows] = self.values
        return KeyValueCache(Buffer(key_BNCE, value_BNCE, self.rows), 0, self.rows)
