"""Where runs lie: `runs/<task>/<time>/`, the newest of a task being the default of the commands."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from seqkit.errors import UserError
from seqkit.tasks import TASKS
from seqkit.training.atomic_folder import mend

RUNS = Path("runs")


def new_run_folder(task: str, out: Path | None) -> Path:
    """Make the folder of a new run.

    Raises:
        UserError: `out` holds something already, or cannot be made.
    """
    if out is None:
        stem = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
        out = RUNS / task / stem
        number = 2
        while out.exists():
            out = RUNS / task / f"{stem}-{number}"
            number += 1
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"--out {out}: exists and is not empty")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror}") from error
    return out


def find_run(given: str | None, tasks: Sequence[str] = tuple(TASKS), *, holding: str = "model") -> Path:
    """A run's folder: as given, or the newest of some tasks.

    Args:
        given: a run folder, its model folder, `latest`, or None for the newest.
        tasks: whose runs count.
        holding: what the run must hold: `model` once trained, `checkpoints` while training.

    Raises:
        UserError: there is none; says how to make one.
    """
    if given and given != "latest":
        path = Path(given)
        if path.name == "latest" and not path.exists():
            runs = sorted(path.parent.glob(f"*/{holding}"))
            path = runs[-1].parent if runs else path
        if not path.is_dir():
            raise UserError(f"{given}: no such run folder")
        return path.parent if path.name == holding and (path / "manifest.json").exists() else path
    runs = [path.parent for task in tasks for path in (RUNS / task).glob(f"*/{holding}")]
    if not runs:
        places = " or ".join(str(RUNS / task) for task in tasks)
        raise UserError(f"no trained run in {places}; train one with: seqkit train {tasks[0]}")
    return max(runs, key=lambda path: path.name)  # named by their time


def model_folder(path: Path) -> Path:
    """The folder that holds the weights, from a run folder, a model folder or `…/latest`.

    Raises:
        UserError: there is none.
    """
    if path.name == "latest" and not path.exists():
        runs = sorted(path.parent.glob("*/model"))
        if runs:
            return runs[-1]
    for folder in (path / "model", path):
        mend(folder)
        if (folder / "manifest.json").exists() or (folder / "config.json").exists():
            return folder
    if path.is_dir() and (path / "checkpoints").is_dir():
        raise UserError(f"{path}: training was not finished; go on with: seqkit train --resume {path}")
    raise UserError(f"{path}: no model there")
