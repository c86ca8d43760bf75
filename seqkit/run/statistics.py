"""How a training run went, over all its legs: a run that was stopped and resumed tells of the whole."""

import time
from typing import Self

import torch

from seqkit.config import Config
from seqkit.models.precision import multiplies_in_bfloat16
from seqkit.run.machine import peak_memory
from seqkit.run.signals import Pause
from seqkit.training.loop import TrainConfig, TrainState


class TrainingStatistics(Config):
    """How a training run went.

    Args:
        seconds: wall time, evaluations on dev included.
        cpu_seconds: processor time of the same, all threads together.
        update_seconds: of the updates alone, evaluations and the very first update left out.
        rate: tokens a second, over the updates alone.
        unit: what a token is here: `words`, `characters`.
        peak_memory: bytes: resident, of the whole process, or allocated on a GPU.
        kept_score: on dev, of the weights kept.
        precision: of the matrix products.
        device: its type, `cpu` or `cuda`.
    """

    seconds: float
    cpu_seconds: float
    update_seconds: float
    rate: float
    unit: str
    peak_memory: int
    best_epoch: float
    epochs: float
    best_score: float
    kept_score: float
    precision: str
    device: str = "cpu"

    @classmethod
    def of(cls, state: TrainState, batches_per_epoch: int, unit: str) -> Self:
        """Of a run that is done."""
        device = device_of(state)
        return cls(
            seconds=state.wall_seconds,
            cpu_seconds=state.cpu_seconds,
            update_seconds=state.seconds,
            rate=state.tokens / max(state.training_seconds, 1e-9),
            unit=unit,
            peak_memory=state.peak_memory,
            best_epoch=state.best_epoch,
            epochs=state.step / batches_per_epoch,
            best_score=state.best_score,
            kept_score=state.best_score if state.config.keep == "best" else state.last_score,
            precision=precision_name(state.config, device),
            device=device.type,
        )


def precision_name(config: TrainConfig, device: torch.device) -> str:
    """Of the matrix products as they really run."""
    return "bfloat16" if config.precision == "bf16" and multiplies_in_bfloat16(device.type) else "float32"


def device_of(state: TrainState) -> torch.device:
    """Where the model is."""
    return next(state.model.parameters()).device


class Leg:
    """The clock of one stretch of a run: what passes is booked in the run's state, which checkpoints keep.

    Args:
        pause: time that was spent stopped does not count.
    """

    def __init__(self, state: TrainState, pause: Pause) -> None:
        self.state = state
        self.pause = pause
        self.booked = self.now()

    def now(self) -> tuple[float, float]:
        """Wall and processor seconds."""
        return time.perf_counter() - self.pause.seconds, time.process_time()

    def book(self) -> None:
        """Add what has passed since the last booking."""
        before, self.booked = self.booked, self.now()
        self.state.wall_seconds += self.booked[0] - before[0]
        self.state.cpu_seconds += self.booked[1] - before[1]
        self.state.peak_memory = max(self.state.peak_memory, peak_memory(device_of(self.state)))
