"""How well a text was predicted: nats, and what they are counted over.

Figures per token compare models with one tokenizer; figures per character and per word compare any two, since all tokenizers
then divide by the same counts of the same text.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The negative log-likelihood of a text, which adds up over its parts: a figure is always one sum over another.

    A figure of nothing (no token, no character, no word) raises `ZeroDivisionError`.

    Args:
        nats: minus the natural logarithm of the text's probability.
        tokens: predicted symbols; a boundary between documents is one of them.
        characters: Unicode code points of the text; a boundary has none.
        words: as `count_text` counts them.
    """

    nats: float = 0.0
    tokens: int = 0
    characters: int = 0
    words: int = 0

    def __add__(self, other: "Likelihood") -> "Likelihood":
        """Of both texts together."""
        return Likelihood(
            self.nats + other.nats,
            self.tokens + other.tokens,
            self.characters + other.characters,
            self.words + other.words,
        )

    @property
    def nats_per_token(self) -> float:
        """The cross-entropy that training reports."""
        return self.nats / self.tokens

    @property
    def nats_per_character(self) -> float:
        """The same whatever the tokenizer."""
        return self.nats / self.characters

    @property
    def bits_per_character(self) -> float:
        """Nats per character in bits."""
        return self.nats_per_character / math.log(2)

    @property
    def perplexity(self) -> float:
        """Per token; infinite past the range of a float."""
        return _exp(self.nats_per_token)

    @property
    def word_perplexity(self) -> float:
        """exp(nats / words): a subword model's comes from the nats of all its pieces (Mielke 2019)."""
        return _exp(self.nats / self.words)


def count_text(pieces: Iterable[str]) -> tuple[int, int]:
    """The characters and words of a text that comes in pieces, cut anywhere.

    Words are runs of other characters than white space, and line feeds: a line of WikiText counts its words and one end.
    """
    characters = words = 0
    within_word = False
    for piece in filter(None, pieces):
        characters += len(piece)
        words += len(piece.split()) + piece.count("\n") - (within_word and not piece[0].isspace())
        within_word = not piece[-1].isspace()
    return characters, words


def _exp(nats: float) -> float:
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf
