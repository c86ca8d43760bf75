"""How much more often a type is named in one text than in another: what moves a tagger from the one to the other.

Under label shift, where texts differ in how often things are named and not in how, the best scores on the new text are those
of the old one plus the logarithm of the ratio of the rates (Saerens et al. 2002; Lipton et al. 2018). Six counts are learnt
from the new text, against the thousands of weights that training on it would fit.
"""

import math
from collections import Counter
from collections.abc import Sequence

from seqkit.data.examples import Tagged


def log_rate_ratios(old: Sequence[Tagged], new: Sequence[Tagged], tags: Sequence[str]) -> list[float]:
    """By tag, in nats: log of a type's entities a token in `new` over those in `old`, at the tag that opens it; else 0.

    One is added to every count, so that a type missing from a text keeps a finite score.
    """
    (old_count, old_tokens), (new_count, new_tokens) = _counts(old), _counts(new)
    return [
        math.log((new_count[tag] + 1) / new_tokens) - math.log((old_count[tag] + 1) / old_tokens)
        if tag.startswith("B-") and old_tokens and new_tokens
        else 0.0
        for tag in tags
    ]


def _counts(sentences: Sequence[Tagged]) -> tuple[Counter[str], int]:
    found = Counter(tag for sentence in sentences for tag in sentence.tags)
    return found, found.total()
