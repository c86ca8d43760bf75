"""Pieces of words learned by SentencePiece, made lossless on every string.

SentencePiece writes a space as U+2581 and thus reads U+2581 as a space, refuses lone surrogates, and learns nothing from a
line that holds NUL or U+2585, its marks for what is reserved. These characters never reach it: they are written as the
byte symbols of their UTF-8 form, and so is the newline. Its decoder is not used, for every symbol simply stands for bytes.
"""

import hashlib
import random
import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from seqkit.config import Config
from seqkit.data.tokenizers import utf8
from seqkit.data.tokenizers.protocol import StreamDecoder, Symbols
from seqkit.data.tokenizers.sampling import MergeSampler, SamplingConfig, UnigramSampler
from seqkit.errors import UserError

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

_END = 0
_SPACE = "\u2581"
_BY_BYTES = "\n\0\u2581\u2585\ud800-\udfff"
_FRAGMENT = re.compile(f"[{_BY_BYTES}]+|[^{_BY_BYTES}]{{1,100000}}")  # bounded, for SentencePiece takes 20 times the memory
_LEARNT_FROM = re.compile(f"[^{_BY_BYTES}]{{1,1000}}")  # at most 4,000 bytes: SentencePiece passes over longer lines
_NOTHING = np.zeros(0, dtype=np.int32)


class PiecesConfig(Config):
    """Pieces of words, learned from the training text.

    Args:
        model: `unigram` (Kudo 2018, arXiv:1804.10959) or `bpe` (Sennrich et al. 2016, arXiv:1508.07909).
        size: how many symbols, the end and 256 bytes among them.
        max_lines: lines to learn from; of a longer text, so many are drawn at random, always the same.
    """

    kind: Literal["pieces"] = "pieces"
    model: Literal["unigram", "bpe"] = "unigram"
    size: int = Field(default=2000, ge=258, le=1_000_000)
    max_lines: int = Field(default=100_000, ge=1)


class Pieces:
    """Symbol 0 is the end; 256 symbols are bytes; the others are pieces of a line, which may begin with or be spaces.

    Decoding what was encoded gives the same string, whatever it holds. A newline is one symbol and no piece reaches over it.
    Bytes that spell no text, as a model may write, decode with U+FFFD for each ill-formed part.

    Args:
        model: a serialized SentencePiece model with byte fallback whose unknown symbol, which bytes make needless, is 0.

    Raises:
        ValueError: it is no such model.
    """

    end = _END

    def __init__(self, model: bytes) -> None:
        self._model = model
        self._sampler: UnigramSampler | MergeSampler | None = None
        self._sampling: SamplingConfig | None = None
        self._processor = _open(model)
        self.size = self._processor.GetPieceSize()
        self._bytes = [self._spelled(symbol) for symbol in range(self.size)]
        self._byte_symbol = np.array([self._processor.PieceToId(f"<0x{byte:02X}>") for byte in range(256)], dtype=np.int32)
        if not self._processor.IsUnknown(_END) or not all(map(self._processor.IsByte, self._byte_symbol.tolist())):
            raise ValueError("a SentencePiece model without an end or without bytes")

    @classmethod
    def fit(cls, config: PiecesConfig, texts: Iterable[str]) -> "Pieces":
        """Learn the pieces from the texts, or from a sample of their lines.

        Raises:
            UserError: the text gives fewer symbols than `size`, or has too many characters for it.
        """
        pieces = cls(_train(config, _sample(_lines(texts), config.max_lines)))
        if pieces.size < config.size:
            message = f"tokenizer.size: {config.size} is more than this text gives; the largest possible is {pieces.size}"
            raise UserError(message)
        return pieces

    @classmethod
    def load(cls, stored: dict[str, Any], model: bytes) -> "Pieces":
        """What `files` wrote.

        Raises:
            KeyError, ValueError: the two do not belong together, or are damaged.
        """
        if stored["sha256"] != hashlib.sha256(model).hexdigest():
            raise ValueError("the SentencePiece model is not the one that was saved (sha256 differs)")
        return cls(model)

    def files(self) -> dict[str, bytes]:
        """SentencePiece's own model, and a JSON object with its checksum."""
        stored = {"kind": "pieces", "sha256": hashlib.sha256(self._model).hexdigest()}
        return {"tokenizer.json": utf8.to_json(stored), "tokenizer.model": self._model}

    def encode(self, text: str) -> Symbols:
        """The best segmentation of each line."""
        return np.concatenate([_NOTHING, *(self._encode_fragment(match[0]) for match in _FRAGMENT.finditer(text))])

    def _encode_fragment(self, fragment: str) -> Symbols:
        if _LEARNT_FROM.match(fragment):
            return self._processor.EncodeAsNumpy(fragment)
        return self._in_bytes(fragment)

    def _in_bytes(self, text: str) -> Symbols:
        return self._byte_symbol[np.frombuffer(utf8.to_bytes(text), dtype=np.uint8)]

    def sample(self, text: str, sampling: SamplingConfig, seed: int) -> Symbols:
        """One of the segmentations of a text, at random; it decodes to the same text.

        Args:
            seed: the same seed gives the same segmentation, in any process and whatever was drawn before.
        """
        if self._sampler is None or self._sampling != sampling:
            self._sampler, self._sampling = self._new_sampler(sampling), sampling
        draw, chance = self._sampler.draw, random.Random(seed)
        symbols: list[int] = []
        for match in _FRAGMENT.finditer(text):
            learnt = _LEARNT_FROM.match(match[0])
            symbols += draw(match[0], chance) if learnt else self._in_bytes(match[0]).tolist()
        return np.array(symbols, dtype=np.int32)

    def _new_sampler(self, sampling: SamplingConfig) -> UnigramSampler | MergeSampler:
        normal = (s for s in range(self.size) if s != _END and not self._processor.IsByte(s))
        pieces = {self._processor.IdToPiece(s).replace(_SPACE, " "): (s, self._processor.GetScore(s)) for s in normal}
        # Scores of byte-pair encoding are the ranks of merges, those of a unigram model are logarithms of probabilities.
        ranked = all(score == int(score) for _, score in pieces.values())
        kind = MergeSampler if ranked else UnigramSampler
        return kind(pieces, lambda text: self._in_bytes(text).tolist(), sampling.alpha)

    def decode(self, symbols: Iterable[int]) -> str:
        """The text; `end` is nothing."""
        return utf8.to_text(b"".join(self._bytes[symbol] for symbol in symbols))

    def stream(self) -> StreamDecoder:
        """Holds back the bytes of an unfinished character."""
        return _PieceStream(self._bytes)

    def _spelled(self, symbol: int) -> bytes:
        if symbol == _END:
            return b""
        piece = self._processor.IdToPiece(symbol)
        return bytes.fromhex(piece[3:5]) if self._processor.IsByte(symbol) else utf8.to_bytes(piece.replace(_SPACE, " "))


