"""Words as small integers: the tokenizer of a tagger, from a word's spelling to the rows its encoder reads.

A word is described by four views, so that a word never seen in training still says something: its lower-cased form,
its characters, hashes of its prefixes and suffixes, and its shape (`Xxx`, `dd`, `XXX`).
"""

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seqkit.config import Config

UNKNOWN = 0  # the row of every word, character or shape not in the vocabulary
PADDING = 1  # characters only
AFFIX_LENGTHS = (1, 2, 3, 4)

Ints = npt.NDArray[np.int64]


class VocabularyConfig(Config):
    """What a vocabulary keeps.

    Args:
        min_count: words seen less often share the unknown row.
        max_chars: longer words keep their first and last halves of this many characters.
        affix_buckets: hash buckets for each prefix and suffix length.
    """

    min_count: int = Field(default=1, ge=1)
    max_chars: int = Field(default=20, ge=4)
    affix_buckets: int = Field(default=2000, ge=1)


@dataclass(frozen=True)
class WordRows:
    """The four views of U words.

    Args:
        word_U: rows of the word table.
        char_UC: rows of the character table, `PADDING` after a word's end.
        affix_UA: rows of the affix table; prefixes, then suffixes, by `AFFIX_LENGTHS`.
        shape_U: rows of the shape table.
        count_U: how often the word stood in the training text, for word dropout; 0 is unknown.
    """

    word_U: Ints
    char_UC: Ints
    affix_UA: Ints
    shape_U: Ints
    count_U: Ints


class Vocabulary:
    """Fitted on training words only; nothing of the text but its words, characters and shapes is kept."""

    def __init__(self, config: VocabularyConfig, words: Counter[str], chars: Sequence[str], shapes: Sequence[str]):
        self.config = config
        self.words = words
        self._word_row = {word: row for row, word in enumerate(words, start=1)}
        self._count = np.array([0, *words.values()], dtype=np.int64)
        self.chars = tuple(chars)
        self._char_row = {char: row for row, char in enumerate(chars, start=2)}
        self.shapes = tuple(shapes)
        self._shape_row = {shape: row for row, shape in enumerate(shapes, start=1)}

    @classmethod
    def fit(cls, config: VocabularyConfig, sentences: Iterable[Sequence[str]]) -> "Vocabulary":
        """Count the words of the training text; only words seen `min_count` times or more get a row of their own."""
        surface = Counter(word for sentence in sentences for word in sentence)
        lowered: Counter[str] = Counter()
        chars: Counter[str] = Counter()
        shapes: Counter[str] = Counter()
        for word, count in surface.items():
            lowered[word.lower()] += count
            shapes[word_shape(word)] += count
            for char in word:
                chars[char] += count
        kept = Counter({word: count for word, count in lowered.most_common() if count >= config.min_count})
        # A character seen once teaches nothing; leaving it out trains the unknown row.
        return cls(config, kept, [c for c, n in chars.most_common() if n > 1], [s for s, _ in shapes.most_common(500)])

    @property
    def sizes(self) -> dict[str, int]:
        """Rows of each table: words, chars, affixes, shapes."""
        return {
            "words": len(self.words) + 1,
            "chars": len(self.chars) + 2,
            "affixes": 2 * len(AFFIX_LENGTHS) * self.config.affix_buckets,
            "shapes": len(self.shapes) + 1,
        }

    def encode(self, words: Sequence[str]) -> WordRows:
        """Describe words; C, the number of character columns, is `max_chars`."""
        char_UC = np.full((len(words), self.config.max_chars), PADDING, dtype=np.int64)
        for row, word in enumerate(words):
            chars = self._spelled(word)
            char_UC[row, : len(chars)] = chars
        word_U = np.array([self._word_row.get(word.lower(), UNKNOWN) for word in words], dtype=np.int64)
        return WordRows(
            word_U=word_U,
            char_UC=char_UC,
            affix_UA=np.array([self._affixes(word) for word in words], dtype=np.int64).reshape(-1, 2 * len(AFFIX_LENGTHS)),
            shape_U=np.array([self._shape_row.get(word_shape(word), UNKNOWN) for word in words], dtype=np.int64),
            count_U=self._count[word_U],
        )

    def decode(self, word_U: Iterable[int]) -> list[str]:
        """The lower-cased words of rows; `<unk>` for the unknown row."""
        known = list(self.words)
        return [known[row - 1] if row else "<unk>" for row in word_U]

    def _spelled(self, word: str) -> list[int]:
        half = self.config.max_chars // 2
        if len(word) > 2 * half:
            word = word[:half] + word[-half:]
        return [self._char_row.get(char, UNKNOWN) for char in word] or [PADDING]

    def _affixes(self, word: str) -> list[int]:
        word = word.lower()
        affixes = [word[:n] for n in AFFIX_LENGTHS] + [word[-n:] for n in AFFIX_LENGTHS]
        buckets = self.config.affix_buckets
        # Each length and side has its own buckets, so that a prefix never collides with a suffix. CRC32 is the same everywhere.
        return [
            place * buckets + zlib.crc32(affix.encode("utf-8", "surrogatepass")) % buckets
            for place, affix in enumerate(affixes)
        ]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "config": self.config.model_dump(),
            "words": dict(self.words),
            "chars": list(self.chars),
            "shapes": list(self.shapes),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Vocabulary":
        """What `to_dict` gave.

        Raises:
            KeyError, TypeError, ValueError: it is not such a dict.
        """
        return cls(VocabularyConfig(**stored["config"]), Counter(stored["words"]), stored["chars"], stored["shapes"])


@lru_cache(maxsize=100_000)
def word_shape(word: str) -> str:
    """`Xx'x`, `dd.d`, `#x`: character classes, runs longer than two shortened to two (after Collins 2002)."""
    shape = ""
    for char in word[:40]:
        kind = "X" if char.isupper() else "x" if char.islower() else "d" if char.isdigit() else char
        if kind.isalpha() and kind not in "Xxd":
            kind = "o"  # letters without case, as in Chinese
        if not shape.endswith(kind * 2):
            shape += kind
    return shape
