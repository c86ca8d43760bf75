import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from seqkit.report.report import Figure, Lines, Report, Section, Series, Span, Table
from seqkit.report.terminal import print_report, render_entities, sparkline


def printed(report: Report, width: int, encoding: str = "utf-8", colour: bool = False, detail: bool = False) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    console = Console(file=stream, width=width, force_terminal=colour, color_system="truecolor" if colour else None)
    print_report(report, console, detail=detail)
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [20, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(report: Report, width: int) -> None:
    text = printed(report, width, detail=True)
    assert max(cell_len(line) for line in text.split("\n")) <= width
    assert not any(line != line.rstrip() for line in text.split("\n"))


def test_a_pipe_gets_no_control_characters(report: Report) -> None:
    assert not [character for character in printed(report, 80) if ord(character) < 32 and character != "\n"]


def test_a_terminal_gets_only_colours(report: Report) -> None:
    text = printed(report, 80, colour=True)
    assert "\x1b[" in text
    assert "\x1b[31m lone" not in text  # the token's own escape
    assert "\x07" not in text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_console_that_is_not_utf8_gets_plain_characters(report: Report, encoding: str) -> None:
    assert "test F1" in printed(report, 80, encoding)


def test_a_recording_console_records_it(report: Report) -> None:
    console = Console(file=io.StringIO(), width=80, record=True)
    print_report(report, console)
    assert "22.4 ± 0.6 % [20.1, 24.9]" in console.export_text()


def test_verdict_and_headline_come_first(report: Report) -> None:
    text = printed(report, 80)
    assert text.index("As good as") < text.index("22.4 ± 0.6 % [20.1, 24.9]") < text.index("Per type")
    assert "Empty blocks" not in text
    assert "Empty blocks" in printed(report, 80, detail=True)


def test_markup_in_text_is_only_text() -> None:
    text = printed(Report("[bold]x[/bold] :smile:", verdict=("[red]y",)), 80)
    assert "[bold]x[/bold] :smile:" in text
    assert "[red]y" in text


def test_a_wide_table_is_cut_and_repeats_its_first_column() -> None:
    names = tuple(f"system {number}" for number in range(6))
    row = ("test F1", *(Figure("", 20.0 + number, "%", interval=(1, 2)) for number in range(6)))
    text = printed(Report("r", sections=(Section("s", "", (Table("t", ("", *names), (row,)),)),)), 80)
    assert text.count("test F1") > 1
    assert all(f"{20 + number}.0 % [1.0, 2.0]" in text for number in range(6))


def test_a_learning_curve_becomes_a_sparkline() -> None:
    curve = Lines("curve", "epoch", "F1", (Series("dev", (1, 2, 3), (10.0, float("nan"), 30.0)),))
    assert "▁█  10.0 → 30.0" in printed(Report("r", sections=(Section("s", "", (curve,)),)), 80)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200))
def test_sparklines_fit_and_keep_their_ends(values: list[float]) -> None:
    line = sparkline(values, 40)
    assert len(line) == min(40, len(values))
    if len(values) > 1 and values[0] == min(values) < max(values) == values[-1]:
        assert line[0] == "▁"
        assert line[-1] == "█"


def test_entities_without_colour() -> None:
    tokens = ["Ada", "Lovelace", "wrote", "to", "Charles", "Babbage"]
    spans = (Span(4, 6, "PER"), Span(0, 2, "PER"))
    assert render_entities(tokens, spans, colour=False).plain == "[Ada Lovelace PER] wrote to [Charles Babbage PER]"
    text = "Ada  Lovelace wrote."
    assert render_entities(text, [Span(0, 13, "PER")], colour=False).plain == "[Ada  Lovelace PER] wrote."
    confident = render_entities(tokens, spans, colour=False, confidences=(0.5, 0.98))
    assert confident.plain == "[Ada Lovelace PER 0.98] wrote to [Charles Babbage PER 0.50]"
    assert render_entities("", ()).plain == ""


def test_entities_in_colour_carry_their_label_and_no_foreign_escape() -> None:
    text = render_entities("Ada \x1b[31mX\ud800", [Span(0, 3, "PER")])
    assert text.plain == "Ada PER ␛[31mX\ufffd"
    assert text.spans


def test_one_line_stays_one_line() -> None:
    stream = io.StringIO()
    text = render_entities("word " * 100 + "Ada", [Span(500, 503, "PER")], colour=False)
    Console(file=stream, width=40).print(text, soft_wrap=True)
    assert stream.getvalue().count("\n") == 1


def test_overlapping_entities_are_refused() -> None:
    with pytest.raises(ValueError, match="overlaps"):
        render_entities("Ada", [Span(0, 2, "A"), Span(1, 3, "B")])
    with pytest.raises(ValueError, match="leaves"):
        render_entities("Ada", [Span(0, 4, "A")])
