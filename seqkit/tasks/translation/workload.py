"""A translator with one source of any length, from which it then writes.

Axes: S source symbols, T target symbols.
"""

import numpy as np
import torch

from seqkit.tasks.task import Use
from seqkit.tasks.translation.trained import TrainedTranslator
from seqkit.tasks.workloads import one_more, random_symbols


class TranslationWorkload:
    """Reads symbols drawn at random."""

    waits = "one symbol more"

    def __init__(self, trained: TrainedTranslator) -> None:
        self.trained = trained

    def use(self, length: int) -> Use:
        """Read the source, then time single symbols of the target."""
        reader, tokenizer = self.trained.reader, self.trained.tokenizer
        state = reader.start(random_symbols(tokenizer.source.size, length)[None])
        return Use(one_more(reader, state, np.array([[tokenizer.start]])), state.nbytes)

    def train(self, length: int) -> None:
        """The gradient of a source and a target of this length each."""
        model, device, tokenizer = self.trained.model.train(), self.trained.device, self.trained.tokenizer
        source_1S = torch.from_numpy(random_symbols(tokenizer.source.size, length)[None]).to(device)
        target_1T = torch.from_numpy(random_symbols(tokenizer.target.size, length + 1)[None]).to(device)
        length_1 = torch.tensor([length])
        nats, count = model.loss(source_1S, length_1, target_1T[:, :-1], target_1T[:, 1:], length_1, precision=torch.float32)
        (nats / count).backward()
