"""Evaluation protocols: what a model may remember when it predicts a token.

A split of N tokens x_0 … x_{N-1} has N targets, x_0 … x_{N-1}. Target x_t is predicted after reading x_{t-1}, which ends the
context; x_0 is predicted after `end`, as the first token of a document. Boundaries between documents are tokens like any
other: read and predicted. All protocols predict the same targets, so their figures differ by the context alone.

- `carried`: one state, carried from the first token to the last.
- `reset(window)`: a new state every `window` tokens, so that windows of `window` inputs predict as many targets: x_{t-1} is the
  first input of the window whose first target is x_t, though it was the last target of the window before. These are nanoGPT's
  pairs of inputs and targets, cut side by side instead of drawn at random.
- `sliding(window, stride)`: windows of `window` inputs, one every `stride` tokens; each predicts its last `stride` targets
  alone, the first one all, so that a target is predicted from more than `window - stride` inputs, or from the whole past.

Axes: B windows side by side, T tokens, V symbols, S segments, W positions in a window.
"""

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from seqkit.data.token_store import Tokens
from seqkit.errors import UserError, suggestion
from seqkit.models.language_model import LanguageModel

SEGMENT = 256
"""Tokens of a segment, the unit that the bootstrap resamples; the same places in a text for every model."""
PIECE = 1024
"""Tokens scanned at once, at most."""
LOGIT_BYTES = 64 << 20
"""Logits held at once, at most."""


class Window(NamedTuple):
    """Targets `start` to `stop` are read by one fresh state; those from `scored` on count."""

    start: int
    scored: int
    stop: int


@dataclass(frozen=True)
class Carried:
    """One state for the whole split."""

    def windows(self, length: int) -> Iterator[Window]:
        """One window, whatever the length."""
        if length:
            yield Window(0, 0, length)

    @property
    def positions(self) -> int:
        """A position in the split is none in a window."""
        return 0

    def __str__(self) -> str:
        return "carried"


@dataclass(frozen=True)
class Sliding:
    """Windows that overlap.

    Args:
        window: inputs of each.
        stride: targets of each but the first.
    """

    window: int
    stride: int

    def windows(self, length: int) -> Iterator[Window]:
        """The last one ends where the split ends."""
        scored = 0
        while scored < length:
            start = max(scored - (self.window - self.stride), 0)
            stop = min(start + self.window, length)
            yield Window(start, scored, stop)
            scored = stop

    @property
    def positions(self) -> int:
        """Positions in a window."""
        return self.window

    def __str__(self) -> str:
        return f"sliding({self.window},{self.stride})"


@dataclass(frozen=True)
class Reset:
    """Windows that do not overlap.

    Args:
        window: inputs of each, and targets.
    """

    window: int

    def windows(self, length: int) -> Iterator[Window]:
        """Side by side; the last one may be shorter."""
        return Sliding(self.window, self.window).windows(length)

    @property
    def positions(self) -> int:
        """Positions in a window."""
        return self.window

    def __str__(self) -> str:
        return f"reset({self.window})"


EvaluationProtocol = Carried | Reset | Sliding

KNOWN = {
    "carried": "carried",
    "reset": "reset(window), the window at least 1",
    "sliding": "sliding(window, stride), the stride between 1 and the window",
}
SHAPE = re.compile(r"\s*(\w*)\s*(?:\(\s*([0-9]{1,18})\s*(?:,\s*([0-9]{1,18})\s*)?\)\s*)?")


def parse_protocol(text: str) -> EvaluationProtocol:
    """`carried`, `reset(64)` or `sliding(256,64)`.

    Raises:
        UserError: no such protocol, or its numbers make no sense; suggests the nearest.
    """
    name = re.split(r"\W", text.strip())[0]
    if name not in KNOWN:
        known = ", ".join(what.split(", the")[0] for what in KNOWN.values())
        raise UserError(f"protocol '{text}': not known{suggestion(name, list(KNOWN))} (known: {known})")
    written = SHAPE.fullmatch(text)
    match name, [int(number) for number in written.groups()[1:] if number] if written else None:
        case "carried", []:
            return Carried()
        case "reset", [window] if window:
            return Reset(window)
        case "sliding", [window, stride] if 1 <= stride <= window:
            return Sliding(window, stride)
        case _:
            raise UserError(f"protocol '{text}': write {KNOWN[name]}")


@dataclass(frozen=True)
class TokenLosses:
    """The nats of a split.

    Args:
        segment_S2: nats and tokens of each segment of SEGMENT tokens; the units of `significance.nats_per_token`, which two
            systems with the same tokenizer may be compared by, whatever their protocols.
        position_W2: nats and tokens by position in the window, the first one having read one token; empty for `carried`.
    """

    segment_S2: NDArray[np.float64]
    position_W2: NDArray[np.float64]

    @property
    def nats(self) -> float:
        """Of all tokens together."""
        return float(self.segment_S2[:, 0].sum())

    @property
    def tokens(self) -> int:
        """The number of targets."""
        return int(self.segment_S2[:, 1].sum())

    @property
    def nats_per_token(self) -> float:
        """Mean over all tokens."""
        return self.nats / self.tokens


def evaluate(
    model: LanguageModel, tokens: Tokens, protocol: EvaluationProtocol, *, end: int, batch_size: int = 32
) -> TokenLosses:
    """The nats of every token of a split, dropout off, in memory that does not grow with the split beyond its segments.

    Args:
        end: the document boundary, after which the first token is predicted.
        batch_size: windows side by side; `carried` has one. Less where the vocabulary is large.

    Raises:
        UserError: there is no token.
    """
    stream = Stream(tokens, end)
    return _evaluate(model, stream, protocol.windows(len(tokens)), protocol.positions, batch_size)


