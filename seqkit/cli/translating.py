"""`seqkit translate`."""

from pathlib import Path
from typing import Annotated

import typer

from seqkit.cli.app import app
from seqkit.cli.options import Encoding, RunName, Threads, errors_choice, raise_usage


@app.command()
def translate(
    run: RunName = None,
    files: Annotated[list[Path] | None, typer.Argument(help="Files to translate; standard input if left out.")] = None,
    beam: Annotated[int, typer.Option(min=1, help="Width of the beam; 1 is greedy.")] = 1,
    length_penalty: Annotated[float, typer.Option(help="Of a beam; higher favours longer translations.")] = 0.6,
    n_best: Annotated[int, typer.Option(min=1, help="Translations of each line, best first.")] = 1,
    scores: Annotated[bool, typer.Option("--scores", help="The log-probability before each translation.")] = False,
    prefix: Annotated[str, typer.Option(help="How every translation begins.", show_default=False)] = "",
    temperature: Annotated[float, typer.Option(help="Above 0 draws at random, without a beam.")] = 0.0,
    repetition_penalty: Annotated[float, typer.Option(help="Above 1 avoids repetition, without a beam.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same text.")] = 1,
    format: Annotated[str, typer.Option(metavar="text|jsonl", help="What goes out.")] = "text",
    attention_plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Maps of where a model that attends looked in each line.", show_default=False),
    ] = None,
    encoding_errors: Encoding = "strict",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N.")] = "cpu",
    threads: Threads = None,
) -> None:
    """Translate text, a line in, a line out: at once from a pipe, in batches from files."""
    from seqkit.run.predict import open_model
    from seqkit.tasks.translation.stream import TranslateRequest, translate_stream
    from seqkit.tasks.translation.trained import TrainedTranslator

    if format not in ("text", "jsonl"):
        raise_usage(f"--format {format}: known are text, jsonl")
    if run is not None and not Path(run).is_dir() and run != "latest" and Path(run).exists():
        # `seqkit translate notes.txt`: the first argument is a file, the run is the newest.
        run, files = None, [Path(run), *(files or [])]
    request = TranslateRequest(
        files=tuple(files or ()),
        scores=scores,
        settings={
            "beam": beam,
            "length_penalty": length_penalty,
            "n_best": n_best,
            "prefix": prefix,
            "temperature": temperature,
            "repetition_penalty": repetition_penalty,
            "seed": seed,
        },
        output_format=format,
        encoding_errors=errors_choice(encoding_errors),
        attention_plot=attention_plot,
    )
    translate_stream(open_model(TrainedTranslator, ("translate",), run, device, threads), request)
