"""`seqkit inspect`."""

from pathlib import Path
from typing import Annotated

import typer

from seqkit.cli.app import app
from seqkit.cli.options import Device, Quiet, RunName, Threads, make_console, typed


@app.command()
def inspect(
    run: RunName = None,
    text: Annotated[str, typer.Option(help="What the model reads: a sentence, a source, the start of a text.")] = "",
    target: Annotated[
        str | None, typer.Option(help="Of a translator: look at this translation, not its own.", show_default=False)
    ] = None,
    layer: Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="Only this layer, from 1 on; can be repeated.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the report; beside the model if left out.", show_default=False)
    ] = None,
    device: Device = "cpu",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Look inside a trained model while it reads a text: gates, attention, memory, gradients."""
    from seqkit.run.inspect import InspectRequest, inspect_command

    request = InspectRequest(
        run=run,
        text=text,
        target=target,
        layers=tuple(layer or ()),
        out=out,
        device=device,
        threads=threads,
        command=typed(),
    )
    inspect_command(request, make_console(quiet=quiet))
