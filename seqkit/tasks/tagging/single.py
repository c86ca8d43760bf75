"""From sentences to tags by the engine, one sentence at a time.

Axes: T tokens, D features, K tags.
"""

from collections.abc import Sequence

import numpy as np

from seqkit.data.schemes import spans
from seqkit.data.vocabulary import Vocabulary
from seqkit.engine.linear_chain import finite, softmax
from seqkit.engine.tagger import Tagger
from seqkit.engine.weights import Array
from seqkit.tasks.tagging.prediction import MOST_WORDS, Prediction, chain_questions, names_entities, windows


class SentencePredictor:
    """Predicts what `Predictor` does with the same weights; any number of threads may share one."""

    def __init__(self, model: Tagger, vocabulary: Vocabulary, tags: Sequence[str]) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.tags = tuple(tags)
        self.entities = names_entities(tags)
        self._number = {tag: number for number, tag in enumerate(self.tags)}
        self._vectors: dict[str, Array] = {}

    def __call__(self, sentences: Sequence[Sequence[str]], *, confidence: bool = False) -> list[Prediction]:
        """Tag sentences; an empty one gets no tags."""
        return [self._predict(words, confidence=confidence) if words else Prediction(()) for words in sentences]

    def _predict(self, words: Sequence[str], *, confidence: bool) -> Prediction:
        emission_TK = self._emissions(self._read(words))
        tags = tuple(self.tags[tag] for tag in self.model.decode(emission_TK))
        found = Prediction(tags, tuple(spans(tags)) if self.entities else ())
        if not (confidence and self.entities):
            return found
        return Prediction(tags, found.spans, tuple(self._confidences(emission_TK, found)))

    def _read(self, words: Sequence[str]) -> Array:
        """x_TD; the vectors of words not met before are computed together, and kept."""
        vectors = self._vectors  # which only grows: another thread may put an empty one in its place
        if len(vectors) > MOST_WORDS:
            self._vectors = vectors = {}
        if new := [word for word in dict.fromkeys(words) if word not in vectors]:
            vectors |= zip(new, self.model.vectors(self.vocabulary.encode(new)), strict=True)
        return np.stack([vectors[word] for word in words])

    def _emissions(self, x_TD: Array) -> Array:
        """emission_TK of a sentence of any length."""
        return np.concatenate([self.model.emissions(x_TD[read])[kept] for read, kept in windows(len(x_TD))])

    def _confidences(self, emission_TK: Array, found: Prediction) -> list[float]:
        if self.model.chain is not None:
            return self.model.chain.span_probability(emission_TK, chain_questions(found, self._number))
        # Tokens are independent under a softmax: a span is as likely as all its tags together.
        p_TK = softmax(finite(emission_TK))
        return [
            float(np.prod([p_TK[t, self._number[found.tags[t]]] for t in range(span.start, span.end)])) for span in found.spans
        ]
