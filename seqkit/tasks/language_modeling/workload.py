"""A language model that reads a running text of any length, its state carried, and then writes on.

Axes: T tokens.
"""

import numpy as np
import torch

from seqkit.tasks.language_modeling.trained import TrainedLanguageModel
from seqkit.tasks.task import Use
from seqkit.tasks.workloads import one_more, random_symbols, read


class TextWorkload:
    """Reads tokens drawn at random."""

    waits = "one token more"

    def __init__(self, trained: TrainedLanguageModel) -> None:
        self.trained = trained
        self.symbols = trained.tokenizer.size

    def use(self, length: int) -> Use:
        """Read, then time single tokens."""
        reader = self.trained.reader
        _, state = read(reader, random_symbols(self.symbols, length)[None], reader.start(1))
        return Use(one_more(reader, state, np.zeros((1, 1), np.int64)), state.nbytes)

    def train(self, length: int) -> None:
        """Full back-propagation through the text."""
        model = self.trained.model.train()
        token_1T = torch.from_numpy(random_symbols(self.symbols, length + 1)[None]).to(self.trained.device)
        start = model.start(1)
        nats, count, _ = model.loss(token_1T[:, :-1], token_1T[:, 1:], start, precision=torch.float32)
        (nats / count).backward()