def carried_in_streams(model: LanguageModel, tokens: Tokens, streams: int, warm_up: int) -> TokenLosses:
    """An approximation of `carried` for scores during training: the split in streams, evaluated side by side.

    Each stream but the first starts from a fresh state that has read the `warm_up` tokens before it: it forgets what lies
    further back. The first token of the split is read and not predicted.

    Raises:
        UserError: there are less than two tokens.
    """
    predicted = len(tokens) - 1
    stream = max(-(-(predicted - warm_up) // streams), 1)
    windows = (Window(*(place + 1 for place in window)) for window in Sliding(warm_up + stream, stream).windows(predicted))
    return _evaluate(model, Stream(tokens, end=0), windows, 0, streams)


@dataclass(frozen=True)
class Stream:
    """Tokens as pairs of an input and its target."""

    tokens: Tokens
    end: int

    def __len__(self) -> int:
        return len(self.tokens)

    def pairs(self, start: int, stop: int) -> NDArray[np.int64]:
        """Rows of inputs and targets, (2, stop - start), for targets `start` to `stop`."""
        read = self.tokens.read(max(start - 1, 0), stop).astype(np.int64)
        if start == 0:
            read = np.concatenate([np.array([self.end], dtype=np.int64), read])
        return np.stack([read[:-1], read[1:]])


@contextmanager
def evaluating(model: LanguageModel) -> Generator[None]:
    """Dropout off, and afterwards as before."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def tokens_at_once(model: LanguageModel) -> int:
    """Tokens whose logits together stay within LOGIT_BYTES."""
    with torch.no_grad():
        token_11 = torch.zeros(1, 1, dtype=torch.int64, device=device_of(model))
        return max(LOGIT_BYTES // model.scan(token_11, model.start(1))[0].nbytes, 1)


def device_of(model: LanguageModel) -> torch.device:
    """Where its weights are."""
    return next(model.parameters()).device


def token_nats(logit_BTV: Tensor, target_BT: Tensor) -> Tensor:
    """nats_BT of each target, at least in float32."""
    logit_BTV = logit_BTV.float() if logit_BTV.dtype.itemsize < 4 else logit_BTV
    return cross_entropy(logit_BTV.flatten(0, 1), target_BT.flatten(), reduction="none").view_as(target_BT)


class Totals:
    """Sums of nats that windows add to in any order."""

    def __init__(self, length: int, positions: int) -> None:
        self.segment_S2 = np.zeros((-(-length // SEGMENT), 2))
        self.position_W2 = np.zeros((min(positions, length), 2))

    def add(self, place: int, nats_T: NDArray[np.float64], position: int = 0) -> None:
        """The nats of targets from `place` on, which stand at `position` and after in their window."""
        place_T = np.arange(place, place + len(nats_T))
        _add(self.segment_S2, place_T // SEGMENT, nats_T)
        if len(self.position_W2):
            _add(self.position_W2, place_T - place + position, nats_T)

    def losses(self) -> TokenLosses:
        """What was added up.

        Raises:
            UserError: nothing was.
        """
        if not self.segment_S2[:, 1].any():
            raise UserError("there is nothing to predict: the text has no tokens")
        return TokenLosses(self.segment_S2, self.position_W2)


def _add(total_N2: NDArray[np.float64], index_T: NDArray[np.int64], nats_T: NDArray[np.float64]) -> None:
    if not len(index_T):
        return
    first = int(index_T[0])
    rows_T = index_T - first
    part_N2 = np.stack([np.bincount(rows_T, nats_T), np.bincount(rows_T)], axis=1)
    total_N2[first : first + len(part_N2)] += part_N2


@torch.no_grad()
def _evaluate(model: LanguageModel, stream: Stream, windows: Iterator[Window], positions: int, batch_size: int) -> TokenLosses:
    totals = Totals(len(stream), positions)
    with evaluating(model):
        at_once = tokens_at_once(model)
        while batch := list(islice(windows, min(batch_size, at_once))):
            _score(model, stream, batch, min(PIECE, at_once // len(batch)), totals)
    return totals.losses()


def _score(model: LanguageModel, stream: Stream, batch: list[Window], piece: int, totals: Totals) -> None:
    """Scan windows side by side, `piece` tokens at once; shorter ones are padded at their ends, where nothing comes after."""
    device = device_of(model)
    state = model.start(len(batch))
    longest = max(window.stop - window.start for window in batch)
    for first in range(0, longest, piece):
        last = min(first + piece, longest)
        pair_B2T = np.zeros((len(batch), 2, last - first), dtype=np.int64)
        for row, (start, _, stop) in enumerate(batch):
            read = stream.pairs(start + first, min(start + last, stop)) if start + first < stop else pair_B2T[row, :, :0]
            pair_B2T[row, :, : read.shape[1]] = read
        token_BT, target_BT = torch.from_numpy(pair_B2T).to(device).unbind(1)
        logit_BTV, state = model.scan(token_BT, state)
        if any(start + first < stop and scored < start + last for start, scored, stop in batch):
            nats_BT = token_nats(logit_BTV, target_BT).double().cpu().numpy()
            for (start, scored, stop), nats_T in zip(batch, nats_BT, strict=True):
                place = max(start + first, scored)
                totals.add(place, nats_T[place - start - first : max(stop - start - first, 0)], place - start)
