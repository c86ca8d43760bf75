"""A training run as a user sees it: the loop followed, shown, logged, checkpointed, stopped and resumed; for every task."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console

from seqkit.models.precision import multiplies_in_bfloat16
from seqkit.run.display import EventLog, Shown, TrainingDisplay
from seqkit.run.machine import peak_memory
from seqkit.run.signals import Stopped, StopRequest, listening, pausing
from seqkit.training.checkpoint import restore_checkpoint, save_checkpoint
from seqkit.training.loop import Evaluated, Trainable, TrainConfig, TrainState, train

CHECKPOINT_EVERY = 15.0  # seconds between checkpoints, at least


@dataclass(frozen=True)
class TrainingFacts:
    """How a training run went.

    Args:
        seconds: wall time, evaluations on dev included.
        cpu_seconds: processor time of the same, all threads together.
        update_seconds: of the updates alone, evaluations left out.
        rate: tokens a second, over the updates alone.
        unit: what a token is here: `words`, `characters`.
        precision: of the matrix products.
        peak_memory: bytes: resident, of the whole process, or allocated on a GPU.
        kept_score: on dev, of the weights kept.
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


def warn_of_precision(config: TrainConfig, device: torch.device, console: Console) -> None:
    """Say so where the recipe asks for what the device lacks."""
    if config.precision == "bf16" and precision_name(config, device) != "bfloat16":
        console.print("no bfloat16 on this device: training in float32, which is slower", style="dim")


def precision_name(config: TrainConfig, device: torch.device) -> str:
    """Of the matrix products as they really run."""
    return "bfloat16" if config.precision == "bf16" and multiplies_in_bfloat16(device.type) else "float32"


def follow(
    task: Trainable, state: TrainState, folder: Path, *, console: Console, shown: Shown, resume: bool = False
) -> TrainingFacts:
    """Train in `folder`, which gets checkpoints and metrics.jsonl; ends with the weights to keep in the model.

    Raises:
        UserError: the loss is not a number, or the disk refuses.
        Stopped: Ctrl-C or SIGTERM; a checkpoint was saved.
    """
    checkpoints = folder / "checkpoints"
    per_epoch = task.batches_per_epoch()
    display = TrainingDisplay(console, state.config, per_epoch, shown)
    device = next(state.model.parameters()).device
    started, cpu_started = time.perf_counter(), time.process_time()
    with (
        EventLog(folder / "metrics.jsonl", upto=state.step if resume else None) as log,
        listening() as request,
        pausing() as pause,
        display.showing(),
    ):
        saved_at = time.monotonic()
        for event in () if out_of_patience(state) else train(task, state):
            display(event)
            log(event)
            if request.signal is not None:
                leave(request, checkpoints, task, state, folder)
            if time.monotonic() - saved_at > CHECKPOINT_EVERY:
                save_checkpoint(checkpoints, state, task.carried)
                saved_at = time.monotonic()
            if isinstance(event, Evaluated) and out_of_patience(state):
                break
            pause()
    facts = TrainingFacts(
        seconds=time.perf_counter() - started - pause.seconds,
        cpu_seconds=time.process_time() - cpu_started,
        update_seconds=state.seconds,
        rate=display.tokens / max(display.training_seconds, 1e-9),
        unit=shown.unit,
        peak_memory=peak_memory(device),
        best_epoch=state.best_epoch,
        epochs=state.step / per_epoch,
        best_score=state.best_score,
        kept_score=state.best_score if state.config.keep == "best" else state.last_score,
        precision=precision_name(state.config, device),
        device=device.type,
    )
    save_checkpoint(checkpoints, state, task.carried)
    with torch.no_grad():
        for name, weight in state.model.named_parameters():
            weight.copy_(state.best[name])
    state.model.eval()
    return facts


def restore(folder: Path, task: Trainable, state: TrainState) -> None:
    """Bring task and state to the run's newest checkpoint.

    Raises:
        DataError: there is none that reads back whole.
    """
    restore_checkpoint(folder / "checkpoints", state, task.carried)


def out_of_patience(state: TrainState) -> bool:
    """Whether to stop early; a run resumed from its very last checkpoint must not train on."""
    return 0 < state.config.patience <= state.stalled


def leave(request: StopRequest, checkpoints: Path, task: Trainable, state: TrainState, folder: Path) -> None:
    """Save and stop.

    Raises:
        Stopped: always.
    """
    save_checkpoint(checkpoints, state, task.carried)
    raise Stopped(
        request.signal or 0,
        f"stopped at epoch {state.epoch + 1}, step {state.step}; saved. Go on with: seqkit train --resume {folder}",
    )
