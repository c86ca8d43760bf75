"""A trained tagger in Python and as the files of a model folder: weights in safetensors, the rest in JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from pydantic import TypeAdapter

from seqkit.architecture.description import description
from seqkit.architecture.tagger import AnyTaggerConfig, TaggerConfig
from seqkit.data.vocabulary import Vocabulary
from seqkit.data.words import split_sentences, split_words
from seqkit.engine.tagger import Tagger as Engine
from seqkit.engine.weights import Array, Weights
from seqkit.errors import UserError
from seqkit.tasks.tagging.prediction import Prediction, names_entities
from seqkit.tasks.tagging.single import SentencePredictor
from seqkit.tasks.trained import Trained

if TYPE_CHECKING:
    from seqkit.models.tagger import Tagger
    from seqkit.tasks.tagging.predict import Predictor


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


class TrainedTagger(Trained["Tagger", Vocabulary]):
    """A tagger ready for use. Get one with `seqkit.load_tagger(path)`."""

    refusal = "cannot tag"

    config: AnyTaggerConfig

    @property
    def vocabulary(self) -> Vocabulary:
        """What is known of words."""
        return self.tokenizer

    @property
    def tags(self) -> tuple[str, ...]:
        """In the order of the output."""
        return tuple(self.metadata["tags"])

    @property
    def entities(self) -> bool:
        """Whether it names entities, not labels of tokens such as parts of speech."""
        return names_entities(self.tags)

    @cached_property
    def predictor(self) -> "Predictor":
        """Tags in batches, by the module."""
        from seqkit.tasks.tagging.predict import Predictor

        return Predictor(self.model, self.vocabulary, self.tags)

    @cached_property
    def tagger(self) -> "SentencePredictor | Predictor":
        """What is quickest: sentence by sentence on a CPU, by the engine; batches on a GPU."""
        reader = self.reader
        return SentencePredictor(reader, self.vocabulary, self.tags) if isinstance(reader, Engine) else self.predictor

    def tag(self, texts: Sequence[str]) -> list[list[Entity]]:
        """The entities of raw texts, in order; a text may hold any number of sentences of any length.

        Raises:
            UserError: the model predicts labels for tokens, not entities; use `predict`.
        """
        if isinstance(texts, str):
            raise UserError("tag() takes a list of texts, not one string")
        if not self.entities:
            raise UserError("this model labels tokens, not entities; use predict()")
        split = [split_sentences(split_words(text), text) for text in texts]
        flat = [sentence for sentences in split for sentence in sentences]
        predictions = iter(self.tagger([[word.text for word in s] for s in flat], confidence=True))
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

    def predict(self, sentences: Sequence[Sequence[str]], *, confidence: bool = False) -> list[Prediction]:
        """The tags of sentences that are split into tokens already."""
        return self.tagger(sentences, confidence=confidence)

    def tokenizer_files(self) -> dict[str, bytes]:
        """The vocabulary."""
        return {"tokenizer.json": json.dumps(self.vocabulary.to_dict(), separators=(",", ":")).encode()}

    def untrained(self) -> "Tagger":
        """The module that the configuration describes, weights at random."""
        from seqkit.models.tagger import Tagger

        return Tagger(self.config, self.vocabulary.sizes, self.tags)

    def engine(self, weights: Weights) -> Engine:
        """The engine's model."""
        return Engine(self.config, weights, self.vocabulary.sizes, self.tags)

    @classmethod
    def described_by(cls, files: Mapping[str, bytes], weights: Mapping[str, Array], device: str) -> Self:
        """The tagger of a folder's files."""
        table, metadata = description(files)
        config: AnyTaggerConfig = TypeAdapter[Any](TaggerConfig).validate_python(table)
        vocabulary = Vocabulary.from_dict(json.loads(files["tokenizer.json"]))
        return cls(weights, config, vocabulary, metadata, device=device)
