"""A share of a training split, the same for every model, such that a smaller share is a part of every larger one."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from seqkit.data.examples import Text

Example = TypeVar("Example")


def share_of(examples: Sequence[Example], share: float) -> list[Example]:
    """A random share of examples in their order, one at least.

    Args:
        share: above 0 up to 1, which is all of them.
    """
    drawn = np.random.default_rng(0).permutation(len(examples))[: math.ceil(share * len(examples))]
    return [examples[place] for place in sorted(drawn.tolist())]


def beginning_of(texts: Callable[[], Iterator[Text]], characters: int) -> Callable[[], Iterator[Text]]:
    """So many characters from the beginning of running text; what has neighbours cannot be drawn at random."""

    def read() -> Iterator[Text]:
        left = characters
        for piece in texts():
            yield replace(piece, text=piece.text[:left])
            left -= len(piece.text)
            if left <= 0:
                return

    return read
