"""What a translator knows from training: which symbols are those of sources, and how long sources were.

A text in another language is told by its symbols, such as one with source and target confused.

Axes: V symbols of the source vocabulary.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqkit.data.tokenizers.pairs import EncodedPair, PairTokenizer
from seqkit.data.tokenizers.protocol import Symbols

SHARE = 0.05  # of the occurrences of a symbol of both languages that make it one of the source; loan words have fewer
FAR = 0.75  # of training's coverage: on Multi30k and the phrasebook dev has 0.99, the other language 0.35 and 0.51
FEWEST = 8  # symbols that coverage can be judged by


@dataclass(frozen=True)
class SourceCoverage:
    """What the sources of training held.

    Args:
        own_V: which symbols are those of sources.
        coverage: the share of the symbols of training's sources that are.
        longest: symbols of the longest source that was trained on.
    """

    own_V: NDArray[np.bool_]
    coverage: float
    longest: int

    @classmethod
    def of(cls, tokenizer: PairTokenizer, pairs: Sequence[EncodedPair], longest: int) -> Self:
        """What these pairs, at least one, make known; `longest` may be of two together."""
        source_V = _count([pair.source for pair in pairs], tokenizer.source.size)
        own_V = source_V > 0
        if tokenizer.joint:
            both_V = source_V + _count([pair.target for pair in pairs], tokenizer.target.size)
            own_V &= source_V >= SHARE * both_V
        return cls(own_V, float(source_V[own_V].sum() / source_V.sum()), longest)

    def unlike(self, sources: Iterable[Symbols]) -> float | None:
        """The share of the sources' symbols that are those of training's sources, if it is far below training's, else None."""
        symbols = np.concatenate([np.zeros(0, dtype=np.int32), *sources])
        covered = float(self.own_V[symbols].mean()) if len(symbols) else 1.0
        return covered if len(symbols) >= FEWEST and covered < FAR * self.coverage else None

    def to_dict(self) -> dict[str, Any]:
        """As kept with a model: a bit a symbol."""
        bits = np.packbits(self.own_V).tobytes().hex()
        return {"symbols": len(self.own_V), "own": bits, "coverage": self.coverage, "longest": self.longest}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_dict` gave.

        Raises:
            KeyError, ValueError, TypeError: it is not.
        """
        bits = np.frombuffer(bytes.fromhex(stored["own"]), dtype=np.uint8)
        return cls(np.unpackbits(bits, count=stored["symbols"]).astype(bool), float(stored["coverage"]), int(stored["longest"]))


def _count(rows: Sequence[Symbols], size: int) -> NDArray[np.int64]:
    return np.bincount(np.concatenate(rows), minlength=size)
