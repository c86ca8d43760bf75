"""What `seqkit train`, `seqkit train --resume` and `seqkit evaluate` do, from request to the last line printed."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from seqkit.errors import UserError
from seqkit.recipe import load_recipe, recipe_from
from seqkit.run.corpora import EncodingErrors, OwnFiles, Sources
from seqkit.run.folders import find_run, new_run_folder
from seqkit.run.machine import prepare_machine
from seqkit.run.roads import open_road
from seqkit.run.saved import USES, load
from seqkit.run.tagging.model import TrainedTagger
from seqkit.run.tagging.road import evaluate_tagging
from seqkit.run.text.model import TrainedLanguageModel
from seqkit.run.text.road import evaluate_text
from seqkit.run.translation.model import TrainedTranslator
from seqkit.run.translation.road import evaluate_translation


@dataclass(frozen=True)
class TrainRequest:
    """`seqkit train` as typed."""

    recipe: str
    out: Path | None = None
    overrides: Sequence[str] = ()
    sources: Sources = field(default_factory=Sources)
    device: str = "auto"
    threads: int | None = None
    command: str = ""


@dataclass(frozen=True)
class EvaluateRequest:
    """`seqkit evaluate` as typed.

    Args:
        corpus: another corpus than the one the run was trained on.
        own: a file of the user's.
        protocols: of a language model, instead of the recipe's.
    """

    run: str | None = None
    split: str = "test"
    corpus: str | None = None
    own: OwnFiles = field(default_factory=OwnFiles)
    protocols: tuple[str, ...] = ()
    dynamic: float | None = None
    out: Path | None = None
    mirror: Path | None = None
    errors: EncodingErrors = "strict"
    device: str = "cpu"
    threads: int | None = None
    command: str = ""


def train_command(request: TrainRequest, console: Console) -> Path:
    """Read, train, evaluate, report; returns the run folder. Nothing is written before the data has been read.

    Raises:
        UserError: recipe, data or machine are at fault.
        Stopped: Ctrl-C or SIGTERM.
    """
    recipe = load_recipe(request.recipe, request.overrides)
    device = prepare_machine(request.device, request.threads)
    road = open_road(recipe, request.sources, console)
    folder = new_run_folder(recipe.task, request.out)
    (folder / "recipe.json").write_text(json.dumps(recipe.to_dict(), indent=1), encoding="utf-8")
    data = request.sources.to_dict() | {"command": request.command}
    (folder / "data.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
    try:
        road.finish(folder, device, console, command=request.command)
    except UserError:
        discard_unless_begun(folder)
        raise
    return folder


def discard_unless_begun(folder: Path) -> None:
    """Remove a run that failed before its first update; what it learned, if anything, is kept."""
    if not any((folder / name).exists() for name in ("checkpoints", "model", "metrics.jsonl")):
        shutil.rmtree(folder, ignore_errors=True)


def resume_command(run: str, *, console: Console, device: str, threads: int | None, mirror: Path | None) -> Path:
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
    road = open_road(recipe, Sources.from_dict(data, mirror), console)
    road.finish(folder, prepared, console, command=data["command"], resume=True)
    return folder


def evaluate_command(request: EvaluateRequest, console: Console) -> Path:
    """Load a model, read a split, evaluate and report; returns the report's folder.

    Raises:
        UserError: model or data are at fault.
    """
    device = prepare_machine(request.device, request.threads)
    run = find_run(request.run)
    model = load(run, device=str(device))
    stored = run / "data.json"
    # The run's own data, unless others are asked for.
    sources = Sources(request.own, request.mirror, request.errors)
    if not request.own and not request.corpus and stored.exists():
        sources = Sources.from_dict(json.loads(stored.read_text(encoding="utf-8")), request.mirror)
    if not isinstance(model, TrainedLanguageModel) and (request.protocols or request.dynamic):
        raise UserError(f"--protocol and --dynamic are for language models; this run is {USES[type(model)]}")
    if isinstance(model, TrainedTranslator):
        asked = (request.split, request.corpus, sources, console, request.out, request.command)
        return evaluate_translation(model, run, *asked)
    if isinstance(model, TrainedTagger):
        return evaluate_tagging(model, run, request.split, request.corpus, sources, console, request.out, request.command)
    return evaluate_text(
        model, run, request.split, request.corpus, sources, console, request.out, request.command,
        protocols=request.protocols, dynamic=request.dynamic,
    )  # fmt: skip
