"""`seqkit generate` and `seqkit score`."""

from pathlib import Path
from typing import Annotated

import typer

from seqkit.cli.app import app
from seqkit.cli.options import Encoding, RunName, Threads, errors_choice, raise_usage

FORMATS = ("text", "jsonl")


@app.command()
def generate(
    run: RunName = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option(
            help="Text to continue; several give several texts. Standard input if left out and piped.", show_default=False
        ),
    ] = None,
    length: Annotated[int, typer.Option(min=0, help="Tokens to write, at most; 0 goes on until stopped.")] = 400,
    temperature: Annotated[float, typer.Option(help="0 always takes the most probable token.")] = 1.0,
    top_k: Annotated[int, typer.Option(help="Only the K most probable tokens; 0 for all.")] = 0,
    top_p: Annotated[float, typer.Option(help="Only the most probable tokens that hold this much probability.")] = 1.0,
    min_p: Annotated[float, typer.Option(help="Only tokens at least so probable as this share of the best one.")] = 0.0,
    repetition_penalty: Annotated[float, typer.Option(help="Above 1 makes tokens written lately less probable.")] = 1.0,
    beam: Annotated[int, typer.Option(min=0, help="Beam search of this width instead of sampling.")] = 0,
    samples: Annotated[int, typer.Option(min=1, help="Texts for each prompt.")] = 1,
    stop: Annotated[
        list[str] | None, typer.Option(help="End where this text comes up; can be repeated.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same text.")] = 1,
    format: Annotated[str, typer.Option(metavar="text|jsonl", help="What goes out.")] = "text",
    encoding_errors: Encoding = "strict",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N.")] = "cpu",
    threads: Threads = None,
) -> None:
    """Continue a text with a trained language model, printing as it goes."""
    from seqkit.run.predict import open_model
    from seqkit.tasks.language_modeling.stream import GenerateRequest, generate_texts
    from seqkit.tasks.language_modeling.trained import TrainedLanguageModel

    if format not in FORMATS:
        raise_usage(f"--format {format}: known are text, jsonl")
    request = GenerateRequest(
        prompts=tuple(prompt or ()),
        samples=samples,
        settings={
            "length": length,
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "min_p": min_p,
            "repetition_penalty": repetition_penalty,
            "beam": beam,
            "stop": tuple(stop or ()),
            "seed": seed,
        },
        output_format=format,
        encoding_errors=errors_choice(encoding_errors),
    )
    generate_texts(open_model(TrainedLanguageModel, ("generate", "lm"), run, device, threads), request)


@app.command()
def score(
    run: RunName = None,
    files: Annotated[list[Path] | None, typer.Argument(help="Files to score; standard input if left out.")] = None,
    tokens: Annotated[bool, typer.Option("--tokens", help="The log-probability of each token.")] = False,
    format: Annotated[str, typer.Option(metavar="text|jsonl", help="What goes out.")] = "text",
    encoding_errors: Encoding = "strict",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N.")] = "cpu",
    threads: Threads = None,
) -> None:
    """Log-probability and perplexity of each line of a text."""
    from seqkit.run.predict import open_model
    from seqkit.tasks.language_modeling.stream import ScoreRequest, score_stream
    from seqkit.tasks.language_modeling.trained import TrainedLanguageModel

    if format not in FORMATS:
        raise_usage(f"--format {format}: known are text, jsonl")
    if run is not None and not Path(run).is_dir() and run != "latest" and Path(run).exists():
        # `seqkit score notes.txt`: the first argument is a file, the run is the newest.
        run, files = None, [Path(run), *(files or [])]
    request = ScoreRequest(
        files=tuple(files or ()),
        tokens=tokens,
        output_format=format,
        encoding_errors=errors_choice(encoding_errors),
    )
    score_stream(open_model(TrainedLanguageModel, ("lm", "generate"), run, device, threads), request)
