import gzip
import os
import platform
import re
from pathlib import Path
from pydoc_data.topics import topics

import pytest

from seqkit.data.card import TextCard, all_cards, card_of
from seqkit.data.fetch import fetch
from seqkit.data.home import mirror_folder
from seqkit.data.texts import TextCorpus, load_split_texts, load_texts
from seqkit.errors import DataError, UserError

needs_mirror = pytest.mark.skipif("SEQKIT_CORPORA_MIRROR" not in os.environ, reason="needs SEQKIT_CORPORA_MIRROR")
LINES = "".join(f"line {n} ä\n" for n in range(1000))


def documents(corpus: TextCorpus, split: str) -> list[str]:
    found: list[str] = []
    for text in corpus.splits[split]():
        if text.opens or not found:
            found.append("")
        found[-1] += text.text
    return found


def whole(corpus: TextCorpus, split: str) -> str:
    return "".join(documents(corpus, split))


def fill(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_file_of_ones_own_is_split_in_order_at_lines(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    path.write_bytes(b"\xef\xbb\xbf" + LINES.replace("\n", "\r\n").encode())
    corpus = load_texts(path)
    assert (corpus.name, corpus.language) == (str(path), "")
    assert list(corpus.splits) == list(corpus.readings) == ["train", "dev", "test"]
    parts = [whole(corpus, split) for split in corpus.splits]
    assert "".join(parts) == LINES
    assert all(part.endswith("\n") and part.startswith("line ") for part in parts)
    assert [whole(corpus, split) for split in corpus.splits] == parts, "a split can be read again"
    for part, reading in zip(parts, corpus.readings.values(), strict=True):
        assert (reading.characters, reading.lines, reading.documents) == (len(part), part.count("\n"), 1)
        assert (reading.paths, reading.python) == ((path,), None)
    assert 0.9 * len(LINES) <= len(parts[0]) <= 0.9 * len(LINES) + 12
    described = corpus.readings["test"].describe()
    assert described.endswith("1 document · own.txt · train 90 %, dev 5 %, test 5 %, in order, cut at the start of a line")


def test_a_folder_of_ten_files_is_dealt_by_file_and_of_fewer_by_lines(tmp_path: Path) -> None:
    files = {f"{n}.txt": f"text {n}\n" * (n + 5) for n in range(10, 22)}
    folder = fill(tmp_path / "many", files | {"notes.md": "no", ".hidden.txt": "no"})
    corpus = load_texts(folder)
    assert sorted(text for split in corpus.splits for text in documents(corpus, split)) == sorted(files.values())
    assert sum(reading.documents for reading in corpus.readings.values()) == 12
    names = [text.document for text in corpus.splits["train"]()]
    assert names == sorted(names, key=str)
    assert "12 files" in corpus.readings["dev"].describe()

    few = load_texts(fill(tmp_path / "few", dict(list(files.items())[:3])))
    assert "".join(whole(few, split) for split in few.splits) == "".join(list(files.values())[:3])
    assert few.readings["train"].documents == 3
    assert few.readings["test"].documents == 1


@pytest.mark.parametrize("dev", ["dev.txt", "valid.txt", "Validation.txt"])
def test_a_folder_that_is_split_is_taken_as_it_is(tmp_path: Path, dev: str) -> None:
    folder = fill(tmp_path / "own", {"train.txt": "a\nb\n", dev: "c\n", "README.txt": "no"})
    (folder / "test.txt.gz").write_bytes(gzip.compress(b"d"))
    corpus = load_texts(folder)
    assert {split: whole(corpus, split) for split in corpus.splits} == {"train": "a\nb\n", "dev": "c\n", "test": "d"}
    assert list(corpus.splits) == ["train", "dev", "test"]
    assert corpus.readings["test"].lines == 1
    lone = load_split_texts({"test": folder / "test.txt.gz"})
    assert (list(lone.splits), whole(lone, "test"), lone.name) == (["test"], "d", str(folder))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no .txt files in it"),
        ({"a.md": "x"}, "no .txt files in it"),
        ({"train.txt": "x"}, "has 'train.txt' but no dev.txt (or valid.txt)"),
        ({"test.txt": "x", "valid.txt": "x"}, "has 'test.txt' but no train.txt"),
        ({"train.txt": "x", "dev.txt": "x", "valid.txt": "x"}, "'dev.txt' and 'valid.txt' could both be dev; keep one"),
        ({"a.txt": "", "b.txt": ""}, "is empty; there is no text to learn from"),
        ({"a.txt": "x", "b.txt": ""}, "too little text: the train split comes out empty"),
    ],
)
def test_a_folder_that_makes_no_corpus_is_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    folder = fill(tmp_path / "own", files)
    with pytest.raises(UserError) as caught:
        load_texts(folder)
    assert str(caught.value).startswith(f"{folder}: ")
    assert message in str(caught.value)


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.txt: no such file$"):
        load_texts(tmp_path / "none.txt")
    (tmp_path / "empty.txt").write_bytes(b"\xef\xbb\xbf")
    with pytest.raises(UserError, match=r"empty\.txt: is empty"):
        load_texts(tmp_path / "empty.txt")
    with pytest.raises(UserError, match=r"empty\.txt: is empty; .* has no dev text$"):
        load_split_texts({"dev": tmp_path / "empty.txt"})
    (tmp_path / "bad.txt").write_bytes(LINES.encode() + b"ab\xffc\n")
    with pytest.raises(DataError, match=r"bad\.txt:1001: invalid UTF-8 at byte 3; use --encoding-errors replace"):
        load_texts(tmp_path / "bad.txt")
    assert whole(load_texts(tmp_path / "bad.txt", errors="replace"), "test").endswith("ab\ufffdc\n")


