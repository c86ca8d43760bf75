"""Running text as one stream of tokens."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqkit.data.examples import Text
from seqkit.data.token_store import Tokens, store
from seqkit.data.tokenizers.protocol import Tokenizer


def tokenized(tokenizer: Tokenizer, texts: Iterable[Text], folder: Path | None = None) -> Tokens:
    """The tokens of a split, an `end` between documents; on disk where they are many, in `folder`."""
    return store(pieces(tokenizer, texts), size=tokenizer.size, folder=folder)


def pieces(tokenizer: Tokenizer, texts: Iterable[Text]) -> Iterator[NDArray[np.int32]]:
    """The tokens piece by piece."""
    boundary = np.array([tokenizer.end], dtype=np.int32)
    for number, text in enumerate(texts):
        if text.opens and number:
            yield boundary
        yield tokenizer.encode(text.text)
