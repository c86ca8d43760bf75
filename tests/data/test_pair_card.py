"""Cards of pairs: what they may say, and what those that come with seqkit say of real files."""

import gzip
import os
from collections import Counter
from pathlib import Path

import pytest

from seqkit.data.card import PairCard, TaggedCard, TextCard, all_cards, card_of, load_card
from seqkit.data.fetch import fetch
from seqkit.data.home import mirror_folder
from seqkit.data.pairs import load_pairs
from seqkit.errors import UserError

needs_mirror = pytest.mark.skipif("SEQKIT_CORPORA_MIRROR" not in os.environ, reason="needs SEQKIT_CORPORA_MIRROR")
SUM = "0" * 64
HEAD = """name = "translate/tiny"
title = "Tiny"
description = "Pairs."
language = "mul"
licence = "CC0"
citation = "None."
"""
LINES = f'''{HEAD}format = "lines"
annotation = "pairs"
sides = ["en", "de", "fr"]

[files.train-en]
path = "translate/tiny/train.en"
sha256 = "{SUM}"
[files.train-de]
path = "translate/tiny/train.de"
sha256 = "{SUM}"
[files.train-fr]
path = "translate/tiny/train.fr"
sha256 = "{SUM}"

[counts]
train = {{ pairs = 3 }}
'''
DIVIDED = f'''{HEAD}format = "tsv"
annotation = "pairs"
sides = ["lemma", "form"]
columns = {{ lemma = [1, 3], form = [2] }}

[files.all]
path = "translate/tiny/all.tsv"
sha256 = "{SUM}"

[split]
train = 0.8
dev = 0.2
together = ["lemma"]

[counts]
dev = {{ pairs = 3 }}
'''


def write(folder: Path, text: str) -> Path:
    path = folder / "translate" / "tiny" / "corpus.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, text: str) -> PairCard:
    card = load_card(write(folder, text))
    assert isinstance(card, PairCard)
    return card


def test_a_card_of_aligned_files_is_read_as_written(tmp_path: Path) -> None:
    card = load(tmp_path, LINES)
    assert card.splits() == ["train"]
    assert card.directions() == ["en-de", "en-fr", "de-en", "de-fr", "fr-en", "fr-de"]
    assert card.sides_of() == ("en", "de")
    assert card.sides_of("fr-en") == ("fr", "en")
    with pytest.raises(
        UserError, match=r"^translate/tiny has no direction 'de-es'; did you mean 'de-en'\? \(it has: en-de, en-fr,"
    ):
        card.sides_of("de-es")


def test_a_card_of_columns_is_read_as_written(tmp_path: Path) -> None:
    card = load(tmp_path, DIVIDED)
    assert card.splits() == ["train", "dev"]
    assert card.side_columns() == [[1, 3], [2]]
    assert str(card.split) == "train 80 %, dev 20 %; no lemma stands in two splits"
    plain = DIVIDED.replace("columns = { lemma = [1, 3], form = [2] }\n", "")
    assert load(tmp_path, plain).side_columns() == [[1], [2]]


@pytest.mark.parametrize("split", ["test_2016_flickr", "test_long", "train_low", "test"])
def test_further_splits_are_allowed(tmp_path: Path, split: str) -> None:
    text = LINES.replace("files.train-", f"files.{split}-").replace("train = {", f"{split} = {{")
    assert load(tmp_path, text).splits() == [split]


