"""Lists of names, the user's own and those that come with corpora."""

import pytest

from seqkit.data.card import TaggedCard, all_cards, card_of
from seqkit.data.home import packaged
from seqkit.data.name_lists import read_names
from seqkit.data.schemes import spans
from seqkit.data.tagged import load_tagged
from seqkit.errors import UserError


def test_a_name_a_line(tmp_path):
    path = tmp_path / "people.txt"
    path.write_bytes("\ufeffAda Lovelace\r\n\n  \nO'Brien-Smith, Jr.\nÅsa\u2028Öst".encode())
    assert read_names(path) == [("Ada", "Lovelace"), ("O'Brien-Smith", ",", "Jr."), ("Åsa", "Öst")]


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_list_has_names(tmp_path, text):
    (tmp_path / "none.txt").write_text(text)
    with pytest.raises(UserError, match=r"none\.txt: has no names"):
        read_names(tmp_path / "none.txt")
    with pytest.raises(UserError, match=r"missing\.txt"):
        read_names(tmp_path / "missing.txt")


@pytest.mark.parametrize("split", ["dev", "test"])
def test_the_people_of_newsdesk_are_not_those_it_is_tested_on(split):
    card = card_of(TaggedCard, "ner/newsdesk")
    people = set(read_names(packaged("corpora") / card.names["PER"]))
    assert len(people) > 900
    sentences, _ = load_tagged(packaged("corpora") / card.files[split].path)
    asked = {s.tokens[span.start : span.end] for s in sentences for span in spans(s.tags)}
    assert not people & asked


def test_every_list_of_a_card_can_be_read():
    listed = [card for card in all_cards() if isinstance(card, TaggedCard) and card.names]
    assert [card.name for card in listed] == ["ner/newsdesk"]
    for card in listed:
        for place in card.names.values():
            assert read_names(packaged("corpora") / place)
