"""Options that several commands share, and what they make of them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from seqkit.data.sources import EncodingErrors

RecipeName = Annotated[str | None, typer.Argument(help="A task, task/recipe, or a .toml file.", show_default=False)]
RunName = Annotated[str | None, typer.Argument(help="A run folder; the newest run if left out.", show_default=False)]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a recipe key, as model.width=256.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the run; runs/<task>/<time> if left out.", show_default=False)]
Seed = Annotated[int | None, typer.Option(min=0, help="Same as --set train.seed=N.", show_default=False)]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N.")]
Threads = Annotated[
    int | None, typer.Option(min=1, help="CPU threads; left out, training finds out how many pay.", show_default=False)
]
FILES = "FILE[,FILE]"
Train = Annotated[
    str | None,
    typer.Option(
        metavar=FILES,
        help="Your own training file, instead of the recipe's corpus; for translation source TAB target, or two aligned "
        "files, the source first: train.de,train.en.",
        show_default=False,
    ),
]
Dev = Annotated[str | None, typer.Option(metavar=FILES, help="Your own development file, or two.", show_default=False)]
Test = Annotated[str | None, typer.Option(metavar=FILES, help="Your own test file, or two.", show_default=False)]
Data = Annotated[Path | None, typer.Option(help="A folder holding train, dev and test files.", show_default=False)]
FileFormat = Annotated[
    str | None,
    typer.Option(help="conll[:token=N,tag=N], conllu[:xpos], uner or jsonl; detected if left out.", show_default=False),
]
Text = Annotated[
    Path | None,
    typer.Option(help="Your own running text for a language model: a file or a folder of .txt files.", show_default=False),
]
Mirror = Annotated[Path | None, typer.Option(help="A folder of corpora read before any download.", show_default=False)]
Encoding = Annotated[str, typer.Option("--encoding-errors", metavar="strict|replace", help="What to do with invalid UTF-8.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]


def make_console(*, quiet: bool = False) -> "Console":
    """The console of a command's messages."""
    from seqkit.run import console

    return console.make_console(quiet=quiet)


def given_options(context: typer.Context) -> list[str]:
    """What was typed, by the long names of options and in words for an argument."""
    sources = {p: context.get_parameter_source(p.name or "") for p in context.command.params}
    # By name: the class is click's, or typer's own copy of it.
    typed = [p for p, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    return [max(p.opts, key=len) if p.opts[0].startswith("-") else f"the {p.name}" for p in typed]


def percents(given: str) -> tuple[float, ...]:
    """`1,3,10,30,100` as percents below 100, in order; the whole is always trained on."""
    try:
        shares = {float(part) for part in given.split(",")}
    except ValueError:
        shares = {0.0}
    if not all(0 < share <= 100 for share in shares):
        raise_usage(f"--fractions {given}: expected percents of the training split, as 1,3,10,30,100")
    return tuple(sorted(shares - {100.0}))


def length_list(given: str) -> tuple[int, ...]:
    """`1024,4096` as numbers, in order; `none` as none."""
    if given == "none":
        return ()
    parts = [part.strip() for part in given.split(",")]
    if not all(part.isdigit() and int(part) for part in parts):
        raise_usage(f"--lengths {given}: expected numbers of tokens, as 1024,4096, or none")
    return tuple(sorted({int(part) for part in parts}))


def seed_list(given: str | None) -> tuple[int, ...] | None:
    """`1,2,3` as numbers, each once; None where nothing was given."""
    if given is None:
        return None
    if not all(part.strip().isdigit() for part in given.split(",")):
        raise_usage(f"--seeds {given}: expected whole numbers, as 1,2,3")
    return tuple(dict.fromkeys(int(part) for part in given.split(",")))


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
