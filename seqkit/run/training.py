"""A training run as a user sees it: the loop followed, shown, logged, checkpointed, stopped and resumed; for every task."""

import time
from pathlib import Path

import torch
from rich.console import Console

from seqkit.models.precision import multiplies_in_bfloat16
from seqkit.run.display import EventLog, TrainingDisplay
from seqkit.run.signals import Stopped, StopRequest, listening, pausing
from seqkit.run.statistics import Leg, TrainingStatistics
from seqkit.training.checkpoint import restore_checkpoint, save_checkpoint
from seqkit.training.dev_score import DevScore
from seqkit.training.loop import Evaluated, Trainable, TrainConfig, TrainState, train

CHECKPOINT_EVERY = 15.0  # seconds between checkpoints, at least


def warn_of_precision(config: TrainConfig, device: torch.device, console: Console) -> None:
    """Say so where the recipe asks for what the device lacks."""
    if config.precision == "bf16" and precision_name(config, device) != "bfloat16":
        console.print("no bfloat16 on this device: training in float32, which is slower", style="dim")


def precision_name(config: TrainConfig, device: torch.device) -> str:
    """Of the matrix products as they really run."""
    return "bfloat16" if config.precision == "bf16" and multiplies_in_bfloat16(device.type) else "float32"


def follow(
    trainable: Trainable, state: TrainState, folder: Path, *, console: Console, shown: DevScore, resume: bool = False
) -> TrainingStatistics:
    """Train in `folder`, which gets checkpoints and metrics.jsonl; ends with the weights to keep in the model.

    Raises:
        UserError: the loss is not a number, or the disk refuses.
        Stopped: Ctrl-C or SIGTERM; a checkpoint was saved.
    """
    checkpoints = folder / "checkpoints"
    per_epoch = trainable.batches_per_epoch()
    display = TrainingDisplay(console, state.config, per_epoch, shown)
    device = next(state.model.parameters()).device
    with (
        EventLog(folder / "metrics.jsonl", upto=state.step if resume else None) as log,
        listening() as request,
        pausing() as pause,
        display.showing(),
    ):
        leg = Leg(state, device, pause)
        saved_at = time.monotonic()
        for event in () if out_of_patience(state) else train(trainable, state):
            display(event)
            log(event)
            if request.signal is not None:
                leg.book()
                leave(request, checkpoints, trainable, state, folder)
            if time.monotonic() - saved_at > CHECKPOINT_EVERY:
                leg.book()
                save_checkpoint(checkpoints, state, trainable.carried)
                saved_at = time.monotonic()
            if isinstance(event, Evaluated) and out_of_patience(state):
                break
            pause()
        leg.book()
    save_checkpoint(checkpoints, state, trainable.carried)
    with torch.no_grad():
        for name, weight in state.model.named_parameters():
            weight.copy_(state.best[name])
    state.model.eval()
    return statistics(state, per_epoch, shown, device)


def statistics(state: TrainState, per_epoch: int, shown: DevScore, device: torch.device) -> TrainingStatistics:
    """Of a run that is done, over all its legs."""
    return TrainingStatistics(
        seconds=state.wall_seconds,
        cpu_seconds=state.cpu_seconds,
        update_seconds=state.seconds,
        rate=state.tokens / max(state.training_seconds, 1e-9),
        unit=shown.unit,
        peak_memory=state.peak_memory,
        best_epoch=state.best_epoch,
        epochs=state.step / per_epoch,
        best_score=state.best_score,
        kept_score=state.best_score if state.config.keep == "best" else state.last_score,
        precision=precision_name(state.config, device),
        device=device.type,
    )


def restore(folder: Path, trainable: Trainable, state: TrainState) -> None:
    """Bring trainable and state to the run's newest checkpoint.

    Raises:
        DataError: there is none that reads back whole.
    """
    restore_checkpoint(folder / "checkpoints", state, trainable.carried)


def out_of_patience(state: TrainState) -> bool:
    """Whether to stop early; a run resumed from its very last checkpoint must not train on."""
    return 0 < state.config.patience <= state.bad_evaluations


def leave(request: StopRequest, checkpoints: Path, trainable: Trainable, state: TrainState, folder: Path) -> None:
    """Save and stop.

    Raises:
        Stopped: always.
    """
    save_checkpoint(checkpoints, state, trainable.carried)
    raise Stopped(
        request.signal or 0,
        f"stopped at epoch {state.epoch + 1}, step {state.step}; saved. Go on with: seqkit train --resume {folder}",
    )
