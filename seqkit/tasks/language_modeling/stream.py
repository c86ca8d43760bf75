"""`seqkit generate` and `seqkit score`: texts that continue prompts, printed as they are written, and lines judged."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from seqkit.data.lines import read_lines
from seqkit.data.sources import EncodingErrors
from seqkit.tasks.language_modeling.generation import GenerationConfig, write
from seqkit.tasks.language_modeling.scoring import Scored
from seqkit.tasks.language_modeling.trained import TrainedLanguageModel


@dataclass(frozen=True)
class GenerateRequest:
    """`seqkit generate` as typed.

    Args:
        prompts: texts to continue; none reads standard input where it is a pipe, else starts a new text.
        samples: texts for each prompt, sample i with the seed plus i.
        settings: of `GenerationConfig`.
    """

    prompts: tuple[str, ...]
    samples: int
    settings: dict[str, Any]
    output_format: str
    encoding_errors: EncodingErrors


def generate_texts(model: TrainedLanguageModel, request: GenerateRequest) -> None:
    """Write the texts.

    Raises:
        UserError: a setting or the prompt is at fault.
    """
    config = GenerationConfig.of(**request.settings)
    show = show_json if request.output_format == "jsonl" else show_text
    several = len(request.prompts or (None,)) * request.samples > 1
    for given in request.prompts or (piped(request.encoding_errors),):
        prompt = given if isinstance(given, str) or request.samples == 1 else list(given)
        for sample in range(request.samples):
            show(model, prompt, config.model_copy(update={"seed": config.seed + sample}))
            if several and request.output_format == "text":
                print(flush=True)


def show_text(model: TrainedLanguageModel, prompt: str | Iterable[str], config: GenerationConfig) -> None:
    """The prompt and what follows, each piece at once; a prompt from a pipe is not repeated."""
    if isinstance(prompt, str):
        put(prompt)
    for piece in write(model.reader, model.tokenizer, windowed(model, prompt), config):
        put(piece)
    put("\n")


def show_json(model: TrainedLanguageModel, prompt: str | Iterable[str], config: GenerationConfig) -> None:
    """One object a text."""
    text = "".join(write(model.reader, model.tokenizer, windowed(model, prompt), config))
    row = {"prompt": prompt if isinstance(prompt, str) else None, "text": text, "seed": config.seed}
    print(json.dumps(row, ensure_ascii=False), flush=True)


def put(text: str) -> None:
    """Print without a line feed, at once; what has no UTF-8 form, such as half of a pair, as U+FFFD."""
    sys.stdout.write(text.encode("utf-8", "replace").decode("utf-8"))
    sys.stdout.flush()


def piped(errors: EncodingErrors) -> str | Iterator[str]:
    """Standard input line by line where it is a pipe or a file; the empty prompt on a terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return stripped(f"{line}\n" for _, line in read_lines(sys.stdin.buffer, errors=errors))


def stripped(lines: Iterable[str]) -> Iterator[str]:
    """The lines without the very last line feed: `echo text |` is to continue the line."""
    held = ""
    for line in lines:
        if held:
            yield held
        held = line
    yield held.removesuffix("\n")


def windowed(model: TrainedLanguageModel, prompt: str | Iterable[str]) -> Iterator[str]:
    """The prompt, with a word on standard error once a Transformer can no longer see its beginning."""
    window: int = getattr(model.config, "window", 0)
    tokens = 0
    for text in [prompt] if isinstance(prompt, str) else prompt:
        yield text
        before, tokens = tokens, tokens + (len(model.tokenizer.encode(text)) if window else 0)
        if before <= window < tokens:
            note = f"note: the prompt is longer than the {window} {model.unit} this Transformer sees; its window slides"
            print(note, file=sys.stderr)


@dataclass(frozen=True)
class ScoreRequest:
    """`seqkit score` as typed."""

    files: tuple[Path, ...]
    tokens: bool
    output_format: str
    encoding_errors: EncodingErrors


def score_stream(model: TrainedLanguageModel, request: ScoreRequest) -> None:
    """Score line by line, flushed, so that it works in a pipe.

    Raises:
        UserError: a file is at fault.
    """
    write = write_scores_json if request.output_format == "jsonl" else write_scores
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


def write_scores(scored: Scored, *, tokens: bool) -> None:
    """`logprob TAB perplexity TAB bits a character TAB line`; or a line a token, and an empty line after each line."""
    if not tokens:
        print(f"{scored.logprob:.4f}\t{scored.perplexity:.4f}\t{scored.bits_per_character:.4f}\t{scored.text}", flush=True)
        return
    for token, logprob in zip(scored.tokens, scored.logprobs, strict=True):
        # A line feed or a TAB as it is would break the columns.
        quoted = json.dumps(token, ensure_ascii=False)[1:-1]
        print(f"{logprob:.4f}\t{quoted}")
    print(flush=True)


def write_scores_json(scored: Scored, *, tokens: bool) -> None:
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
