"""Tokens of a split at hand for random access: in memory while they are few, else in a temporary file without a name."""

import os
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seqkit.data.placing import cannot_write

Narrow = NDArray[np.uint8 | np.uint16 | np.int32]

_READ = 1 << 30  # bytes; one call of the system reads no more than 2 GiB


class Tokens(Protocol):
    """A split as numbers."""

    def __len__(self) -> int:
        """How many tokens."""
        ...

    def read(self, start: int, stop: int, /) -> NDArray[np.int32]:
        """Tokens `start` up to, not including, `stop`; a copy of the caller's own.

        Raises:
            IndexError: not 0 ≤ start ≤ stop ≤ length.
        """
        ...


class TokensInMemory:
    """Tokens in one array, as narrow as the vocabulary allows."""

    def __init__(self, tokens: Narrow) -> None:
        self._tokens = tokens

    def __len__(self) -> int:
        return len(self._tokens)

    def read(self, start: int, stop: int, /) -> NDArray[np.int32]:
        """As `Tokens.read`."""
        _check(start, stop, len(self))
        return self._tokens[start:stop].astype(np.int32)


class TokensOnDisk:
    """Tokens in an open file; it is not mapped, so what has been read does not stay in this process's memory."""

    def __init__(self, descriptor: int, length: int, dtype: np.dtype[Any]) -> None:
        self._descriptor = os.dup(descriptor)
        weakref.finalize(self, os.close, self._descriptor)
        self._length = length
        self._dtype = dtype

    def __len__(self) -> int:
        return self._length

    def read(self, start: int, stop: int, /) -> NDArray[np.int32]:
        """As `Tokens.read`."""
        _check(start, stop, len(self))
        place, end = start * self._dtype.itemsize, stop * self._dtype.itemsize
        found = bytearray()
        while place + len(found) < end:
            at = place + len(found)
            part = os.pread(self._descriptor, min(end - at, _READ), at)
            assert part, "the file is open and its own: nobody else can have shortened it"
            found += part
        return np.frombuffer(found, self._dtype).astype(np.int32)


def store(pieces: Iterable[NDArray[np.int32]], *, size: int, folder: Path | None = None, in_memory: int = 1 << 24) -> Tokens:
    """Keep a stream of tokens for random access.

    Args:
        pieces: the tokens, in order; read once.
        size: of the vocabulary; decides how many bytes a token takes: 1, 2 or 4.
        folder: where the file goes that holds them if they are many; by default the system's folder for temporary files.
            It has no name there, so nothing is left of it however the program ends.
        in_memory: as many tokens as are held in memory.

    Raises:
        UserError: the disk refuses, for example because it is full.
        ValueError: a token is not in the vocabulary.
    """
    dtype = np.dtype(np.uint8 if size <= 1 << 8 else np.uint16 if size <= 1 << 16 else np.int32)
    narrow = (_narrowed(piece, size, dtype) for piece in pieces)
    held: list[Narrow] = []
    count = 0
    for piece in narrow:
        held.append(piece)
        count += len(piece)
        if count > in_memory:
            return _on_disk(held, narrow, dtype, Path(folder or tempfile.gettempdir()))
    return TokensInMemory(np.concatenate([np.empty(0, dtype), *held]))


def _narrowed(piece: NDArray[np.int32], size: int, dtype: np.dtype[Any]) -> Narrow:
    if len(piece) and not 0 <= piece.min() <= piece.max() < size:
        raise ValueError(f"tokens from {piece.min()} to {piece.max()} in a vocabulary of {size}")
    return piece.astype(dtype)


def _on_disk(held: list[Narrow], rest: Iterable[Narrow], dtype: np.dtype[Any], folder: Path) -> Tokens:
    try:
        file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 # closed below
    except OSError as error:
        raise cannot_write(folder, error) from error
    with file:
        length = _write(file.fileno(), held, folder)
        held.clear()
        length += _write(file.fileno(), rest, folder)
        return TokensOnDisk(file.fileno(), length, dtype)


def _write(descriptor: int, pieces: Iterable[Narrow], folder: Path) -> int:
    """Append tokens to a file; returns how many."""
    count = 0
    for piece in pieces:
        content = memoryview(piece.tobytes())
        try:
            while content:
                content = content[os.write(descriptor, content) :]
        except OSError as error:
            raise cannot_write(folder, error) from error
        count += len(piece)
    return count


def _check(start: int, stop: int, length: int) -> None:
    if not 0 <= start <= stop <= length:
        raise IndexError(f"tokens {start} to {stop} of {length}")
