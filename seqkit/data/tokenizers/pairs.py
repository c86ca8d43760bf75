"""A source and a target as symbols: one tokenizer for both sides, or one for each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from pydantic import ValidationInfo, field_validator

from seqkit.config import Config
from seqkit.data.examples import Pair
from seqkit.data.tokenizers import utf8
from seqkit.data.tokenizers.build import TokenizerConfig, fit_tokenizer, load_tokenizer
from seqkit.data.tokenizers.pieces import Pieces, PiecesConfig
from seqkit.data.tokenizers.protocol import Symbols, Tokenizer
from seqkit.data.tokenizers.sampling import SamplingConfig
from seqkit.errors import UserError

_FILE = "pairs.json"


class PairTokenizerConfig(Config):
    """How both sides of a pair become symbols.

    Args:
        source: for the source; for both sides where there is no other.
        target: for the target; None for one tokenizer, learned from both sides, whose symbols mean the same on both.
        lowercase: learn and write small letters only.
        sampling: in training, draw another segmentation every time; needs `pieces` on either side.
    """

    source: TokenizerConfig
    target: TokenizerConfig | None = None
    lowercase: bool = False
    sampling: SamplingConfig | None = None

    @field_validator("sampling")
    @classmethod
    def _needs_pieces(cls, sampling: SamplingConfig | None, info: ValidationInfo) -> SamplingConfig | None:
        if sampling and not any(isinstance(info.data.get(side), PiecesConfig) for side in ("source", "target")):
            raise ValueError("needs a tokenizer of the kind pieces")
        return sampling


@dataclass(frozen=True, slots=True)
class EncodedPair:
    """A pair as symbols, each side closed by the end of its tokenizer and thus never empty.

    What a decoder is given at each step is `start` and then the target without its end.
    """

    source: Symbols
    target: Symbols


class PairTokenizer:
    """Encodes pairs, and decodes targets.

    A decoder starts from the target's `end`, the boundary between texts, as language models do; no symbol is set apart for
    it. Texts in pieces are encoded with a space before them, so that a word is the same piece wherever it stands, and
    decoded without it. What survives otherwise, the two tokenizers say; with `lowercase`, capitals do not.

    Args:
        source: for the source.
        target: for the target; may be the same object.
        lowercase: encode small letters only.
    """

    def __init__(self, source: Tokenizer, target: Tokenizer, *, lowercase: bool = False) -> None:
        self.source = source
        self.target = target
        self.lowercase = lowercase

    @classmethod
    def fit(cls, config: PairTokenizerConfig, pairs: Iterable[Pair]) -> Self:
        """Learn from the training pairs, read once for each tokenizer.

        Raises:
            UserError: there is no text; the size of `pieces` does not fit it.
        """
        pairs = list(pairs)
        sources, targets = (pair.source for pair in pairs), (pair.target for pair in pairs)
        if config.target is None:
            both = (text for pair in pairs for text in (pair.source, pair.target))
            source = target = _fitted(config.source, both, config.lowercase)
        else:
            source = _fitted(config.source, sources, config.lowercase, "source")
            target = _fitted(config.target, targets, config.lowercase, "target")
        return cls(source, target, lowercase=config.lowercase)

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Self:
        """The tokenizer whose `files()` these are; others beside them are passed over.

        Raises:
            KeyError: a file or a field is missing.
            ValueError: a file is damaged.
        """
        stored = utf8.from_json(files[_FILE])
        joint, lowercase = stored["joint"], stored["lowercase"]
        if not isinstance(joint, bool) or not isinstance(lowercase, bool):
            raise ValueError("joint and lowercase are not true or false")
        sides = ("joint", "joint") if joint else ("source", "target")
        source, target = (_loaded(side, files) for side in sides)
        return cls(source, source if joint else target, lowercase=lowercase)

    def files(self) -> dict[str, bytes]:
        """`pairs.json`, and the files of both tokenizers or of the joint one, named after their sides."""
        found = {_FILE: utf8.to_json({"kind": "pairs", "joint": self.joint, "lowercase": self.lowercase})}
        sides = {"joint": self.source} if self.joint else {"source": self.source, "target": self.target}
        for side, tokenizer in sides.items():
            found |= {f"{side}.{name}": content for name, content in tokenizer.files().items()}
        return found

    @property
    def joint(self) -> bool:
        """Both sides share their symbols."""
        return self.source is self.target

    @property
    def start(self) -> int:
        """What a decoder is given before its first symbol."""
        return self.target.end

    @property
    def end(self) -> int:
        """What a decoder writes after its last symbol."""
        return self.target.end

    def encode(self, pair: Pair) -> EncodedPair:
        """The best segmentation of both sides."""
        return EncodedPair(self.encode_source(pair.source), self.encode_target(pair.target))

    def encode_source(self, text: str) -> Symbols:
        """The symbols of a source, and the end."""
        return self._closed(self.source, text)

    def encode_target(self, text: str) -> Symbols:
        """The symbols of a target, and the end."""
        return self._closed(self.target, text)

    def sample(self, pair: Pair, sampling: SamplingConfig, seed: int) -> EncodedPair:
        """A segmentation of each side drawn at random, for training; a side that is not in pieces has but one.

        Args:
            seed: as `draw_seed` gives for a pair and an epoch; the same seed gives the same symbols.
        """
        source = self._closed(self.source, pair.source, sampling, draw_seed(seed, 0))
        return EncodedPair(source, self._closed(self.target, pair.target, sampling, draw_seed(seed, 1)))

    def decode(self, symbols: Iterable[int]) -> str:
        """The text of a target; `end` is nothing."""
        return _unspaced(self.target, self.target.decode(symbols))

    def decode_source(self, symbols: Iterable[int]) -> str:
        """The text of a source; `end` is nothing."""
        return _unspaced(self.source, self.source.decode(symbols))

    def _closed(self, tokenizer: Tokenizer, text: str, sampling: SamplingConfig | None = None, seed: int = 0) -> Symbols:
        text = text.lower() if self.lowercase else text
        if isinstance(tokenizer, Pieces):
            symbols = tokenizer.sample(f" {text}", sampling, seed) if sampling else tokenizer.encode(f" {text}")
        else:
            symbols = tokenizer.encode(text)
        return np.append(symbols, np.int32(tokenizer.end))


def draw_seed(*numbers: int) -> int:
    """One seed from several numbers, such as the run's seed, the epoch and the position of a pair; each of them at least 0."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _fitted(config: TokenizerConfig, texts: Iterable[str], lowercase: bool, side: str = "") -> Tokenizer:
    lines = (text.lower() if lowercase else text for text in texts)
    try:
        return fit_tokenizer(config, _learnt(config, lines))
    except UserError as error:
        raise UserError(f"{side}: {error}" if side else str(error)) from None


def _learnt(config: TokenizerConfig, texts: Iterable[str]) -> Iterator[str]:
    """What a tokenizer learns from; only pieces need to be told where a text ends."""
    for text in texts:
        yield f" {text}\n" if isinstance(config, PiecesConfig) else f"{text}\n" if config.kind == "words" else text


def _loaded(side: str, files: Mapping[str, bytes]) -> Tokenizer:
    try:
        return load_tokenizer(_of(side, files))
    except ValueError as error:
        raise ValueError(f"{side}.tokenizer: {error}") from error


def _of(side: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name.removeprefix(f"{side}."): content for name, content in files.items() if name.startswith(f"{side}.")}


def _unspaced(tokenizer: Tokenizer, text: str) -> str:
    return text.removeprefix(" ") if isinstance(tokenizer, Pieces) else text
