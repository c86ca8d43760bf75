"""How many threads a training run takes, and how they wait for one another.

OpenMP's threads spin while they wait. Where another program wants the same processor they spin in its way: with one busy
neighbour on two cores, training on two threads was up to fifty times slower than on one. So they spin for a short while only,
and a run that was not told its threads tries out whether more than one pays.
"""

import json
import os
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:
    from torch import nn

    from seqkit.training.loop import Event, Trainable

SPINS = "1000"
"""Turns that a waiting thread spins before it sleeps: an idle machine lost 3 % by it, one with a busy neighbour gained 3 ×."""

PIECE, LONGEST, ROUNDS = 0.05, 1.0, 3
"""Of trying out: seconds of a measurement, of all rounds together, and rounds at least, of which the first does not count."""

GAIN = 1.05
"""Several threads are taken if they are so many times as quick as one."""

SLOWER = 3.0
"""So many times slower than before, a run says why that may be."""


def bound_waiting() -> None:
    """For all threads of this process and its children, if the user has not said otherwise; before PyTorch is imported."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)


def choose_threads(model: "nn.Module", trainable: "Trainable", console: Console) -> int:
    """Try gradients on one thread and on as many as PyTorch would take, and set the quicker number.

    Nothing of the run changes by it: weights, what is carried, and random numbers are as before.

    Returns:
        The number.
    """
    import torch

    most = torch.get_num_threads()
    batch = next(islice(trainable.batches(0), 1), None)
    if most == 1 or batch is None:
        return most
    random, carried = torch.get_rng_state(), dict(trainable.carried)
    model.train()

    def gradients(threads: int, times: int) -> float:
        torch.set_num_threads(threads)
        started = time.perf_counter()
        for _ in range(times):
            loss, _ = trainable.loss(batch)
            loss.backward()
            model.zero_grad()
        return (time.perf_counter() - started) / times

    times = max(1, round(PIECE / max(gradients(1, 1), 1e-6)))
    seconds: dict[int, list[float]] = {1: [], most: []}
    started = time.perf_counter()
    while len(seconds[1]) < ROUNDS or (time.perf_counter() - started < LONGEST and len(seconds[1]) < 2 * ROUNDS):
        for threads, found in seconds.items():
            found.append(gradients(threads, times))
    torch.set_rng_state(random)
    trainable.carried.clear()
    trainable.carried |= carried
    one, several = (min(found[1:]) for found in seconds.values())
    chosen = most if one / several >= GAIN else 1
    if chosen == 1:
        console.print(f"one thread: {most} are {several / one:.1f} × as slow now (--threads {most} takes them)", style="dim")
    torch.set_num_threads(chosen)
    return chosen


def take_threads(folder: Path, model: "nn.Module", trainable: "Trainable", console: Console, *, resume: bool) -> None:
    """As many as the run had that is gone on with; a new one tries, and keeps the number for then."""
    import torch

    record = folder / "threads.json"
    if resume and record.exists():
        torch.set_num_threads(int(json.loads(record.read_text(encoding="utf-8"))))
    elif not resume:
        record.write_text(json.dumps(choose_threads(model, trainable, console)), encoding="utf-8")


class PaceWatch:
    """Says once, of a run on several threads, when it has become much slower.

    Args:
        again: the command that goes on with the run.
    """

    def __init__(self, console: Console, again: str) -> None:
        import torch

        self.console, self.again = console, again
        self.threads = torch.get_num_threads()
        self.rate = self.best = 0.0
        self.updates = 0

    def __call__(self, event: "Event | Any") -> None:
        """Follow an event of the loop."""
        tokens = getattr(event, "tokens", 0)
        if not tokens or self.threads == 1:
            return
        self.updates += 1
        now = tokens / max(event.seconds, 1e-9)
        self.rate = now if self.updates <= 2 else 0.9 * self.rate + 0.1 * now
        if self.updates > 20:
            self.best = max(self.best, self.rate)
        if self.best > SLOWER * self.rate:
            slower = f"training is {self.best / self.rate:.0f} × slower than it was"
            why = "if another program has come to use the processor, one thread is quicker: stop with Ctrl-C, then"
            self.console.print(f"{slower}; {why} {self.again} --threads 1", style="dim", soft_wrap=True)
            self.threads = 1
