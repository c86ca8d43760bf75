"""THE training loop: a generator of events. Logging, checkpoints and early stopping are consumers outside it.

A GPU works behind the program's back, and reading a number of it waits until all that was asked before is done. So there the
next update is asked for first, and then an update's numbers are read: one is always under way, and the clock still counts the
GPU's work. On a CPU an update is done when it returns, and is told at once.
"""

import math
import time
from collections import deque
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

LOOKS = 10  # evaluations on dev of a run by the clock
SHORTEST = 1e-6  # seconds; no update takes less


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
    """One update. On a GPU it is told when the next one is under way, and `TrainState` has both."""

    step: int
    epoch: int
    loss: float  # nats a token
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
    stalled: int  # evaluations since the best
    seconds: float
    trained: float  # seconds of updates before it


Event = Step | Evaluated


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
        self.step = 0
        self.epoch = 0
        self.batch = 0  # batches done in this epoch
        self.looked = 0  # the step of the last evaluation
        self.best_score = -math.inf
        self.last_score = -math.inf
        self.best_epoch = 0.0
        self.best: dict[str, Tensor] = {}  # the weights to keep: those that scored best, or the last ones
        self.stalled = 0
        self.halvings = 0
        self.seconds = 0.0  # of updates but the first, in which kernels are chosen and memory is taken

    def weights_to_keep(self) -> Any:
        """A context in which the model carries the weights that are evaluated and saved."""
        return self.average.applied_to(self.model) if self.average else nullcontext()


def train(task: Trainable, state: TrainState) -> Iterator[Event]:
    """Train until `epochs` are done; stop early by leaving the generator.

    The state is complete whenever an event is yielded: save it then, and a later `train` goes on to identical weights.

    Raises:
        UserError: the loss or gradient is not a number; names step and batch. The weights are those before that update.
    """
    config = state.config
    ahead = updates_ahead(next(state.model.parameters()).device)
    begun: deque[Begun] = deque()
    per_epoch = task.batches_per_epoch()
    every = max(1, round(config.evaluate_every * per_epoch))
    batches: Iterator[Any] = iter(())
    step: Step | None = None
    while True:
        over = state.seconds >= config.seconds if config.seconds else state.step >= updates(config, per_epoch)
        due = passes_a_tenth(state, step) if config.seconds else state.step % every == 0
        if state.step > state.looked and (due or over):
            while begun:
                yield begun.popleft().told(state)
            yield evaluate(task, state, state.step / per_epoch)
        if over:
            return
        batch = next(batches, None)
        if batch is None:
            batches = task.batches(state.epoch, state.batch)
            batch = next(batches)
        begun.append(update(task, state, batch, expected_updates(state, per_epoch)))
        if state.batch == per_epoch:
            state.epoch, state.batch = state.epoch + 1, 0
        step = begun.popleft().told(state) if len(begun) > ahead else None
        if step:
            yield step


def updates_ahead(device: torch.device) -> int:
    """How many updates may be under way while one is told."""
    return int(device.type != "cpu")


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


def passes_a_tenth(state: TrainState, step: Step | None) -> bool:
    """Whether the last update of a run by the clock went past a tenth of its seconds."""
    if step is None:
        return False
    now = state.seconds / state.config.seconds
    before = max(state.seconds - step.seconds, 0.0) / state.config.seconds
    return int(LOOKS * now) > int(LOOKS * before)


def update(task: Trainable, state: TrainState, batch: Any, total: float) -> "Begun":
    """One step of gradient descent, of `total` in the whole run; none at all where loss or gradient is not a number."""
    started = time.perf_counter()
    config = state.config
    state.model.train()
    factor = learning_rate_factor(config.schedule, state.step, total, config.warmup, state.halvings)
    for group in state.optimizer.param_groups:
        group["lr"] = config.learning_rate * factor
    loss, tokens = task.loss(batch)
    mean = loss / max(tokens, 1)
    state.optimizer.zero_grad()
    mean.backward()
    limit = config.clip or math.inf
    norm = nn.utils.clip_grad_norm_(state.model.parameters(), limit, foreach=True)
    # AdamW's own switch, which gradient scalers use: the device itself leaves the weights alone, and nobody has to look.
    bad = ~(mean.detach().isfinite() & norm.isfinite())
    state.optimizer.found_inf = bad.float()  # pyright: ignore[reportAttributeAccessIssue]
    state.optimizer.step()
    if state.average:
        state.average.update(state.model)
    place = state.step, state.epoch, state.batch
    state.step += 1
    state.batch += 1
    return Begun(*place, Numbers(mean.detach(), norm), tokens, config.learning_rate * factor, time.perf_counter() - started)


class Numbers:
    """Single numbers on their way from a device, read without waiting for what it was asked to do later."""

    def __init__(self, *values: Tensor) -> None:
        self.values = torch.stack(values).to("cpu", non_blocking=True)
        self.arrival = torch.cuda.Event() if values[0].is_cuda else None
        if self.arrival:
            self.arrival.record()

    def read(self) -> list[float]:
        """The numbers."""
        if self.arrival:
            self.arrival.synchronize()
        return self.values.tolist()


@dataclass(frozen=True)
class Begun:
    """An update that was asked for, its place that before it.

    Args:
        seconds: that the asking took.
    """

    step: int
    epoch: int
    batch: int
    numbers: Numbers
    tokens: int
    learning_rate: float
    seconds: float

    def told(self, state: TrainState) -> Step:
        """Wait for it, which counts as its time.

        Raises:
            UserError: it was not made, since its loss or gradient is not a number.
        """
        started = time.perf_counter()
        loss, norm = self.numbers.read()
        if not math.isfinite(loss) or not math.isfinite(norm):
            state.step, state.epoch, state.batch = self.step, self.epoch, self.batch
            raise UserError(
                f"training stopped: loss {loss:g}, gradient norm {norm:g} at step {self.step}, "
                f"epoch {self.epoch}, batch {self.batch}; a lower train.learning_rate or train.clip may help"
            )
        seconds = self.seconds + time.perf_counter() - started
        if self.step:
            state.seconds += seconds
        return Step(self.step + 1, self.epoch, loss, self.tokens, self.learning_rate, norm, seconds)


def evaluate(task: Trainable, state: TrainState, epochs: float) -> Evaluated:
    """Score the averaged weights on dev, after so many epochs."""
    started = time.perf_counter()
    config = state.config
    state.looked = state.step
    state.model.eval()
    with state.weights_to_keep(), torch.inference_mode():
        score = task.dev_score()
        state.last_score = score
        is_best = score > state.best_score
        if is_best or config.keep == "last":
            state.best = {name: weight.detach().clone() for name, weight in state.model.named_parameters()}
    if is_best:
        state.best_score, state.best_epoch, state.stalled = score, epochs, 0
    else:
        state.stalled += 1
        state.halvings += 1
    seconds = time.perf_counter() - started
    best = state.best_score, state.best_epoch, is_best
    return Evaluated(state.step, epochs, score, *best, state.stalled, seconds, state.seconds)
