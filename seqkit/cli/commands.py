"""The commands and their options; what they do lies in `seqkit.run`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from seqkit.cli.corpora import corpora_app
from seqkit.cli.recipes import recipes_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Sequence tagging with small recurrent networks, compared honestly with Transformers.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(recipes_app, name="recipes")
app.add_typer(corpora_app, name="corpora")

RecipeName = Annotated[str | None, typer.Argument(help="A task, task/recipe, or a .toml file.", show_default=False)]
RunName = Annotated[str | None, typer.Argument(help="A run folder; the newest run if left out.", show_default=False)]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a recipe key, as model.width=256.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the run; runs/<task>/<time> if left out.", show_default=False)]
Seed = Annotated[int | None, typer.Option(min=0, help="Same as --set train.seed=N.", show_default=False)]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N.")]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads.", show_default=False)]
Train = Annotated[Path | None, typer.Option(help="Your own training file, instead of the recipe's corpus.", show_default=False)]
Dev = Annotated[Path | None, typer.Option(help="Your own development file.", show_default=False)]
Test = Annotated[Path | None, typer.Option(help="Your own test file.", show_default=False)]
Data = Annotated[Path | None, typer.Option(help="A folder holding train, dev and test files.", show_default=False)]
FileFormat = Annotated[
    str | None,
    typer.Option(help="conll[:token=N,tag=N], conllu[:xpos], uner or jsonl; detected if left out.", show_default=False),
]
Mirror = Annotated[Path | None, typer.Option(help="A folder of corpora read before any download.", show_default=False)]
Encoding = Annotated[str, typer.Option("--encoding-errors", metavar="strict|replace", help="What to do with invalid UTF-8.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]


@app.callback(invoke_without_command=True)
def top(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    """Sequence tagging with small recurrent networks, compared honestly with Transformers."""
    if version:
        import seqkit

        print(f"seqkit {seqkit.__version__}")
        raise typer.Exit


@app.command()
def train(
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
    format: FileFormat = None,
    mirror: Mirror = None,
    encoding_errors: Encoding = "strict",
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Train a model and report how good it is."""
    from seqkit.run.command import TrainRequest, resume_command, train_command

    console = make_console(quiet=quiet)
    if resume:
        given = {"a recipe": recipe, "--out": out, "--seed": seed, "--set": overrides, "--train": train, "--data": data}
        named = [name for name, value in given.items() if value]
        if named:
            raise_usage(f"--resume takes recipe and data from the run itself; leave out {', '.join(named)}")
        resume_command(resume, console=console, device=device, threads=threads, mirror=mirror)
        return
    if recipe is None:
        raise_usage("say what to train: seqkit train ner, or a recipe (seqkit recipes list)")
    request = TrainRequest(
        recipe=recipe,
        out=out,
        overrides=[*(overrides or []), *([f"train.seed={seed}"] if seed is not None else [])],
        own=own_files(train, dev, test, data, format),
        mirror=mirror,
        encoding_errors=errors_choice(encoding_errors),
        device=device,
        threads=threads,
        command=typed(),
    )
    train_command(request, console)


@app.command()
def tag(
    run: RunName = None,
    files: Annotated[list[Path] | None, typer.Argument(help="Files to tag; standard input if left out.")] = None,
    input_format: Annotated[str, typer.Option(metavar="text|conll|jsonl", help="What comes in.")] = "text",
    format: Annotated[
        str | None,
        typer.Option(
            metavar="text|conll|jsonl", help="What goes out; text on a terminal, conll elsewhere.", show_default=False
        ),
    ] = None,
    token_column: Annotated[int, typer.Option(min=1, help="Token column of CoNLL input.")] = 1,
    encoding_errors: Encoding = "strict",
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    """Tag text: line by line from a pipe, in batches from files."""
    from seqkit.run.tag import TagRequest, tag_stream

    if run is not None and not Path(run).is_dir() and run != "latest" and Path(run).exists():
        # `seqkit tag notes.txt`: the first argument is a file, the run is the newest.
        run, files = None, [Path(run), *(files or [])]
    chosen = format or ("text" if sys.stdout.isatty() else "conll")
    for option, value in (("--input-format", input_format), ("--format", chosen)):
        if value not in ("text", "conll", "jsonl"):
            raise_usage(f"{option} {value}: known are text, conll, jsonl")
    tag_stream(
        TagRequest(
            run=run,
            files=tuple(files or ()),
            input_format=input_format,
            output_format=chosen,
            token_column=token_column,
            encoding_errors=errors_choice(encoding_errors),
            device=device,
            threads=threads,
        )
    )


@app.command()
def evaluate(
    run: RunName = None,
    split: Annotated[str, typer.Option(metavar="dev|test", help="Split of the run's corpus.")] = "test",
    corpus: Annotated[
        str | None, typer.Option(help="Another corpus by name, as ner/uner_english_ewt.", show_default=False)
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A labelled file of your own.", show_default=False)] = None,
    format: FileFormat = None,
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
    from seqkit.run.command import EvaluateRequest, evaluate_command

    if split not in ("dev", "test"):
        raise_usage(f"--split {split}: known are dev, test")
    request = EvaluateRequest(
        run=run,
        split=split,
        corpus=corpus,
        file=file,
        format=format,
        out=out,
        mirror=mirror,
        encoding_errors=errors_choice(encoding_errors),
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
    format: FileFormat = None,
    mirror: Mirror = None,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Train a recipe and its rivals with several seeds and say which is better, if any."""
    from seqkit.run.compare import CompareRequest, compare_command

    if recipe is None:
        raise_usage("say what to compare: seqkit compare ner, or a recipe (seqkit recipes list)")
    chosen: tuple[int, ...] | None = None
    if seeds is not None:
        if not all(part.strip().isdigit() for part in seeds.split(",")):
            raise_usage(f"--seeds {seeds}: expected whole numbers, as 1,2,3")
        chosen = tuple(dict.fromkeys(int(part) for part in seeds.split(",")))
    request = CompareRequest(
        recipe=recipe,
        out=out,
        seeds=chosen,
        rivals=tuple(name.strip() for name in systems.split(",")) if systems else None,
        overrides=overrides or [],
        own=own_files(train, dev, test, data, format),
        mirror=mirror,
        device=device,
        threads=threads,
        command=typed(),
    )
    compare_command(request, make_console())


def make_console(*, quiet: bool = False) -> "Console":
    """The console of a command's messages; not for data, which goes to standard output as it is."""
    from rich.console import Console

    # Elsewhere than on a terminal rich assumes 80 columns and would break paths in two.
    width = None if sys.stdout.isatty() else 120
    return Console(quiet=quiet, highlight=False, width=width)


def own_files(train: Path | None, dev: Path | None, test: Path | None, data: Path | None, format: str | None) -> "OwnFiles":
    """The options of a user's own data, together."""
    from seqkit.run.corpora import OwnFiles

    files = {split: path for split, path in (("train", train), ("dev", dev), ("test", test)) if path}
    return OwnFiles(files, data, format)


def errors_choice(value: str) -> "EncodingErrors":
    """`strict` or `replace`."""
    if value == "strict" or value == "replace":
        return value
    raise_usage(f"--encoding-errors {value}: known are strict, replace")


def raise_usage(message: str) -> NoReturn:
    """Stop with one line and exit code 2."""
    from seqkit.errors import UserError

    raise UserError(message)


def typed() -> str:
    """The command as it was typed."""
    import shlex

    return shlex.join(["seqkit", *sys.argv[1:]])


if TYPE_CHECKING:
    from rich.console import Console

    from seqkit.run.corpora import EncodingErrors, OwnFiles
