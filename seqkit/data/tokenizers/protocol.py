"""What every tokenizer is: text as a sequence of small integers, and back."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Symbols = NDArray[np.int32]
"""A text as symbols, one axis."""


class StreamDecoder(Protocol):
    """Text as its symbols come; all that `push` and the last `flush` give, joined, is `decode` of the same symbols."""

    def push(self, symbol: int) -> str:
        """The text that is complete with this symbol: never half a character, and often nothing yet."""
        ...

    def flush(self) -> str:
        """What was held back, an unfinished character as U+FFFD; the decoder is then as new."""
        ...


class Tokenizer(Protocol):
    """Symbols 0 … `size` - 1; one of them, `end`, is the boundary between documents.

    A long text can be encoded in parts: encode(a) + encode(b) == encode(a + b) wherever a text of characters is cut, and for
    words and pieces where `a` ends with a newline.
    """

    @property
    def size(self) -> int:
        """How many symbols there are."""
        ...

    @property
    def end(self) -> int:
        """A symbol of its own that no text is encoded to and that decodes to nothing."""
        ...

    def encode(self, text: str) -> Symbols:
        """The symbols of any string, empty and ill-formed ones too."""
        ...

    def decode(self, symbols: Iterable[int]) -> str:
        """The text of any symbols; which texts survive `encode` and `decode` unchanged, each tokenizer says."""
        ...

    def stream(self) -> StreamDecoder:
        """A decoder at the start of a text."""
        ...

    def files(self) -> dict[str, bytes]:
        """The tokenizer as named files, for `load_tokenizer`; they hold no text but characters, words or pieces."""
        ...
