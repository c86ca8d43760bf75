"""Evaluating a language model: how well it predicts a split, how far back it looks, what it writes, what it costs.

Axes: S segments, W positions in a window.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from seqkit.architecture.language_model import TransformerLanguageModelConfig
from seqkit.data.examples import Text
from seqkit.data.texts import TextCorpus
from seqkit.data.token_store import Tokens
from seqkit.decoding.sampling import Sample
from seqkit.decoding.search import search
from seqkit.errors import UserError
from seqkit.metrics.likelihood import Likelihood, count_text
from seqkit.metrics.novelty import Copies, find_copies
from seqkit.metrics.speed import rate
from seqkit.models.inspection.gradients import Reach
from seqkit.models.language_model import LanguageModel
from seqkit.tasks.language_modeling.dynamic import evaluate_dynamically
from seqkit.tasks.language_modeling.protocols import TokenLosses, evaluate, parse_protocol
from seqkit.tasks.language_modeling.reach import input_reach, state_bytes, state_reach
from seqkit.tasks.language_modeling.recipe import EvaluationConfig
from seqkit.tasks.language_modeling.tokens import tokenized
from seqkit.tasks.language_modeling.trained import TrainedLanguageModel

LENGTHS: tuple[int, ...] = (1 << 10, 1 << 12, 1 << 14, 1 << 16)  # tokens of the past at which a state is weighed
UNLIMITED = LENGTHS[:-1]  # the same without a window, where the time grows with the square
REACH = 200  # distances looked at
TEMPERATURES = (0.5, 0.8, 1.0)
BATCH = 32  # streams side by side when the speed of scoring is measured


@dataclass(frozen=True)
class Split:
    """A split as tokens and as counted text."""

    name: str
    tokens: Tokens
    characters: int
    words: int


@dataclass(frozen=True)
class Written:
    """A text the model wrote, and what of it stands in the training text; None where that is not at hand."""

    temperature: float
    text: str
    copies: Copies | None


@dataclass(frozen=True)
class Speed:
    """Tokens a second: scored side by side, and written one by one; and the milliseconds of one step."""

    scoring: float
    writing: float
    step_milliseconds: float


@dataclass(frozen=True)
class TextEvaluation:
    """All that was measured on one split.

    Args:
        losses: by protocol as written; the first is the main one.
        likelihoods: likewise.
        dynamic: of dynamic evaluation, whose static counterpart is `carried`; None where it was not asked for.
        state_reach: None for a model without a state of constant size, or a split too short for it.
        state_bytes: by number of tokens read: of the model's own state, and of one that looks back without limit.
    """

    split: Split
    losses: Mapping[str, TokenLosses]
    likelihoods: Mapping[str, Likelihood]
    dynamic: Likelihood | None
    state_reach: Reach | None
    input_reach: Reach | None
    state_bytes: Mapping[str, Mapping[int, int]]
    samples: tuple[Written, ...]
    speed: Speed


def read_split(trained: TrainedLanguageModel, corpus: TextCorpus, name: str) -> Split:
    """A split in the model's tokens, with its characters and words counted.

    Args:
        name: `dev`, `test`, or `dev+test` for both as one text.

    Raises:
        UserError: no such split.
    """
    wanted = name.split("+")
    for part in wanted:
        if part not in corpus.splits:
            raise UserError(f"{corpus.name}: no {part} split")

    def texts() -> Iterator[Text]:
        for part in wanted:
            yield from corpus.splits[part]()

    return Split(name, tokenized(trained.tokenizer, texts()), *count_text(text.text for text in texts()))


def evaluate_language_model(
    trained: TrainedLanguageModel,
    split: Split,
    config: EvaluationConfig,
    *,
    training: Callable[[], Iterator[str]] | None = None,
) -> TextEvaluation:
    """Measure a model on a split.

    Args:
        training: the training text in pieces, to find copies in.

    Raises:
        UserError: a protocol is unknown or the split is empty.
    """
    model, end = trained.model, trained.tokenizer.end
    protocols = [parse_protocol(text) for text in config.protocols]
    losses = {str(one): evaluate(model, split.tokens, one, end=end) for one in protocols}
    dynamic = None
    if config.dynamic:
        both = evaluate_dynamically(model, split.tokens, end=end, learning_rate=config.dynamic)
        losses.setdefault("carried", both.static)
        dynamic = likelihood(both.dynamic, split)
    long_enough = len(split.tokens) > 2 * REACH
    return TextEvaluation(
        split=split,
        losses=losses,
        likelihoods={name: likelihood(one, split) for name, one in losses.items()},
        dynamic=dynamic,
        state_reach=state_reach(model, split.tokens, longest=REACH) if long_enough else None,
        input_reach=input_reach(model, split.tokens, longest=REACH) if long_enough else None,
        state_bytes=weigh_states(trained),
        samples=write_samples(trained, config.sample_length, training),
        speed=measure_speed(trained, split.tokens),
    )


def likelihood(losses: TokenLosses, split: Split) -> Likelihood:
    """The same nats over tokens, characters and words."""
    return Likelihood(losses.nats, losses.tokens, split.characters, split.words)


def weigh_states(trained: TrainedLanguageModel) -> Mapping[str, Mapping[int, int]]:
    """What the past costs in memory; a Transformer's also with its window lifted."""
    config = trained.config
    own = dict(zip(LENGTHS, state_bytes(trained.model, LENGTHS), strict=True))
    if not isinstance(config, TransformerLanguageModelConfig) or not config.window:
        return {"state": own}
    lifted = LanguageModel(config.model_copy(update={"window": 0}), trained.tokenizer.size).to(trained.device)
    return {
        f"window of {config.window}": own,
        "window lifted": dict(zip(UNLIMITED, state_bytes(lifted, UNLIMITED), strict=True)),
    }


def write_samples(
    trained: TrainedLanguageModel, length: int, training: Callable[[], Iterator[str]] | None
) -> tuple[Written, ...]:
    """One text a temperature, from the start of a document."""
    if not length:
        return ()
    texts = [trained.generate(length=length, temperature=temperature, seed=1)[0] for temperature in TEMPERATURES]
    copies = find_copies(texts, training()) if training else [None] * len(texts)
    return tuple(Written(*one) for one in zip(TEMPERATURES, texts, copies, strict=True))


@torch.inference_mode()
def measure_speed(trained: TrainedLanguageModel, tokens: Tokens) -> Speed:
    """Time scoring in BATCH streams of 256 tokens, and writing one text alone."""
    model = trained.model
    read = torch.from_numpy(tokens.read(0, min(len(tokens), BATCH * 256)).astype("int64"))
    streams = max(len(read) // 256, 1)
    token_BT = read[: streams * (len(read) // streams)].view(streams, -1).to(trained.device)

    def score() -> int:
        logit_BTV, _ = model.scan(token_BT, model.start(streams))
        float(logit_BTV[0, -1, 0])  # waits for a GPU
        return token_BT.numel()

    reader, first_11 = trained.reader, np.array([[trained.tokenizer.end]])
    steps = search(reader, reader.start(1), first_11, Sample(seed=1), end=None, limit=None)

    def write() -> int:
        return sum(1 for _ in islice(steps, 100))

    writing = rate(write)
    return Speed(rate(score), writing, 1000 / writing)
