"""Texts and models small enough to be checked by hand.

Axes: B streams, T tokens, E features, V symbols.
"""

import numpy as np
import torch
from torch import Tensor, nn

from seqkit.architecture.language_model import RecurrentLanguageModelConfig, TransformerLanguageModelConfig
from seqkit.models.state import State

END = 4

MODELS = {
    "lstm": RecurrentLanguageModelConfig(family="lstm", width=8, layers=2, dropout=0.5, output_dropout=0.5),
    "transformer": TransformerLanguageModelConfig(width=8, heads=2, layers=2, window=0, dropout=0.5),
}


class Text:
    """Tokens in memory that count what is read of them at once."""

    def __init__(self, tokens: list[int]) -> None:
        self.tokens = np.array(tokens, dtype=np.int32)
        self.most = 0

    def __len__(self) -> int:
        return len(self.tokens)

    def read(self, start: int, stop: int) -> np.ndarray:
        assert 0 <= start <= stop <= len(self)
        self.most = max(self.most, stop - start)
        return self.tokens[start:stop]


def text(length: int, seed: int = 0) -> Text:
    return Text(np.random.default_rng(seed).integers(0, END + 1, length).tolist())


class Fading(nn.Module):
    """h = a h + embedding(token), logits = h W + b: a linear memory that halves every `log a / log 0.5` tokens, or never fades.

    Counts the most logits it was ever asked for at once.
    """

    def __init__(self, vocabulary: int = 5, width: int = 3, keep: float = 0.5, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.embedding = nn.Embedding(vocabulary, width, dtype=torch.float64)
        self.weight = nn.Parameter(torch.randn(width, vocabulary, generator=generator, dtype=torch.float64))
        self.bias = nn.Parameter(torch.zeros(vocabulary, dtype=torch.float64))
        nn.init.normal_(self.embedding.weight, generator=generator)
        self.keep = keep
        self.most = 0

    def start(self, batch: int) -> State:
        return State({"h": torch.zeros(batch, self.embedding.embedding_dim, dtype=torch.float64)})

    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        h_BE, logits = state.carry["h"], []
        for x_BE in self.embedding(token_BT).unbind(1):
            h_BE = self.keep * h_BE + x_BE
            logits.append(h_BE @ self.weight + self.bias)
        logit_BTV = torch.stack(logits, dim=1)
        self.most = max(self.most, logit_BTV.nbytes)
        return logit_BTV, State({"h": h_BE})

    def nats(self, context: list[int], target: int) -> float:
        """Of one target after a whole context, read from nothing."""
        with torch.no_grad():
            logit_1TV, _ = self.scan(torch.tensor([context]), self.start(1))
            return -float(logit_1TV[0, -1].log_softmax(dim=-1)[target])
