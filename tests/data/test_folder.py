"""Finding the splits of a user's own corpus."""

from pathlib import Path

import pytest

from seqkit.data.folder import load_folder
from seqkit.errors import UserError


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text("a\tO\n")
    return folder


@pytest.mark.parametrize(
    ("train", "dev", "test"),
    [
        ("train.conll", "dev.conll", "test.conll"),
        ("Train.txt", "valid.txt", "TEST.txt"),
        ("train.tsv.gz", "devel.tsv", "test.tsv"),
        ("train.jsonl", "validation.jsonl", "test.jsonl"),
        ("en_ewt-ud-train.conllu.gz", "en_ewt-ud-dev.conllu.gz", "en_ewt-ud-test.conllu.gz"),
        ("btc.train", "btc.dev", "btc.test"),
        ("my_train", "my_dev", "my_test"),
    ],
)
def test_the_names_in_use_are_found(tmp_path: Path, train: str, dev: str, test: str):
    fill(tmp_path, test, dev, train, "README.md", ".train.conll.swp", "latest.txt", "trained.bin")
    (tmp_path / "test-results").mkdir()
    assert load_folder(tmp_path) == {"train": tmp_path / train, "dev": tmp_path / dev, "test": tmp_path / test}
    assert list(load_folder(tmp_path)) == ["train", "dev", "test"]


def test_splits_that_are_not_there_are_left_out(tmp_path: Path):
    assert load_folder(fill(tmp_path, "de-test.iob2")) == {"test": tmp_path / "de-test.iob2"}


def test_two_files_for_one_split_are_both_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"'dev.conll' and 'valid.conll' could both be dev"):
        load_folder(fill(tmp_path, "valid.conll", "dev.conll"))


def test_one_file_for_two_splits_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"'train-dev.conll' could be dev or train"):
        load_folder(fill(tmp_path, "train-dev.conll"))


def test_nothing_there(tmp_path: Path):
    with pytest.raises(UserError, match="no train, dev or test file"):
        load_folder(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        load_folder(tmp_path / "nowhere")
    with pytest.raises(UserError, match="not a folder"):
        load_folder(fill(tmp_path, "train.conll") / "train.conll")
