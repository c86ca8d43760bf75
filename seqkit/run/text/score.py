"""`seqkit score`: the log-probability of each line of a text."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from seqkit.data.lines import read_lines
from seqkit.run.corpora import EncodingErrors
from seqkit.run.folders import find_run
from seqkit.run.machine import prepare_machine
from seqkit.run.saved import load_language_model
from seqkit.tasks.language_modeling.score import Scored

TASKS = ("lm", "generate")


@dataclass(frozen=True)
class ScoreRequest:
    """`seqkit score` as typed."""

    run: str | None
    files: tuple[Path, ...]
    tokens: bool
    output_format: str
    encoding_errors: EncodingErrors
    device: str
    threads: int | None


def score_stream(request: ScoreRequest) -> None:
    """Score line by line, flushed, so that it works in a pipe.

    Raises:
        UserError: the model or a file is at fault.
    """
    device = prepare_machine(request.device, request.threads)
    model = load_language_model(find_run(request.run, TASKS), device=str(device))
    write = write_json if request.output_format == "jsonl" else write_text
    if request.output_format == "text" and not request.tokens:
        print("logprob\tperplexity\tbits/char\ttext", flush=True)
    for line in lines_of(request):
        for scored in model.score([line]):
            write(scored, tokens=request.tokens)


def lines_of(request: ScoreRequest) -> Iterator[str]:
    """The lines of the files in turn, or of standard input."""
    sources = request.files or (cast(BinaryIO, sys.stdin.buffer),)
    for source in sources:
        for _, line in read_lines(source, errors=request.encoding_errors):
            yield line


def write_text(scored: Scored, *, tokens: bool) -> None:
    """`logprob TAB perplexity TAB bits a character TAB line`; or a line a token, and an empty line after each line."""
    if not tokens:
        print(f"{scored.logprob:.4f}\t{scored.perplexity:.4f}\t{scored.bits_per_character:.4f}\t{scored.text}", flush=True)
        return
    for token, logprob in zip(scored.tokens, scored.logprobs, strict=True):
        # A line feed or a TAB as it is would break the columns.
        shown = json.dumps(token, ensure_ascii=False)[1:-1]
        print(f"{logprob:.4f}\t{shown}")
    print(flush=True)


def write_json(scored: Scored, *, tokens: bool) -> None:
    """One object a line."""
    row: dict[str, Any] = {
        "text": scored.text,
        "logprob": scored.logprob,
        "perplexity": scored.perplexity,
        "bits_per_character": scored.bits_per_character,
    }
    if tokens:
        pairs = zip(scored.tokens, scored.logprobs, strict=True)
        row["tokens"] = [{"token": token, "logprob": logprob} for token, logprob in pairs]
    print(json.dumps(row, ensure_ascii=False), flush=True)
