"""A translator with one source of any length, from which it then writes.

Axes: B sequences, S source symbols, T target symbols.
"""

import torch
from torch import Tensor

from seqkit.tasks.task import Use
from seqkit.tasks.translation.batches import padded
from seqkit.tasks.translation.trained import TrainedTranslator
from seqkit.tasks.workloads import one_more, random_symbols


class TranslationWorkload:
    """Reads symbols drawn at random."""

    waits = "one symbol more"

    def __init__(self, trained: TrainedTranslator) -> None:
        self.model, self.device = trained.model, trained.device
        self.sources, self.targets = len(trained.model.source.weight), trained.model.output_bias.numel()
        self.first = trained.tokenizer.start

    @torch.inference_mode()
    def use(self, length: int) -> Use:
        """Read the source, then time single symbols of the target."""
        state = self.model.eval().start(*self.source(length))
        return Use(one_more(self.model, state, torch.full((1, 1), self.first, device=self.device)), state.nbytes)

    def train(self, length: int) -> None:
        """The gradient of a source and a target of this length each."""
        target_1T = random_symbols(self.targets, length + 1, self.device)[None]
        length_1 = torch.tensor([length], device=self.device)
        source_1S, _ = self.source(length)
        nats, count = self.model.train().loss(
            source_1S, length_1, target_1T[:, :-1], target_1T[:, 1:], length_1, precision=torch.float32
        )
        (nats / count).backward()

    def source(self, length: int) -> tuple[Tensor, Tensor]:
        """source_1S and its length."""
        return padded([random_symbols(self.sources, length, torch.device("cpu")).numpy()], self.device)
