"""Characters as symbols, with a spelling in bytes for those never seen, so that no text is ever lost."""

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqkit.config import Config
from seqkit.data.tokenizers import utf8
from seqkit.data.tokenizers.protocol import StreamDecoder, Symbols

_END = 0
_FIRST_NIBBLE = 1
_FIRST_CHARACTER = _FIRST_NIBBLE + 16
_CODE_POINTS = 0x110000
_NEVER_IN_UTF8 = b"\xff"


class CharactersConfig(Config):
    """Each character of the training text is a symbol.

    Args:
        min_count: characters seen less often are spelled in bytes.
    """

    kind: Literal["characters"] = "characters"
    min_count: int = Field(default=1, ge=1)


class Characters:
    """Symbol 0 is the end, 1 to 16 are half bytes, then come the characters of the alphabet by code point.

    Decoding what was encoded gives the same string, whatever it holds: a character outside the alphabet is spelled as the
    bytes of its UTF-8 form, a lone surrogate as three, each byte as two of the 16 half-byte symbols, the upper one first. So
    the fallback costs the softmax 16 rows, not 256, for a spelling twice as long of what is rare by definition.
    A run of half bytes that spells no text, as a model may write, decodes with U+FFFD for each ill-formed part.

    Args:
        alphabet: distinct characters in the order of their code points.
    """

    end = _END

    def __init__(self, alphabet: str) -> None:
        self.size = _FIRST_CHARACTER + len(alphabet)
        self.alphabet = alphabet
        self._spelled = [""] * _FIRST_CHARACTER + list(alphabet)
        code = code_points(alphabet)
        # One entry more than the last character needs: every higher code point is clipped to it.
        self._symbol = np.full(int(code.max(initial=0)) + 2, -1, dtype=np.int32)
        self._symbol[code] = np.arange(_FIRST_CHARACTER, self.size)

    @classmethod
    def fit(cls, config: CharactersConfig, texts: Iterable[str]) -> "Characters":
        """The characters that stand in the texts `min_count` times or more."""
        count = np.zeros(_CODE_POINTS, dtype=np.int64)
        for text in texts:
            found = np.bincount(code_points(text))
            count[: len(found)] += found
        kept: list[int] = np.flatnonzero(count >= config.min_count).tolist()
        return cls("".join(map(chr, kept)))

    @classmethod
    def load(cls, stored: dict[str, Any]) -> "Characters":
        """What `files` wrote, as `from_json` reads it.

        Raises:
            KeyError, ValueError: it is not such an object.
        """
        alphabet = stored["alphabet"]
        if not isinstance(alphabet, str) or sorted(set(alphabet)) != list(alphabet):
            raise ValueError("the alphabet is not a string of distinct characters in order")
        return cls(alphabet)

    def files(self) -> dict[str, bytes]:
        """One JSON object."""
        return {"tokenizer.json": utf8.to_json({"kind": "characters", "alphabet": self.alphabet})}

    def encode(self, text: str) -> Symbols:
        """One symbol for each character of the alphabet, 2 to 8 for another."""
        code = code_points(text)
        symbol: Symbols = self._symbol.take(code, mode="clip")
        foreign = symbol < 0
        return _spell(symbol, code, foreign) if foreign.any() else symbol

    def decode(self, symbols: Iterable[int]) -> str:
        """The text; `end` is nothing."""
        stream = self.stream()
        return "".join([*map(stream.push, symbols), stream.flush()])

    def stream(self) -> StreamDecoder:
        """Holds back the bytes of an unfinished character."""
        return _CharacterStream(self._spelled)


def code_points(text: str) -> NDArray[np.uint32]:
    """The code point of each character; surrogates are code points too."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _spell(symbol: Symbols, code: NDArray[np.uint32], foreign: NDArray[np.bool_]) -> Symbols:
    """The symbols with each foreign character replaced by its half bytes."""
    byte = np.frombuffer(utf8.to_bytes("".join(map(chr, code[foreign].tolist()))), dtype=np.uint8)
    nibble = np.stack([byte >> 4, byte & 15], axis=1).ravel()
    byte_count = 1 + sum((code >= first).astype(np.int64) for first in (0x80, 0x800, 0x10000))
    length = np.where(foreign, 2 * byte_count, 1)
    spelled = np.repeat(symbol, length)
    spelled[np.repeat(foreign, length)] = _FIRST_NIBBLE + nibble
    return spelled


class _CharacterStream:
    def __init__(self, spelled: list[str]) -> None:
        self._spelled = spelled
        self._decoder = utf8.decoder()
        self._within_run = False
        self._upper: int | None = None

    def push(self, symbol: int) -> str:
        if not _FIRST_NIBBLE <= symbol < _FIRST_CHARACTER:
            return self.flush() + self._spelled[symbol] if self._within_run else self._spelled[symbol]
        self._within_run = True
        nibble = symbol - _FIRST_NIBBLE
        if self._upper is None:
            self._upper = nibble
            return ""
        byte = bytes([16 * self._upper + nibble])
        self._upper = None
        return self._decoder.decode(byte)

    def flush(self) -> str:
        odd = b"" if self._upper is None else _NEVER_IN_UTF8
        self._upper = None
        self._within_run = False
        return self._decoder.decode(odd, final=True)
