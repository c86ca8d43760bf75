"""The learning rate over a run: linear warm-up, then cosine decay, plateau halving, or neither."""

import math
from typing import Literal

Schedule = Literal["cosine", "plateau", "constant"]


def learning_rate_factor(schedule: Schedule, step: int, total: float, warmup: float, reductions: int) -> float:
    """The factor on the peak learning rate.

    Args:
        step: updates done so far, of `total`, which may be an estimate.
        warmup: the share of `total` over which the factor rises linearly from 0 to 1.
        reductions: evaluations without a better dev score so far; each halves the rate, under `plateau` alone.
    """
    rising = warmup * total
    if step < rising:
        return (step + 1) / (rising + 1)
    match schedule:
        case "cosine":
            done = (step - rising) / max(total - rising, 1)
            return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        case "plateau":
            return 0.5**reductions
        case "constant":
            return 1.0
