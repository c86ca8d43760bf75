"""One job of a comparison, as a process: `python -m seqkit.run.comparison.job OPTIONS`, called by `seqkit compare`."""

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from rich.console import Console

from seqkit.data.sources import Sources
from seqkit.errors import UserError
from seqkit.run.child import given
from seqkit.run.comparison.jobs import TrialResult
from seqkit.run.experiment import Experiment
from seqkit.run.machine import prepare_machine
from seqkit.tasks.recipes import recipe_from


def run_job(options: dict[str, Any]) -> None:
    """Train by `job.json`, evaluate, write the job's files; `recipe.json` last marks it whole.

    Args:
        options: `folder`, `mode`, `sources`, `mirror`, `device`, `threads`.
    """
    folder = Path(options["folder"])
    recipe = recipe_from(json.loads((folder / "job.json").read_text(encoding="utf-8")))
    mirror = Path(options["mirror"]) if options["mirror"] else None
    device = prepare_machine(options["device"], options["threads"])
    experiment = Experiment(recipe, Sources.from_dict(options["sources"], mirror))
    quiet = Console(quiet=True)
    match options["mode"]:
        case "trial":
            try_out(experiment, folder, device)
        case "brief":
            experiment.evaluate(experiment.fit(folder, device, quiet), folder, quiet)
        case _:
            experiment.report(experiment.fit(folder, device, quiet), folder, quiet)
    (folder / "recipe.json").write_text(json.dumps(recipe.to_dict(), indent=1), encoding="utf-8")


def try_out(experiment: Experiment, folder: Path, device: torch.device) -> None:
    """Train, keep the dev score of the weights that would be kept, and no weights."""
    training = experiment.fit(folder, device, Console(quiet=True)).statistics
    TrialResult(dev_score=training.kept_score, training=training).write(folder)
    for weights in ("checkpoints", "model"):
        shutil.rmtree(folder / weights)


def end_with_parent() -> None:
    """Leave when the comparison that holds the other end of standard input is gone, however it went."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # heard only while training
    Thread(target=end_with_parent, daemon=True).start()
    try:
        run_job(given())
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
