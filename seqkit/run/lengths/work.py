"""The same work at any length, for every kind of model.

Axes: B sequences, S source symbols, T tokens or target symbols.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Literal, NamedTuple, Protocol

import numpy as np
import torch

from seqkit.data.examples import Tagged
from seqkit.models.state import Scanner, State
from seqkit.models.stepping.language_model import stepper
from seqkit.run.saved import Trained
from seqkit.run.tagging.model import TrainedTagger
from seqkit.run.text.model import TrainedLanguageModel
from seqkit.run.translation.model import TrainedTranslator
from seqkit.tasks.ner.predict import Predictor
from seqkit.tasks.ner.task import TaggingTask
from seqkit.tasks.translation.task import padded

PIECE = 256  # tokens of a running text read at once
STEPS = 40  # single tokens timed one by one, of which the median counts


class Use(NamedTuple):
    """What using a model on one text took.

    Args:
        milliseconds: of what its user waits for; see `waits`.
        state: bytes that are kept of what was read; None for a model that reads a sentence as a whole.
    """

    milliseconds: float
    state: int | None


class Work(Protocol):
    """A model at work on one text of any length."""

    waits: str
    """What its user waits for: `one token more`."""

    def use(self, length: int) -> Use:
        """Read so many tokens."""
        ...

    def train(self, length: int) -> None:
        """Take one gradient of a text of so many tokens, none of it cut."""
        ...


class TextWork:
    """A language model that reads a running text, its state carried, and then writes on."""

    waits = "one token more"

    def __init__(self, trained: TrainedLanguageModel) -> None:
        self.model, self.device = trained.model, trained.device
        self.symbols = trained.tokenizer.size

    @torch.inference_mode()
    def use(self, length: int) -> Use:
        """Read in pieces, then time single tokens."""
        model = self.model.eval()
        state = model.start(1)
        for token_1T in random_symbols(self.symbols, length, self.device)[None].split(PIECE, dim=1):
            _, state = model.scan(token_1T, state)
        return Use(one_more(stepper(model), state, torch.zeros(1, 1, dtype=torch.int64, device=self.device)), state.nbytes)

    def train(self, length: int) -> None:
        """Full back-propagation through the text."""
        token_1T = random_symbols(self.symbols, length + 1, self.device)[None]
        start = self.model.train().start(1)
        nats, count, _ = self.model.loss(token_1T[:, :-1], token_1T[:, 1:], start, precision=torch.float32)
        (nats / count).backward()


class TaggingWork:
    """A tagger with one sentence."""

    waits = "one sentence"

    def __init__(self, trained: TrainedTagger) -> None:
        self.trained = trained

    def use(self, length: int) -> Use:
        """Tag it, its words new to the tagger; the median of three times, or of once where that takes a second."""
        sentence = self.sentence(length)
        trained, seconds = self.trained, list[float]()
        while len(seconds) < 3 and sum(seconds) < 1:
            predictor = Predictor(trained.model, trained.vocabulary, trained.tags)
            started = time.perf_counter()
            predictor([sentence.tokens])
            seconds.append(time.perf_counter() - started)
        return Use(1000 * median(seconds), None)

    def train(self, length: int) -> None:
        """The gradient of one sentence."""
        trained, sentence = self.trained, self.sentence(length)
        task = TaggingTask(
            trained.model.train(),
            trained.vocabulary,
            trained.tags,
            [sentence],
            [],
            batch_size=1,
            precision=torch.float32,
            seed=1,
        )
        nats, count = task.loss(task.collate([sentence]))
        (nats / count).backward()

    def sentence(self, length: int) -> Tagged:
        """Words of the vocabulary, drawn at random, without entities; the first tag stands for labels."""
        words = list(self.trained.vocabulary.words) or ["word"]
        picks = np.random.default_rng(1).integers(len(words), size=length)
        return Tagged(tuple(words[pick] for pick in picks), (self.trained.tags[0],) * length)


class TranslationWork:
    """A translator with one source, from which it then writes."""

    waits = "one symbol more"

    def __init__(self, trained: TrainedTranslator) -> None:
        self.model, self.device = trained.model, trained.device
        self.sources, self.targets = len(trained.model.source.weight), trained.model.output_bias.numel()
        self.first = trained.tokenizer.start

    @torch.inference_mode()
    def use(self, length: int) -> Use:
        """Read the source, then time single symbols of the target."""
        state = self.model.eval().start(*self.source(length))
        return Use(one_more(self.model, state, torch.full((1, 1), self.first, device=self.device)), state.nbytes)

    def train(self, length: int) -> None:
        """The gradient of a source and a target of this length each."""
        target_1T = random_symbols(self.targets, length + 1, self.device)[None]
        length_1 = torch.tensor([length], device=self.device)
        source_1S, _ = self.source(length)
        nats, count = self.model.train().loss(
            source_1S, length_1, target_1T[:, :-1], target_1T[:, 1:], length_1, precision=torch.float32
        )
        (nats / count).backward()

    def source(self, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        """source_1S and its length."""
        return padded([random_symbols(self.sources, length, torch.device("cpu")).numpy()], self.device)


def work_of(trained: Trained) -> Work:
    """The work of a trained model of any kind."""
    match trained:
        case TrainedLanguageModel():
            return TextWork(trained)
        case TrainedTagger():
            return TaggingWork(trained)
        case TrainedTranslator():
            return TranslationWork(trained)


def one_more(reader: Scanner, state: State, token_11: torch.Tensor) -> float:
    """Milliseconds of a single token after all that was read, the median of STEPS."""
    seconds: list[float] = []
    for _ in range(STEPS):
        started = time.perf_counter()
        logit_11V, state = reader.scan(token_11, state)
        logit_11V.argmax().item()  # a GPU is waited for
        seconds.append(time.perf_counter() - started)
    return 1000 * median(seconds)


def random_symbols(count: int, length: int, device: torch.device) -> torch.Tensor:
    """symbol_T, drawn evenly."""
    return torch.randint(count, (length,), generator=torch.Generator().manual_seed(1)).to(device)


Way = Literal["use", "training"]
WAYS: dict[Way, Callable[[Work, int], Use | None]] = {
    "use": lambda work, n: work.use(n),
    "training": lambda work, n: work.train(n),
}
