"""A tagger with one sentence of any length."""

import time
from statistics import median

import numpy as np
import torch

from seqkit.data.examples import Tagged
from seqkit.tasks.tagging.batches import TaggingBatches
from seqkit.tasks.tagging.trained import TrainedTagger
from seqkit.tasks.task import Use


class TaggingWorkload:
    """Tags a sentence of words of the vocabulary, drawn at random."""

    waits = "one sentence"

    def __init__(self, trained: TrainedTagger) -> None:
        self.trained = trained

    def use(self, length: int) -> Use:
        """Tag it, its words new to the tagger; the median of three times, or of once where that takes a second."""
        sentence = self.sentence(length)
        trained, seconds = self.trained, list[float]()
        while len(seconds) < 3 and sum(seconds) < 1:
            fresh = type(trained.tagger)(trained.tagger.model, trained.vocabulary, trained.tags)  # pyright: ignore[reportArgumentType]
            started = time.perf_counter()
            fresh([sentence.tokens])
            seconds.append(time.perf_counter() - started)
        return Use(1000 * median(seconds), None)

    def train(self, length: int) -> None:
        """The gradient of one sentence."""
        trained, sentence = self.trained, self.sentence(length)
        batches = TaggingBatches(
            trained.model.train(),
            trained.vocabulary,
            trained.tags,
            [sentence],
            [],
            batch_size=1,
            precision=torch.float32,
            seed=1,
        )
        nats, count = batches.loss(batches.collate([sentence]))
        (nats / count).backward()

    def sentence(self, length: int) -> Tagged:
        """Without entities; the first tag stands for labels."""
        words = list(self.trained.vocabulary.words) or ["word"]
        picks = np.random.default_rng(1).integers(len(words), size=length)
        return Tagged(tuple(words[pick] for pick in picks), (self.trained.tags[0],) * length)
