"""How fast something is, told over at least a second."""

import time
from collections.abc import Callable

LEAST_SECONDS = 1.0  # each speed is measured over at least this long


def rate(work: Callable[[], int]) -> float:
    """Units a second of `work`, which tells how many it did; the first call, a warm-up, does not count."""
    work()
    done = 0
    started = time.perf_counter()
    while not done or time.perf_counter() - started < LEAST_SECONDS:
        done += work()
    return done / (time.perf_counter() - started)
