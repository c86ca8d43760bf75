"""No text stands in two splits."""

from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.grouping import assign_groups, folded, groups
from seqkit.data.splitting import Split

SHARES: dict[Split, Fraction] = {"train": Fraction("0.8"), "dev": Fraction("0.1"), "test": Fraction("0.1")}
ROWS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("stuvwxyz")), max_size=30)


def test_capitals_punctuation_and_spaces_tell_nothing_apart() -> None:
    assert folded("Hi,  Tom!") == folded("hi tom") == "hitom"
    assert folded("»Straße« …") == folded("STRASSE")
    assert folded("की") != folded("का")  # folded apart by combining marks alone
    assert folded("...") == "..."
    assert folded("10") != folded("1")


@given(ROWS)
def test_groups_are_the_connected_rows(rows: list[tuple[str, str]]) -> None:
    """Against the closure of sharing a text, grown by brute force."""
    group = groups(rows)
    for start, first in enumerate(group):
        reached = {start}
        while more := {
            number
            for number, row in enumerate(rows)
            if number not in reached and any(row[0] == rows[other][0] or row[1] == rows[other][1] for other in reached)
        }:
            reached |= more
        assert first == min(reached)
        assert {number for number, other in enumerate(group) if other == first} == reached


@given(ROWS)
def test_no_text_stands_in_two_splits(rows: list[tuple[str, str]]) -> None:
    assigned = assign_groups(rows, SHARES)
    assert len(assigned) == len(rows)
    for place in (0, 1):
        of_text: dict[str, set[str]] = {}
        for row, split in zip(rows, assigned, strict=True):
            of_text.setdefault(row[place], set()).add(split)
        assert all(len(splits) == 1 for splits in of_text.values())


def test_rows_without_a_text_in_common_get_their_shares() -> None:
    rows = [(f"source {number}", f"target {number}") for number in range(1000)]
    assert Counter(assign_groups(rows, SHARES)) == {"train": 800, "dev": 100, "test": 100}
    assert assign_groups(rows, SHARES) == assign_groups(rows, SHARES)


def test_what_stands_in_different_places_is_not_alike() -> None:
    assert groups([("a", "b"), ("b", "a")]) == [0, 1]
    assert groups([]) == []
