import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.report.report import Bars, Figure, Report, Section, Sentence, Series, Span, Table


def test_json_is_standard_and_says_what_the_dict_says(report: Report) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    text = report.to_json()
    assert json.loads(text, parse_constant=refuse) == report.to_dict()
    text.encode("utf-8")  # no lone surrogates left
    assert report.to_dict()["schema_version"] == 1


def test_json_is_stable_through_a_round_trip(report: Report) -> None:
    read = Report.from_dict(json.loads(report.to_json()))
    assert read.to_json() == report.to_json()
    assert [type(block) for block in read.sections[0].blocks] == [type(block) for block in report.sections[0].blocks]


numbers = st.none() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(texts, numbers, numbers), max_size=4), texts)
def test_what_json_can_hold_comes_back_equal(rows: list[tuple[str, float, float]], title: str) -> None:
    cells = tuple((name, Figure(name, one, spread=other), one) for name, one, other in rows)
    report = Report(title, sections=(Section("s", title, (Table("t", ("a", "b", "c"), cells),)),))
    assert Report.from_dict(json.loads(report.to_json())) == report


def test_numpy_scalars_are_numbers() -> None:
    report = Report("x", headline=(Figure("a", float(np.float32(0.5)), n=np.int64(3)), Figure("b", np.float32(0.25))))
    assert [figure["value"] for figure in report.to_dict()["headline"]] == [0.5, 0.25]
    json.loads(report.to_json())


def test_another_schema_is_refused(report: Report) -> None:
    with pytest.raises(ValueError, match="schema 2"):
        Report.from_dict({**report.to_dict(), "schema_version": 2})


def test_ill_formed_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="1 cells in a row of 2"):
        Table("t", ("a", "b"), (("x",),))
    with pytest.raises(ValueError, match="differ in length"):
        Series("s", (1, 2), (1,))
    with pytest.raises(ValueError, match="every group needs 2"):
        Bars("b", "y", ("p", "q"), (("g", (1,)),))
    with pytest.raises(ValueError, match="overlaps"):
        Sentence(("a", "b"), (Span(0, 2, "X"), Span(1, 2, "X")), ())
    with pytest.raises(ValueError, match="leaves"):
        Sentence(("a", "b"), (), (Span(1, 3, "X"),))
    with pytest.raises(ValueError, match="2 confidences"):
        Sentence(("a", "b"), (), (Span(0, 1, "X"),), (0.1, 0.2))
