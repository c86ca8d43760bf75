"""Evaluating a tagger: predict a labelled split, time it, and count what is right and what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqkit.data.examples import Span, Tagged
from seqkit.data.schemes import invalid_transitions, spans
from seqkit.errors import UserError
from seqkit.metrics.accuracy import sentence_accuracy_counts
from seqkit.metrics.entities import sentence_counts
from seqkit.metrics.errors import known_entities
from seqkit.metrics.speed import rate
from seqkit.tasks.tagging.corpus import TaggedCorpus
from seqkit.tasks.tagging.predict import Predictor
from seqkit.tasks.tagging.prediction import Prediction
from seqkit.tasks.tagging.trained import TrainedTagger

SINGLES = 200  # sentences for the speed at batch 1, spread over the split


@dataclass(frozen=True)
class Speed:
    """Words a second when predicting, word vectors computed afresh, and the milliseconds of one sentence alone."""

    batched: float
    single: float
    single_milliseconds: float


@dataclass(frozen=True)
class TaggedSplit:
    """A split, what the tagger made of it, and the counts that every figure rests on.

    Args:
        corpus: its name.
        units_NC: of each sentence, correct, predicted and gold entities read strictly, or correct and all tokens.
        lenient_NC: the same with an orphan I- opening an entity; empty for labels.
        known: surface forms and types of training entities; None for labels, or where the training split is not at hand.
        known_words: words of the training split; None likewise.
    """

    corpus: str
    split: str
    sentences: Sequence[Tagged]
    predictions: Sequence[Prediction]
    gold: Sequence[Sequence[Span]]
    found: Sequence[Sequence[Span]]
    units_NC: NDArray[np.int64]
    lenient_NC: NDArray[np.int64]
    invalid: int
    speed: Speed
    known: set[tuple[str, str]] | None
    known_words: set[str] | None
    entities: bool


def evaluate_tagger(
    tagger: TrainedTagger, corpus: TaggedCorpus, split: str, *, training: Sequence[Tagged] | None = None
) -> TaggedSplit:
    """Predict a split, count, and time.

    Args:
        training: the training split, to tell seen entities from unseen ones.

    Raises:
        UserError: no such split, or labels that the tagger cannot predict.
    """
    if split not in corpus.splits:
        raise UserError(f"{corpus.name}: no {split} split")
    check_known_labels(tagger.tags, corpus, split)
    sentences = corpus.splits[split]
    entities = tagger.entities
    predictions = tagger.predict([s.tokens for s in sentences], confidence=entities)
    gold_tags = [sentence.tags for sentence in sentences]
    found_tags = [prediction.tags for prediction in predictions]
    gold = [spans(tags, strict=True) for tags in gold_tags] if entities else []
    found = [spans(tags, strict=True) for tags in found_tags] if entities else []
    lenient = [spans(tags) for tags in found_tags] if entities else []
    if entities:
        units_NC, lenient_NC = sentence_counts(gold, found), sentence_counts(gold, lenient)
    else:
        units_NC, lenient_NC = sentence_accuracy_counts(gold_tags, found_tags), np.zeros((0, 3), dtype=np.int64)
    return TaggedSplit(
        corpus=corpus.name,
        split=split,
        sentences=sentences,
        predictions=predictions,
        gold=gold,
        found=found,
        units_NC=units_NC,
        lenient_NC=lenient_NC,
        invalid=sum(map(invalid_transitions, found_tags)) if entities else 0,
        speed=measure_speed(tagger, sentences),
        known=known_entities([s.tokens for s in training], [spans(s.tags) for s in training])
        if training and entities
        else None,
        known_words={word for s in training for word in s.tokens} if training else None,
        entities=entities,
    )


def check_known_labels(tags: Sequence[str], corpus: TaggedCorpus, split: str) -> None:
    """Refuse gold labels the model can never predict.

    Raises:
        UserError: names them.
    """
    found = {tag for sentence in corpus.splits[split] for tag in sentence.tags}
    if unknown := sorted(found - set(tags)):
        raise UserError(
            f"{corpus.readings[split].path}: the model cannot predict {', '.join(unknown[:6])}"
            f"{' …' if len(unknown) > 6 else ''} (it knows: {', '.join(tag for tag in tags if tag[:2] != 'I-')})"
        )


def measure_speed(tagger: TrainedTagger, sentences: Sequence[Tagged]) -> Speed:
    """Time prediction with an empty word cache, in batches of 64 and sentence by sentence."""
    texts = [sentence.tokens for sentence in sentences]
    singles = texts[:: -(-len(texts) // SINGLES) or 1]
    single = rate(lambda: predict_afresh(tagger, singles, 1))
    words = sum(map(len, singles)) / max(len(singles), 1)
    return Speed(rate(lambda: predict_afresh(tagger, texts, 64)), single, 1000 * words / single)


def predict_afresh(tagger: TrainedTagger, texts: Sequence[Sequence[str]], together: int) -> int:
    """Tag so many sentences at a time, no word being known yet; returns the number of words."""
    predictor = Predictor(tagger.model, tagger.vocabulary, tagger.tags)
    if together == 1:
        for text in texts:
            predictor([text])
    else:
        predictor(texts, batch_size=together)
    return sum(map(len, texts))
