"""Passages of text: shown as they are laid out, and unable to leave their place."""

import io
import json

import pytest
from rich.console import Console

from seqkit.report.html import to_html
from seqkit.report.markdown import to_markdown
from seqkit.report.report import Report, Section, Texts
from seqkit.report.terminal import print_report

HOSTILE = "a ```` fence\n```\n<script>alert(1)</script>\n  indented\x1b[31m red \0 \u202e \ud800\n# no heading"


def report(*items: tuple[str, str]) -> Report:
    return Report("t", sections=(Section("What it writes", blocks=(Texts("Samples", items),)),))


def printed(one: Report) -> str:
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    print_report(one, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_layout_is_kept():
    one = report(("temperature 0.5", "first\n   second\n\nthird"))
    assert "first\n   second\n\nthird" in to_markdown(one)
    assert "first\n   second\n\nthird</pre>" in to_html(one)
    assert "    first\n       second\n" in printed(one)
    for text in (to_markdown(one), to_html(one), printed(one)):
        assert "temperature 0.5" in text


def test_nothing_gets_out():
    one = report(("x", HOSTILE))
    page, markdown, terminal = to_html(one), to_markdown(one), printed(one)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    for text in (page, markdown, terminal):
        assert not set("\x1b\0\u202e\ud800") & set(text)
    fence = markdown.split("text\n")[0].split("\n")[-1]
    assert fence == "`" * 5
    assert markdown.count(fence) == 2


def test_a_leading_line_feed_survives_html():
    # A parser drops one line feed right after <pre>.
    assert '<pre dir="auto">\n\nafter an empty line' in to_html(report(("x", "\nafter an empty line")))


def test_the_terminal_shows_a_part_of_a_long_text():
    told = printed(report(("x", "\n".join(f"line {number}" for number in range(100)))))
    assert "line 0" in told
    assert "line 99" not in told
    assert "more lines in the report" in told


def test_json_brings_it_back():
    one = report(("a", "text"), ("b", ""))
    assert Report.from_dict(json.loads(one.to_json())) == one


@pytest.mark.parametrize("text", ["", "\n", "`" * 40])
def test_odd_texts(text: str):
    assert all((to_html(report(("x", text))), to_markdown(report(("x", text))), printed(report(("x", text)))))
