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
        if self._new:
            added = self.vocabulary.encode(self._new)
            self._rows = WordRows(*(np.concatenate([getattr(self._rows, f), getattr(added, f)]) for f in FIELDS))
            self._new = []
