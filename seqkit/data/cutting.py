"""Words cut at every mark and between letters and digits: `don't` to `don ' t`, `:)` to `: )`, `7pm` to `7 pm`.

A corpus made in parts may cut its splits differently: the training tweets of WNUT-17 keep `I'm`, `#FF` and whole addresses,
its dev split keeps nothing but hyphens.
"""

import unicodedata
from collections.abc import Sequence

from seqkit.data.examples import Tagged


def cut_word(word: str) -> list[str]:
    """Runs of letters and the hyphens after them, runs of digits, and single marks; joined they are the word."""
    pieces: list[str] = []
    before = ""
    for char in word:
        kind = "L" if char == "-" and before == "L" else unicodedata.category(char)[0]
        # Combining marks, joiners and selectors belong to the character before.
        if pieces and (kind in "MC" or (kind == before and kind in "LN")):
            pieces[-1] += char
        else:
            pieces.append(char)
        before = before if kind in "MC" else kind
    return pieces or [word]


def cut_marks(sentence: Tagged) -> Tagged:
    """The sentence with every word in pieces; all the pieces of an entity belong to it."""
    tokens: list[str] = []
    tags: list[str] = []
    for word, tag in zip(sentence.tokens, sentence.tags, strict=True):
        pieces = cut_word(word)
        inside = f"I-{tag[2:]}" if tag.startswith("B-") else tag
        tokens += pieces
        tags += [tag] + [inside] * (len(pieces) - 1)
    return Tagged(tuple(tokens), tuple(tags), sentence.document)


def new_pieces(words: Sequence[str]) -> list[str]:
    """The pieces of those words that fall into several."""
    return [piece for word in words if len(pieces := cut_word(word)) > 1 for piece in pieces]