def test_the_language_reference_of_this_python_is_split_by_topic() -> None:
    corpus = load_texts(card_of(TextCard, "lm/pydoc"))
    parts = {split: documents(corpus, split) for split in corpus.splits}
    assert sorted(text for part in parts.values() for text in part) == sorted(topics.values())
    total = sum(map(len, topics.values()))
    for split, share in (("train", 0.8), ("dev", 0.1), ("test", 0.1)):
        reading = corpus.readings[split]
        assert abs(reading.characters / total - share) < 0.05
        assert reading.python == platform.python_version()
        assert reading.paths == ()
        names = [text.document for text in corpus.splits[split]()]
        assert names == sorted(names, key=str)
    for split in ("dev", "test"):
        assert not shared_lines(parts[split], [text for other in parts if other != split for text in parts[other]], 50)


def shared_lines(some: list[str], others: list[str], length: int) -> set[str]:
    long = [
        {line.strip() for text in texts for line in text.split("\n") if len(line.strip()) >= length} for texts in (some, others)
    ]
    return long[0] & long[1]


@needs_mirror
@pytest.mark.parametrize(
    "card", [card for card in all_cards() if isinstance(card, TextCard) and card.files], ids=lambda card: card.name
)
def test_a_cards_text_has_the_counts_the_card_says(card: TextCard, tmp_path: Path) -> None:
    paths = fetch(card, mirror=mirror_folder(), cache=tmp_path)
    corpus = load_texts(card, paths)
    counts = {split: (count.characters, count.lines, count.documents) for split, count in card.counts.items()}
    assert counts == {split: (r.characters, r.lines, r.documents) for split, r in corpus.readings.items()}
    text = "".join(path.read_text(encoding="utf-8") for path in paths.values())
    assert sum(count.characters for count in card.counts.values()) == len(text)
    match card.name:
        case "generate/tinyshakespeare":  # nanoGPT, data/shakespeare_char/prepare.py
            assert whole(corpus, "train") == text[: int(len(text) * 0.9)]
            assert whole(corpus, "dev") + whole(corpus, "test") == text[int(len(text) * 0.9) :]
            assert len(set(text)) == 65
        case "lm/wikitext_2":  # Merity et al. 2016, table 1, and the usual count with a mark for each line's end
            words = {split: len(re.findall(r"\S+|\n", whole(corpus, split))) for split in corpus.splits}
            assert words == {"train": 2_088_628, "dev": 217_646, "test": 245_569}
            assert len({*whole(corpus, "train").split(), "<eos>"}) == 33_278
        case "generate/nottingham_abc":
            tunes = {split: documents(corpus, split) for split in corpus.splits}
            assert sum(map(len, tunes.values())) == len(re.findall(r"^X:", text, flags=re.MULTILINE)) == 1034
            assert all(len(re.findall(r"^X:", tune, flags=re.MULTILINE)) == 1 for part in tunes.values() for tune in part)
            for split in ("dev", "test"):
                others = [tune for other in tunes if other != split for tune in tunes[other]]
                assert not titles(tunes[split]) & titles(others)
                assert not shared_lines(tunes[split], others, 40)
        case _:
            pytest.fail("say here what is known about the new corpus")


def titles(tunes: list[str]) -> set[str]:
    return {title.casefold() for tune in tunes for title in re.findall(r"^T:(.*?) *$", tune, flags=re.MULTILINE)}
