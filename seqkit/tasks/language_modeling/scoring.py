"""How probable a model finds a text, token by token.

Axes: T tokens, V symbols.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from seqkit.data.tokenizers.protocol import Tokenizer
from seqkit.decoding.scores import at, beside, log_softmax, without_gradients
from seqkit.tasks.language_modeling.generation import Reader

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


def score_lines(model: Reader, tokenizer: Tokenizer, lines: Iterable[str]) -> Iterator[Scored]:
    """Score each line on its own, as the first of a text, the line feed at its end included."""
    for line in lines:
        ids_T = tokenizer.encode(line + "\n")
        logprobs = [value for part in token_logprobs(model, tokenizer.end, ids_T) for value in part]
        decoder = tokenizer.stream()
        texts = [decoder.push(int(token)) for token in ids_T]
        yield Scored(line, (*texts[:-1], texts[-1] + decoder.flush()), tuple(logprobs))


def token_logprobs(model: Reader, start: int, ids_T: np.ndarray) -> Iterator[list[float]]:
    """The log-probability of each token given `start` and the tokens before it, piece by piece."""
    state = model.start(1)
    like = next(iter(state.carry.values()))
    read_T, ids_T = np.append(start, ids_T[:-1]).astype(np.int64), ids_T.astype(np.int64)
    for first in range(0, len(ids_T), PIECE):
        part = slice(first, first + PIECE)
        with without_gradients(like):
            logit_1TV, state = model.scan(beside(read_T[None, part], like), state)
            yield at(log_softmax(logit_1TV[0]), ids_T[part]).tolist()
