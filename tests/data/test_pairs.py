"""Pairs from the user's own files and from cards: what is read, dropped, refused and leaks."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.card import PairCard
from seqkit.data.examples import Pair
from seqkit.data.pair_rows import aligned_rows, column_rows, dictionary_rows
from seqkit.data.pairs import Leakage, find_pair_files, leakage, load_own_pairs, load_pairs, read_pairs, variants
from seqkit.errors import DataError, UserError


def put(folder: Path, files: dict[str, str | bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def tupled(pairs: Sequence[Pair]) -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in pairs]


def test_two_columns_and_two_files_are_the_same_pairs(tmp_path: Path) -> None:
    put(tmp_path, {"a.tsv": "ein Hund\ta dog\nzwei\ttwo\n", "a.de": "ein Hund\nzwei\n", "a.en": "a dog\ntwo"})
    wanted = [("ein Hund", "a dog"), ("zwei", "two")]
    assert tupled(read_pairs(tmp_path / "a.tsv")[0]) == wanted
    pairs, reading = read_pairs(tmp_path / "a.de", tmp_path / "a.en")
    assert tupled(pairs) == wanted
    assert (reading.pairs, reading.empty, reading.duplicates) == (2, 0, 0)
    assert (reading.source_words, reading.target_words) == (3, 3)
    assert (reading.source_characters, reading.target_characters) == (12, 8)
    assert reading.describe() == "2 pairs · 1.5 → 1.5 words, 6.0 → 4.0 characters a pair · a.de, a.en · split as given"
    assert tupled(read_pairs(tmp_path / "a.tsv", swap=True)[0]) == [(target, source) for source, target in wanted]
    assert read_pairs(tmp_path / "a.en", tmp_path / "a.de")[0] == read_pairs(tmp_path / "a.de", tmp_path / "a.en", swap=True)[0]


def test_marks_carriage_returns_and_gzip_are_read_through(tmp_path: Path) -> None:
    put(tmp_path, {"a.de": b"\xef\xbb\xbfein\r\nzwei\xe2\x80\xa8drei \r\n", "a.en.gz": gzip.compress(b"one\n two\tthree\n")})
    pairs, _ = read_pairs(tmp_path / "a.de", tmp_path / "a.en.gz")
    assert tupled(pairs) == [("ein", "one"), ("zwei\u2028drei", "two\tthree")]


def test_pairs_with_an_empty_side_are_dropped_and_counted(tmp_path: Path) -> None:
    put(tmp_path, {"a.tsv": "a\tb\n\tb\na\t \n\n  \na\tb\n"})
    pairs, reading = read_pairs(tmp_path / "a.tsv")
    assert tupled(pairs) == [("a", "b"), ("a", "b")]
    assert (reading.pairs, reading.empty, reading.duplicates) == (2, 4, 1)
    assert "4 with an empty side dropped · 1 stand twice" in reading.describe()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\nc d\n", ":2: no TAB: 'c d' should be 2 columns parted by TABs"),
        ("a\tb\nc\td\te\n", ":2: 3 columns where there should be 2"),
        ("a\tb\nc\0\td\n", ":2: a NUL character at character 2; use --encoding-errors replace to read on"),
        (b"a\tb\nc\xff\td\n", ":2: invalid UTF-8 at byte 2; use --encoding-errors replace to read on"),
        ("a\tb\n".encode("utf-16"), ":1: UTF-16 text, not UTF-8"),
        ("", ": is empty; it holds no pairs"),
        ("\ta\nb\t\n", ": all 2 pairs have an empty side"),
    ],
)
def test_a_faulty_file_of_columns_is_named_by_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    put(tmp_path, {"a.tsv": text})
    with pytest.raises(DataError) as caught:
        read_pairs(tmp_path / "a.tsv")
    assert str(caught.value).startswith(f"{tmp_path / 'a.tsv'}{message}")


def test_what_cannot_be_decoded_is_replaced_on_demand(tmp_path: Path) -> None:
    put(tmp_path, {"a.tsv": b"a\0\tb\xff\n"})
    assert tupled(read_pairs(tmp_path / "a.tsv", errors="replace")[0]) == [("a\ufffd", "b\ufffd")]


@pytest.mark.parametrize(("first", "second"), [("a\nb\nc\n", "a\nb\n"), ("a\n", "a\nb\n"), ("", "a\n")])
def test_files_of_unequal_length_are_refused_with_both_counts(tmp_path: Path, first: str, second: str) -> None:
    put(tmp_path, {"a.de": first, "a.en": second})
    with pytest.raises(UserError) as caught:
        read_pairs(tmp_path / "a.de", tmp_path / "a.en")
    counts = [f"{number} line{'s' if number != 1 else ''}" for number in (first.count("\n"), second.count("\n"))]
    assert str(caught.value) == (
        f"{tmp_path / 'a.de'} has {counts[0]}, {tmp_path / 'a.en'} has {counts[1]}: "
        "line n of one file should belong to line n of the other"
    )


def test_empty_aligned_files_are_refused(tmp_path: Path) -> None:
    put(tmp_path, {"a.de": "", "a.en": ""})
    with pytest.raises(DataError, match=r"a\.de and .*a\.en: is empty; it holds no pairs$"):
        read_pairs(tmp_path / "a.de", tmp_path / "a.en")
    with pytest.raises(UserError, match=r"none\.en: no such file$"):
        read_pairs(tmp_path / "a.de", tmp_path / "none.en")


CELL = st.text(st.characters(exclude_characters="\n\t\0\ufeff", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(CELL, CELL), min_size=1))
def test_any_text_comes_through_but_for_the_white_space_around_it(tmp_path_factory: pytest.TempPathFactory, rows) -> None:
    folder = put(
        tmp_path_factory.mktemp("any"),
        {
            "a.tsv": "".join(f"{source}\t{target}\n" for source, target in rows),
            "a.de": "".join(f"{source}\n" for source, _ in rows),
            "a.en": "".join(f"{target}\n" for _, target in rows),
        },
    )
    wanted = [(source.strip(), target.strip()) for source, target in rows]
    assert list(aligned_rows([folder / "a.de", folder / "a.en"])) == wanted
    assert list(column_rows(folder / "a.tsv", [[1], [2]])) == wanted
    assert list(column_rows(folder / "a.tsv", [[2], [1]])) == [(target, source) for source, target in wanted]
    assert [row[0] for row in column_rows(folder / "a.tsv", [[1, 2]])] == [" ".join(row).strip() for row in wanted]


def test_a_dictionary_loses_its_comments_and_the_marks_of_variants(tmp_path: Path) -> None:
    text = ";;; about\naalborg AO1 L # place, danish\naalborg(2) AA1 L\nc#  S IY1\n\na.k.a.  EY1\n"
    put(tmp_path, {"a.dict": text})
    rows = list(dictionary_rows(tmp_path / "a.dict"))
    assert rows == [("aalborg", "AO1 L"), ("aalborg", "AA1 L"), ("c#", "S IY1"), ("a.k.a.", "EY1")]
    assert variants(Pair(*row) for row in rows)["aalborg"] == ("AO1 L", "AA1 L")
    put(tmp_path, {"b.dict": "a AH0\nb # nothing\n"})
    with pytest.raises(DataError, match=r"b\.dict:2: 'b' has no pronunciation$"):
        list(dictionary_rows(tmp_path / "b.dict"))


def test_own_pairs_by_split(tmp_path: Path) -> None:
    put(tmp_path, {"t.de": "eins\n", "t.en": "one\n", "d.tsv": "eins\tone\nzwei\tone\n"})
    own = load_own_pairs({"train": [tmp_path / "t.de", tmp_path / "t.en"], "dev": [tmp_path / "d.tsv"]})
    assert (own.name, own.source, own.target) == (str(tmp_path), "de", "en")
    assert own.leakage() == {"dev": Leakage(pairs=1, sources=1, targets=2, total=2)}
    assert own.leakage()["dev"].describe() == "1 of 2 pairs stands in train (source 1, target 2)"
    swapped = load_own_pairs({"dev": [tmp_path / "d.tsv"], "train": [tmp_path / "t.de", tmp_path / "t.en"]}, swap=True)
    assert (swapped.source, swapped.target, tupled(swapped.splits["train"])) == ("en", "de", [("one", "eins")])
    with pytest.raises(UserError, match=r"^train: 3 files; give one of two columns, or two that are aligned$"):
        load_own_pairs({"train": [tmp_path / "t.de"] * 3})


def test_leakage_by_hand() -> None:
    train = [Pair("a", "b"), Pair("c", "d")]
    assert leakage(train, [Pair("a", "b"), Pair("a", "d"), Pair("x", "b"), Pair("x", "y")]) == Leakage(1, 2, 3, 4)


def test_a_folder_is_found_by_split_and_direction(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "train.de": "a\n",
        "train.en": "b\n",
        "val.tsv": "a\tb\n",
        "test_long.txt": "a\tb\n",
        ".train.fr": "",
    }
    folder = put(tmp_path / "own", files | {"README.md": "no", "notes": "no"})
    found = find_pair_files(folder, "en-de")
    assert {split: [path.name for path in paths] for split, paths in found.items()} == {
        "train": ["train.en", "train.de"],
        "dev": ["val.tsv"],
        "test_long": ["test_long.txt"],
    }
    with pytest.raises(UserError, match=r"train\.de, train\.en: which is the source\? Give the direction, such as de-en"):
        find_pair_files(folder)
    with pytest.raises(UserError, match="not de-fr"):
        find_pair_files(folder, "de-fr")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no train, dev or test files"),
        ({"train.de": "a\n"}, "train should be one file of two columns or two aligned files, not train.de"),
        ({"train.de": "a\n", "train.tsv": "a\tb\n"}, "not train.de, train.tsv"),
        ({"dev.tsv": "a\tb\n", "valid.tsv": "a\tb\n"}, "'dev.tsv' and 'valid.tsv' could both be dev; keep one"),
    ],
)
def test_a_folder_that_makes_no_corpus_is_refused(tmp_path: Path, files: dict[str, str | bytes], message: str) -> None:
    folder = put(tmp_path / "own", files)
    with pytest.raises(UserError) as caught:
        find_pair_files(folder, "de-en")
    assert str(caught.value).startswith(f"{folder}: ")
    assert message in str(caught.value)
    with pytest.raises(UserError, match="no such folder"):
        find_pair_files(tmp_path / "none")


def card(**changes: object) -> PairCard:
    values = {
        "name": "translate/tiny",
        "title": "Tiny",
        "description": "Pairs.",
        "language": "mul",
        "licence": "CC0",
        "citation": "None.",
        "embedded": True,
        "format": "tsv",
        "annotation": "pairs",
        "sides": ["en", "de"],
        "files": {"train": {"path": "t"}, "test_long": {"path": "l"}},
    }
    return PairCard.model_validate(values | changes)


def test_a_card_reads_both_directions_and_the_splits_at_hand(tmp_path: Path) -> None:
    put(tmp_path, {"t": "a dog\tein Hund\n", "l": "two\tzwei\n\tleer\n"})
    files = {"train": tmp_path / "t", "test_long": tmp_path / "l"}
    corpus = load_pairs(card(), files, "de-en")
    assert {split: tupled(pairs) for split, pairs in corpus.splits.items()} == {
        "train": [("ein Hund", "a dog")],
        "test_long": [("zwei", "two")],
    }
    assert corpus.readings["test_long"].empty == 1
    assert list(load_pairs(card(), {"test_long": tmp_path / "l"}).splits) == ["test_long"]
    assert load_pairs(card(), {"test_long": tmp_path / "l"}).leakage() == {}


def test_a_rule_keeps_together_what_is_alike_whatever_the_direction(tmp_path: Path) -> None:
    rows = [(f"en {number // 3}", f"de {number % 7}") for number in range(60)]  # the German side would hold all of it together
    put(tmp_path, {"all": "".join(f"{english}\t{german}\n" for english, german in rows)})
    split = {"train": 0.5, "dev": 0.5, "together": ["en"]}
    rule = card(files={"all": {"path": "all"}}, split=split)
    one, other = (load_pairs(rule, {"all": tmp_path / "all"}, direction) for direction in ("en-de", "de-en"))
    assert tupled(one.splits["dev"]) == [(target, source) for source, target in tupled(other.splits["dev"])]
    assert sorted(tupled(one.splits["train"] + one.splits["dev"])) == sorted(rows)
    assert not {pair.source for pair in one.splits["train"]} & {pair.source for pair in one.splits["dev"]}
    put(tmp_path, {"all": "a\tb\n"})
    with pytest.raises(UserError, match="too few pairs: the dev split comes out empty"):
        load_pairs(rule, {"all": tmp_path / "all"})
    put(tmp_path, {"all": ""})
    with pytest.raises(UserError, match="holds no pairs"):
        load_pairs(rule, {"all": tmp_path / "all"})
