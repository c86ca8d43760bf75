"""Altered training sentences: what may change and what may not."""

from collections import Counter

import pytest
import tiny
from pydantic import ValidationError

from seqkit.data.schemes import spans
from seqkit.tasks.tagging.augment import AugmentConfig, Augmenter

DATA = tiny.sentences(60)
LISTED = {"PER": [("Zoë", "van", "Dyck"), ("Q",)]}


def names(sentences) -> dict[str, set[tuple[str, ...]]]:
    """By type, the entities of sentences."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for sentence in sentences:
        for span in spans(sentence.tags, strict=True):
            found.setdefault(span.label, set()).add(sentence.tokens[span.start : span.end])
    return found


def outside(sentence) -> list[str]:
    """The words that are no name."""
    return [token for token, tag in zip(sentence.tokens, sentence.tags, strict=True) if tag == "O"]


@pytest.mark.parametrize("lists", [{}, LISTED])
def test_swapping_changes_names_and_nothing_else(lists):
    augmented = Augmenter(AugmentConfig(swap=0.5), DATA, lists)(1, 0)
    for before, after in zip(DATA, augmented, strict=True):
        assert outside(after) == outside(before)
        assert [span.label for span in spans(after.tags)] == [span.label for span in spans(before.tags)]
        assert after.document == before.document
    assert augmented != DATA


def test_names_come_from_the_sentences_and_the_lists():
    known = names(DATA)
    augment = Augmenter(AugmentConfig(swap=1.0), DATA, LISTED)
    drawn = Counter(
        (span.label, s.tokens[span.start : span.end])
        for epoch in range(80)
        for s in augment(1, epoch)
        for span in spans(s.tags)
    )
    for label, forms in known.items():
        wanted = forms | set(LISTED.get(label, []))
        assert {form for (of, form) in drawn if of == label} == wanted  # each comes up, and no other
    people = [count for (label, _), count in drawn.items() if label == "PER"]
    assert max(people) < 2 * min(people)  # a listed name is as likely as one of the sentences


def test_lists_without_swapping_are_refused():
    with pytest.raises(ValidationError, match="swap = 0"):
        AugmentConfig(names={"PER": "people.txt"})
