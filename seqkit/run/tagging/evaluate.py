"""Evaluating a tagger: predict a labelled split, time it, and count what is right and what is wrong."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqkit.data.examples import Span, Tagged
from seqkit.data.schemes import invalid_transitions, spans
from seqkit.metrics.accuracy import sentence_accuracy_counts
from seqkit.metrics.entities import sentence_counts
from seqkit.metrics.errors import known_entities
from seqkit.run.machine import peak_memory
from seqkit.run.tagging.model import TrainedTagger
from seqkit.tasks.ner.predict import Predictor
from seqkit.tasks.ner.prediction import Prediction

LEAST_SECONDS = 1.0  # each speed is measured over at least this long
SINGLES = 200  # sentences for the speed at batch 1, spread over the split


@dataclass(frozen=True)
class Speed:
    """Words a second when predicting, word vectors computed afresh, and the milliseconds of one sentence alone."""

    batched: float
    single: float
    single_milliseconds: float
    peak_memory: int


@dataclass(frozen=True)
class Evaluation:
    """A split, what the tagger made of it, and the counts that every figure rests on.

    Args:
        units_NC: of each sentence, correct, predicted and gold entities read strictly, or correct and all tokens.
        lenient_NC: the same with an orphan I- opening an entity; empty for labels.
        known: surface forms and types of training entities; None for labels, or where the training split is not at hand.
        known_words: words of the training split; None likewise.
    """

    split: str
    sentences: Sequence[Tagged]
    predictions: Sequence[Prediction]
    gold: Sequence[Sequence[Span]]
    found: Sequence[Sequence[Span]]
    units_NC: NDArray[np.int64]
    lenient_NC: NDArray[np.int64]
    invalid: int
    speed: Speed | None
    known: set[tuple[str, str]] | None
    known_words: set[str] | None
    entities: bool


def evaluate_tagger(
    tagger: TrainedTagger,
    sentences: Sequence[Tagged],
    *,
    split: str = "test",
    training: Sequence[Tagged] | None = None,
    timed: bool = True,
) -> Evaluation:
    """Predict `sentences` and count.

    Args:
        training: the training split, to tell seen entities from unseen ones.
        timed: also measure speed.
    """
    entities = tagger.predictor.entities
    predictions = tagger.predict([s.tokens for s in sentences], confidence=entities)
    gold_tags = [sentence.tags for sentence in sentences]
    found_tags = [prediction.tags for prediction in predictions]
    speed = measure_speed(tagger, sentences) if timed else None
    gold = [spans(tags, strict=True) for tags in gold_tags] if entities else []
    found = [spans(tags, strict=True) for tags in found_tags] if entities else []
    lenient = [spans(tags) for tags in found_tags] if entities else []
    if entities:
        units_NC, lenient_NC = sentence_counts(gold, found), sentence_counts(gold, lenient)
    else:
        units_NC, lenient_NC = sentence_accuracy_counts(gold_tags, found_tags), np.zeros((0, 3), dtype=np.int64)
    return Evaluation(
        split=split,
        sentences=sentences,
        predictions=predictions,
        gold=gold,
        found=found,
        units_NC=units_NC,
        lenient_NC=lenient_NC,
        invalid=sum(map(invalid_transitions, found_tags)) if entities else 0,
        speed=speed,
        known=known_entities([s.tokens for s in training], [spans(s.tags) for s in training])
        if training and entities
        else None,
        known_words={word for s in training for word in s.tokens} if training else None,
        entities=entities,
    )


def measure_speed(tagger: TrainedTagger, sentences: Sequence[Tagged]) -> Speed:
    """Time prediction with an empty word cache, in batches of 64 and sentence by sentence."""
    texts = [sentence.tokens for sentence in sentences]
    batched = _words_per_second(tagger, texts, 64)
    singles = texts[:: -(-len(texts) // SINGLES) or 1]
    single = _words_per_second(tagger, singles, 1)
    words = sum(map(len, singles)) / max(len(singles), 1)
    return Speed(batched, single, 1000 * words / single, peak_memory(next(tagger.model.parameters()).device))


def _words_per_second(tagger: TrainedTagger, texts: Sequence[Sequence[str]], batch_size: int) -> float:
    words = sum(map(len, texts))
    Predictor(tagger.model, tagger.vocabulary, tagger.tags)(texts[:batch_size], batch_size=batch_size)  # warm-up
    rates: list[float] = []
    started = time.perf_counter()
    while not rates or time.perf_counter() - started < LEAST_SECONDS:
        predictor = Predictor(tagger.model, tagger.vocabulary, tagger.tags)
        before = time.perf_counter()
        if batch_size == 1:
            for text in texts:
                predictor([text])
        else:
            predictor(texts, batch_size=batch_size)
        rates.append(words / (time.perf_counter() - before))
    return float(np.median(rates))
