"""What the workloads of several tasks share.

Axes: B sequences, T tokens.
"""

import time
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.decoding.scores import beside, without_gradients
from seqkit.decoding.search import read as read_piece
from seqkit.engine.state import Scanner, State

STEPS = 40  # single tokens timed one by one, of which the median counts


def read(reader: Scanner[Any], token_BT: NDArray[np.int64], state: State[Any]) -> tuple[Any, State[Any]]:
    """logit_BV of the symbol after a text, read piece by piece, and the state there."""
    like = next(iter(state.carry.values()))
    with without_gradients(like):
        return read_piece(reader, beside(token_BT, like), state)


def one_more(reader: Scanner[Any], state: State[Any], token_11: NDArray[np.int64]) -> float:
    """Milliseconds of a single token after all that was read, the median of STEPS."""
    seconds: list[float] = []
    for _ in range(STEPS):
        started = time.perf_counter()
        logit_1V, state = read(reader, token_11, state)
        int(logit_1V.argmax())  # a GPU is waited for
        seconds.append(time.perf_counter() - started)
    return 1000 * median(seconds)


def random_symbols(count: int, length: int) -> NDArray[np.int64]:
    """symbol_T, drawn evenly."""
    return np.random.default_rng(1).integers(count, size=length)
