"""A user's own files, as options name them and runs remember them."""

from pathlib import Path

import pytest

from seqkit.data.sources import OwnFiles, Sources
from seqkit.tasks.translation.corpus import read_corpus


def test_a_split_is_one_file_or_two_aligned_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = OwnFiles.given("a.de,a.en", "dev.tsv")
    assert own.pair_paths() == {"train": (Path("a.de"), Path("a.en")), "dev": (Path("dev.tsv"),)}
    Path("a.de,a.en").write_text("")
    assert OwnFiles.given("a.de,a.en").pair_paths() == {"train": (Path("a.de,a.en"),)}


def test_a_run_remembers_both(tmp_path: Path) -> None:
    own = OwnFiles({"train": tmp_path / "a.de", "dev": tmp_path / "b.tsv"}, {"train": tmp_path / "a.en"})
    assert Sources.from_dict(Sources(own).to_dict(), None).own == own
    before = Sources(OwnFiles({"dev": tmp_path / "b.tsv"})).to_dict()
    del before["targets"]
    assert Sources.from_dict(before, None).own == OwnFiles({"dev": tmp_path / "b.tsv"})


def test_the_source_comes_first_and_a_file_named_apart_wins(tmp_path: Path) -> None:
    for name, text in {"x.de": "eins\n", "x.en": "one\n", "train.tsv": "drei\tthree\n", "dev.tsv": "zwei\ttwo\n"}.items():
        (tmp_path / name).write_text(text)
    own = OwnFiles({"train": tmp_path / "x.de"}, {"train": tmp_path / "x.en"}, folder=tmp_path)
    corpus = read_corpus("", "en-de", Sources(own))
    assert [(pair.source, pair.target) for split in ("train", "dev") for pair in corpus.splits[split]] == [
        ("eins", "one"),
        ("zwei", "two"),
    ]
