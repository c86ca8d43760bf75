"""From source texts to translations, through the one search.

Sentences are searched together only with others of the same number of symbols, so there is no padding, the greatest length is
each sentence's own, and a translation does not depend on what else is in its batch.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from seqkit.config import Config
from seqkit.data.tokenizers.pairs import PairTokenizer
from seqkit.data.tokenizers.protocol import Symbols
from seqkit.decoding.hypotheses import Hypothesis, hypotheses
from seqkit.decoding.policies import Beam, Greedy, LengthPenalty
from seqkit.decoding.sampling import Sample
from seqkit.decoding.search import search
from seqkit.engine.state import Scanner, State
from seqkit.errors import UserError

READ_AHEAD = 16  # batches sorted together when translating from a stream
LONGEST = 256  # symbols translated at once; longer lines are cut at spaces


class TranslationConfig(Config):
    """How a text is translated.

    Args:
        beam: width of a beam search; 1 takes the likeliest symbol at each step.
        length_penalty: alpha of Wu et al. 2016 in a beam: 0 ranks by log-probability, which favours short translations.
        n_best: translations of each sentence, best first; at most `beam`.
        temperature: above 0 draws at random instead; the beam must be 1.
        repetition_penalty: on symbols written before, without a beam.
        seed: of the random numbers.
        prefix: how every translation begins.
        longest: symbols written are at most `longest` times those of the source, and 10.
    """

    beam: int = Field(default=1, ge=1, le=1000)
    length_penalty: float = Field(default=0.6, ge=0, le=10)
    n_best: int = Field(default=1, ge=1)
    temperature: float = Field(default=0.0, ge=0)
    repetition_penalty: float = Field(default=1.0, gt=0)
    seed: int = Field(default=1, ge=0)
    prefix: str = ""
    longest: float = Field(default=2.0, gt=0)

    @classmethod
    def of(cls, **settings: Any) -> Self:
        """Checked settings.

        Raises:
            UserError: one is unknown or out of range, or two do not go together.
        """
        try:
            config = cls(**settings)
        except ValidationError as error:
            fault = error.errors()[0]
            raise UserError(f"{'.'.join(map(str, fault['loc']))}: {fault['msg'][0].lower()}{fault['msg'][1:]}") from None
        if config.n_best > config.beam:
            raise UserError(f"n-best {config.n_best}: a beam of {config.beam} has no more than {config.beam} translations")
        if config.beam > 1 and (config.temperature > 0 or config.repetition_penalty != 1):
            raise UserError("a beam neither draws at random nor knows a repetition penalty: leave out one or the other")
        return config

    def policy(self) -> Greedy | Beam | Sample:
        """What chooses."""
        if self.beam > 1:
            return Beam(self.beam, LengthPenalty(self.length_penalty))
        if self.temperature > 0 or self.repetition_penalty != 1:
            return Sample(temperature=self.temperature, repetition_penalty=self.repetition_penalty, seed=self.seed)
        return Greedy()


@dataclass(frozen=True)
class Translation:
    """One translation.

    Args:
        text: without the source's line feed.
        logprob: the model's log-probability of it, its end included, in nats.
        score: what it is ranked by.
    """

    text: str
    logprob: float
    score: float


class Writer(Scanner[Any], Protocol):
    """A translator of either engine, in evaluation."""

    def start(self, source_SL: NDArray[np.int64]) -> State[Any]:
        """Read sources of one length."""
        ...


def translate(
    model: Writer, tokenizer: PairTokenizer, lines: Iterable[str], config: TranslationConfig, *, batch_size: int = 64
) -> Iterator[list[Translation]]:
    """The translations of each line, best first, in the order of the lines, in bounded memory.

    A line without a word has empty translations; a very long one is cut at spaces and its parts are translated one by one.

    Args:
        batch_size: sentences searched together, at most.
    """
    waiting = iter(lines)
    while some := list(islice(waiting, batch_size * READ_AHEAD if batch_size > 1 else 1)):
        parts = [list(cut(tokenizer, line)) for line in some]
        flat = [symbols for line in parts for symbols in line]
        found = iter(in_batches(model, tokenizer, flat, config, batch_size))
        for line in parts:
            yield joined([[spoken(tokenizer, one) for one in next(found)] for _ in line], config.n_best)


def cut(tokenizer: PairTokenizer, line: str) -> Iterator[Symbols]:
    """The symbols of a line, in parts of at most LONGEST where it has spaces to be cut at."""
    if not line.strip():
        return
    symbols = tokenizer.encode_source(line)
    words = line.split()
    if len(symbols) <= LONGEST or len(words) < 2:
        # A word without end is cut wherever the limit falls.
        for first in range(0, max(len(symbols) - 1, 1), LONGEST):
            yield np.append(symbols[:-1][first : first + LONGEST], symbols[-1])
        return
    share = max(1, len(words) * LONGEST // (2 * len(symbols)))
    for first in range(0, len(words), share):
        yield from cut(tokenizer, " ".join(words[first : first + share]))


def in_batches(
    model: Writer,
    tokenizer: PairTokenizer,
    sources: Sequence[Symbols],
    config: TranslationConfig,
    batch_size: int,
) -> list[list[Hypothesis]]:
    """The hypotheses of each source, in order; searched together are those of one length."""
    found: list[list[Hypothesis]] = [[] for _ in sources]
    order = sorted(range(len(sources)), key=lambda place: len(sources[place]))
    for length, alike in groupby(order, key=lambda place: len(sources[place])):
        while batch := list(islice(alike, batch_size)):
            results = together(model, tokenizer, [sources[place] for place in batch], config, length)
            for place, result in zip(batch, results, strict=True):
                found[place] = result
    return found


def together(
    model: Writer,
    tokenizer: PairTokenizer,
    sources: Sequence[Symbols],
    config: TranslationConfig,
    length: int,
) -> list[list[Hypothesis]]:
    """Search for translations of sources of one length."""
    state = model.start(np.stack(sources).astype(np.int64))
    prefix = tokenizer.encode_target(config.prefix)[:-1].tolist() if config.prefix else []
    prompt_BT = np.array([[tokenizer.start, *prefix]] * len(sources))
    limit = math.ceil(config.longest * length) + 10
    found = hypotheses(search(model, state, prompt_BT, config.policy(), end=tokenizer.end, limit=limit), best=config.n_best)
    return [[one._replace(tokens=prefix + one.tokens) for one in row] for row in found]


def spoken(tokenizer: PairTokenizer, found: Hypothesis) -> Translation:
    """A hypothesis as text, on one line whatever the model wrote."""
    text = tokenizer.decode(found.tokens)
    return Translation(" ".join(text.split("\n")), math.fsum(found.logps), found.score)


def joined(parts: Sequence[Sequence[Translation]], n_best: int) -> list[Translation]:
    """The translations of a line from those of its parts: the best of each, the second of each, …; empty ones without parts."""
    if not parts:
        return [Translation("", 0.0, 0.0)] * n_best
    rows = zip(*parts, strict=False) if len(parts) > 1 else ((one,) for one in parts[0])
    return [
        Translation(" ".join(one.text for one in row), sum(one.logprob for one in row), sum(one.score for one in row))
        for row in rows
    ]
