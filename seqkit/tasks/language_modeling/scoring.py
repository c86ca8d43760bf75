"""How probable a model finds a text, token by token.

Axes: T tokens, V symbols.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from seqkit.data.tokenizers.protocol import Tokenizer
from seqkit.models.language_model import LanguageModel

PIECE = 1024  # tokens read at a time: bounds the memory of a long line


@dataclass(frozen=True)
class Scored:
    """A line and its log-probability given the start of a text.

    Args:
        text: the line, without its line feed.
        tokens: the text that each token completes, the line feed at the end among them.
        logprobs: natural logarithm of each token's probability given all before it.
    """

    text: str
    tokens: tuple[str, ...]
    logprobs: tuple[float, ...]

    @property
    def logprob(self) -> float:
        """Of the whole line, in nats."""
        return math.fsum(self.logprobs)

    @property
    def perplexity(self) -> float:
        """Per token."""
        return math.exp(-self.logprob / max(len(self.logprobs), 1))

    @property
    def bits_per_character(self) -> float:
        """The line feed counts as a character."""
        return -self.logprob / math.log(2) / (len(self.text) + 1)


def score_lines(model: LanguageModel, tokenizer: Tokenizer, lines: Iterable[str]) -> Iterator[Scored]:
    """Score each line on its own, as the first of a text, the line feed at its end included."""
    for line in lines:
        ids_T = tokenizer.encode(line + "\n")
        logprobs = [value for part in token_logprobs(model, tokenizer.end, ids_T) for value in part]
        decoder = tokenizer.stream()
        texts = [decoder.push(int(token)) for token in ids_T]
        yield Scored(line, (*texts[:-1], texts[-1] + decoder.flush()), tuple(logprobs))


@torch.inference_mode()
def token_logprobs(model: LanguageModel, start: int, ids_T: np.ndarray) -> Iterator[list[float]]:
    """The log-probability of each token given `start` and the tokens before it, piece by piece."""
    device = next(model.parameters()).device
    state = model.start(1)
    read_T = np.concatenate([[start], ids_T[:-1]]).astype(np.int64)
    for first in range(0, len(ids_T), PIECE):
        token_1T = torch.from_numpy(read_T[None, first : first + PIECE]).to(device)
        target_T1 = torch.from_numpy(ids_T[first : first + PIECE].astype(np.int64))[:, None].to(device)
        logit_1TV, state = model.scan(token_1T, state)
        yield logit_1TV[0].log_softmax(dim=-1).gather(1, target_T1)[:, 0].tolist()
