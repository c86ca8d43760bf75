from collections.abc import Generator
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqkit.data.examples import Text
from seqkit.data.splitting import Extent, SplitRule, Stream, assign, divide, documents_at, measure, repeated
from seqkit.errors import UserError

DOCUMENTS = st.lists(st.lists(st.text("ab\nX:", min_size=1, max_size=12), min_size=1, max_size=4), min_size=1, max_size=6)


def stream_of(documents: list[list[str]]) -> Stream:
    def texts() -> Generator[Text, None, None]:
        for name, pieces in enumerate(documents):
            for number, piece in enumerate(pieces):
                yield Text(piece, number == 0, f"d{name}")

    return texts


def joined(stream: Stream) -> list[str]:
    """The documents, whole; a rest that opens none stands first."""
    found: list[str] = []
    for text in stream():
        assert text.text
        if text.opens or not found:
            found.append("")
        found[-1] += text.text
    return found


def rule(by: str, train: float = 0.9, dev: float = 0.05, test: float = 0.05, **more: object) -> SplitRule:
    return SplitRule.model_validate({"by": by, "train": train, "dev": dev, "test": test, **more})


def extent_of(documents: list[str]) -> Extent:
    """Counted in the plainest way."""
    lines = sum(len(document.removesuffix("\n").split("\n")) for document in documents)
    return Extent(sum(map(len, documents)), lines, len(documents))


@given(documents=DOCUMENTS)
def test_the_extent_is_the_text_counted(documents: list[list[str]]) -> None:
    assert measure(stream_of(documents)()) == extent_of(["".join(pieces) for pieces in documents])


