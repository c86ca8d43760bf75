"""Evaluating a translator: what it makes of test splits, and what it costs.

Axes: N sentences, C counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from seqkit.data.examples import Pair
from seqkit.metrics.transduction import transduction_counts
from seqkit.metrics.translation import bleu_counts, chrf_counts, copy_counts, ter_counts
from seqkit.recipe import TranslationEvaluationConfig
from seqkit.run.machine import peak_memory
from seqkit.run.rates import rate
from seqkit.run.translation.model import TrainedTranslator
from seqkit.tasks.translation.task import padded
from seqkit.tasks.translation.translate import TranslationConfig

SPEED_SENTENCES = 200  # sentences of the first test that speeds are measured on
SOURCES = (8, 16, 32, 64, 128, 256)  # symbols of a source at which its state is weighed


@dataclass(frozen=True)
class SplitTranslated:
    """A split with its translations, and the counts of each sentence from which every score is computed."""

    name: str
    pairs: Sequence[Pair]
    outputs: Sequence[str]
    bleu_NC: NDArray[np.int64]
    chrf_NC: NDArray[np.int64]
    ter_NC: NDArray[np.int64]
    copy_NC: NDArray[np.int64]
    whole_NC: NDArray[np.int64]


@dataclass(frozen=True)
class Speed:
    """Target symbols a second side by side, and sentences one by one."""

    batched: float
    alone: float
    milliseconds: float
    peak_memory: int


@dataclass(frozen=True)
class TranslationEvaluation:
    """All that was measured.

    Args:
        splits: the first is the one that systems are compared by.
        state_bytes: what the decoder knows of a source, by the number of the source's symbols.
        speed: greedy, one translation a sentence.
    """

    splits: tuple[SplitTranslated, ...]
    state_bytes: Mapping[int, int]
    speed: Speed
    config: TranslationEvaluationConfig


def evaluate_translator(
    trained: TrainedTranslator, splits: Mapping[str, Sequence[Pair]], config: TranslationEvaluationConfig
) -> TranslationEvaluation:
    """Translate splits and count."""
    translated = tuple(translate_split(trained, name, pairs, config) for name, pairs in splits.items())
    return TranslationEvaluation(
        splits=translated,
        state_bytes={symbols: source_bytes(trained, symbols) for symbols in SOURCES},
        speed=measure_speed(trained, [pair.source for pair in translated[0].pairs[:SPEED_SENTENCES]]),
        config=config,
    )


def translate_split(
    trained: TrainedTranslator, name: str, pairs: Sequence[Pair], config: TranslationEvaluationConfig
) -> SplitTranslated:
    """Translate every source; ties between several right answers are not known here, each pair has its own."""
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    outputs = [found[0].text for found in trained.stream(sources, config.search)]
    judged, wanted = (
        ([text.lower() for text in outputs], [text.lower() for text in references])
        if config.lowercase
        else (outputs, references)
    )
    return SplitTranslated(
        name=name,
        pairs=pairs,
        outputs=outputs,
        bleu_NC=bleu_counts(outputs, references, lowercase=config.lowercase),
        chrf_NC=chrf_counts(outputs, references, lowercase=config.lowercase),
        ter_NC=ter_counts(outputs, references),
        copy_NC=copy_counts(sources, outputs),
        whole_NC=transduction_counts(judged, [(one,) for one in wanted]),
    )


@torch.inference_mode()
def source_bytes(trained: TrainedTranslator, symbols: int) -> int:
    """What is kept of one source while it is translated."""
    source_1S, length_1 = padded([np.full(symbols, trained.tokenizer.end)], trained.device)
    return sum(part.nbytes for part in trained.model.start(source_1S, length_1).memory.values())


def measure_speed(trained: TrainedTranslator, sources: Sequence[str]) -> Speed:
    """Time greedy translation in batches of 64 and one by one."""
    search = TranslationConfig()

    def batched() -> int:
        found = trained.stream(sources, search)
        return sum(len(trained.tokenizer.encode_target(one[0].text)) for one in found)

    def alone() -> int:
        return sum(1 for _ in trained.stream(islice(sources, 5), search, batch_size=1))

    one_by_one = rate(alone)
    return Speed(rate(batched), one_by_one, 1000 / one_by_one, peak_memory())
