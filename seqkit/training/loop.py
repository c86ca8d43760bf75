"""THE training loop: a generator of events. Logging, checkpoints and early stopping are consumers outside it."""

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from pydantic import Field
from torch import Tensor, nn

from seqkit.config import Config
from seqkit.errors import UserError
from seqkit.training.average import Average
from seqkit.training.schedule import Schedule, learning_rate_factor

EVALUATIONS = 10  # evaluations on dev of a run by the clock
SHORTEST = 1e-6  # seconds; no update takes less
READ_EVERY = 20  # updates between two readings of the loss on a GPU, which waits for it to be read


class TrainConfig(Config):
    """How a model is trained.

    Args:
        epochs: passes over the training data, at most; 2.5 are two and a half.
        seconds: train for so long instead, evaluations left out, the learning rate following the clock; dev is then evaluated
            ten times, evenly over them. 0: `epochs` says when to stop.
        batch_size: sentences in a batch, or streams of running text.
        learning_rate: peak, of AdamW (Loshchilov & Hutter 2019).
        warmup: share of all updates over which the learning rate rises.
        clip: largest gradient norm; 0 does not clip.
        average: decay of the exponential moving average that is evaluated and kept; 0 keeps the last weights instead.
        patience: stop after so many evaluations without a better dev score; 0 runs to the end.
        keep: `best` keeps the weights that scored best on dev; `last` those at the end, which on a small dev set is often the
            better choice: the best of many noisy scores is partly luck.
        precision: `bf16` runs matrix products in bfloat16 under autocast; on a device that cannot, they run in float32.
        evaluate_every: epochs between evaluations on dev.
    """

    epochs: float = Field(default=30, gt=0)
    seconds: float = Field(default=0, ge=0)
    batch_size: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    schedule: Schedule = "cosine"
    warmup: float = Field(default=0.1, ge=0, lt=1)
    clip: float = Field(default=1.0, ge=0)
    average: float = Field(default=0.99, ge=0, lt=1)
    patience: int = Field(default=0, ge=0)
    keep: Literal["best", "last"] = "best"
    precision: Literal["fp32", "bf16"] = "fp32"
    evaluate_every: float = Field(default=1, gt=0)
    seed: int = Field(default=1, ge=0)

    @property
    def matrix_dtype(self) -> torch.dtype:
        """The precision as torch knows it."""
        return torch.bfloat16 if self.precision == "bf16" else torch.float32


class Trainable(Protocol):
    """What the loop asks of a task; batches of one epoch are the same in every run with the same seed.

    Args:
        carried: what passes from one batch to the next, such as a recurrent state; saved with checkpoints, put back before
            a resumed run's first batch. Empty where batches stand alone.
    """

    carried: dict[str, Tensor]

    def batches(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """The training batches of an epoch, counted from 0, from batch `start` on."""
        ...

    def batches_per_epoch(self) -> int:
        """How many that yields."""
        ...

    def loss(self, batch: Any) -> tuple[Tensor, int]:
        """Summed loss in nats and the number of tokens it is summed over."""
        ...

    def dev_score(self) -> float:
        """The score on dev to be maximised, of the model as it stands."""
        ...


@dataclass(frozen=True)
class Step:
    """One update."""

    step: int
    epoch: int
    loss: float  # nats a token; on a GPU as last read
    tokens: int
    learning_rate: float
    gradient_norm: float
    seconds: float


@dataclass(frozen=True)
class Evaluated:
    """A look at dev."""

    step: int
    epoch: float  # epochs completed
    dev_score: float
    best_score: float
    best_epoch: float
    is_best: bool
    bad_evaluations: int  # in a row, since the best
    seconds: float
    trained: float  # seconds of updates before it


Event = Step | Evaluated


class Readings:
    """Loss and gradient norm of the updates, read from the device now and then.

    An update whose loss or gradient is not a number changes no weight: the optimizer itself passes it over, without anyone
    waiting to be told.
    """

    def __init__(self) -> None:
        self.loss = 0.0
        self.norm = 0.0
        self.unread: list[Tensor] = []

    def note(self, mean: Tensor, norm: Tensor) -> Tensor:
        """Keep them for the next reading; returns 1 where one of them is not a number, else 0, on their device."""
        values_2 = torch.stack([mean.detach().double(), norm.detach().double()])
        self.unread.append(values_2)
        return 1 - values_2.isfinite().all().float()

    def read(self) -> tuple[float, float]:
        """Of the first update since the last reading that went wrong, or else of the latest."""
        values = torch.stack(self.unread).tolist()
        self.unread.clear()
        self.loss, self.norm = next((pair for pair in values if not all(map(math.isfinite, pair))), values[-1])
        return self.loss, self.norm


class TrainState:
    """Everything a run needs to go on exactly where it stopped: weights, moments, average, counters, random state."""

    def __init__(self, model: nn.Module, config: TrainConfig) -> None:
        self.model = model
        self.config = config
        matrices = [w for w in model.parameters() if w.dim() > 1]
        others = [w for w in model.parameters() if w.dim() <= 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices}, {"params": others, "weight_decay": 0.0}],
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        self.average = Average(model, config.average) if config.average else None
        self.read_every = 1 if next(model.parameters()).device.type == "cpu" else READ_EVERY
        self.readings = Readings()
        self.step = 0
        self.epoch = 0
        self.batch = 0  # batches done in this epoch
        self.last_evaluation = 0  # its step
        self.last_evaluation_seconds = 0.0  # of updates before it
        self.best_score = -math.inf
        self.last_score = -math.inf
        self.best_epoch = 0.0
        self.best: dict[str, Tensor] = {}  # the weights to keep: those that scored best, or the last ones
        self.bad_evaluations = 0
        self.reductions = 0
        self.seconds = 0.0  # of updates but the first, in which kernels are chosen and memory is taken
        # What the run has taken so far, over all its legs; whoever follows the run books the wall and processor time.
        self.tokens = 0
        self.training_seconds = 0.0  # of all updates
        self.wall_seconds = 0.0
        self.cpu_seconds = 0.0
        self.peak_memory = 0  # bytes

    @property
    def out_of_patience(self) -> bool:
        """Whether to stop early; a run resumed from its very last checkpoint must not train on."""
        return 0 < self.config.patience <= self.bad_evaluations

    def weights_to_keep(self) -> Any:
        """A context in which the model carries the weights that are evaluated and saved."""
        return self.average.applied_to(self.model) if self.average else nullcontext()


