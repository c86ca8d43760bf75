"""Token accuracy: a tag a token, as in part-of-speech tagging."""

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from seqkit.metrics.entities import Counts


def sentence_accuracy_counts(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Correct tags and tokens of each sentence, (N, 2): the units that `significance` resamples.

    Raises:
        ValueError: the two differ in sentences or in tokens.
    """
    rows = [
        (sum(right == tag for right, tag in zip(gold_tags, predicted_tags, strict=True)), len(gold_tags))
        for gold_tags, predicted_tags in zip(gold, predicted, strict=True)
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def count_by_tag(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict[str, Counts]:
    """Counts of each tag that stands in the gold or was predicted, in alphabetical order; recall is its accuracy.

    Raises:
        ValueError: the two differ in sentences or in tokens.
    """
    correct: Counter[str] = Counter()
    in_predicted: Counter[str] = Counter()
    in_gold: Counter[str] = Counter()
    for gold_tags, predicted_tags in zip(gold, predicted, strict=True):
        correct.update(right for right, tag in zip(gold_tags, predicted_tags, strict=True) if right == tag)
        in_predicted.update(predicted_tags)
        in_gold.update(gold_tags)
    return {tag: Counts(correct[tag], in_predicted[tag], in_gold[tag]) for tag in sorted(in_gold | in_predicted)}


def count_by_known_word(
    tokens: Sequence[Sequence[str]],
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    known: Collection[str],
) -> dict[str, Counts]:
    """Counts for the tokens whose word stands in training (`seen`) and for the others (`unseen`).

    Every token has one gold and one predicted tag, so precision, recall and F1 are all the accuracy.

    Args:
        tokens: the words of each sentence.
        gold: their gold tags.
        predicted: their predicted tags.
        known: the words of the training split, case kept; a set.

    Raises:
        ValueError: the three differ in sentences or in tokens.
    """
    correct, total = Counter[bool](), Counter[bool]()
    for words, gold_tags, predicted_tags in zip(tokens, gold, predicted, strict=True):
        for word, right, tag in zip(words, gold_tags, predicted_tags, strict=True):
            seen = word in known
            total[seen] += 1
            correct[seen] += right == tag
    return {name: Counts(correct[seen], total[seen], total[seen]) for name, seen in (("seen", True), ("unseen", False))}
