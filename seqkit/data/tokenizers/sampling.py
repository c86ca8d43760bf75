"""Segmentations of a text into pieces drawn at random, the same for one seed in every process.

SentencePiece draws too, but what its seed gives differs from process to process: a run that was stopped and resumed would not
see what it would have seen. No piece reaches from one word into the next, so each word, with the spaces before it, is drawn by
itself.
"""

import heapq
import math
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from itertools import accumulate
from random import Random

from pydantic import Field

from seqkit.config import Config

_CHUNK = re.compile(r" *[^ ]+| +")
_REMEMBERED = 100_000  # words
_UNKNOWN_PENALTY = 10.0  # as SentencePiece: how much less likely than the rarest piece a character without a piece is

Score = Mapping[str, tuple[int, float]]
"""For each piece its symbol and its score."""

Spell = Callable[[str], list[int]]
"""The symbols of a character that is no piece."""


class SamplingConfig(Config):
    """Another segmentation of each text every time it is trained on (subword regularisation).

    Args:
        alpha: for `unigram`, the power to which the probabilities of segmentations are raised, with 0 all are equally likely
            (Kudo 2018, arXiv:1804.10959); for `bpe`, the share of merges left out (Provilkov et al. 2020, arXiv:1910.13267).
    """

    alpha: float = Field(default=0.1, ge=0, le=1)


class UnigramSampler:
    """Draws from all segmentations of a word, by filtering forward and sampling backward.

    Args:
        pieces: with log probabilities as scores.
        spell: for characters that are no pieces.
        alpha: see `SamplingConfig`.
    """

    def __init__(self, pieces: Score, spell: Spell, alpha: float) -> None:
        self._pieces = pieces
        self._spell = spell
        self._alpha = alpha
        self._longest = max(map(len, pieces), default=1)
        self._unknown = min((score for _, score in pieces.values()), default=0.0) - _UNKNOWN_PENALTY
        self._lattices: dict[str, list[tuple[list[int], list[list[int]], list[float]]]] = {}

    def draw(self, text: str, random: Random) -> list[int]:
        """The symbols of a text."""
        return [symbol for chunk in _CHUNK.findall(text) for symbol in self._word(chunk, random)]

    def _word(self, word: str, random: Random) -> list[int]:
        lattice = self._lattices.get(word)
        if lattice is None:
            if len(self._lattices) >= _REMEMBERED:
                self._lattices.clear()
            lattice = self._lattices[word] = self._lattice(word)
        parts: list[list[int]] = []
        end = len(word)
        while end:
            starts, symbols, shares = lattice[end]
            chosen = bisect_right(shares, random.random() * shares[-1]) if len(starts) > 1 else 0
            parts.append(symbols[chosen])
            end = starts[chosen]
        return [symbol for part in reversed(parts) for symbol in part]

    def _lattice(self, word: str) -> list[tuple[list[int], list[list[int]], list[float]]]:
        """For each position the pieces that end there: where they start, their symbols, and their cumulated shares."""
        total = [0.0] * (len(word) + 1)  # log weight of all ways to a position
        lattice: list[tuple[list[int], list[list[int]], list[float]]] = [([], [], [])]
        for end in range(1, len(word) + 1):
            starts: list[int] = []
            symbols: list[list[int]] = []
            weights: list[float] = []
            for start in range(max(end - self._longest, 0), end):
                found = self._pieces.get(word[start:end])
                if found or end - start == 1:
                    symbol, score = found or (-1, self._unknown)
                    starts.append(start)
                    symbols.append([symbol] if found else self._spell(word[start:end]))
                    weights.append(total[start] + self._alpha * score)
            most = max(weights)
            shares = list(accumulate(math.exp(weight - most) for weight in weights))
            total[end] = most + math.log(shares[-1])
            lattice.append((starts, symbols, shares))
        return lattice


class MergeSampler:
    """Merges the characters of a word as byte-pair encoding does, leaving out each merge with probability `alpha`.

    Args:
        pieces: the earlier a piece was learned, the higher its score.
        spell: for characters that are no pieces.
        alpha: see `SamplingConfig`.
    """

    def __init__(self, pieces: Score, spell: Spell, alpha: float) -> None:
        self._pieces = pieces
        self._spell = spell
        self._alpha = alpha

    def draw(self, text: str, random: Random) -> list[int]:
        """The symbols of a text."""
        return [
            symbol for chunk in _CHUNK.findall(text) for part in self._parts(chunk, random) for symbol in self._symbols(part)
        ]

    def _symbols(self, part: str) -> list[int]:
        found = self._pieces.get(part)
        return [found[0]] if found else self._spell(part)

    def _parts(self, word: str, random: Random) -> list[str]:
        """The best merge first, the leftmost of equal ones; a merge once left out may come again only with another partner."""
        parts = list(word)  # a part that was merged into the one before it is empty
        after = [*range(1, len(word)), -1]
        before = list(range(-1, len(word) - 1))
        agenda: list[tuple[float, int, int, str]] = []

        def offer(left: int, right: int) -> None:
            if left >= 0 and right >= 0 and (found := self._pieces.get(parts[left] + parts[right])):
                heapq.heappush(agenda, (-found[1], left, right, parts[left] + parts[right]))

        for right in range(1, len(word)):
            offer(right - 1, right)
        while agenda:
            _, left, right, merged = heapq.heappop(agenda)
            stale = not parts[left] or after[left] != right or parts[left] + parts[right] != merged
            if stale or (self._alpha and random.random() < self._alpha):
                continue
            parts[left], parts[right] = merged, ""
            after[left] = after[right]
            if after[left] >= 0:
                before[after[left]] = left
            offer(before[left], left)
            offer(left, after[left])
        return [part for part in parts if part]
