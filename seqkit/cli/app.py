"""The command line's root; each command lies in a module of its kind."""

from typing import Annotated

import typer

from seqkit.cli.claims import claims_app
from seqkit.cli.corpora import corpora_app
from seqkit.cli.recipes import recipes_app

ABOUT = "Sequence tagging and generation with small recurrent networks, compared honestly with Transformers."

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=ABOUT,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(recipes_app, name="recipes")
app.add_typer(corpora_app, name="corpora")
app.add_typer(claims_app, name="claims")


@app.callback(invoke_without_command=True)
def top(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    """Sequence tagging and generation with small recurrent networks, compared honestly with Transformers."""
    if version:
        from seqkit.version import __version__

        print(f"seqkit {__version__}")
        raise typer.Exit
