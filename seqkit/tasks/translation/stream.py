"""`seqkit translate`: line by line from a pipe, in batches from files; as many lines out as in."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from seqkit.data.lines import read_lines
from seqkit.data.sources import EncodingErrors
from seqkit.data.tokenizers.protocol import Symbols
from seqkit.tasks.translation.trained import TrainedTranslator
from seqkit.tasks.translation.translate import LONGEST, Translation, TranslationConfig

ENOUGH = 200  # symbols by which a text is judged


@dataclass(frozen=True)
class TranslateRequest:
    """`seqkit translate` as typed.

    Args:
        scores: write the log-probability before each translation.
        settings: of `TranslationConfig`.
        attention_plot: page of maps of where the model looked.
    """

    files: tuple[Path, ...]
    scores: bool
    settings: dict[str, Any]
    output_format: str
    encoding_errors: EncodingErrors
    attention_plot: Path | None = None


def translate_stream(model: TrainedTranslator, request: TranslateRequest) -> None:
    """Translate and write, each line flushed; a pipe is answered line by line, files are read ahead in batches.

    Raises:
        UserError: a setting or a file is at fault, or the model has nothing to plot.
    """
    config = TranslationConfig.of(**request.settings)
    plot = None
    if request.attention_plot:
        from seqkit.tasks.translation.attention_plot import AttentionPlot  # which needs PyTorch

        plot = AttentionPlot(model, request.attention_plot)
    write = write_json if request.output_format == "jsonl" else write_text
    sources = request.files or (cast(BinaryIO, sys.stdin.buffer),)
    for source in sources:
        held: list[str] = []
        watch = Watch(model, str(source) if isinstance(source, Path) else "-")
        for found in model.stream(kept(source, request, held, watch), config, batch_size=64 if request.files else 1):
            line = held.pop(0)
            write(line, found, request)
            if plot:
                plot.add(line, found[0].text)
        watch.end()
    if plot:
        plot.write()


def kept(source: Path | BinaryIO, request: TranslateRequest, held: list[str], watch: "Watch") -> Iterator[str]:
    """The lines of a source, each also put into `held` until it is answered."""
    for number, line in read_lines(source, errors=request.encoding_errors):
        held.append(line)
        watch.see(number, line)
        yield line


class Watch:
    """Warns, on standard error, of lines unlike those of training: longer than any, or in symbols of another language.

    Args:
        place: the file; `-` is standard input.
    """

    def __init__(self, model: TrainedTranslator, place: str) -> None:
        self.model = model
        self.place = place
        self.longest = min(model.coverage.longest if model.coverage else LONGEST, LONGEST)
        self.long = 0
        self.judged: list[Symbols] | None = []  # the text so far, until it is enough to be judged

    def see(self, number: int, line: str) -> None:
        """One line; the first that is too long is warned of at once."""
        symbols = self.model.tokenizer.encode_source(line)
        if len(symbols) > self.longest:
            self.long += 1
            if self.long == 1:
                cut = f"; it is cut at spaces into parts of at most {LONGEST}" if len(symbols) > LONGEST else ""
                known = f"{len(symbols):,} symbols, more than any source of training ({self.longest:,})"
                warn(f"{self.place}:{number}: {known}: the translation may be incomplete{cut}")
        if self.judged is not None:
            self.judged.append(symbols[:-1])
            if sum(map(len, self.judged)) >= ENOUGH:
                self.judge()

    def judge(self) -> None:
        """Whether the text so far looks like that of training."""
        if self.judged and (warning := self.model.unlike_training(self.judged)):
            warn(f"{self.place}: {warning}")
        self.judged = None

    def end(self) -> None:
        """After the last line."""
        self.judge()
        if self.long > 1:
            warn(f"{self.place}: {self.long - 1:,} more such long line{'s' * (self.long > 2)}")


def warn(message: str) -> None:
    """One line on standard error."""
    print(f"warning: {message}", file=sys.stderr, flush=True)


def write_text(line: str, found: list[Translation], request: TranslateRequest) -> None:
    """A line a translation; with several of each, they follow one another."""
    for one in found:
        print(f"{one.logprob:.4f}\t{one.text}" if request.scores else one.text, flush=True)


def write_json(line: str, found: list[Translation], request: TranslateRequest) -> None:
    """One object a line of input."""
    rows = [{"text": one.text, "logprob": one.logprob, "score": one.score} for one in found]
    print(json.dumps({"source": line, "translations": rows}, ensure_ascii=False), flush=True)
