"""What `seqkit evaluate` does, from request to the last line printed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from seqkit.data.sources import EncodingErrors, OwnFiles, Sources
from seqkit.errors import UserError
from seqkit.recipe.recipe import Recipe
from seqkit.report.report import Report
from seqkit.run.experiment import keep, publish
from seqkit.run.folders import find_run, model_folder
from seqkit.run.machine import prepare_machine
from seqkit.run.report import evaluation_report
from seqkit.run.saved import load, task_of
from seqkit.tasks.recipes import recipe_from
from seqkit.tasks.trained import Trained

Settings = Mapping[str, tuple[str, Any]]


@dataclass(frozen=True)
class EvaluateRequest:
    """`seqkit evaluate` as typed.

    Args:
        corpus: another corpus than the one the run was trained on.
        own: a file of the user's.
        settings: by option, a key of the recipe's `[evaluation]` and its value instead of the run's.
    """

    run: str | None = None
    split: str = "test"
    corpus: str | None = None
    own: OwnFiles = field(default_factory=OwnFiles)
    settings: Settings = field(default_factory=dict[str, tuple[str, Any]])
    out: Path | None = None
    mirror: Path | None = None
    errors: EncodingErrors = "strict"
    device: str = "cpu"
    threads: int | None = None
    command: str = ""


def evaluate_command(request: EvaluateRequest, console: Console) -> Report:
    """Load a model, read a split, evaluate and report.

    Raises:
        UserError: model or data are at fault.
    """
    device = prepare_machine(request.device, request.threads)
    run = find_run(request.run)
    trained = load(run, device=str(device))
    task = task_of(trained)
    recipe = with_settings(stored_recipe(run, trained), request.settings, task.noun)
    trained_on = not request.own and not request.corpus
    sources = Sources(request.own, request.mirror, request.errors)
    if trained_on:
        sources = stored_sources(run, request.mirror) or sources
    if request.corpus:
        recipe = recipe.on(request.corpus)
    corpus = task.read(recipe, sources, console)
    for line in corpus.describe():
        console.print(line, style="dim", soft_wrap=True)
    measured = task.evaluate(trained, corpus, request.split, recipe, trained_on=trained_on)
    for warning in task.warnings(trained, measured):
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)
    out = request.out or model_folder(run).parent / f"evaluation-{request.split}"
    evaluation = keep(out, trained, measured, None)
    report = evaluation_report(
        trained,
        evaluation,
        task.summary(trained, measured),
        title=f"{corpus.title}: {run}",
        subtitle=f"{request.split} split",
        command=request.command,
        reading=corpus.describe(),
    )
    publish(report, out, console)
    return report


def stored_recipe(run: Path, trained: Trained[Any, Any]) -> Recipe:
    """The recipe a run was trained by; the defaults of its task where it is not at hand."""
    try:
        return recipe_from(json.loads((run / "recipe.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, UserError):
        known = {key: value for key, value in trained.metadata.items() if key in task_of(trained).recipe.model_fields}
        return recipe_from(known)


def stored_sources(run: Path, mirror: Path | None) -> Sources | None:
    """The data a run was trained on; None where that is not at hand."""
    try:
        return Sources.from_dict(json.loads((run / "data.json").read_text(encoding="utf-8")), mirror)
    except (OSError, ValueError, KeyError):
        return None


def with_settings(recipe: Recipe, settings: Settings, noun: str) -> Recipe:
    """The recipe with other settings of `[evaluation]`.

    Raises:
        UserError: the task has no such setting, or not with this value.
    """
    known = getattr(type(recipe).model_fields.get("evaluation"), "annotation", None)
    for option, (key, value) in settings.items():
        if key not in getattr(known, "model_fields", {}):
            raise UserError(f"{option} is not for this run, which is {noun}")
        recipe = recipe.tuned({f"evaluation.{key}": value}, option)
    return recipe
