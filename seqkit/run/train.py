"""What `seqkit train` and `seqkit train --resume` do, from request to the last line printed."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from seqkit.data.sources import Sources
from seqkit.errors import UserError
from seqkit.recipe.reading import Overrides
from seqkit.report.report import Report
from seqkit.run.experiment import Experiment
from seqkit.run.folders import find_run, new_run_folder
from seqkit.run.machine import prepare_machine
from seqkit.run.saved import load
from seqkit.tasks.recipes import load_recipe, recipe_from
from seqkit.tasks.trained import Trained


@dataclass(frozen=True)
class TrainRequest:
    """`seqkit train` as typed.

    Args:
        seed: instead of the recipe's.
    """

    recipe: str
    out: Path | None = None
    seed: int | None = None
    overrides: Overrides = ()
    sources: Sources = field(default_factory=Sources)
    device: str = "auto"
    threads: int | None = None
    command: str = ""


@dataclass(frozen=True)
class Run:
    """A finished training run.

    Args:
        folder: holds the model, the report and all that was logged.
        report: on test, or on dev where there is no test.
    """

    folder: Path
    report: Report

    def load(self, *, device: str = "cpu") -> Trained[Any, Any]:
        """The trained model."""
        return load(self.folder, device=device)

    def __repr__(self) -> str:
        """`<Run runs/ner/2026-11-05T10-01-10: test F1, strict 77.9 %>`."""
        score = self.report.headline[0]
        return f"<Run {self.folder}: {score.name} {score.text(score.name)}>"

    def _repr_html_(self) -> str:
        return self.report.framed()


def train_command(request: TrainRequest, console: Console) -> Run:
    """Read, train, evaluate, report. Nothing is written before the data has been read.

    Raises:
        UserError: recipe, data or machine are at fault.
        Stopped: Ctrl-C or SIGTERM.
    """
    recipe = load_recipe(request.recipe, request.overrides)
    if request.seed is not None:
        recipe = recipe.seeded(request.seed)
    device = prepare_machine(request.device, request.threads)
    experiment = Experiment(recipe, request.sources, console)
    folder = new_run_folder(recipe.task, request.out)
    (folder / "recipe.json").write_text(json.dumps(recipe.to_dict(), indent=1), encoding="utf-8")
    data = request.sources.to_dict() | {"command": request.command}
    (folder / "data.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
    try:
        fitted = experiment.fit(folder, device, console, try_threads=request.threads is None)
    except UserError:
        discard_unless_begun(folder)
        raise
    return Run(folder, experiment.report(fitted, folder, console, command=request.command))


def discard_unless_begun(folder: Path) -> None:
    """Remove a run that failed before its first update; what it learned, if anything, is kept."""
    if not any((folder / name).exists() for name in ("checkpoints", "model", "metrics.jsonl")):
        shutil.rmtree(folder, ignore_errors=True)


def resume_command(run: str, *, console: Console, device: str, threads: int | None, mirror: Path | None) -> Run:
    """Go on with a stopped run, to the weights it would have reached unstopped.

    Raises:
        UserError: no such run, no checkpoint in it, or it is finished.
    """
    folder = find_run(run, holding="checkpoints")
    if (folder / "model").exists():
        raise UserError(f"{folder}: this run is finished; its model is in {folder / 'model'}")
    try:
        recipe = recipe_from(json.loads((folder / "recipe.json").read_text(encoding="utf-8")))
        data: dict[str, Any] = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{folder}: not a run that can be resumed ({error.__class__.__name__})") from error
    prepared = prepare_machine(device, threads)
    experiment = Experiment(recipe, Sources.from_dict(data, mirror), console)
    fitted = experiment.fit(folder, prepared, console, resume=True, try_threads=threads is None)
    return Run(folder, experiment.report(fitted, folder, console, command=data["command"]))
