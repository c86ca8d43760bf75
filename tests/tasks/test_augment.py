"""Training sentences altered: which alterations come, how often, and what they leave alone."""

import tiny

from seqkit.data.cutting import cut_marks
from seqkit.data.examples import Tagged
from seqkit.tasks.ner.augment import AugmentConfig, Augmenter

DATA = [Tagged(("Don't", *s.tokens), ("O", *s.tags)) for s in tiny.sentences(400)]


def test_sentences_are_cut_as_often_as_asked_and_anew_each_epoch():
    augment = Augmenter(AugmentConfig(cut=0.3), DATA)
    first, second = augment(1, 0), augment(1, 1)
    assert augment(1, 0) == first
    for found in (first, second):
        cut = [one == cut_marks(whole) for one, whole in zip(found, DATA, strict=True)]
        assert all(is_cut or one == whole for is_cut, one, whole in zip(cut, found, DATA, strict=True))
        assert abs(sum(cut) / len(cut) - 0.3) < 0.08
    assert first != second


def test_nothing_is_altered_unasked():
    assert Augmenter(AugmentConfig(), DATA)(1, 0) == DATA
