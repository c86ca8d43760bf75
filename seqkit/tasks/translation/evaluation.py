"""Evaluating a translator: what it makes of test splits, and what it costs.

Axes: N sentences, C counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from seqkit.data.examples import Pair
from seqkit.data.pairs import PairCorpus, variants
from seqkit.errors import UserError, suggestion
from seqkit.metrics.speed import rate
from seqkit.metrics.transduction import transduction_counts
from seqkit.metrics.translation import bleu_counts, chrf_counts, copy_counts, ter_counts
from seqkit.tasks.translation.batches import padded
from seqkit.tasks.translation.recipe import TranslationEvaluationConfig
from seqkit.tasks.translation.trained import TrainedTranslator
from seqkit.tasks.translation.translate import TranslationConfig

SPEED_SENTENCES = 200  # sentences of the first test that speeds are measured on
SOURCES = (8, 16, 32, 64, 128, 256)  # symbols of a source at which its state is weighed


@dataclass(frozen=True)
class SplitTranslated:
    """A split with its translations. The counts of each sentence, from which every score is computed, are made when asked for.

    Args:
        golds: for each pair all that is right: every target that the split has for its source.
    """

    name: str
    pairs: Sequence[Pair]
    golds: Sequence[Sequence[str]]
    outputs: Sequence[str]
    config: TranslationEvaluationConfig

    @cached_property
    def bleu_counts(self) -> NDArray[np.int64]:
        """`bleu_counts`."""
        return bleu_counts(self.outputs, self._references(), lowercase=self.config.lowercase)

    @cached_property
    def chrf_counts(self) -> NDArray[np.int64]:
        """`chrf_counts`."""
        return chrf_counts(self.outputs, self._references(), lowercase=self.config.lowercase)

    @cached_property
    def ter_counts(self) -> NDArray[np.int64]:
        """`ter_counts`."""
        return ter_counts(self.outputs, self._references())

    @cached_property
    def copy_counts(self) -> NDArray[np.int64]:
        """`copy_counts`."""
        return copy_counts([pair.source for pair in self.pairs], self.outputs)

    @cached_property
    def whole_counts(self) -> NDArray[np.int64]:
        """`transduction_counts`: a target is right if it equals any of its golds."""
        judged = [self._cased(text) for text in self.outputs]
        wanted = [[self._cased(text) for text in golds] for golds in self.golds]
        return transduction_counts(judged, wanted, unit=self.config.unit)

    def _references(self) -> list[str]:
        return [pair.target for pair in self.pairs]

    def _cased(self, text: str) -> str:
        return text.lower() if self.config.lowercase else text


def summed(counts_NC: NDArray[np.int64]) -> NDArray[np.float64]:
    """The counts of a whole split, as statistics take them."""
    return counts_NC.sum(axis=0).astype(np.float64)


@dataclass(frozen=True)
class Speed:
    """Target symbols a second side by side, and sentences one by one."""

    batched: float
    alone: float
    milliseconds: float


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


def chosen_splits(corpus: PairCorpus, asked: str, tests: Sequence[str]) -> Mapping[str, Sequence[Pair]]:
    """The splits that are reported.

    Args:
        asked: splits joined by `+`; `test` alone stands for all tests.
        tests: those that are meant then; empty: all that begin with `test`.

    Raises:
        UserError: one that was asked for is not there.
    """
    every = list(tests) or [split for split in corpus.splits if split.startswith("test")]
    names = (every or ["test"]) if asked == "test" else asked.split("+")
    for name in names:
        if name not in corpus.splits:
            known = list(corpus.splits)
            raise UserError(f"{corpus.name}: no {name} split{suggestion(name, known)} (known: {', '.join(known)})")
    return {name: corpus.splits[name] for name in names}


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
    """Translate every source; where whole targets are judged, once, however many right answers it has."""
    golds = variants(pairs)
    if config.metric == "accuracy":
        pairs = [Pair(source, targets[0]) for source, targets in golds.items()]
    outputs = [found[0].text for found in trained.stream([pair.source for pair in pairs], config.search)]
    return SplitTranslated(name, pairs, [golds[pair.source] for pair in pairs], outputs, config)


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
    return Speed(rate(batched), one_by_one, 1000 / one_by_one)
