"""Longer training examples out of the same pairs: two of them, one after the other.

A translator that never read a long source in training fails on one; in most corpora they are rare (Kondo et al. 2021,
arXiv:2104.08478).
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from pydantic import Field

from seqkit.config import Config
from seqkit.data.examples import Pair

Places = tuple[int, ...]
"""The positions of the pairs that make up a training example: one, or two."""


class PairAugmentConfig(Config):
    """What is made of training pairs; each epoch anew.

    Args:
        join: share of the pairs that are read two by two, as one pair of twice the length.
    """

    join: float = Field(default=0.0, ge=0, le=1)


class Joining:
    """Which pairs are joined in an epoch; every pair stands in one example.

    An epoch draws other pairs for the examples of the one before, each of the same shape as the pair it takes the place of, so
    that all epochs have examples of the same lengths, and as many batches.

    Args:
        shapes: what pairs must have in common to stand for one another: their lengths.
        lengths: symbols of each pair, of the longer side.
        longest: examples of more symbols are not made.
    """

    def __init__(self, shapes: Sequence[Hashable], lengths: Sequence[int], *, share: float, longest: int, seed: int) -> None:
        self.seed = seed
        order = np.random.default_rng((seed, 11)).permutation(len(shapes)).tolist()
        twos = int(share * len(order) / 2)
        pairs = zip(order[:twos], order[twos : 2 * twos], strict=True)
        fitting = [pair for pair in pairs if sum(lengths[place] for place in pair) <= longest]
        alone = set(order) - {place for pair in fitting for place in pair}
        self.examples: list[Places] = [*fitting, *((place,) for place in sorted(alone))]
        alike: dict[Hashable, list[int]] = defaultdict(list)
        for place, shape in enumerate(shapes if fitting else ()):
            alike[shape].append(place)
        self._alike = list(alike.values())

    def __call__(self, epoch: int) -> list[Places]:
        """The examples of an epoch, always in the same order of lengths."""
        random = np.random.default_rng((self.seed, 11, epoch))
        instead = {
            p: other for places in self._alike for p, other in zip(places, random.permutation(places).tolist(), strict=True)
        }
        return [tuple(instead.get(place, place) for place in example) for example in self.examples]


def joined(pairs: Sequence[Pair]) -> Pair:
    """One pair: sources and targets one after the other, with a space between."""
    return Pair(" ".join(pair.source for pair in pairs), " ".join(pair.target for pair in pairs))
