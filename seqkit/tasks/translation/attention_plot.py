"""`seqkit translate --attention-plot`: where a translator looked in each source, as a page of maps.

Axes: S source tokens, T target tokens.
"""

import os
from pathlib import Path

import torch

from seqkit.architecture.translator import RecurrentTranslatorConfig
from seqkit.errors import UserError
from seqkit.inspection.findings import MOST, labels
from seqkit.inspection.maps import attention_maps
from seqkit.models.inspection.attention import cross_attention
from seqkit.models.inspection.recording import recorded
from seqkit.report.html import to_html
from seqkit.report.report import Report, Section
from seqkit.tasks.translation.batches import padded
from seqkit.tasks.translation.inspection import AXES, source_readers
from seqkit.tasks.translation.trained import TrainedTranslator

LINES = 50  # on a page; a browser draws each cell of each map


class AttentionPlot:
    """Gathers translated lines and writes their maps.

    Args:
        trained: attends to the source.
        path: of the page.

    Raises:
        UserError: the model does not attend, or there is no folder for the page.
    """

    def __init__(self, trained: TrainedTranslator, path: Path) -> None:
        config = trained.config
        if isinstance(config, RecurrentTranslatorConfig) and config.bridge != "attention":
            raise UserError(
                f'--attention-plot: bridge = "{config.bridge}" does not attend to the source; bridge = "attention" and '
                'family = "transformer" do (seqkit inspect shows what a matrix holds)'
            )
        if not path.parent.is_dir():
            raise UserError(f"--attention-plot {path}: no such folder")
        self.trained = trained
        self.path = path
        self.sections: list[Section] = []
        self.left_out = 0

    def add(self, line: str, translation: str) -> None:
        """A line and its translation; one without a word has no map, one too many or too long is counted."""
        if not line.strip():
            return
        section = section_of(self.trained, line, translation) if len(self.sections) < LINES else None
        if section:
            self.sections.append(section)
        else:
            self.left_out += 1

    def write(self) -> None:
        """The page, whole or not at all.

        Raises:
            UserError: the disk refuses.
        """
        about = self.trained.metadata
        left_out = f"{self.left_out:,} lines are left out: at most {LINES} of at most {MOST} tokens are shown."
        report = Report(
            title="Where the translator looked",
            subtitle=f"{about.get('source')} → {about.get('target')}",
            sections=tuple(self.sections),
            note="Each row sums to 1: the source tokens looked at before a token is written; in a Transformer, the mean over "
            f"heads. {left_out if self.left_out else ''}",
        )
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            part.write_text(to_html(report), encoding="utf-8")
            part.replace(self.path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise UserError(f"--attention-plot {self.path}: {error.strerror or error}") from error


@torch.no_grad()
def section_of(trained: TrainedTranslator, line: str, translation: str) -> Section | None:
    """The maps of one line, one for each place where the source is read; None if it or its translation is too long."""
    model, tokenizer = trained.model, trained.tokenizer
    source, target = tokenizer.encode_source(line), tokenizer.encode_target(translation)
    if max(len(source), len(target)) > MOST:
        return None
    token_1T = torch.tensor([[tokenizer.start, *target[:-1].tolist()]], device=trained.device)
    with recorded(model) as calls:
        model.scan(token_1T, model.start(*padded([source], trained.device)))
    readers = source_readers(model.decoder, range(1, trained.config.layers + 1))
    looks = {title: cross_attention(reader, calls) for title, reader in readers.items()}
    weights = {title: weight_1TS[0] for title, weight_1TS in looks.items() if weight_1TS is not None}
    read = labels(tokenizer.source, source.tolist())
    if isinstance(trained.config, RecurrentTranslatorConfig) and trained.config.reverse:
        read = read[::-1]
    return Section(
        line.strip(), translation, attention_maps(weights, labels(tokenizer.target, target.tolist()), read, axes=AXES)
    )
