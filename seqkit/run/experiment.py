"""One recipe on one corpus, of any task: trained in a folder, evaluated, reported."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import torch
from rich.console import Console
from torch import nn

from seqkit.data.sources import Sources
from seqkit.errors import UserError
from seqkit.recipe.recipe import Recipe
from seqkit.report.report import Report
from seqkit.report.terminal import print_report
from seqkit.report.write import write_report
from seqkit.run.display import EventLog, TrainingDisplay
from seqkit.run.evaluation import Evaluation
from seqkit.run.machine import device_name
from seqkit.run.report import evaluation_report
from seqkit.run.signals import Stopped, listening, pausing
from seqkit.run.statistics import Leg, TrainingStatistics, precision_name
from seqkit.run.threads import PaceWatch, choose_threads, take_threads
from seqkit.tasks import find_task
from seqkit.tasks.trained import Trained
from seqkit.training.checkpoint import restore_checkpoint, save_checkpoint
from seqkit.training.loop import Evaluated, Event, Trainable, TrainState, train

CHECKPOINT_EVERY = 15.0  # seconds between checkpoints, at least


@dataclass(frozen=True)
class Fitted:
    """What training leaves.

    Args:
        trained: carries the weights that are kept.
        statistics: how training went.
    """

    trained: Trained[Any, Any]
    statistics: TrainingStatistics


class Experiment:
    """A recipe with its corpus read.

    Raises:
        UserError: the data are at fault, or lack a split that training needs.
    """

    def __init__(self, recipe: Recipe, sources: Sources, console: Console | None = None) -> None:
        self.task = find_task(recipe.task)
        self.recipe = recipe
        self.sources = sources
        self.corpus = self.task.read(recipe, sources, console)
        for split in ("train", "dev"):
            if split not in self.corpus.splits:
                raise UserError(f"{self.corpus.name}: no {split} split; give one with --{split} FILE")
        self._tokenizers: dict[str, Any] = {}

    @property
    def has_test(self) -> bool:
        """Whether there is a test split."""
        return any(split.startswith("test") for split in self.corpus.splits)

    def tokenizer(self, recipe: Recipe) -> Any:
        """Learnt from the training split alone; once for equal settings."""
        key = json.dumps(recipe.to_dict()["tokenizer"])
        if key not in self._tokenizers:
            self._tokenizers[key] = self.task.fit_tokenizer(recipe, self.corpus)
        return self._tokenizers[key]

    def build(self, recipe: Recipe) -> nn.Module:
        """The untrained model of a recipe of this task.

        Raises:
            UserError: its sizes do not fit together.
        """
        try:
            return self.task.build(recipe, self.corpus, self.tokenizer(recipe))
        except ValueError as error:
            raise UserError(f"[model]: {error}") from error

    def parameters(self, recipe: Recipe) -> int:
        """How many weights the model of a recipe of this task has on this corpus."""
        with torch.device("meta"):
            return sum(weight.numel() for weight in self.build(recipe).parameters())

    def batches_per_epoch(self, recipe: Recipe) -> int:
        """How many updates a recipe of this task makes in one pass over this corpus."""
        with torch.device("meta"):
            model = self.build(recipe)
            place = Path(gettempdir())
            return self.task.trainable(recipe, self.corpus, self.tokenizer(recipe), model, place).batches_per_epoch()

    def try_threads(self, console: Console) -> int:
        """Find out how many threads are quickest here, and set that number; nothing is kept but it."""
        model = self.build(self.recipe)
        with TemporaryDirectory() as place:
            tokenizer = self.tokenizer(self.recipe)
            trainable = self.task.trainable(self.recipe, self.corpus, tokenizer, model, Path(place))
            return choose_threads(model, trainable, console)

    def fit(
        self, folder: Path, device: torch.device, console: Console, *, resume: bool = False, try_threads: bool = False
    ) -> Fitted:
        """Train in a folder, which then holds the model; test is not read.

        Args:
            try_threads: find out how many threads are quickest, on a CPU; a run that is resumed takes as many as it had.

        Raises:
            UserError: there is nothing to train on or to resume, the loss is not a number, or the disk refuses.
            Stopped: Ctrl-C or SIGTERM; a checkpoint was saved.
        """
        task, recipe, corpus, tokenizer = self.task, self.recipe, self.corpus, self.tokenizer(self.recipe)
        for line in corpus.describe():
            console.print(line, style="dim", soft_wrap=True)
        torch.manual_seed(recipe.train.seed)
        model = self.build(recipe)
        task.prepare(model, recipe, corpus, tokenizer)
        model = model.to(device)
        trainable = task.trainable(recipe, corpus, tokenizer, model, folder)
        if recipe.train.precision == "bf16" and precision_name(recipe.train, device) != "bfloat16":
            console.print("no bfloat16 on this device: training in float32, which is slower", style="dim")
        state = TrainState(model, recipe.train)
        if resume:
            restore_checkpoint(folder / "checkpoints", state, trainable.carried)
        if try_threads and device.type == "cpu":
            take_threads(folder, model, trainable, console, resume=resume)
        size = sum(weight.numel() for weight in model.parameters())
        description = task.describe(recipe, corpus, tokenizer, trainable)
        console.print(f"{description}, {size / 1e6:.2f} M parameters · {device_name(device)}", highlight=False)
        score = task.dev_score(recipe, corpus)
        display = TrainingDisplay(console, recipe.train, trainable.batches_per_epoch(), score)
        with EventLog(folder / "metrics.jsonl", upto=state.step if resume else None) as log, display.showing():
            follow(trainable, state, folder, display, log, PaceWatch(console, f"seqkit train --resume {folder}"))
        trained = task.finish(recipe, corpus, tokenizer, model, trainable)
        trained.save(folder / "model")
        return Fitted(trained, TrainingStatistics.of(state, trainable.batches_per_epoch(), score.unit))

    def evaluate(self, fitted: Fitted, folder: Path, console: Console) -> Any:
        """Evaluate on test, or on dev where there is no test; what was measured is kept in the folder and returned."""
        split = "test" if self.has_test else "dev"
        console.print(f"evaluating on {split}", style="dim")
        measured = self.task.evaluate(fitted.trained, self.corpus, split, self.recipe, trained_on=True)
        keep(folder, fitted.trained, measured, fitted.statistics)
        return measured

    def report(self, fitted: Fitted, folder: Path, console: Console, *, command: str = "") -> Report:
        """Evaluate, then write and print the report."""
        measured = self.evaluate(fitted, folder, console)
        report = evaluation_report(
            fitted.trained,
            Evaluation.read(folder),
            self.task.summary(fitted.trained, measured),
            title=f"{self.corpus.title}: {self.task.model_name(self.recipe)}",
            subtitle="" if self.sources.own else self.recipe.about,
            command=command,
            reading=self.corpus.describe(),
            events=folder / "metrics.jsonl",
            dev_score=self.task.dev_score(self.recipe, self.corpus),
        )
        publish(report, folder, console, model=folder / "model")
        console.print(f"try it  {self.task.hint(self.recipe, self.corpus)}", soft_wrap=True)
        return report


def follow(trainable: Trainable, state: TrainState, folder: Path, *consumers: Callable[[Event], None]) -> None:
    """Train in a folder, which gets checkpoints; every event goes to the consumers. Ends with the weights to keep in the model.

    Raises:
        UserError, Stopped: as `Experiment.fit`.
    """
    checkpoints = folder / "checkpoints"
    with listening() as request, pausing() as pause:
        leg = Leg(state, pause)
        saved_at = time.monotonic()
        for event in () if state.out_of_patience else train(trainable, state):
            for consume in consumers:
                consume(event)
            if request.signal is not None or time.monotonic() - saved_at > CHECKPOINT_EVERY:
                leg.book()
                save_checkpoint(checkpoints, state, trainable.carried)
                saved_at = time.monotonic()
            if request.signal is not None:
                where = f"epoch {state.epoch + 1}, step {state.step}"
                raise Stopped(request.signal, f"stopped at {where}; saved. Go on with: seqkit train --resume {folder}")
            if isinstance(event, Evaluated) and state.out_of_patience:
                break
            pause()
        leg.book()
    save_checkpoint(checkpoints, state, trainable.carried)
    with torch.no_grad():
        for name, weight in state.model.named_parameters():
            weight.copy_(state.best[name])
    state.model.eval()


def keep(folder: Path, trained: Trained[Any, Any], measured: Any, training: TrainingStatistics | None) -> Evaluation:
    """Write what a task measured beside the report: the record, and what the model said."""
    task = find_task(trained.metadata["task"])
    evaluation = Evaluation.of(trained, task.scores(trained, measured), training, trained.device)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in task.outputs(measured).items():
        (folder / name).write_text(text, encoding="utf-8")
    evaluation.write(folder)
    return evaluation


def publish(report: Report, folder: Path, console: Console, *, model: Path | None = None) -> None:
    """Write a report, print it, and say where it is."""
    write_report(report, folder)
    print_report(report, console)
    console.print()
    if model:
        console.print(f"model   {model}", soft_wrap=True)
    console.print(f"report  {folder / 'report.html'}", soft_wrap=True)
