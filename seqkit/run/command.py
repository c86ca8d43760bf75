"""What `seqkit train`, `seqkit train --resume` and `seqkit evaluate` do, from request to the last line printed."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from seqkit.data.examples import Tagged
from seqkit.errors import UserError
from seqkit.recipe import Recipe, load_recipe
from seqkit.report.report import Report
from seqkit.report.terminal import print_report
from seqkit.report.write import write_report
from seqkit.run.corpora import CorpusData, EncodingErrors, OwnFiles, load_corpus
from seqkit.run.evaluate import Evaluation, TrainingFacts, evaluate_tagger
from seqkit.run.folders import find_run, new_run_folder
from seqkit.run.machine import prepare_machine
from seqkit.run.saved import TrainedTagger, load, model_folder
from seqkit.run.tagging_report import tagging_report
from seqkit.run.train import Trained, model_name, train_tagger

OFFICIAL_SURFACE_F1 = ("ner/wnut17",)  # corpora whose shared task scores surface forms too


@dataclass(frozen=True)
class TrainRequest:
    """`seqkit train` as typed."""

    recipe: str
    out: Path | None = None
    overrides: Sequence[str] = ()
    own: OwnFiles = field(default_factory=OwnFiles)
    mirror: Path | None = None
    encoding_errors: EncodingErrors = "strict"
    device: str = "auto"
    threads: int | None = None
    command: str = ""


@dataclass(frozen=True)
class EvaluateRequest:
    """`seqkit evaluate` as typed."""

    run: str | None = None
    split: str = "test"
    corpus: str | None = None
    file: Path | None = None
    format: str | None = None
    out: Path | None = None
    mirror: Path | None = None
    encoding_errors: EncodingErrors = "strict"
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
    corpus = load_corpus(recipe.corpus, request.own, mirror=request.mirror, errors=request.encoding_errors, console=console)
    folder = new_run_folder(recipe.task, request.out)
    (folder / "recipe.json").write_text(json.dumps(recipe.to_dict(), indent=1), encoding="utf-8")
    data = {
        "files": {split: str(path.resolve()) for split, path in request.own.files.items()},
        "folder": str(request.own.folder.resolve()) if request.own.folder else None,
        "format": request.own.format,
        "encoding_errors": request.encoding_errors,
        "command": request.command,
    }
    (folder / "data.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
    try:
        finish_training(recipe, corpus, folder, device, console, command=request.command)
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
        recipe = Recipe(**json.loads((folder / "recipe.json").read_text(encoding="utf-8")))
        data: dict[str, Any] = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{folder}: not a run that can be resumed ({error.__class__.__name__})") from error
    own = OwnFiles(
        {split: Path(path) for split, path in data["files"].items()},
        Path(data["folder"]) if data["folder"] else None,
        data["format"],
    )
    corpus = load_corpus(recipe.corpus, own, mirror=mirror, errors=data["encoding_errors"], console=console)
    finish_training(recipe, corpus, folder, prepare_machine(device, threads), console, command=data["command"], resume=True)
    return folder


def finish_training(
    recipe: Recipe,
    corpus: CorpusData,
    folder: Path,
    device: torch.device,
    console: Console,
    *,
    command: str,
    resume: bool = False,
) -> None:
    """Train in a folder, evaluate on test (on dev where there is no test), write and print the report."""
    for split, reading in corpus.readings.items():
        console.print(f"{split:5} {reading.describe()}", style="dim")
    trained = train_tagger(recipe, corpus, folder, device=device, console=console, resume=resume)
    split = "test" if "test" in corpus.sentences else "dev"
    evaluation = evaluate_tagger(trained.tagger, corpus.sentences[split], split=split, training=corpus.sentences["train"])
    report = tagging_report(
        trained.tagger,
        evaluation,
        title=f"{corpus.name}: {model_name(recipe)}",
        subtitle=recipe.about,
        facts=trained.facts,
        command=command,
        events=folder / "metrics.jsonl",
        reading=[reading.describe() for reading in corpus.readings.values()],
        official=corpus.name in OFFICIAL_SURFACE_F1,
    )
    write_report(report, folder)
    keep_predictions(folder, trained.tagger, evaluation, trained.facts)
    say_result(report, trained, folder, console)


def say_result(report: Report, trained: Trained, folder: Path, console: Console) -> None:
    """The last lines of a training run."""
    print_report(report, console)
    console.print()
    console.print(f"model   {folder / 'model'}", soft_wrap=True)
    console.print(f"report  {folder / 'report.html'}", soft_wrap=True)
    if trained.tagger.predictor.entities:
        console.print('try it  echo "Ada Lovelace wrote to Charles Babbage in London." | seqkit tag')


def evaluate_command(request: EvaluateRequest, console: Console) -> Path:
    """Load a model, read a labelled split, evaluate and report; returns the report's folder.

    Raises:
        UserError: model or data are at fault.
    """
    device = prepare_machine(request.device, request.threads)
    run = find_run(request.run)
    tagger = load(run, device=str(device))
    training: Sequence[Tagged] | None = None
    if request.file:
        corpus = load_corpus(
            "", OwnFiles({request.split: request.file}, None, request.format), splits=(request.split,),
            errors=request.encoding_errors,
        )  # fmt: skip
        name = str(request.file)
    else:
        name, own, errors = corpus_of_run(run, request, str(tagger.about.get("corpus", "")))
        corpus = load_corpus(name, own, splits=("train", request.split) if not request.corpus else (request.split,),
                             mirror=request.mirror, errors=errors, console=console)  # fmt: skip
        training = corpus.sentences.get("train")
    if request.split not in corpus.sentences:
        raise UserError(f"{name}: no {request.split} split")
    check_known_labels(tagger.tags, corpus, request.split)
    console.print(f"{request.split:5} {corpus.readings[request.split].describe()}", style="dim")
    evaluation = evaluate_tagger(tagger, corpus.sentences[request.split], split=request.split, training=training)
    report = tagging_report(
        tagger,
        evaluation,
        title=f"{name}: {run}",
        subtitle=f"{request.split} split",
        command=request.command,
        reading=[corpus.readings[request.split].describe()],
        official=name in OFFICIAL_SURFACE_F1,
    )
    out = request.out or model_folder(run).parent / f"evaluation-{request.split}"
    out.mkdir(parents=True, exist_ok=True)
    write_report(report, out)
    keep_predictions(out, tagger, evaluation, None)
    print_report(report, console)
    console.print(f"\nreport  {out / 'report.html'}", soft_wrap=True)
    return out


def corpus_of_run(run: Path, request: EvaluateRequest, trained_on: str) -> tuple[str, OwnFiles | None, EncodingErrors]:
    """The corpus to evaluate on: the one asked for, else the one the run was trained on."""
    if request.corpus:
        return request.corpus, None, request.encoding_errors
    stored = run / "data.json"
    if stored.exists():
        data: dict[str, Any] = json.loads(stored.read_text(encoding="utf-8"))
        if data["files"] or data["folder"]:
            files = {split: Path(path) for split, path in data["files"].items()}
            folder = Path(data["folder"]) if data["folder"] else None
            return trained_on, OwnFiles(files, folder, data["format"]), data["encoding_errors"]
    return trained_on, None, request.encoding_errors


def check_known_labels(tags: Sequence[str], corpus: CorpusData, split: str) -> None:
    """Refuse gold labels the model can never predict.

    Raises:
        UserError: names them.
    """
    found = {tag for sentence in corpus.sentences[split] for tag in sentence.tags}
    if unknown := sorted(found - set(tags)):
        raise UserError(
            f"{corpus.readings[split].path}: the model cannot predict {', '.join(unknown[:6])}"
            f"{' …' if len(unknown) > 6 else ''} (it knows: {', '.join(tag for tag in tags if tag[:2] != 'I-')})"
        )


def keep_predictions(folder: Path, tagger: TrainedTagger, evaluation: Evaluation, facts: TrainingFacts | None) -> None:
    """`predictions.conll` (token, gold, predicted) and `measured.json` (counts by sentence, speed), for comparisons."""
    with (folder / "predictions.conll").open("w", encoding="utf-8") as file:
        for sentence, prediction in zip(evaluation.sentences, evaluation.predictions, strict=True):
            for row in zip(sentence.tokens, sentence.tags, prediction.tags, strict=True):
                file.write("\t".join(row) + "\n")
            file.write("\n")
    measured = {
        "split": evaluation.split,
        "parameters": tagger.parameters,
        "bytes": sum(map(len, tagger.files().values())),
        "entities": evaluation.entities,
        "units": evaluation.units_NC.tolist(),
        "speed": asdict(evaluation.speed) if evaluation.speed else None,
        "training": asdict(facts) if facts else None,
    }
    (folder / "measured.json").write_text(json.dumps(measured), encoding="utf-8")
