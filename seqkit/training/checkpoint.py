"""A run's state on disk: `checkpoints/step-N`, the newest two kept; reading one goes on to identical weights."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from seqkit.architecture.description import modern
from seqkit.errors import DataError
from seqkit.training.atomic_folder import mend, read_folder, write_folder
from seqkit.training.loop import TrainState

COUNTERS = (
    "step", "epoch", "batch", "last_evaluation", "best_score", "last_score", "best_epoch", "bad_evaluations", "reductions",
    "seconds", "last_evaluation_seconds",
)  # fmt: skip
OLDER = {
    "last_evaluation": "looked",
    "bad_evaluations": "stalled",
    "reductions": "halvings",
    "last_evaluation_seconds": "seconds",
}
"""Where checkpoints of seqkit 0.1.0 have it."""
SPENT = ("tokens", "training_seconds", "wall_seconds", "cpu_seconds", "peak_memory")  # younger than the others
KEPT = 2


def save_checkpoint(folder: Path, state: TrainState, carried: Mapping[str, Tensor] | None = None) -> Path:
    """Write `folder/step-N`; returns it.

    Args:
        carried: what the task carries from batch to batch.

    Raises:
        UserError: the disk refuses; earlier checkpoints are kept.
    """
    tensors = {f"model/{name}": weight.detach() for name, weight in state.model.named_parameters()}
    tensors |= {f"best/{name}": weight for name, weight in state.best.items()}
    tensors |= {f"carried/{name}": value for name, value in (carried or {}).items()}
    if state.average:
        tensors |= {f"average/{name}": weight for name, weight in state.average.weights.items()}
    for number, moments in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{number}/{name}": value for name, value in moments.items()}
    tensors["random/cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random/cuda"] = torch.cuda.get_rng_state()
    counters = {name: getattr(state, name) for name in (*COUNTERS, *SPENT)}
    counters["average_updates"] = state.average.updates if state.average else 0
    place = folder / f"step-{state.step:08d}"
    write_folder(
        place,
        {
            "state.safetensors": safetensors.torch.save({name: t.cpu().contiguous() for name, t in tensors.items()}),
            "counters.json": json.dumps(counters).encode(),
        },
    )
    for old in checkpoints(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return place


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    return sorted(path for path in folder.glob("step-*") if path.is_dir())


def restore_checkpoint(folder: Path, state: TrainState, carried: dict[str, Tensor] | None = None) -> Path:
    """Bring `state`, and `carried`, to the newest checkpoint that reads back whole; returns it.

    Raises:
        DataError: there is none, or none is whole; names the fault of the newest.
    """
    fault = DataError(folder, None, "holds no checkpoint to resume from")
    for retired in folder.glob(".step-*.old"):
        mend(folder / retired.name[1:].split(".")[0])
    for number, place in enumerate(reversed(checkpoints(folder))):
        try:
            files = read_folder(place)
        except DataError as error:
            fault = error if number == 0 else fault
            continue
        tensors = safetensors.torch.load(files["state.safetensors"])
        if carried is not None:
            carried.clear()
            carried |= {name.partition("/")[2]: value for name, value in tensors.items() if name.startswith("carried/")}
        _restore(state, tensors, json.loads(files["counters.json"]))
        return place
    raise fault


@torch.no_grad()
def _restore(state: TrainState, tensors: dict[str, Tensor], counters: dict[str, float]) -> None:
    groups: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        group, _, rest = name.partition("/")
        groups.setdefault(group, {})[modern(rest)] = value
    device = next(state.model.parameters()).device
    for name, weight in state.model.named_parameters():
        weight.copy_(groups["model"][name])
    if state.average:
        state.average.weights = {name: groups["average"][name].to(device) for name in state.average.weights}
        state.average.updates = int(counters["average_updates"])
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in groups.get("optimizer", {}).items():
        number, _, moment = name.partition("/")
        moments.setdefault(int(number), {})[moment] = value
    state.optimizer.load_state_dict({"state": moments, "param_groups": state.optimizer.state_dict()["param_groups"]})
    state.best = {name: value.to(device) for name, value in groups.get("best", {}).items()}
    for name in COUNTERS:
        setattr(state, name, counters[name] if name in counters else counters[OLDER[name]])
    for name in SPENT:
        setattr(state, name, counters.get(name, 0))
    torch.set_rng_state(groups["random"]["cpu"])
    if "cuda" in groups["random"] and torch.cuda.is_available():
        torch.cuda.set_rng_state(groups["random"]["cuda"])
