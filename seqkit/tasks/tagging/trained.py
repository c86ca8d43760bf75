"""A trained tagger in Python and as the files of a model folder: weights in safetensors, the rest in JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from pydantic import TypeAdapter

from seqkit.architecture.description import description
from seqkit.architecture.tagger import AnyTaggerConfig, TaggerConfig
from seqkit.data.vocabulary import Vocabulary
from seqkit.data.words import split_sentences, split_words
from seqkit.errors import UserError
from seqkit.models.tagger import Tagger
from seqkit.models.weights import fill
from seqkit.tasks.tagging.predict import Predictor
from seqkit.tasks.tagging.prediction import Prediction
from seqkit.tasks.trained import Trained


@dataclass(frozen=True, slots=True)
class Entity:
    """A named entity in a text.

    Args:
        text: as it stands in the input.
        label: its type.
        start: position of its first character in the input.
        end: position after its last character.
        confidence: its probability under the model, 0 to 1.
    """

    text: str
    label: str
    start: int
    end: int
    confidence: float


class TrainedTagger(Trained[Tagger, Vocabulary]):
    """A tagger ready for use. Get one with `seqkit.load_tagger(path)`."""

    refusal = "cannot tag"

    def __init__(self, model: Tagger, config: AnyTaggerConfig, vocabulary: Vocabulary, metadata: Mapping[str, Any]) -> None:
        super().__init__(model, config, vocabulary, metadata)
        self.vocabulary = vocabulary
        self.tags: tuple[str, ...] = tuple(metadata["tags"])
        self.predictor = Predictor(model, vocabulary, self.tags)

    def tag(self, texts: Sequence[str], *, batch_size: int = 64) -> list[list[Entity]]:
        """The entities of raw texts, in order; a text may hold any number of sentences of any length.

        Raises:
            UserError: the model predicts labels for tokens, not entities; use `predict`.
        """
        if isinstance(texts, str):
            raise UserError("tag() takes a list of texts, not one string")
        if not self.predictor.entities:
            raise UserError("this model labels tokens, not entities; use predict()")
        split = [split_sentences(split_words(text), text) for text in texts]
        flat = [sentence for sentences in split for sentence in sentences]
        predictions = iter(self.predictor([[word.text for word in s] for s in flat], batch_size=batch_size, confidence=True))
        found: list[list[Entity]] = []
        for text, sentences in zip(texts, split, strict=True):
            entities: list[Entity] = []
            for words in sentences:
                one = next(predictions)
                for span, confidence in zip(one.spans, one.confidences, strict=True):
                    start, end = words[span.start].start, words[span.end - 1].end
                    entities.append(Entity(text[start:end], span.label, start, end, confidence))
            found.append(entities)
        return found

    def predict(
        self, sentences: Sequence[Sequence[str]], *, batch_size: int = 64, confidence: bool = False
    ) -> list[Prediction]:
        """The tags of sentences that are split into tokens already."""
        return self.predictor(sentences, batch_size=batch_size, confidence=confidence)

    def tokenizer_files(self) -> dict[str, bytes]:
        """The vocabulary."""
        return {"tokenizer.json": json.dumps(self.vocabulary.to_dict(), separators=(",", ":")).encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], *, device: str = "cpu") -> Self:
        """The tagger that `files` describe.

        Raises:
            ValueError, KeyError, TypeError, ValidationError, SafetensorError: they are not those of a tagger.
        """
        table, metadata = description(files)
        config: AnyTaggerConfig = TypeAdapter[Any](TaggerConfig).validate_python(table)
        vocabulary = Vocabulary.from_dict(json.loads(files["tokenizer.json"]))
        model = Tagger(config, vocabulary.sizes, metadata["tags"])
        fill(model, files)
        return cls(model.to(torch.device(device)).eval(), config, vocabulary, metadata)
