from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqkit.data import streams
from seqkit.data.streams import Window, contiguous_batches, contiguous_windows, shuffled_windows, window_batches
from seqkit.errors import UserError


class Counted:
    """The numbers 0, 1, 2, … as tokens, so that a token tells its place; notes what is read."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.reads: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return self.length

    def read(self, start: int, stop: int, /) -> NDArray[np.int32]:
        assert 0 <= start < stop <= self.length
        self.reads.append((start, stop))
        return np.arange(start, stop, dtype=np.int32)


SHAPES = {
    "length": st.integers(2, 600),
    "batch": st.integers(1, 9),
    "window": st.integers(1, 40),
    "seed": st.integers(0, 5),
    "epoch": st.integers(0, 5),
}


def check_shape(window: Window, batch: int, steps: int) -> None:
    for part in (window.token_BT, window.target_BT):
        assert part.shape == (batch, steps)
        assert part.dtype == np.int64
        assert part.flags.writeable
    assert (window.target_BT == window.token_BT + 1).all(), "a target is the next token"
    assert (np.diff(window.token_BT, axis=1) == 1).all()


@given(**SHAPES)
def test_a_lane_goes_on_where_it_ended(length: int, batch: int, window: int, seed: int, epoch: int) -> None:
    assume(length > window)
    found = list(contiguous_windows(Counted(length), batch, window, seed=seed, epoch=epoch))
    assert len(found) == contiguous_batches(length, batch, window)
    assert [each.fresh for each in found] == [True] + [False] * (len(found) - 1)
    for each in found:
        check_shape(each, batch, window)
    for before, after in pairwise(found):
        assert (after.token_BT[:, 0] == before.target_BT[:, -1]).all()
    places = np.concatenate([each.token_BT.ravel() for each in found])
    assert places.min() >= 0
    if length - 1 >= (batch + 1) * window:
        assert len(set(places.tolist())) == len(places), "streams do not overlap"
        assert len(places) > length - 1 - (batch + 1) * window, "little is left out"


@given(**SHAPES)
def test_shuffled_windows_lie_side_by_side(length: int, batch: int, window: int, seed: int, epoch: int) -> None:
    assume(length > window)
    found = list(shuffled_windows(Counted(length), batch, window, seed=seed, epoch=epoch))
    assert len(found) == window_batches(length, batch, window)
    assert all(each.fresh for each in found)
    for each in found[:-1]:
        check_shape(each, batch, window)
    check_shape(found[-1], len(found[-1].token_BT), window)
    firsts = sorted(int(first) for each in found for first in each.token_BT[:, 0])
    assert (np.diff(firsts) == window).all()
    assert len(firsts) * window > length - 1 - 2 * window


@pytest.mark.parametrize("read", [contiguous_windows, shuffled_windows])
@given(**SHAPES, data=st.data(), ahead=st.integers(1, 100))
def test_a_start_in_the_middle_gives_the_same_windows_without_reading_the_first(
    read: Callable[..., list[Window]],
    length: int,
    batch: int,
    window: int,
    seed: int,
    epoch: int,
    data: st.DataObject,
    ahead: int,
) -> None:
    assume(length > window)
    whole = list(read(Counted(length), batch, window, seed=seed, epoch=epoch))
    start = data.draw(st.integers(0, len(whole)))
    tokens = Counted(length)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "_AHEAD", ahead)
        rest = list(read(tokens, batch, window, seed=seed, epoch=epoch, start=start))
    assert len(rest) == len(whole) - start
    for one, other in zip(rest, whole[start:], strict=True):
        assert (one.token_BT == other.token_BT).all()
        assert (one.target_BT == other.target_BT).all()
        assert one.fresh == other.fresh
    wanted = sum(each.target_BT.size for each in rest)
    assert sum(stop - begin for begin, stop in tokens.reads) <= wanted + len(tokens.reads)


@pytest.mark.parametrize("read", [contiguous_windows, shuffled_windows])
def test_epochs_and_seeds_differ_and_repeat(read: Callable[..., list[Window]]) -> None:
    def firsts(seed: int, epoch: int) -> list[int]:
        found = read(Counted(8 * 64 * 20 + 1), 8, 64, seed=seed, epoch=epoch)
        return [int(each.token_BT[0, 0]) for each in found]

    assert firsts(1, 1) == firsts(1, 1)
    assert len({tuple(firsts(seed, epoch)) for seed in range(3) for epoch in range(3)}) > 6
    assert len({firsts(1, epoch)[0] % 64 for epoch in range(50)}) > 25, "windows are cut elsewhere"


def test_windows_come_in_random_order() -> None:
    firsts = [
        int(first) for each in shuffled_windows(Counted(64 * 200), 8, 64, seed=1, epoch=1) for first in each.token_BT[:, 0]
    ]
    assert abs(np.corrcoef(firsts, np.arange(len(firsts)))[0, 1]) < 0.25


def test_lanes_read_ahead_in_large_blocks() -> None:
    tokens = Counted(4 * 64 * 640)
    assert len(list(contiguous_windows(tokens, 4, 64, seed=1, epoch=1))) == 639
    assert len(tokens.reads) == 4 * 10


@pytest.mark.parametrize("call", [contiguous_windows, shuffled_windows])
def test_a_text_shorter_than_a_window_is_refused_at_the_call(call: Callable[..., object]) -> None:
    message = r"^the training text has 1,000 tokens, fewer than one window of 1,000 \+ 1$"
    with pytest.raises(UserError, match=message):
        call(Counted(1000), 4, 1000, seed=1, epoch=1)
    for count in (contiguous_batches, window_batches):
        with pytest.raises(UserError, match=message):
            count(1000, 4, 1000)
        assert count(1001, 4, 1000) == 1
