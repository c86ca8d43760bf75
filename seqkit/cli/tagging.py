"""`seqkit tag`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from seqkit.cli.app import app
from seqkit.cli.options import (
    Device,
    Encoding,
    RunName,
    Threads,
    errors_choice,
    raise_usage,
)

TASKS = ("ner",)


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
    """Tag text: line by line from a pipe, many together from files."""
    from seqkit.run.predict import open_model
    from seqkit.tasks.tagging.stream import TagRequest, tag_stream
    from seqkit.tasks.tagging.trained import TrainedTagger

    if run is not None and not Path(run).is_dir() and run != "latest" and Path(run).exists():
        # `seqkit tag notes.txt`: the first argument is a file, the run is the newest.
        run, files = None, [Path(run), *(files or [])]
    chosen = format or ("text" if sys.stdout.isatty() else "conll")
    for option, value in (("--input-format", input_format), ("--format", chosen)):
        if value not in ("text", "conll", "jsonl"):
            raise_usage(f"{option} {value}: known are text, conll, jsonl")
    request = TagRequest(
        files=tuple(files or ()),
        input_format=input_format,
        output_format=chosen,
        token_column=token_column,
        encoding_errors=errors_choice(encoding_errors),
    )
    tag_stream(open_model(TrainedTagger, TASKS, run, device, threads).tagger, request)
