"""seqkit from Python: the verbs of the command line as functions, with the same words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqkit.data.sources import EncodingErrors, Given, OwnFiles, Sources
from seqkit.report.report import Report
from seqkit.run.comparison.budget import seconds_of
from seqkit.run.comparison.compare import WHOLE, CompareRequest, Comparison, compare_command
from seqkit.run.console import make_console
from seqkit.run.evaluate import EvaluateRequest, evaluate_command
from seqkit.run.train import Run, TrainRequest, resume_command, train_command

Settings = Sequence[str] | Mapping[str, Any]
"""Of a recipe: `["model.width=256"]` as on the command line, or `{"model.width": 256}`."""


def train(
    recipe: str | Path,
    *,
    out: str | Path | None = None,
    seed: int | None = None,
    set: Settings = (),
    train: Given = None,
    dev: Given = None,
    test: Given = None,
    data: str | Path | None = None,
    text: str | Path | None = None,
    format: str | None = None,
    mirror: str | Path | None = None,
    encoding_errors: EncodingErrors = "strict",
    device: str = "auto",
    threads: int | None = None,
    quiet: bool = False,
) -> Run:
    """Train a model and report how good it is, as `seqkit train` does; the arguments are its options.

    Args:
        recipe: a task, `task/recipe`, or the path of a .toml file.
        set: keys of the recipe, by their dotted names.
        train: your own training file, or two aligned ones; `dev` and `test` likewise.

    Returns:
        The run: its folder, its report, and `load()` for the model.

    Raises:
        UserError: recipe, data or machine are at fault.
    """
    own = OwnFiles.given(train, dev, test, data, format, text)
    request = TrainRequest(
        recipe=str(recipe),
        out=Path(out) if out else None,
        seed=seed,
        overrides=set,
        sources=Sources(own, Path(mirror) if mirror else None, encoding_errors),
        device=device,
        threads=threads,
        command=f"seqkit.train({str(recipe)!r}, …)",
    )
    return train_command(request, make_console(quiet=quiet))


def resume(
    run: str | Path = "latest",
    *,
    mirror: str | Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    quiet: bool = False,
) -> Run:
    """Go on with a stopped run, to the weights it would have reached unstopped, as `seqkit train --resume` does.

    Raises:
        UserError: no such run, nothing in it to go on from, or it is finished.
    """
    place = Path(mirror) if mirror else None
    return resume_command(str(run), console=make_console(quiet=quiet), device=device, threads=threads, mirror=place)


def evaluate(
    run: str | Path | None = None,
    *,
    split: str = "test",
    corpus: str | None = None,
    file: Given = None,
    format: str | None = None,
    protocol: Sequence[str] = (),
    dynamic: float | None = None,
    out: str | Path | None = None,
    mirror: str | Path | None = None,
    encoding_errors: EncodingErrors = "strict",
    device: str = "cpu",
    threads: int | None = None,
    quiet: bool = False,
) -> Report:
    """Evaluate a trained model on a labelled split, as `seqkit evaluate` does; the arguments are its options.

    Returns:
        The report, as it was written beside the model or into `out`.

    Raises:
        UserError: model or data are at fault.
    """
    settings: dict[str, tuple[str, Any]] = {}
    if protocol:
        settings["protocol"] = ("protocols", tuple(protocol))
    if dynamic is not None:
        settings["dynamic"] = ("dynamic", dynamic)
    request = EvaluateRequest(
        run=str(run) if run else None,
        split=split,
        corpus=corpus,
        own=OwnFiles.of_split(split, file, format),
        settings=settings,
        out=Path(out) if out else None,
        mirror=Path(mirror) if mirror else None,
        errors=encoding_errors,
        device=device,
        threads=threads,
        command=f"seqkit.evaluate({str(run)!r}, split={split!r}, …)",
    )
    return evaluate_command(request, make_console(quiet=quiet))


def compare(
    recipe: str | Path,
    *,
    out: str | Path | None = None,
    seeds: Sequence[int] | None = None,
    systems: Sequence[str] | None = None,
    set: Settings = (),
    train: Given = None,
    dev: Given = None,
    test: Given = None,
    data: str | Path | None = None,
    text: str | Path | None = None,
    format: str | None = None,
    mirror: str | Path | None = None,
    tune: int = 0,
    fractions: Sequence[float] = (),
    lengths: Sequence[int] = (),
    budget: str | None = None,
    device: str = "auto",
    threads: int | None = None,
    quiet: bool = False,
) -> Comparison:
    """Train a recipe and its rivals with several seeds and say which is better, as `seqkit compare` does.

    The arguments are its options; `lengths` are none unless given, since each is measured in a process of its own.

    Returns:
        The comparison: its folder, its systems, its report.

    Raises:
        UserError: recipe or data are at fault, a rival cannot be matched, or every run failed.
    """
    request = CompareRequest(
        recipe=str(recipe),
        out=Path(out) if out else None,
        seeds=tuple(seeds) if seeds else None,
        rivals=tuple(systems) if systems else None,
        overrides=set,
        sources=Sources(OwnFiles.given(train, dev, test, data, format, text), Path(mirror) if mirror else None),
        device=device,
        threads=threads,
        command=f"seqkit.compare({str(recipe)!r}, …)",
        budget=seconds_of(budget) if budget else 0.0,
        tune=tune,
        fractions=tuple(sorted(fraction for fraction in fractions if fraction < WHOLE)),
        lengths=tuple(lengths),
    )
    return compare_command(request, make_console(quiet=quiet))