@given(documents=DOCUMENTS, by=st.sampled_from(["characters", "lines"]), dev=st.integers(1, 50), test=st.integers(0, 49))
def test_contiguous_shares_lose_nothing(documents: list[list[str]], by: str, dev: int, test: int) -> None:
    stream = stream_of(documents)
    given = rule(by, (100 - dev - test) / 100, dev / 100, test / 100)
    whole = "".join(text.text for text in stream())
    ends = [len(whole) * (100 - dev - test) // 100, len(whole) * (100 - test) // 100, len(whole)]
    empty = any(first == end for first, end in pairwise([0, *ends]) if first < len(whole))
    try:
        parts = divide(stream, given, "name")
    except UserError:
        assert empty
        return
    assert by == "lines" or not empty
    assert list(parts) == ["train", "dev", "test"][: 3 if test else 2]
    assert "".join(text.text for part in parts.values() for text in part.texts()) == whole
    for part in parts.values():
        assert part.extent == extent_of(joined(part.texts))
        assert joined(part.texts) == joined(part.texts), "a part can be read again"
    if by == "characters":
        assert parts["train"].extent.characters == ends[0]
        assert parts["train"].extent.characters + parts["dev"].extent.characters == ends[1]


@given(lines=st.lists(st.text("ab", max_size=5), min_size=60, max_size=90), size=st.integers(1, 30))
def test_lines_are_cut_at_the_next_line_start(lines: list[str], size: int) -> None:
    whole = "\n".join(lines) + "\n"
    parts = divide(stream_of([[whole[at : at + size] for at in range(0, len(whole), size)]]), rule("lines", 0.5, 0.3, 0.2), "x")
    starts = [0, *(at + 1 for at, character in enumerate(whole) if character == "\n")]
    train = parts["train"].extent.characters
    assert train == min(start for start in starts if start >= len(whole) // 2)
    assert train + parts["dev"].extent.characters == min(start for start in starts if start >= len(whole) * 8 // 10)
    assert sum(part.extent.lines for part in parts.values()) == len(lines)


def test_a_text_without_lines_is_cut_inside() -> None:
    parts = divide(stream_of([["a" * 1000]]), rule("lines"), "name")
    assert [part.extent.characters for part in parts.values()] == [900, 50, 50]
    assert [part.extent.documents for part in parts.values()] == [1, 1, 1]
    assert [next(part.texts()).opens for part in parts.values()] == [True, False, False]


@pytest.mark.parametrize("by", ["characters", "lines", "documents"])
def test_no_text_and_too_little_are_refused(by: str) -> None:
    with pytest.raises(UserError, match=r"^some\.txt: is empty; there is no text to learn from$"):
        divide(stream_of([]), rule(by), "some.txt")
    with pytest.raises(UserError, match=r"^some\.txt: too little text: the dev split comes out empty"):
        divide(stream_of([["abc"]]), rule(by), "some.txt")


@given(documents=DOCUMENTS)
def test_records_are_cut_where_their_lines_start(documents: list[list[str]]) -> None:
    stream = stream_of(documents)
    expected: list[str] = []
    for document in ("".join(pieces) for pieces in documents):
        records, seen = [""], False
        for line in document.splitlines(keepends=True):
            if line.startswith("X:"):
                if seen:
                    records.append("")
                seen = True
            records[-1] += line
        expected += records
    # A piece that begins inside a line hides `X:` that is cut in two; readers cut after line feeds where they can.
    assert joined(lambda: documents_at(stream_of([["".join(pieces)] for pieces in documents])(), "X:")) == expected
    assert "".join(text.text for text in documents_at(stream(), "X:")) == "".join(text.text for text in stream())


def test_an_x_inside_a_line_opens_nothing() -> None:
    pieces = ["head\nX:1\na ", "X:2\n", "X:3\nb\n", "c\nX:4"]
    found = list(documents_at(stream_of([pieces])(), "X:"))
    assert [(text.text, text.opens, text.document) for text in found] == [
        ("head\nX:1\na ", True, "d0 1"),
        ("X:2\n", False, "d0 1"),
        ("X:3\nb\n", True, "d0 2"),
        ("c\n", False, "d0 2"),
        ("X:4", True, "d0 3"),
    ]


def test_equal_documents_go_by_turns_of_ten() -> None:
    shares = rule("documents", 0.8, 0.1, 0.1).shares()
    assert assign([7] * 20, shares) == (["train"] * 8 + ["dev", "test"]) * 2


@example(sizes=list(range(1, 13)))
@given(sizes=st.lists(st.integers(1, 1000), min_size=10, max_size=60))
def test_ten_documents_leave_no_split_empty_and_shares_near(sizes: list[int]) -> None:
    shares = rule("documents", 0.8, 0.1, 0.1).shares()
    assigned = assign(sizes, shares)
    had = {split: sum(size for size, to in zip(sizes, assigned, strict=True) if to == split) for split in shares}
    assert all(had.values())
    assert had["dev"] <= Fraction(1, 10) * sum(sizes) + max(sizes)
    assert had["test"] <= Fraction(1, 10) * sum(sizes) + max(sizes)


def test_documents_that_repeat_another_stay_in_train() -> None:
    tunes = [f"X:{n}\nT:tune {n}\n{chr(97 + n) * 30}\n" for n in range(20)]
    tunes[3] += "T:Tune 7\n"
    tunes[5] += f"  {'z' * 30}\n"
    tunes[9] += f"{'Z' * 30}  \n"
    tunes[11] += "short\n"
    tunes[12] += "short\n"
    stream = stream_of([[tune] for tune in tunes])
    assert repeated(stream(), "T:", 30) == {3, 5, 7, 9}
    assert repeated(stream(), None, 30) == {5, 9}
    given = rule("documents", 0.6, 0.2, 0.2, titles="T:", repeats=30)
    parts = divide(stream, given, "tunes")
    assert set(joined(parts["train"].texts)) >= {tunes[n] for n in (3, 5, 7, 9)}
    assert sorted(tune for part in parts.values() for tune in joined(part.texts)) == sorted(tunes)
    for part in parts.values():
        assert part.extent == extent_of(joined(part.texts))


def test_a_rule_says_itself_in_words() -> None:
    assert str(rule("characters")) == "train 90 %, dev 5 %, test 5 % of the characters, in order"
    told = str(rule("documents", 0.8, 0.2, 0, starts="X:", titles="T:", repeats=40))
    assert told == (
        "whole documents opened by 'X:', train 80 %, dev 20 %; "
        "those that share a title or a line of 40 characters are all in train"
    )
