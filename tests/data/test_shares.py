"""Shares of a training split: nested, in order, the same every time."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from seqkit.data.examples import Text
from seqkit.data.shares import beginning_of, share_of

SHARES = (0.001, 0.01, 0.03, 0.1, 0.3, 0.5, 1.0)


@pytest.mark.parametrize("count", [1, 7, 1000])
def test_a_share_is_a_part_of_every_larger_one(count: int):
    examples = list(range(count))
    drawn = [share_of(examples, share) for share in SHARES]
    for share, some in zip(SHARES, drawn, strict=True):
        assert max(1, share * count) <= len(some) < share * count + 1
        assert some == sorted(some)
        assert some == share_of(examples, share)
    assert all(set(smaller) <= set(larger) for smaller, larger in pairwise(drawn))
    assert drawn[-1] == examples


def test_a_share_is_drawn_from_everywhere():
    drawn = share_of(range(1000), 0.1)
    assert all(sum(start <= place < start + 250 for place in drawn) > 12 for start in range(0, 1000, 250))


@pytest.mark.parametrize("characters", range(1, 13))
def test_running_text_is_cut_after_so_many_characters(characters: int):
    def texts() -> Iterator[Text]:
        yield from (Text("abcd", True, "one"), Text("efgh", False, "one"), Text("ijkl", True, "two"))

    pieces = list(beginning_of(texts, characters)())
    assert "".join(piece.text for piece in pieces) == "abcdefghijkl"[:characters]
    assert all(piece.text for piece in pieces)
    assert [piece.opens for piece in pieces] == [True, False, True][: len(pieces)]
