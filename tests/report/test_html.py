import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from seqkit.report.html import TEMPLATES, to_html
from seqkit.report.plots import COLOURS, GRID, INK, MUTED
from seqkit.report.report import Figure, Report, Section, Sentence, Sentences, Span, Table

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """The tags of a page, its ids, what it refers to and what it says; asserts that tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.said = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href", "data", "action", "poster", "srcset"):
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.said += data


@pytest.fixture(scope="module")
def text(report: Report) -> str:
    return to_html(report)


def test_the_page_asks_for_nothing_and_runs_nothing(text: str) -> None:
    page = Page(text)
    assert all(link.startswith("#") or link == "data:," for link in page.links)
    assert not {"script", "iframe", "object", "embed", "base", "form", "img", "image", "foreignobject"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name == "style"]
    style = text.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "http://" not in text
    assert "https://" not in text


def test_the_policy_allows_this_style_sheet_and_nothing_else(text: str) -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.replace("&#39;", "'").split(";"))
    style = text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == f"'sha256-{digest}'"
    assert text.index("Content-Security-Policy") < text.index("<style>")
    assert text.count("<style") == 1


def test_everything_from_outside_is_only_text(text: str, nasty: str) -> None:
    assert nasty not in text
    said = Page(text).said
    assert said.count(nasty) >= 8
    assert "NER & <b>more</b>" in said
    assert "<!--" in said
    assert "&amp;" in said  # the token, not an ampersand


def test_what_is_no_character_is_replaced(text: str) -> None:
    encoded = text.encode("utf-8")
    assert not [byte for byte in encoded if byte < 32 and byte not in b"\n\t"]
    assert "\u202e" not in text
    assert "␀" in text


def test_ids_are_unique_and_every_link_has_its_end(text: str) -> None:
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_headings_and_language(text: str) -> None:
    page = Page(text)
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert ("html", "lang", "en") in page.attributes
    assert ("p", "dir", "auto") in page.attributes
    assert text.lower().startswith("<!doctype html>")


def test_missing_values_and_empty_blocks_are_said(text: str) -> None:
    said = Page(text).said
    assert "–" in said
    assert "NaN" in said
    assert "−∞" in said
    for words in ("No rows.", "No data.", "None.", "Nothing to report."):
        assert words in said


def test_the_smallest_report_is_a_page() -> None:
    assert "Nothing" in Page(to_html(Report("Nothing"))).said


def test_the_same_report_gives_the_same_page(report: Report) -> None:
    assert to_html(report) == to_html(report)


@pytest.mark.parametrize("systems", [1, 6])
def test_a_table_has_a_cell_for_each_system(systems: int) -> None:
    columns = ("", *(f"system {number}" for number in range(systems)))
    row = ("test F1", *(Figure("", 20, "%") for _ in range(systems)))
    page = Page(to_html(Report("r", sections=(Section("s", "", (Table("t", columns, (row,)),)),))))
    assert page.tags.count("td") == systems
    assert page.tags.count("th") == systems + 2


def test_errors_show_gold_prediction_and_kind() -> None:
    wrong = Sentence(("Ada", "Lovelace", "wrote"), (Span(0, 2, "PER"),), (Span(1, 2, "ORG"),), (0.934,))
    text = to_html(Report("r", sections=(Section("s", "", (Sentences("e", (wrong,)),)),)))
    said = Page(text).said
    assert "boundary and type" in said
    assert "gold PER “Ada Lovelace”" in said
    assert "predicted ORG “Lovelace” 0.93" in said
    assert '<span class="g ">Ada </span><span class="g p t0">Lovelace</span>' in text


def test_the_style_sheet_knows_the_colours_of_the_plots() -> None:
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    recoloured = set(re.findall(r'svg \[(?:fill|stroke)="(#[0-9a-f]{6})"\]', style))
    assert {INK, MUTED, GRID} <= recoloured <= {INK, MUTED, GRID, *COLOURS}
