"""`seqkit translate`: line by line from a pipe, in batches from files; as many lines out as in."""

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
from seqkit.run.saved import load_translator
from seqkit.tasks.translation.translate import Translation, TranslationConfig

TASKS = ("translate",)


@dataclass(frozen=True)
class TranslateRequest:
    """`seqkit translate` as typed.

    Args:
        scores: write the log-probability before each translation.
        settings: of `TranslationConfig`.
    """

    run: str | None
    files: tuple[Path, ...]
    scores: bool
    settings: dict[str, Any]
    output_format: str
    encoding_errors: EncodingErrors
    device: str
    threads: int | None


def translate_stream(request: TranslateRequest) -> None:
    """Translate and write, each line flushed; a pipe is answered line by line, files are read ahead in batches.

    Raises:
        UserError: the model, a setting or a file is at fault.
    """
    config = TranslationConfig.of(**request.settings)
    device = prepare_machine(request.device, request.threads)
    model = load_translator(find_run(request.run, TASKS), device=str(device))
    write = write_json if request.output_format == "jsonl" else write_text
    sources = request.files or (cast(BinaryIO, sys.stdin.buffer),)
    for source in sources:
        held: list[str] = []
        for found in model.stream(kept(source, request, held), config, batch_size=64 if request.files else 1):
            write(held.pop(0), found, request)


def kept(source: Path | BinaryIO, request: TranslateRequest, held: list[str]) -> Iterator[str]:
    """The lines of a source, each also put into `held` until it is answered."""
    for _, line in read_lines(source, errors=request.encoding_errors):
        held.append(line)
        yield line


def write_text(line: str, found: list[Translation], request: TranslateRequest) -> None:
    """A line a translation; with several of each, they follow one another."""
    for one in found:
        print(f"{one.logprob:.4f}\t{one.text}" if request.scores else one.text, flush=True)


def write_json(line: str, found: list[Translation], request: TranslateRequest) -> None:
    """One object a line of input."""
    rows = [{"text": one.text, "logprob": one.logprob, "score": one.score} for one in found]
    print(json.dumps({"source": line, "translations": rows}, ensure_ascii=False), flush=True)
