"""What is particular to tagging: its batches, its loss and its score on dev.

Axes: B sentences, T tokens.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqkit.data.batches import pooled_batches
from seqkit.data.examples import Tagged
from seqkit.data.schemes import spans
from seqkit.data.vocabulary import Vocabulary
from seqkit.data.word_table import WordTable
from seqkit.metrics.accuracy import sentence_accuracy_counts
from seqkit.metrics.entities import total_counts
from seqkit.models.tagger import Tagger
from seqkit.models.words import WordTensors
from seqkit.tasks.tagging.augment import Augmenter
from seqkit.tasks.tagging.predict import Predictor, pad, tensors
from seqkit.tasks.tagging.prediction import Prediction


class Batch(NamedTuple):
    """Padded sentences; `place_BT` points into the distinct words."""

    words: WordTensors
    place_BT: Tensor
    length_B: Tensor
    tag_BT: Tensor


class TaggingBatches:
    """Trains and scores a `Tagger` on sentences held in memory."""

    def __init__(
        self,
        model: Tagger,
        vocabulary: Vocabulary,
        tags: Sequence[str],
        train: Sequence[Tagged],
        dev: Sequence[Tagged],
        *,
        batch_size: int,
        precision: torch.dtype,
        seed: int,
        choose_bias: bool = False,
        augment: Augmenter | None = None,
    ) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.tags = tuple(tags)
        self.train = train
        self.dev = dev
        self.batch_size = batch_size
        self.precision = precision
        self.seed = seed
        self.choose_bias = choose_bias
        self.device = model.outside_bias.device
        self.carried: dict[str, Tensor] = {}
        self._table = WordTable(vocabulary)
        self._number = {tag: number for number, tag in enumerate(self.tags)}
        self._augment = augment

    def batches_per_epoch(self) -> int:
        """Batches in one pass over the training data."""
        return -(-len(self.train) // self.batch_size)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The padded batches of an epoch, from batch `start` on."""
        sentences: Sequence[Tagged] = self.train
        if self._augment:
            sentences = self._augment(self.seed, epoch)
        lengths = [len(sentence.tokens) for sentence in sentences]
        batches = pooled_batches(lengths, self.batch_size, seed=self.seed, epoch=epoch)
        for places in islice(batches, start, None):
            yield self.collate([sentences[place] for place in places])

    def collate(self, sentences: Sequence[Tagged]) -> Batch:
        """Pad; describe each distinct word once."""
        numbers = [np.array(self._table.numbers(sentence.tokens), dtype=np.int64) for sentence in sentences]
        distinct, flat_place = in_order(np.concatenate(numbers))
        ends = np.cumsum([len(row) for row in numbers])[:-1]
        tags = [np.array([self._number[tag] for tag in sentence.tags], dtype=np.int64) for sentence in sentences]
        return Batch(
            words=tensors(self._table.rows(distinct), self.device),
            place_BT=torch.from_numpy(pad(np.split(flat_place, ends))).to(self.device, non_blocking=True),
            length_B=torch.tensor([len(row) for row in numbers]),
            tag_BT=torch.from_numpy(pad(tags)).to(self.device, non_blocking=True),
        )

    def loss(self, batch: Batch) -> tuple[Tensor, int]:
        """Negative log-likelihood summed over tokens, and their number."""
        return self.model.loss(*batch, precision=self.precision)

    def dev_score(self) -> float:
        """Strict entity F1 on dev, or token accuracy for part of speech; sets the model's `outside_bias` first if asked to."""
        predictor = Predictor(self.model, self.vocabulary, self.tags, table=self._table)
        words = [sentence.tokens for sentence in self.dev]
        score = self._strict_f1 if predictor.entities else self._accuracy
        return (
            predictor.choose_outside_bias(words, score) if self.choose_bias and predictor.entities else score(predictor(words))
        )

    def _strict_f1(self, predictions: Sequence[Prediction]) -> float:
        gold = [spans(sentence.tags, strict=True) for sentence in self.dev]
        return total_counts(gold, [spans(one.tags, strict=True) for one in predictions]).f1

    def _accuracy(self, predictions: Sequence[Prediction]) -> float:
        counts = sentence_accuracy_counts([s.tags for s in self.dev], [one.tags for one in predictions])
        correct, total = counts.sum(axis=0)
        return float(correct / total)


def in_order(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct numbers in the order they first stand in, and the place of each number among them.

    Not in the order of the numbers, which says what was read before: a resumed run must add up in the same order.
    """
    distinct, first, place = np.unique(numbers, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return distinct[order], np.argsort(order)[place]
