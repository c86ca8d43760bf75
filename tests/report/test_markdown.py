from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from seqkit.report.markdown import escape, to_markdown
from seqkit.report.report import Lines, Report, Section, Series, Table
from seqkit.report.text import visible

PARSER = MarkdownIt("commonmark").enable("table")


def everything(text: str) -> list[Token]:
    return [token for block in PARSER.parse(text) for token in (block, *(block.children or ()))]


def cells(text: str) -> list[str]:
    """What the reader sees in each table cell."""
    tokens = PARSER.parse(text)
    inside = [tokens[at + 1] for at, token in enumerate(tokens) if token.type in ("td_open", "th_open")]
    return ["".join(child.content for child in token.children or ()) for token in inside]


def test_nothing_from_outside_becomes_markup(report: Report) -> None:
    kinds = {token.type for token in everything(to_markdown(report))}
    assert kinds.isdisjoint({"html_block", "html_inline", "link_open", "image", "fence", "code_block", "code_inline", "hr"})


def test_every_table_keeps_its_columns(report: Report) -> None:
    text = to_markdown(report)
    tables = [block for block in text.strip().split("\n\n") if block.startswith("| ")]
    assert len(tables) >= 8
    for table in tables:
        rows = PARSER.parse(table)
        assert rows[0].type == "table_open"
        per_row = len(cells("\n".join(table.split("\n")[:2])))
        assert len(cells(table)) == per_row * (len(table.split("\n")) - 1)


def test_a_column_of_figures_stays_one_where_a_word_stands_for_one() -> None:
    table = Table("t", ("name", "cost", "why"), (("a", 1.5, "slow"), ("b", 2.5, "x"), ("c", "no memory", None)))
    text = to_markdown(Report("r", sections=(Section("s", "", (table,)),)))
    assert "| --- | ---: | --- |" in text


def test_numbers_that_a_table_tells_are_not_told_twice() -> None:
    plot = Lines("growth", "tokens", "MB", (Series("lstm", (1, 2), (3, 4)),), tabulated=True)
    assert "growth" not in to_markdown(Report("r", sections=(Section("s", "", (plot,)),)))
    assert "growth" in to_markdown(Report("r", sections=(Section("s", "", (replace(plot, tabulated=False),)),)))


@given(st.text(max_size=12), st.text(max_size=12))
@example("a|b\\", "`|`")
@example("\\|", "<b>&amp;$x$ ![i](j) ~~k~~ **l** _m_")
@example("---", ":--")
def test_a_cell_shows_exactly_its_text(one: str, other: str) -> None:
    table = Table("t", ("x", "y"), ((one, other),))
    read = cells(to_markdown(Report("r", sections=(Section("s", "", (table,)),))))
    assert read[2:] == [" ".join(visible(text).split()) for text in (one, other)]


@given(st.text(max_size=12))
@example("# a")
@example("1. a")
@example("12) a")
@example("- a")
@example("===")
@example("~~~")
@example("    code")
@example("https://example.org www.example.org <a@b.c>")
def test_a_paragraph_shows_exactly_its_text(text: str) -> None:
    text = visible(text)
    tokens = PARSER.parse(escape(text))
    wanted = " ".join(text.split())
    assert [token.type for token in tokens] == (["paragraph_open", "inline", "paragraph_close"] if wanted else [])
    assert "".join(child.content for token in tokens for child in token.children or ()) == wanted


def test_long_curves_are_thinned_and_say_so() -> None:
    curve = Lines("c", "step", "loss", (Series("loss", tuple(range(500)), tuple(range(500))),))
    text = to_markdown(Report("r", sections=(Section("s", "", (curve,)),)))
    assert "12 of 500 points" in text
    assert "| 0 | 0 |" in text
    assert "| 499 | 499 |" in text
