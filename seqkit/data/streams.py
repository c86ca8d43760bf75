"""Windows over a stream of tokens, for training: side by side in streams with the state carried, or whole ones in random order.

Axes: B streams or windows, T tokens of a window.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqkit.data.token_store import Tokens
from seqkit.errors import UserError

_AHEAD = 1 << 12  # tokens of each stream that are read at once


@dataclass(frozen=True, slots=True)
class Window:
    """What one update sees.

    Args:
        token_BT: inputs.
        target_BT: the token after each.
        fresh: the state starts anew; otherwise it is the one that the window before left.
    """

    token_BT: NDArray[np.int64]
    target_BT: NDArray[np.int64]
    fresh: bool


def contiguous_batches(length: int, batch: int, window: int) -> int:
    """How many windows `contiguous_windows` gives in every epoch.

    Raises:
        UserError: the text is shorter than one window.
    """
    targets = _targets(length, window)
    # One window is kept back, so that every epoch can begin elsewhere and none is shorter than another.
    return max((targets - window) // (batch * window), 1)


def contiguous_windows(tokens: Tokens, batch: int, window: int, *, seed: int, epoch: int, start: int = 0) -> Iterator[Window]:
    """An epoch of `batch` contiguous streams: row b of a window goes on where row b of the window before ended.

    Every epoch begins at another place, and its first window is fresh. A text too short for streams apart has overlapping ones.

    Args:
        start: the first window to give; those before it are not read.

    Raises:
        UserError: the text is shorter than one window.
    """
    count = contiguous_batches(len(tokens), batch, window)
    spare = len(tokens) - 1 - count * window  # how far into the text the last stream may begin
    apart = min(count * window, spare // max(batch - 1, 1))
    phase = int(_random(seed, epoch).integers(spare - (batch - 1) * apart + 1))
    first_B = [phase + stream * apart for stream in range(batch)]
    return _contiguous(tokens, first_B, window, range(start, count))


def _contiguous(tokens: Tokens, first_B: list[int], window: int, numbers: range) -> Iterator[Window]:
    ahead = max(_AHEAD // window, 1)
    for begin in range(numbers.start, numbers.stop, ahead):
        end = min(begin + ahead, numbers.stop)
        block_BT = np.stack([tokens.read(first + begin * window, first + end * window + 1) for first in first_B])
        for number in range(begin, end):
            yield _window(block_BT[:, (number - begin) * window :], window, fresh=number == 0)


def window_batches(length: int, batch: int, window: int) -> int:
    """How many batches `shuffled_windows` gives in every epoch.

    Raises:
        UserError: the text is shorter than one window.
    """
    return -(-_windows(length, window) // batch)


def shuffled_windows(tokens: Tokens, batch: int, window: int, *, seed: int, epoch: int, start: int = 0) -> Iterator[Window]:
    """An epoch of windows that lie side by side in the text, in random order, cut elsewhere in every epoch.

    The last batch may be smaller. The order takes 4 bytes a window.

    Args:
        start: the first batch to give; those before it are not read.

    Raises:
        UserError: the text is shorter than one window.
    """
    count = _windows(len(tokens), window)
    random = _random(seed, epoch)
    phase = int(random.integers(len(tokens) - count * window))
    order = random.permutation(np.arange(count, dtype=np.int32))
    return _shuffled(tokens, order, phase, batch, window, start)


def _shuffled(tokens: Tokens, order: NDArray[np.int32], phase: int, batch: int, window: int, start: int) -> Iterator[Window]:
    for begin in range(start * batch, len(order), batch):
        places = [phase + number * window for number in order[begin : begin + batch].tolist()]
        yield _window(np.stack([tokens.read(place, place + window + 1) for place in places]), window, fresh=True)


def _windows(length: int, window: int) -> int:
    return max(_targets(length, window) // window - 1, 1)  # one is kept back, as in `contiguous_batches`


def _window(block_BT: NDArray[np.int32], window: int, *, fresh: bool) -> Window:
    return Window(block_BT[:, :window].astype(np.int64), block_BT[:, 1 : window + 1].astype(np.int64), fresh)


def _targets(length: int, window: int) -> int:
    if length < window + 1:
        raise UserError(f"the training text has {length:,} tokens, fewer than one window of {window:,} + 1")
    return length - 1


def _random(seed: int, epoch: int) -> np.random.Generator:
    return np.random.default_rng([seed, epoch])
