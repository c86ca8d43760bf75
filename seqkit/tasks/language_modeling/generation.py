"""Writing text: a prompt read piece by piece, then symbols chosen one by one and handed on as text.

Axes: T tokens.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, Self

import numpy as np
from pydantic import Field, ValidationError

from seqkit.config import Config
from seqkit.data.tokenizers.protocol import Tokenizer
from seqkit.decoding.hypotheses import hypotheses
from seqkit.decoding.policies import Beam
from seqkit.decoding.sampling import Sample
from seqkit.decoding.scores import beside, without_gradients
from seqkit.decoding.search import search
from seqkit.engine.state import Scanner, State
from seqkit.errors import UserError

PIECE = 1024  # tokens of a prompt read at a time: bounds the memory of a long one


class GenerationConfig(Config):
    """How a text is written.

    Args:
        length: tokens, at most; 0 goes on until stopped, ends of documents notwithstanding.
        temperature: 0 takes the likeliest token; the other settings of a draw are those of `Sample`.
        repetition_penalty: on the tokens of the last `repetition_window`.
        beam: width of a beam search, which writes the likeliest text it finds; 0 draws at random.
        stop: end before any of these texts comes up.
        seed: of the random numbers.
    """

    length: int = Field(default=200, ge=0)
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    repetition_window: int = 256
    beam: int = Field(default=0, ge=0)
    stop: tuple[str, ...] = ()
    seed: int = 1

    @classmethod
    def of(cls, **settings: Any) -> Self:
        """Checked settings.

        Raises:
            UserError: one is unknown or out of range, or a beam has no length.
        """
        try:
            config = cls(**settings)
            config.policy()
        except ValidationError as error:
            fault = error.errors()[0]
            raise UserError(f"{'.'.join(map(str, fault['loc']))}: {fault['msg'][0].lower()}{fault['msg'][1:]}") from None
        except ValueError as error:
            raise UserError(str(error)) from None
        if config.beam and not config.length:
            raise UserError("a beam search needs a length: it is finished only when all of it is")
        return config

    def policy(self) -> Beam | Sample:
        """What chooses.

        Raises:
            ValueError: a setting is out of range.
        """
        drawing = Sample(
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
            repetition_penalty=self.repetition_penalty,
            repetition_window=self.repetition_window,
            seed=self.seed,
        )
        return Beam(self.beam) if self.beam else drawing


class Reader(Scanner[Any], Protocol):
    """A language model of either engine, in evaluation."""

    def start(self, batch: int) -> State[Any]:
        """The state before anything was read."""
        ...


def write(model: Reader, tokenizer: Tokenizer, prompt: str | Iterable[str], config: GenerationConfig) -> Iterator[str]:
    """Pieces of a text that continues the prompt, as soon as they are certain.

    Args:
        prompt: read piece by piece, so that a long one needs no more memory; empty for the start of a text.
    """
    state, last = read_prompt(model, tokenizer, [prompt] if isinstance(prompt, str) else prompt)
    end = None if tokenizer.decode([tokenizer.end]) or not config.length else tokenizer.end
    steps = search(model, state, np.array([[last]]), config.policy(), end=end, limit=config.length or None)
    decoder = tokenizer.stream()

    def pieces() -> Iterator[str]:
        if config.beam:
            yield from (decoder.push(token) for token in hypotheses(steps)[0][0].tokens)
        else:
            for step in steps:
                yield decoder.push(int(step.token_BJ[0, 0]))
        yield decoder.flush()

    return until(pieces(), config.stop)


def read_prompt(model: Reader, tokenizer: Tokenizer, texts: Iterable[str]) -> tuple[State[Any], int]:
    """The state before the last token of a prompt, and that token; a text begins where a document ends."""
    state, last = model.start(1), tokenizer.end
    like = next(iter(state.carry.values()))
    for text in texts:
        ids_T = tokenizer.encode(text).astype(np.int64)
        for first in range(0, len(ids_T), PIECE):
            piece_T = ids_T[first : first + PIECE]
            with without_gradients(like):
                _, state = model.scan(beside(np.append(last, piece_T[:-1])[None], like), state)
            last = int(piece_T[-1])
    return state, last


def until(pieces: Iterable[str], stops: tuple[str, ...]) -> Iterator[str]:
    """Pieces up to the first of the `stops`, which is left out; what may yet be part of one is held back."""
    held = ""
    longest = max(map(len, stops), default=0)
    for piece in pieces:
        held += piece
        found = [place for stop in stops if stop and (place := held.find(stop)) >= 0]
        if found:
            yield held[: min(found)]
            return
        safe = max(0, len(held) - longest + 1) if longest else len(held)
        if safe:
            yield held[:safe]
            held = held[safe:]
    yield held
