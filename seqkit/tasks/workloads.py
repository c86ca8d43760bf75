"""What the workloads of several tasks share.

Axes: T tokens.
"""

import time
from statistics import median

import torch
from torch import Tensor

from seqkit.models.state import Scanner, State

STEPS = 40  # single tokens timed one by one, of which the median counts


def one_more(reader: Scanner, state: State, token_11: Tensor) -> float:
    """Milliseconds of a single token after all that was read, the median of STEPS."""
    seconds: list[float] = []
    for _ in range(STEPS):
        started = time.perf_counter()
        logit_11V, state = reader.scan(token_11, state)
        logit_11V.argmax().item()  # a GPU is waited for
        seconds.append(time.perf_counter() - started)
    return 1000 * median(seconds)


def random_symbols(count: int, length: int, device: torch.device) -> Tensor:
    """symbol_T, drawn evenly."""
    return torch.randint(count, (length,), generator=torch.Generator().manual_seed(1)).to(device)
