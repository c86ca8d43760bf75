"""Every distinct word met so far, described once: sentences become lists of small integers.

Describing a word costs more than looking it up, and text repeats itself.
"""

from collections.abc import Sequence

import numpy as np

from seqkit.data.vocabulary import Vocabulary, WordRows

FIELDS = ("word_U", "char_UC", "affix_UA", "shape_U", "count_U")


class WordTable:
    """Grows with the words it is asked for; a word keeps its number."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._number: dict[str, int] = {}
        self._new: list[str] = []
        self._described = 0
        # Filled up to `_described`; doubled when full, so that a word costs the same however many there are.
        self._rows = vocabulary.encode([])

    def __len__(self) -> int:
        return len(self._number)

    def numbers(self, words: Sequence[str]) -> list[int]:
        """The number of each word, new ones included."""
        return [self._number[word] if word in self._number else self._add(word) for word in words]

    def rows(self, numbers: np.ndarray) -> WordRows:
        """The views of the words with these numbers."""
        self._describe_new()
        return WordRows(*(getattr(self._rows, field)[numbers] for field in FIELDS))

    def _add(self, word: str) -> int:
        number = self._number[word] = len(self._number)
        self._new.append(word)
        return number

    def _describe_new(self) -> None:
        if not self._new:
            return
        added = self.vocabulary.encode(self._new)
        start, end = self._described, self._described + len(self._new)
        self._rows = WordRows(*(with_room(getattr(self._rows, field), end) for field in FIELDS))
        for field in FIELDS:
            getattr(self._rows, field)[start:end] = getattr(added, field)
        self._described = end
        self._new = []


def with_room(rows_UX: np.ndarray, needed: int) -> np.ndarray:
    """An array of at least `needed` rows that starts with these: itself, or a copy at least twice as long."""
    if needed <= len(rows_UX):
        return rows_UX
    roomy_UX = np.empty((max(needed, 2 * len(rows_UX)), *rows_UX.shape[1:]), dtype=rows_UX.dtype)
    roomy_UX[: len(rows_UX)] = rows_UX
    return roomy_UX