@pytest.mark.parametrize(
    ("text", "old", "new", "line", "message"),
    [
        (LINES, '"lines"', '"csv"', 7, "format: input should be 'tsv', 'lines' or 'dictionary'"),
        (LINES, '["en", "de", "fr"]', '["en"]', 9, "sides: should be two or more different names"),
        (LINES, '["en", "de", "fr"]', '["en", "de", "de"]', 9, "sides: should be two or more different names"),
        (LINES, '["en", "de", "fr"]', '["En", "de", "fr"]', 9, "sides.0: should be a word in lower case"),
        (LINES, '"lines"', '"dictionary"', 9, "sides: should be two for a dictionary"),
        (LINES, 'sides = ["en"', 'columns = { en = [1] }\nsides = ["en"', 9, "columns: only go with the format tsv"),
        (LINES, "files.train-fr", "files.dev-fr", None, "split: is missing, and so is the file 'dev-de'"),
        (LINES, "files.train-fr", "files.train-es", None, "split: is missing, and so is the file 'train-fr'"),
        (LINES, "[counts]", f'[files.train]\npath = "a"\nsha256 = "{SUM}"\n[counts]', None, "split: is missing: 'train' is no"),
        (LINES, "train-", "other-", None, "split: is missing: 'other' is no split"),
        (LINES, "train = {", "dev = {", 21, "counts: dev is counted but is no split"),
        (LINES, "train = {", "other = {", 22, "counts.other: should be train, dev, test, train_… or test_…"),
        (LINES, "pairs = 3", "sentences = 3", 22, "counts.train.sentences: unknown key (known: pairs)"),
        (
            LINES,
            "[counts]",
            '[split]\ntrain = 0.9\ndev = 0.1\ntogether = ["en"]\n[counts]',
            21,
            "split: does not go with the format",
        ),
        (DIVIDED, "form = [2] }", "forn = [2] }", 10, "columns: should name the sides: lemma, form"),
        (DIVIDED, "form = [2] }", "form = [0] }", 10, "columns.form.0: input should be greater than or equal to 1"),
        (DIVIDED, "form = [2] }", "form = [] }", 10, "columns.form: list should have at least 1 item"),
        (DIVIDED, "files.all", "files.train", 16, "split: does not go with a file that is a split, as 'train' is"),
        (DIVIDED, "dev = 0.2", "dev = 0.3", 16, "split.test: the shares add up to 1.1, not 1"),
        (DIVIDED, '["lemma"]\n', '["lema"]\n', 16, "split: 'lema' is no side"),
        (DIVIDED, "together =", "togther =", 19, "split.togther: unknown key; did you mean 'together'? (known: train, dev,"),
        (DIVIDED, "dev = {", "test = {", 21, "counts: test is counted but is no split"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, text: str, old: str, new: str, line: int | None, message: str) -> None:
    assert old in text
    path = write(tmp_path, text.replace(old, new))
    with pytest.raises(UserError) as caught:
        load_card(path)
    place = f"{path}:{line}" if line else f"{path}"
    assert any(fault.startswith(f"{place}: {message}") for fault in str(caught.value).split("\n")), caught.value


def test_a_card_of_the_wrong_kind_is_refused_by_name() -> None:
    assert card_of(PairCard, "multi30k").sides == ["en", "de", "fr"]
    with pytest.raises(UserError, match=r"^corpus 'ner/wnut17' is labelled sentences, not pairs of texts$"):
        card_of(PairCard, "wnut17")
    with pytest.raises(UserError, match=r"^corpus 'translate/multi30k' is pairs of texts, not labelled sentences$"):
        card_of(TaggedCard, "multi30k")
    with pytest.raises(UserError, match=r"^corpus 'translate/multi30k' is pairs of texts, not running text$"):
        card_of(TextCard, "multi30k")


def mirrored(name: str) -> list[str]:
    """The lines of a file of the mirror, read with nothing of seqkit."""
    path = Path(os.environ["SEQKIT_CORPORA_MIRROR"]) / name
    data = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes())
    return data.decode().removesuffix("\n").split("\n")


PAIR_CARDS = [card for card in all_cards() if isinstance(card, PairCard) and not card.embedded]


@needs_mirror
@pytest.mark.parametrize("card", PAIR_CARDS, ids=lambda card: card.name)
def test_every_direction_has_the_pairs_that_the_card_counts(card: PairCard, tmp_path: Path) -> None:
    files = fetch(card, mirror=mirror_folder(), cache=tmp_path)
    counted = {split: counts.pairs for split, counts in card.counts.items()}
    one, other = (load_pairs(card, files, direction) for direction in ("-".join(card.sides[:2]), "-".join(card.sides[1::-1])))
    assert list(one.splits) == list(other.splits) == card.splits()
    for corpus in (one, other):
        assert {split: len(pairs) for split, pairs in corpus.splits.items()} == counted
        assert {split: reading.pairs for split, reading in corpus.readings.items()} == counted
        assert not any(reading.empty for reading in corpus.readings.values())
    for split, pairs in one.splits.items():
        assert [(pair.target, pair.source) for pair in other.splits[split]] == [(pair.source, pair.target) for pair in pairs]
    lines = sum(len(mirrored(card.files[key].path)) for key in card.files if card.format != "lines" or key.endswith("-en"))
    assert sum(counted.values()) == lines


@needs_mirror
def test_multi30k_is_aligned_and_as_odd_as_its_card_says(tmp_path: Path) -> None:
    card = card_of(PairCard, "multi30k")
    files = fetch(card, mirror=mirror_folder(), cache=tmp_path)
    corpora = {direction: load_pairs(card, files, direction) for direction in ("en-de", "en-fr", "de-fr")}
    found = {
        (direction, split): (leak.pairs, leak.sources, leak.targets)
        for direction, corpus in corpora.items()
        for split, leak in corpus.leakage().items()
    }
    assert found["en-de", "dev"] == (0, 1, 1)
    assert found["en-fr", "dev"] == (1, 1, 3)
    assert found["de-fr", "dev"] == (0, 1, 3)
    assert found["en-de", "test_2017_flickr"] == (0, 0, 2)
    assert found["en-fr", "test_2017_flickr"] == (0, 0, 1)
    for split in ("test_2016_flickr", "test_2017_mscoco"):
        assert all(found[direction, split] == (0, 0, 0) for direction in corpora)
    assert [corpus.readings["train"].duplicates for corpus in corpora.values()] == [3, 5, 6]
    for split, name in (("train", "train"), ("dev", "val"), ("test_2017_flickr", "test_2017_flickr")):
        german, french = (mirrored(f"translate/multi30k/{name}.{side}") for side in ("de", "fr"))
        pairs = corpora["de-fr"].splits[split]
        assert [(pair.source, pair.target) for pair in pairs] == [
            (one.strip(), other.strip()) for one, other in zip(german, french, strict=True)
        ]


@needs_mirror
def test_no_sentence_of_tatoeba_stands_in_two_splits(tmp_path: Path) -> None:
    card = card_of(PairCard, "tatoeba_deu_eng")
    corpus = load_pairs(card, fetch(card, mirror=mirror_folder(), cache=tmp_path))
    everything = Counter((pair.source, pair.target) for pairs in corpus.splits.values() for pair in pairs)
    assert everything == Counter(tuple(line.split("\t")) for line in mirrored("translate/tatoeba_deu_eng/deu.txt"))
    for side in ("source", "target"):
        split_of: dict[str, set[str]] = {}
        for split, pairs in corpus.splits.items():
            for pair in pairs:
                plain = "".join(character for character in getattr(pair, side).casefold() if character.isalnum())
                split_of.setdefault(plain, set()).add(split)
        assert max(map(len, split_of.values())) == 1
    means = [reading.source_words / reading.pairs for reading in corpus.readings.values()]
    assert max(means) - min(means) < 0.1


@needs_mirror
def test_the_cmu_dictionary_is_split_by_word(tmp_path: Path) -> None:
    card = card_of(PairCard, "cmudict_g2p")
    corpus = load_pairs(card, fetch(card, mirror=mirror_folder(), cache=tmp_path))
    words = {split: {pair.source for pair in pairs} for split, pairs in corpus.splits.items()}
    assert sum(map(len, words.values())) == len(set().union(*words.values())) == 126_052
    assert not any(set(word) & set("()# ") for word in set().union(*words.values()))
    assert all(("its" in found) == ("it's" in found) for found in words.values())
    phones = {phone for pairs in corpus.splits.values() for pair in pairs for phone in pair.target.split()}
    listed = {line.split("\t")[0] for line in mirrored("generate/cmudict_g2p/cmudict.phones")}
    assert {phone.rstrip("012") for phone in phones} == listed


@needs_mirror
def test_an_inflection_has_its_features_in_the_source(tmp_path: Path) -> None:
    card = card_of(PairCard, "inflection_turkish")
    corpus = load_pairs(card, fetch(card, mirror=mirror_folder(), cache=tmp_path))
    assert ("otuz birci N;NOM;SG;PSS1P", "otuz bircimiz") in {(pair.source, pair.target) for pair in corpus.splits["train_low"]}
    assert set(corpus.splits["train_low"]) <= set(corpus.splits["train"])
    assert set(corpus.splits["train_medium"]) <= set(corpus.splits["train"])
