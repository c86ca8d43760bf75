"""From a configuration and a text, or from files, to a tokenizer."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from pydantic import Field

from seqkit.data.tokenizers import utf8
from seqkit.data.tokenizers.characters import Characters, CharactersConfig
from seqkit.data.tokenizers.pieces import Pieces, PiecesConfig
from seqkit.data.tokenizers.protocol import Tokenizer
from seqkit.data.tokenizers.words import Words, WordsConfig
from seqkit.errors import UserError

TokenizerConfig = Annotated[CharactersConfig | WordsConfig | PiecesConfig, Field(discriminator="kind")]


def fit_tokenizer(config: TokenizerConfig, texts: Iterable[str]) -> Tokenizer:
    """Learn a tokenizer from the training text, read once.

    Args:
        config: of the kind wanted.
        texts: documents, whole or in parts, cut where `encode` may be: words and pieces after a newline.

    Raises:
        UserError: the text is empty or nothing but white space; the size of `pieces` does not fit it.
    """
    match config:
        case CharactersConfig():
            return Characters.fit(config, _not_empty(texts))
        case WordsConfig():
            return Words.fit(config, _not_empty(texts))
        case PiecesConfig():
            return Pieces.fit(config, _not_empty(texts))


def load_tokenizer(files: Mapping[str, bytes]) -> Tokenizer:
    """The tokenizer whose `files()` these are; others beside them are passed over.

    Raises:
        KeyError: a file or a field is missing.
        ValueError: a file is damaged.
    """
    stored = utf8.from_json(files["tokenizer.json"])
    match stored["kind"]:
        case "characters":
            return Characters.load(stored)
        case "words":
            return Words.load(stored)
        case "pieces":
            return Pieces.load(stored, files["tokenizer.model"])
        case kind:
            raise ValueError(f"no kind of tokenizer is called {kind!r}")


def _not_empty(texts: Iterable[str]) -> Iterator[str]:
    empty = True
    for text in texts:
        empty = empty and not text.strip()
        yield text
    if empty:
        raise UserError("the training text is empty")
