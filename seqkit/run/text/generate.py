"""`seqkit generate`: texts that continue prompts, printed as they are written."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from seqkit.data.lines import read_lines
from seqkit.run.corpora import EncodingErrors
from seqkit.run.folders import find_run
from seqkit.run.machine import prepare_machine
from seqkit.run.saved import load_language_model
from seqkit.run.text.model import TrainedLanguageModel
from seqkit.tasks.language_modeling.generate import GenerationConfig, write

TASKS = ("generate", "lm")


@dataclass(frozen=True)
class GenerateRequest:
    """`seqkit generate` as typed.

    Args:
        prompts: texts to continue; none reads standard input where it is a pipe, else starts a new text.
        samples: texts for each prompt, sample i with the seed plus i.
        settings: of `GenerationConfig`.
    """

    run: str | None
    prompts: tuple[str, ...]
    samples: int
    settings: dict[str, Any]
    output_format: str
    encoding_errors: EncodingErrors
    device: str
    threads: int | None


def generate_command(request: GenerateRequest) -> None:
    """Write the texts.

    Raises:
        UserError: the model, a setting or the prompt is at fault.
    """
    config = GenerationConfig.of(**request.settings)
    device = prepare_machine(request.device, request.threads)
    model = load_language_model(find_run(request.run, TASKS), device=str(device))
    several = len(request.prompts) * request.samples > 1
    for prompt in request.prompts or (None,):
        for sample in range(request.samples):
            drawn = config.model_copy(update={"seed": config.seed + sample})
            given = prompt if prompt is not None else piped(request.encoding_errors)
            show = show_json if request.output_format == "jsonl" else show_text
            show(model, given, drawn)
            if several and request.output_format == "text":
                print(flush=True)


def show_text(model: TrainedLanguageModel, prompt: str | Iterable[str], config: GenerationConfig) -> None:
    """The prompt and what follows, each piece at once; a prompt from a pipe is not repeated."""
    if isinstance(prompt, str):
        put(prompt)
    for piece in write(model.model, model.tokenizer, told_window(model, prompt), config):
        put(piece)
    put("\n")


def show_json(model: TrainedLanguageModel, prompt: str | Iterable[str], config: GenerationConfig) -> None:
    """One object a text."""
    text = "".join(write(model.model, model.tokenizer, told_window(model, prompt), config))
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


def told_window(model: TrainedLanguageModel, prompt: str | Iterable[str]) -> Iterator[str]:
    """The prompt, with a word on standard error once a Transformer can no longer see its beginning."""
    window: int = getattr(model.config, "window", 0)
    tokens = 0
    for text in [prompt] if isinstance(prompt, str) else prompt:
        yield text
        before, tokens = tokens, tokens + (len(model.tokenizer.encode(text)) if window else 0)
        if before <= window < tokens:
            note = f"note: the prompt is longer than the {window} {model.unit} this Transformer sees; its window slides"
            print(note, file=sys.stderr)
