"""Training sentences altered: which alterations come, how often, and what they leave alone."""

import tiny

from seqkit.data.cutting import cut_marks
from seqkit.data.examples import Tagged
from seqkit.recipe import recipe_from
from seqkit.run.tagging.corpus import CorpusData
from seqkit.run.tagging.train import fit_vocabulary
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


def test_pieces_that_augmentation_cuts_are_known_words():
    corpus = CorpusData("tiny", "en", {"train": [Tagged(("Can't", "go"), ("B-PER", "O"))], "dev": []}, {})
    plain, cut = (
        fit_vocabulary(recipe_from({"task": "ner", "corpus": "tiny", "augment": {"cut": share}}), corpus).words
        for share in (0.0, 0.5)
    )
    assert set(plain) == {"can't", "go"}
    assert set(cut) == {"can't", "go", "can", "'", "t"}
    assert all(count == 1 for count in cut.values())