def train(task: Trainable, state: TrainState) -> Iterator[Event]:
    """Train until `epochs` are done; stop early by leaving the generator.

    The state is complete whenever an event is yielded: save it then, and a later `train` goes on to identical weights.

    Raises:
        UserError: the loss or gradient is not a number; names step and batch.
    """
    config = state.config
    per_epoch = task.batches_per_epoch()
    every = max(1, round(config.evaluate_every * per_epoch))
    batches: Iterator[Any] = iter(())
    while True:
        over = state.seconds >= config.seconds if config.seconds else state.step >= updates(config, per_epoch)
        due = passed_a_tenth(state) if config.seconds else state.step % every == 0
        if state.step > state.last_evaluation and (due or over):
            yield evaluate(task, state, state.step / per_epoch)
        if over:
            return
        batch = next(batches, None)
        if batch is None:
            batches = task.batches(state.epoch, state.batch)
            batch = next(batches)
        step = update(task, state, batch, expected_updates(state, per_epoch))
        if state.batch == per_epoch:
            state.epoch, state.batch = state.epoch + 1, 0
        yield step


def updates(config: TrainConfig, per_epoch: int) -> int:
    """The number of updates of so many epochs."""
    return max(1, round(config.epochs * per_epoch))


def expected_updates(state: TrainState, per_epoch: int) -> float:
    """The number of updates of the whole run: those of its epochs, or as many as its seconds hold at the pace so far.

    While there is no pace yet they are taken for very many: under a warm-up the first updates then hardly move.
    """
    if not state.config.seconds:
        return updates(state.config, per_epoch)
    return state.config.seconds / max(state.seconds / max(state.step - 1, 1), SHORTEST)


def passed_a_tenth(state: TrainState) -> bool:
    """Whether a run by the clock has gone past a tenth of its seconds since it last looked at dev."""
    now, before = state.seconds / state.config.seconds, state.last_evaluation_seconds / state.config.seconds
    return int(EVALUATIONS * now) > int(EVALUATIONS * before)


def update(task: Trainable, state: TrainState, batch: Any, total: float) -> Step:
    """One step of gradient descent, of `total` in the whole run."""
    started = time.perf_counter()
    config = state.config
    state.model.train()
    factor = learning_rate_factor(config.schedule, state.step, total, config.warmup, state.reductions)
    for group in state.optimizer.param_groups:
        group["lr"] = config.learning_rate * factor
    loss, tokens = task.loss(batch)
    mean = loss / max(tokens, 1)
    state.optimizer.zero_grad()
    mean.backward()
    norm = nn.utils.clip_grad_norm_(state.model.parameters(), config.clip or math.inf, foreach=True)
    read_losses(state, mean, norm)
    state.optimizer.step()
    if state.average:
        state.average.update(state.model)
    seconds = time.perf_counter() - started
    if state.step:
        state.seconds += seconds
    state.tokens += tokens
    state.training_seconds += seconds
    state.step += 1
    state.batch += 1
    readings = state.readings
    return Step(state.step, state.epoch, readings.loss, tokens, config.learning_rate * factor, readings.norm, seconds)


def read_losses(state: TrainState, mean: Tensor, norm: Tensor) -> None:
    """Take note of an update's loss and gradient norm, and see that all is well; on a GPU every READ_EVERY updates.

    Raises:
        UserError: one is not a number, or was not since the last reading.
    """
    wrong = state.readings.note(mean, norm)
    if state.read_every > 1:
        state.optimizer.found_inf = wrong  # pyright: ignore[reportAttributeAccessIssue] # what a fused optimizer asks
        if state.step % state.read_every:
            return
    value, size = state.readings.read()
    if not math.isfinite(value) or not math.isfinite(size):
        since = f" or up to {state.read_every - 1} before" * (state.read_every > 1)
        raise UserError(
            f"training stopped: loss {value:g}, gradient norm {size:g} at step {state.step}{since}, "
            f"epoch {state.epoch}, batch {state.batch}; a lower train.learning_rate or train.clip may help"
        )


def evaluate(task: Trainable, state: TrainState, epochs: float) -> Evaluated:
    """Score the averaged weights on dev, after so many epochs."""
    started = time.perf_counter()
    config = state.config
    state.last_evaluation, state.last_evaluation_seconds = state.step, state.seconds
    state.model.eval()
    with state.weights_to_keep(), torch.inference_mode():
        score = task.dev_score()
        state.last_score = score
        is_best = score > state.best_score
        if is_best or config.keep == "last":
            state.best = {name: weight.detach().clone() for name, weight in state.model.named_parameters()}
    if is_best:
        state.best_score, state.best_epoch, state.bad_evaluations = score, epochs, 0
    else:
        state.bad_evaluations += 1
        state.reductions += 1
    seconds = time.perf_counter() - started
    best = state.best_score, state.best_epoch, is_best
    return Evaluated(state.step, epochs, score, *best, state.bad_evaluations, seconds, state.seconds)
