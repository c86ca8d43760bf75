"""A language model that reads a running text of any length, its state carried, and then writes on.

Axes: T tokens.
"""

import torch

from seqkit.models.stepping.language_model import stepper
from seqkit.tasks.language_modeling.trained import TrainedLanguageModel
from seqkit.tasks.task import Use
from seqkit.tasks.workloads import one_more, random_symbols

PIECE = 256  # tokens read at once


class TextWorkload:
    """Reads tokens drawn at random."""

    waits = "one token more"

    def __init__(self, trained: TrainedLanguageModel) -> None:
        self.model, self.device = trained.model, trained.device
        self.symbols = trained.tokenizer.size

    @torch.inference_mode()
    def use(self, length: int) -> Use:
        """Read in pieces, then time single tokens."""
        model = self.model.eval()
        state = model.start(1)
        for token_1T in random_symbols(self.symbols, length, self.device)[None].split(PIECE, dim=1):
            _, state = model.scan(token_1T, state)
        return Use(one_more(stepper(model), state, torch.zeros(1, 1, dtype=torch.int64, device=self.device)), state.nbytes)

    def train(self, length: int) -> None:
        """Full back-propagation through the text."""
        token_1T = random_symbols(self.symbols, length + 1, self.device)[None]
        start = self.model.train().start(1)
        nats, count, _ = self.model.loss(token_1T[:, :-1], token_1T[:, 1:], start, precision=torch.float32)
        (nats / count).backward()
