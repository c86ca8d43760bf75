"""What is particular to translation in training: its batches, its loss, its score on dev.

Axes: B pairs, S source tokens, T target tokens.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqkit.data.batches import pooled_batches, sorted_batches, token_batches
from seqkit.data.examples import Pair
from seqkit.data.tokenizers.pairs import EncodedPair, PairTokenizer, draw_seed
from seqkit.data.tokenizers.sampling import SamplingConfig
from seqkit.models.translator import Translator
from seqkit.tasks.translation.joining import Joining, PairAugmentConfig, Places, joined


class Batch(NamedTuple):
    """Padded pairs; `token_BT` is what the decoder is given, `target_BT` what it is to say."""

    source_BS: Tensor
    source_length_B: Tensor
    token_BT: Tensor
    target_BT: Tensor
    target_length_B: Tensor


class PairBatches:
    """Trains a `Translator` on pairs held in memory.

    Args:
        batch_size: pairs a batch; batches are of pairs alike in length.
        batch_tokens: above 0, target symbols a batch instead.
        longest: symbols a side; longer pairs are not trained on.
        sampling: draw another segmentation of each pair in every epoch.
        augment: what else is made of the pairs, anew in every epoch.
    """

    def __init__(
        self,
        model: Translator,
        tokenizer: PairTokenizer,
        train: Sequence[Pair],
        dev: Sequence[Pair],
        *,
        batch_size: int,
        batch_tokens: int = 0,
        longest: int,
        precision: torch.dtype,
        seed: int,
        sampling: SamplingConfig | None = None,
        augment: PairAugmentConfig | None = None,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        encoded = [tokenizer.encode(pair) for pair in train]
        kept = [place for place, pair in enumerate(encoded) if max(len(pair.source), len(pair.target)) <= longest]
        self.pairs = [train[place] for place in kept]
        self.train = [encoded[place] for place in kept]
        self.dev = [tokenizer.encode(pair) for pair in dev]
        self.left_out = len(train) - len(kept)
        self.batch_size = batch_size
        self.batch_tokens = batch_tokens
        self.precision = precision
        self.seed = seed
        self.sampling = sampling
        self.device = next(model.parameters()).device
        self.carried: dict[str, Tensor] = {}
        shapes = [(len(pair.source), len(pair.target)) for pair in self.train]
        share = augment.join if augment else 0.0
        self._joining = Joining(shapes, [max(shape) for shape in shapes], share=share, longest=longest, seed=seed)
        # An end is left out where two pairs are joined.
        self._sides = [[sum(shapes[p][side] for p in e) - len(e) + 1 for e in self._joining.examples] for side in (0, 1)]

    @property
    def longest_source(self) -> int:
        """Symbols of the longest that is trained on."""
        return max(self._sides[0])

    def batches_per_epoch(self) -> int:
        """Batches in one pass over the training data."""
        return sum(1 for _ in self._places(0)) if self.batch_tokens else -(-len(self._joining.examples) // self.batch_size)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The padded batches of an epoch, from batch `start` on."""
        examples = self._joining(epoch)
        for places in islice(self._places(epoch), start, None):
            yield self.collate([self._segmented(examples[place], epoch) for place in places])

    def _places(self, epoch: int) -> Iterator[list[int]]:
        """The positions of the examples of each batch."""
        sources, targets = self._sides
        if self.batch_tokens:
            return token_batches(sources, targets, self.batch_tokens, seed=self.seed, epoch=epoch)
        lengths = [1000 * target + source for source, target in zip(sources, targets, strict=True)]  # equals by source
        return pooled_batches(lengths, self.batch_size, seed=self.seed, epoch=epoch)

    def _segmented(self, places: Places, epoch: int) -> EncodedPair:
        if self.sampling is None and len(places) == 1:
            return self.train[places[0]]
        pair = joined([self.pairs[place] for place in places])
        if self.sampling is None:
            return self.tokenizer.encode(pair)
        return self.tokenizer.sample(pair, self.sampling, draw_seed(self.seed, epoch, *places))

    def collate(self, pairs: Sequence[EncodedPair]) -> Batch:
        """Pad."""
        start = np.array([self.tokenizer.start])
        return Batch(
            *padded([pair.source for pair in pairs], self.device),
            padded([np.concatenate([start, pair.target[:-1]]) for pair in pairs], self.device)[0],
            *padded([pair.target for pair in pairs], self.device),
        )

    def loss(self, batch: Batch) -> tuple[Tensor, int]:
        """Negative log-likelihood in nats summed over target symbols, and their number."""
        return self.model.loss(*batch, precision=self.precision)

    def dev_score(self) -> float:
        """Minus the nats a target symbol on dev, labels not smoothed."""
        nats, count = 0.0, 0
        for places in sorted_batches([len(pair.target) for pair in self.dev], 64):
            total, symbols = self.model.loss(*self.collate([self.dev[place] for place in places]), precision=torch.float32)
            nats, count = nats + float(total), count + symbols
        return -nats / count


def padded(rows: Sequence[NDArray[np.integer]], device: torch.device) -> tuple[Tensor, Tensor]:
    """rows_BT side by side, zeros after the end of each, and length_B, which stays on the CPU."""
    row_BT = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    for place, row in enumerate(rows):
        row_BT[place, : len(row)] = row
    return torch.from_numpy(row_BT).to(device, non_blocking=True), torch.tensor([len(row) for row in rows])