class _PieceStream:
    def __init__(self, spelled: list[bytes]) -> None:
        self._spelled = spelled
        self._decoder = utf8.decoder()

    def push(self, symbol: int) -> str:
        return self._decoder.decode(self._spelled[symbol])

    def flush(self) -> str:
        return self._decoder.decode(b"", final=True)


def _open(model: bytes) -> "SentencePieceProcessor":
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor()
    try:
        opened = bool(model) and processor.LoadFromSerializedProto(model)
    except RuntimeError as error:
        raise ValueError(f"not a SentencePiece model ({error})") from None
    if not opened:
        raise ValueError("an empty SentencePiece model")
    return processor


def _lines(texts: Iterable[str]) -> Iterator[str]:
    return (match[0] for text in texts for match in _LEARNT_FROM.finditer(text))


def _sample(lines: Iterable[str], most: int) -> list[str]:
    """Evenly drawn lines (Vitter 1985, algorithm R); SentencePiece's own draw differs from process to process."""
    kept: list[str] = []
    draw = random.Random(0)
    for seen, line in enumerate(lines):
        if seen < most:
            kept.append(line)
        elif (place := draw.randrange(seen + 1)) < most:
            kept[place] = line
    return kept


def _train(config: PiecesConfig, lines: list[str]) -> bytes:
    from sentencepiece import SentencePieceTrainer

    model = BytesIO()
    try:
        SentencePieceTrainer.Train(
            sentence_iterator=iter(lines),
            model_writer=model,
            model_type=config.model,
            vocab_size=config.size,
            hard_vocab_limit=False,  # train what can be had; `fit` says how much that is
            byte_fallback=True,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
            unk_id=_END,
            unk_piece="<end>",
            bos_id=-1,
            eos_id=-1,
            pad_id=-1,
            num_threads=1,  # more threads sum in another order
            minloglevel=2,
        )
    except RuntimeError as error:
        raise UserError(_refusal(config, str(error))) from None
    return model.getvalue()


def _refusal(config: PiecesConfig, message: str) -> str:
    needed = re.search(r"required_chars\. \d+ vs (\d+)", message)
    if needed:
        return f"tokenizer.size: {config.size} is too small; the characters of this text need at least {needed[1]}"
    return f"SentencePiece cannot learn from this text: {' '.join(message.split())}"
