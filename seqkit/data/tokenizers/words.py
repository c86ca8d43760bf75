"""Words as they are given, with `<unk>` and `<eos>`: the protocol of the Penn Treebank and WikiText corpora."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal, cast

import numpy as np
from pydantic import Field

from seqkit.config import Config
from seqkit.data.tokenizers import utf8
from seqkit.data.tokenizers.protocol import StreamDecoder, Symbols

UNKNOWN, LINE_END = "<unk>", "<eos>"
_SPECIAL = (UNKNOWN, LINE_END)
_END, _UNKNOWN, _LINE_END = range(3)


class WordsConfig(Config):
    """Each word of the training text is a symbol.

    Args:
        min_count: words seen less often are `<unk>`.
        max_size: the most symbols there may be, `<end>`, `<unk>` and `<eos>` among them; the rarest words are left out.
    """

    kind: Literal["words"] = "words"
    min_count: int = Field(default=1, ge=1)
    max_size: int | None = Field(default=None, ge=4)


class Words:
    """Symbol 0 is the end, 1 is `<unk>`, 2 is `<eos>`, then come the words, the most frequent first.

    A text is split at white space, and each newline is the word `<eos>` (Merity et al. 2016, arXiv:1609.07843). A word that is
    no symbol becomes `<unk>`; where the text itself holds `<unk>` or `<eos>`, they are these symbols. Decoding joins words by
    one space and writes `<eos>` as a newline, so a text of known words survives but for the amount and kind of its white
    space.

    The published vocabulary of WikiText-2, 33,278 words with `<unk>` and `<eos>`, is `words` here, and `size` is one more:
    `<eos>` ends a line and thus cannot also end a document, or generation would stop at the first blank line. Where a corpus
    is one document the end never occurs in it, and a model soon gives it no probability, so perplexities compare.

    Args:
        words: distinct, `<unk>` and `<eos>` first.
    """

    end = _END

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self.size = 1 + len(self.words)
        self._symbol = {word: symbol for symbol, word in enumerate(self.words, start=1)}

    @classmethod
    def fit(cls, config: WordsConfig, texts: Iterable[str]) -> "Words":
        """The words that stand in the texts `min_count` times or more, equally frequent ones by code points."""
        count: Counter[str] = Counter()
        for text in texts:
            count.update(text.split())
        kept = [word for word, times in count.items() if times >= config.min_count and word not in _SPECIAL]
        kept.sort(key=lambda word: (-count[word], word))
        room = len(kept) if config.max_size is None else config.max_size - 1 - len(_SPECIAL)
        return cls([*_SPECIAL, *kept[:room]])

    @classmethod
    def load(cls, stored: dict[str, Any]) -> "Words":
        """What `files` wrote, as `from_json` reads it.

        Raises:
            KeyError, ValueError: it is not such an object.
        """
        words = stored["words"]
        if not isinstance(words, list) or not all(isinstance(word, str) for word in cast("list[object]", words)):
            raise ValueError("the words are not a list of strings")
        if tuple(words[:2]) != _SPECIAL or len(set(words)) != len(words):
            raise ValueError("the words do not begin with <unk> and <eos>, or one stands twice")
        return cls(words)

    def files(self) -> dict[str, bytes]:
        """One JSON object."""
        return {"tokenizer.json": utf8.to_json({"kind": "words", "words": self.words})}

    def encode(self, text: str) -> Symbols:
        """One symbol for each word and each newline."""
        words = text.replace("\n", f" {LINE_END} ").split()
        return np.fromiter((self._symbol.get(word, _UNKNOWN) for word in words), dtype=np.int32, count=len(words))

    def decode(self, symbols: Iterable[int]) -> str:
        """The words, with single spaces between those of a line; `end` is nothing."""
        stream = self.stream()
        return "".join([*map(stream.push, symbols), stream.flush()])

    def stream(self) -> StreamDecoder:
        """Each word comes with the space before it."""
        return _WordStream(self.words)


class _WordStream:
    def __init__(self, words: tuple[str, ...]) -> None:
        self._words = words
        self._line_starts = True

    def push(self, symbol: int) -> str:
        if symbol == _END:
            return ""
        space = "" if self._line_starts or symbol == _LINE_END else " "
        self._line_starts = symbol == _LINE_END
        return "\n" if symbol == _LINE_END else space + self._words[symbol - 1]

    def flush(self) -> str:
        self._line_starts = True
        return ""
