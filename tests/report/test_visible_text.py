import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.report.text import clip, enumerated, paragraphs, visible

ANYTHING = st.text(st.characters(exclude_categories=[]), max_size=30)


@given(ANYTHING)
def test_shown_text_steers_nothing(text: str) -> None:
    safe = visible(text)
    assert len(safe) == len(text)  # positions hold
    assert visible(safe) == safe
    safe.encode("utf-8")
    for character in safe:
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp") or character in "\t\n"
        assert unicodedata.bidirectional(character) not in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    element = ElementTree.Element("a")
    element.text = safe
    assert ElementTree.fromstring(ElementTree.tostring(element)).text == (safe or None)


@pytest.mark.parametrize("control", ["\x00", "\x1b", "\x7f", "\x85", "\x9b", "\r", "\u2028", "\u202e", "\u2066", "\ud800"])
def test_controls_are_not_shown_as_such(control: str) -> None:
    assert visible(f"a{control}b") not in ("ab", f"a{control}b")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp", "Cn"])))
def test_letters_of_any_script_stay(text: str) -> None:
    assert visible(text) == text


def test_paragraphs() -> None:
    assert paragraphs(" one\ntwo \n\n\n three\n\n") == ["one two", "three"]
    assert paragraphs("") == []


def test_clip() -> None:
    assert clip("abc", 3) == "abc"
    assert clip("abcd", 3) == "ab…"


def test_names_are_enumerated() -> None:
    told = [enumerated(names, "or") for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])]
    assert told == ["", "a", "a or b", "a, b or c"]
