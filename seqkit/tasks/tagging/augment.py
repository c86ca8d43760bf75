"""More training text out of the same sentences: names exchanged between sentences or taken from lists, capitals lost.

Names in new text are mostly new. A tagger that sees the same few names in every epoch learns them by heart; one that sees a
context with ever other names learns the context (after Dai & Adel 2020, mention replacement).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from seqkit.config import Config
from seqkit.data.examples import Span, Tagged
from seqkit.data.name_lists import Name
from seqkit.data.schemes import iob2, spans


class AugmentConfig(Config):
    """How often a training sentence is altered; each epoch anew.

    Args:
        swap: probability that an entity is replaced by another of its type, from the training text or a list of names.
        names: lists of names by type of entity: text files, a name a line. A corpus may bring lists of its own.
        lower: probability that a sentence loses its capitals.
        upper: probability that a sentence is set in capitals.
    """

    swap: float = Field(default=0.0, ge=0, le=1)
    names: dict[str, str] = Field(default_factory=dict)
    lower: float = Field(default=0.0, ge=0, le=1)
    upper: float = Field(default=0.0, ge=0, le=1)

    @field_validator("names")
    @classmethod
    def _names_are_swapped_in(cls, names: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if names and not info.data.get("swap"):
            raise ValueError("should be empty with swap = 0, which takes no name from them")
        return names


class Augmenter:
    """Yields the training sentences of an epoch; the same for the same seed and epoch.

    Args:
        lists: names by type, beside those of the sentences.
    """

    def __init__(
        self, config: AugmentConfig, sentences: Sequence[Tagged], lists: Mapping[str, Sequence[Name]] | None = None
    ) -> None:
        self.config = config
        self.sentences = sentences
        # Labels that are not entities, such as parts of speech, have no names to exchange.
        self._spans = [spans(sentence.tags) if config.swap else [] for sentence in sentences]
        names: dict[str, set[Name]] = defaultdict(set)
        for label, listed in (lists or {}).items():
            names[label].update(listed)
        for sentence, found in zip(sentences, self._spans, strict=True):
            for span in found:
                names[span.label].add(sentence.tokens[span.start : span.end])
        self._names = {label: sorted(forms) for label, forms in names.items()}

    def __call__(self, seed: int, epoch: int) -> list[Tagged]:
        """The altered sentences of an epoch."""
        random = np.random.default_rng((seed, epoch, 7))
        return [self._alter(s, found, random) for s, found in zip(self.sentences, self._spans, strict=True)]

    def _alter(self, sentence: Tagged, found: Sequence[Span], random: np.random.Generator) -> Tagged:
        if self.config.swap and found:
            sentence = self._swap(sentence, found, random)
        case = random.random()
        if case < self.config.lower:
            return Tagged(tuple(word.lower() for word in sentence.tokens), sentence.tags, sentence.document)
        if case > 1 - self.config.upper:
            return Tagged(tuple(word.upper() for word in sentence.tokens), sentence.tags, sentence.document)
        return sentence

    def _swap(self, sentence: Tagged, found: Sequence[Span], random: np.random.Generator) -> Tagged:
        tokens: list[str] = []
        placed: list[Span] = []
        done = 0
        for span in found:
            tokens += sentence.tokens[done : span.start]
            name = sentence.tokens[span.start : span.end]
            if random.random() < self.config.swap:
                forms = self._names[span.label]
                name = forms[random.integers(len(forms))]
            placed.append(Span(len(tokens), len(tokens) + len(name), span.label))
            tokens += name
            done = span.end
        tokens += sentence.tokens[done:]
        return Tagged(tuple(tokens), iob2(placed, len(tokens)), sentence.document)
