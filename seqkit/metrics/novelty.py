"""Is what a model writes its own? How much it repeats itself, and how much it repeats its training text.

Copies are found with the suffix automaton of the samples (Blumer et al. 1985), a state for every class of substrings that end
in the same places. The training text is read through it once, in pieces of any size: what was matched so far is carried from
piece to piece, so a copy may lie across them. Exact; time grows with the training text plus the samples, memory with the
samples alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def distinct(samples: Iterable[Sequence[str]], n: int) -> float | None:
    """Distinct-n (Li et al. 2016): different n-grams over all n-grams; 1 if none stands twice.

    It falls as samples grow, so only those of one length compare. Li et al. divide by tokens, which are n - 1 more a sample.

    Args:
        samples: texts, for n-grams of characters, or lists of words. No n-gram reaches from one sample into the next.
        n: at least 1.

    Returns:
        None where no sample has n units.
    """
    found: set[tuple[str, ...]] = set()
    total = 0
    for sample in samples:
        places = range(len(sample) - n + 1)
        found.update(tuple(sample[place : place + n]) for place in places)
        total += len(places)
    return len(found) / total if total else None


@dataclass(frozen=True)
class Copies:
    """Where a sample repeats the training text.

    Args:
        sample: the text.
        length_N: at each of its N characters, the length of the longest string that ends there and stands in the training text.
    """

    sample: str
    length_N: NDArray[np.int64]

    @property
    def longest(self) -> str:
        """The longest string that both have; the first of several."""
        if not self.sample:
            return ""
        last = int(self.length_N.argmax())
        return self.sample[last + 1 - int(self.length_N[last]) : last + 1]

    def share(self, least: int) -> float:
        """The share of the sample's characters that lie in a copy of at least `least` characters."""
        covered = 0
        free = len(self.sample)  # where what is not yet counted ends; an earlier end never has a later start
        for last in np.flatnonzero(self.length_N >= least)[::-1].tolist():
            start = last + 1 - int(self.length_N[last])
            covered += min(free, last + 1) - start
            free = start
        return covered / max(len(self.sample), 1)


def find_copies(samples: Sequence[str], training: Iterable[str]) -> list[Copies]:
    """What each sample repeats of the training text, all samples in one reading.

    Args:
        training: the text in pieces, cut anywhere.
    """
    automaton = SuffixAutomaton()
    ends = [automaton.extend(sample) for sample in samples]
    matched = automaton.matched(training)
    return [
        Copies(sample, np.array([matched[state] for state in states], dtype=np.int64))
        for sample, states in zip(samples, ends, strict=True)
    ]


class SuffixAutomaton:
    """The substrings of some texts; state 0 is the empty string."""

    def __init__(self) -> None:
        self.next: list[dict[str, int]] = [{}]
        self.link: list[int] = [0]  # the state of the longest suffix that ends in more places
        self.length: list[int] = [0]  # of the longest string of the state

    def extend(self, text: str) -> list[int]:
        """Add a text; the states of its prefixes."""
        states: list[int] = []
        last = 0
        for character in text:
            last = self._append(last, character)
            states.append(last)
        return states

    def matched(self, text: Iterable[str]) -> list[int]:
        """For each state, the length of its longest string that has a suffix in a text given in pieces, and of that suffix."""
        best = [0] * len(self.next)
        self._read(text, best)
        rising = sorted(range(1, len(self.next)), key=self.length.__getitem__)
        for state in reversed(rising):  # where a string stands, so do its suffixes
            if best[state]:
                best[self.link[state]] = self.length[self.link[state]]
        for state in rising:
            best[state] = best[state] or best[self.link[state]]
        return best

    def _read(self, text: Iterable[str], best: list[int]) -> None:
        """Keep in `best` the longest match that ended in each state."""
        following, link, lengths = self.next, self.link, self.length
        state = length = 0
        for piece in text:
            for character in piece:
                target = following[state].get(character)
                while target is None and state:
                    state = link[state]
                    length = lengths[state]
                    target = following[state].get(character)
                if target is not None:
                    state = target
                    length += 1
                    if length > best[state]:
                        best[state] = length

    def _append(self, last: int, character: str) -> int:
        known = self.next[last].get(character)
        if known is not None:  # an earlier text has this string
            return known if self.length[known] == self.length[last] + 1 else self._split(last, known, character)
        new = self._state({}, 0, self.length[last] + 1)
        state = last
        while character not in self.next[state]:
            self.next[state][character] = new
            if state == 0:
                return new
            state = self.link[state]
        target = self.next[state][character]
        direct = self.length[target] == self.length[state] + 1
        self.link[new] = target if direct else self._split(state, target, character)
        return new

    def _split(self, state: int, target: int, character: str) -> int:
        """A state of its own for the strings of `target` that are no longer than those of `state` and a character."""
        clone = self._state(dict(self.next[target]), self.link[target], self.length[state] + 1)
        self.link[target] = clone
        while self.next[state].get(character) == target:
            self.next[state][character] = clone
            if state == 0:
                break
            state = self.link[state]
        return clone

    def _state(self, following: dict[str, int], link: int, length: int) -> int:
        self.next.append(following)
        self.link.append(link)
        self.length.append(length)
        return len(self.next) - 1
