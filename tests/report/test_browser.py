"""The page in a real browser, on a desk and on a telephone: nothing asked for, nothing cut off, everything can be reached.

Needs a Chromium and Playwright, neither of which is downloaded for it; skips itself without them.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seqkit.report.html import to_html
from seqkit.report.report import Report

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")

DESK, TELEPHONE = (1280, 900), (390, 800)
sizes = pytest.mark.parametrize("size", [DESK, TELEPHONE], ids=["desk", "telephone"])

# The hostile label of nothing but W is left out: what is shortened is shortened by the width of common letters.
TEXTS_OUTSIDE = """() => [...document.querySelectorAll("svg")].flatMap(svg => {
    const box = svg.getBoundingClientRect();
    const outside = own => own.left < box.left - 1 || own.right > box.right + 1
        || own.top < box.top - 1 || own.bottom > box.bottom + 1;
    return [...svg.querySelectorAll("text")]
        .filter(text => text.getBoundingClientRect().width && outside(text.getBoundingClientRect()))
        .map(text => text.textContent).filter(words => !words.startsWith("WWW"));
})"""
TOO_WIDE = "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
IN_VIEW = "node => { const box = node.getBoundingClientRect(); return box.top < window.innerHeight && box.bottom > 0; }"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        # Without its sandbox, which containers do not allow; the page is our own.
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield one
        one.close()


@pytest.fixture(scope="module")
def path(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_text(to_html(replace(report, sections=(*report.sections, *report.sections[:1]))), encoding="utf-8")
    return page


@pytest.fixture
def opened(browser: Any, path: Path, size: tuple[int, int]) -> Iterator[tuple[Any, list[str], list[str]]]:
    """The page, what it asked for and what the browser complained of."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    yield page, asked, complaints
    page.close()


@sizes
def test_it_opens_in_silence(opened: tuple[Any, list[str], list[str]], path: Path) -> None:
    page, asked, complaints = opened
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert complaints == []
    assert page.title()
    assert page.evaluate("() => document.scripts.length") == 0


@sizes
def test_nothing_is_cut_off(opened: tuple[Any, list[str], list[str]]) -> None:
    page, *_ = opened
    page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate(TOO_WIDE) <= 0, "the page must not scroll sideways; wide tables do so in their own box"
    assert page.locator("svg").count() > 5
    assert page.evaluate(TEXTS_OUTSIDE) == []


@sizes
def test_every_section_and_every_table_can_be_reached(opened: tuple[Any, list[str], list[str]]) -> None:
    page, *_ = opened
    links = page.locator("nav a")
    assert links.count() > 2
    for number in range(links.count()):
        link = links.nth(number)
        target = page.locator(str(link.get_attribute("href")))
        link.scroll_into_view_if_needed()
        link.click()
        assert target.evaluate(IN_VIEW), link.inner_text()
    summaries = page.locator("summary:visible")
    assert summaries.count() > 5
    summary = summaries.first
    closed = page.locator("details[open]").count()
    summary.click()
    assert page.locator("details[open]").count() == closed + 1


@pytest.mark.parametrize("size", [DESK], ids=["paper"])
def test_it_prints(opened: tuple[Any, list[str], list[str]], tmp_path: Path) -> None:
    page, *_ = opened
    printed = tmp_path / "page.pdf"
    page.pdf(path=str(printed), format="A4")
    assert printed.stat().st_size > 20_000
    page.emulate_media(media="print")
    assert page.evaluate(TEXTS_OUTSIDE) == []


@sizes
def test_a_page_named_by_the_environment(browser: Any, size: tuple[int, int]) -> None:
    """`SEQKIT_PAGE=runs/…/report.html pytest tests/report/test_browser.py`: the same laws for a page of one's own."""
    given = os.environ.get("SEQKIT_PAGE")
    if not given:
        pytest.skip("SEQKIT_PAGE names no page")
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto(Path(given).resolve().as_uri())
    page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(TEXTS_OUTSIDE) == []
    page.close()
