"""From sentences to tags without PyTorch, one sentence at a time.

Axes: T tokens, D features, K tags.
"""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import safetensors
import safetensors.numpy

from seqkit.architecture.description import FORMAT, modern
from seqkit.data.schemes import spans
from seqkit.data.vocabulary import Vocabulary
from seqkit.models.light.chain import finite, softmax
from seqkit.models.light.recurrent import FAMILIES, Floats
from seqkit.models.light.tagger import LightTagger
from seqkit.tasks.tagging.prediction import MOST_WORDS, Prediction, chain_questions, names_entities, windows


class LightPredictor:
    """Predicts what `Predictor` does with the same weights, in the CPU's memory, sentence by sentence."""

    def __init__(self, model: LightTagger, vocabulary: Vocabulary, tags: Sequence[str]) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.tags = tuple(tags)
        self.entities = names_entities(tags)
        self._number = {tag: number for number, tag in enumerate(self.tags)}
        self._vectors: dict[str, Floats] = {}

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

    def _read(self, words: Sequence[str]) -> Floats:
        """x_TD; the vectors of words not met before are computed together, and kept."""
        if len(self._vectors) > MOST_WORDS:
            self._vectors.clear()
        if new := [word for word in dict.fromkeys(words) if word not in self._vectors]:
            self._vectors.update(zip(new, self.model.vectors(self.vocabulary.encode(new)), strict=True))
        return np.stack([self._vectors[word] for word in words])

    def _emissions(self, x_TD: Floats) -> Floats:
        """emission_TK of a sentence of any length."""
        return np.concatenate([self.model.emissions(x_TD[read])[kept] for read, kept in windows(len(x_TD))])

    def _confidences(self, emission_TK: Floats, found: Prediction) -> list[float]:
        if self.model.chain is not None:
            return self.model.chain.span_probability(emission_TK, chain_questions(found, self._number))
        # Tokens are independent under a softmax: a span is as likely as all its tags together.
        p_TK = softmax(finite(emission_TK))
        return [
            float(np.prod([p_TK[t, self._number[found.tags[t]]] for t in range(span.start, span.end)])) for span in found.spans
        ]


def light_predictor(files: Mapping[str, bytes]) -> LightPredictor | None:
    """The tagger that a model folder's files describe; None if it is no recurrent tagger, or if something is wrong with it."""
    try:
        stored = json.loads(files["config.json"])
        if stored["task"] != "ner" or stored["format"] > FORMAT or stored["model"]["family"] not in FAMILIES:
            return None
        vocabulary = Vocabulary.from_dict(json.loads(files["tokenizer.json"]))
        weights = {modern(name): weight for name, weight in safetensors.numpy.load(files["weights.safetensors"]).items()}
        return LightPredictor(LightTagger(stored["model"], weights, stored["tags"]), vocabulary, stored["tags"])
    except (KeyError, ValueError, TypeError, safetensors.SafetensorError):
        return None
