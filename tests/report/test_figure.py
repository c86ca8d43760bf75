import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqkit.report.figure import Figure, cell_text, number_text


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure("F1", 22.4, "%", interval=(20.1, 24.9)), "22.4 % [20.1, 24.9]"),
        (Figure("F1", 22.4, spread=0.6), "22.4 ± 0.6"),
        (Figure("F1", 22.4, "%", spread=0.6), "22.4 ± 0.6 %"),
        (Figure("speed", 17400, "words/s"), "17.4 k words/s"),
        (Figure("speed", 1.5, "×"), "1.50×"),
        (Figure("size", 630_000, "parameters"), "0.630 M parameters"),
        (Figure("memory", 257e6, "bytes"), "257 MB"),
        (Figure("memory", 12, "bytes"), "12 B"),
        (Figure("latency", 0.0016, "s"), "1.60 ms"),
        (Figure("training", 180, "s"), "180 s"),
        (Figure("training", 5400, "s"), "90.0 min"),
        (Figure("entities", 1079, "entities"), "1,079 entities"),
        (Figure("difference", -0.9, "%", interval=(-1.9, 0.04)), "−0.9 % [−1.9, 0.0]"),
        (Figure("p", 0.31, digits=2), "0.31"),
        (Figure("p", 0.0003), "0.0003"),
        (Figure("gradient", 3e-9), "3.00e−09"),
        (Figure("speed", 999_999, "words/s"), "1.00 M words/s"),
        (Figure("speed", 0, "words/s"), "0 words/s"),
        (Figure("F1", None, "%"), "–"),
        (Figure("F1", math.nan, "%"), "NaN"),
        (Figure("F1", 3.0, "%", interval=(None, math.inf)), "3.0 % [–, ∞]"),
        (Figure("family", "lstm"), "lstm"),
    ],
)
def test_text(figure: Figure, text: str) -> None:
    assert figure.text() == text


def test_a_unit_named_beside_it_is_not_repeated() -> None:
    assert Figure("", 17400, "words/s").text("training words/s") == "17.4 k"
    assert Figure("", 22.4, "%").text("test F1 (%)") == "22.4"
    assert Figure("", 0.0016, "s").text("time in s") == "1.60 ms"  # else milliseconds would pass for seconds


def test_basis() -> None:
    assert Figure("", 1, n=1079, seeds=(1, 2, 3)).basis() == "n = 1,079; seeds 1–3"
    assert Figure("", 1, seeds=(7,)).basis() == "seed 7"
    assert Figure("", 1, seeds=(1, 3)).basis() == "seeds 1, 3"


def test_cells() -> None:
    assert [cell_text(cell) for cell in (None, 1240, 0.5, "x", True)] == ["–", "1,240", "0.500", "x", "yes"]


@given(st.floats(1e-6, 1e15) | st.floats(-1e15, -1e-6))
def test_a_number_reads_back_to_three_digits(number: float) -> None:
    read = float(number_text(number).replace(",", "").replace("−", "-"))
    assert read == pytest.approx(number, rel=0.006, abs=6e-5 if abs(number) >= 1e-4 else 0)


@given(st.floats(allow_nan=True), st.sampled_from(["%", "s", "bytes", "words/s", "parameters", "", "×"]))
@example(1.795e308, "")
def test_any_float_in_any_unit_has_a_text(number: float, unit: str) -> None:
    assert Figure("x", number, unit, spread=number, interval=(number, number)).text()
