"""Train, evaluate, compare: the commands of every task; what they do lies in `seqkit.run`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from seqkit.cli.app import app
from seqkit.cli.options import (
    Data,
    Dev,
    Device,
    Encoding,
    FileFormat,
    Mirror,
    Out,
    Quiet,
    RecipeName,
    RunName,
    Seed,
    Set,
    Test,
    Text,
    Threads,
    Train,
    errors_choice,
    given_options,
    length_list,
    make_console,
    percents,
    raise_usage,
    seed_list,
    typed,
)

OF_RESUMING = ("--device", "--threads", "--mirror", "--quiet")  # what may change from leg to leg of a run
SPLITS = ("dev", "test", "dev+test")  # and test_…, of a corpus of pairs


@app.command()
def train(
    context: typer.Context,
    recipe: RecipeName = None,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Go on with a stopped run: its folder, or latest.", show_default=False)
    ] = None,
    out: Out = None,
    seed: Seed = None,
    overrides: Set = None,
    train: Train = None,
    dev: Dev = None,
    test: Test = None,
    data: Data = None,
    text: Text = None,
    format: FileFormat = None,
    mirror: Mirror = None,
    encoding_errors: Encoding = "strict",
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Train a model and report how good it is."""
    from seqkit.data.sources import OwnFiles, Sources
    from seqkit.run.train import TrainRequest, resume_command, train_command

    console = make_console(quiet=quiet)
    if resume:
        if named := [name for name in given_options(context) if name not in ("--resume", *OF_RESUMING)]:
            raise_usage(f"--resume takes recipe and data from the run itself; leave out {', '.join(named)}")
        resume_command(resume, console=console, device=device, threads=threads, mirror=mirror)
        return
    if recipe is None:
        raise_usage("say what to train: seqkit train ner, or a recipe (seqkit recipes list)")
    request = TrainRequest(
        recipe=recipe,
        out=out,
        overrides=[*(overrides or []), *([f"train.seed={seed}"] if seed is not None else [])],
        sources=Sources(OwnFiles.given(train, dev, test, data, format, text), mirror, errors_choice(encoding_errors)),
        device=device,
        threads=threads,
        command=typed(),
    )
    train_command(request, console)


@app.command()
def evaluate(
    run: RunName = None,
    split: Annotated[
        str, typer.Option(metavar="dev|test|dev+test", help="Split of the run's corpus; dev+test joins running text.")
    ] = "test",
    corpus: Annotated[
        str | None, typer.Option(help="Another corpus by name, as ner/uner_english_ewt.", show_default=False)
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE[,FILE]",
            help="A file of your own: labelled sentences, running text, or pairs, which may be two aligned files.",
            show_default=False,
        ),
    ] = None,
    format: FileFormat = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(help="How a language model's past is treated: carried, reset(64), sliding(256,64).", show_default=False),
    ] = None,
    dynamic: Annotated[
        float | None,
        typer.Option(min=0.0, help="Also dynamic evaluation of a language model, with this learning rate.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the report; beside the model if left out.", show_default=False)
    ] = None,
    mirror: Mirror = None,
    encoding_errors: Encoding = "strict",
    device: Device = "cpu",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Evaluate a trained model on a labelled split and write the report."""
    from seqkit.data.sources import OwnFiles
    from seqkit.run.evaluate import EvaluateRequest, evaluate_command

    if split not in SPLITS and not split.startswith("test_"):
        raise_usage(f"--split {split}: known are {', '.join(SPLITS)}")
    if file and "+" in split:
        raise_usage(f"--file is one split: leave out --split {split}")
    settings: dict[str, tuple[str, Any]] = {}
    if protocol:
        settings["--protocol"] = ("protocols", tuple(protocol))
    if dynamic is not None:
        settings["--dynamic"] = ("dynamic", dynamic)
    request = EvaluateRequest(
        run=run,
        split=split,
        corpus=corpus,
        own=OwnFiles.of_split(split, file, format),
        settings=settings,
        out=out,
        mirror=mirror,
        errors=errors_choice(encoding_errors),
        device=device,
        threads=threads,
        command=typed(),
    )
    evaluate_command(request, make_console(quiet=quiet))


@app.command()
def compare(
    recipe: RecipeName = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the comparison; an unfinished one goes on.", show_default=False)
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="1,2,3", help="Instead of the recipe's seeds.", show_default=False)
    ] = None,
    systems: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Only these rivals (and the recipe itself).", show_default=False)
    ] = None,
    overrides: Set = None,
    train: Train = None,
    dev: Dev = None,
    test: Test = None,
    data: Data = None,
    text: Text = None,
    format: FileFormat = None,
    mirror: Mirror = None,
    tune: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Trials of each system, judged on dev (compare.tune).", show_default=False),
    ] = None,
    fractions: Annotated[
        str | None,
        typer.Option(metavar="1,3,10,30,100", help="Also train on so many percent of the training split.", show_default=False),
    ] = None,
    lengths: Annotated[
        str,
        typer.Option(
            metavar="1024,4096,…",
            help="Texts of so many tokens on which memory and time are measured, or none; not under --budget.",
        ),
    ] = "1024,4096,16384,65536",
    budget: Annotated[
        str | None,
        typer.Option(metavar="10m", help="Give a verdict within this time: all jobs train equally long.", show_default=False),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Train a recipe and its rivals with several seeds and say which is better, if any."""
    from seqkit.data.sources import OwnFiles, Sources
    from seqkit.run.comparison.budget import seconds_of
    from seqkit.run.comparison.compare import CompareRequest, compare_command

    if recipe is None:
        raise_usage("say what to compare: seqkit compare ner, or a recipe (seqkit recipes list)")
    request = CompareRequest(
        recipe=recipe,
        out=out,
        seeds=seed_list(seeds),
        rivals=tuple(name.strip() for name in systems.split(",")) if systems else None,
        overrides=overrides or [],
        sources=Sources(OwnFiles.given(train, dev, test, data, format, text), mirror),
        device=device,
        threads=threads,
        command=typed(),
        budget=seconds_of(budget) if budget else 0.0,
        tune=tune or 0,
        fractions=percents(fractions) if fractions else (),
        lengths=length_list(lengths),
    )
    compare_command(request, make_console())
