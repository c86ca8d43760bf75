"""A tiny corpus and a tagger trained on it by the command line itself, once for all tests of the commands."""

from pathlib import Path

import pytest
from commandline import RECIPE, Done, sentences, seqkit, write_columns


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of train, dev and test."""
    folder = tmp_path_factory.mktemp("data")
    for split, count, seed in (("train", 64, 1), ("dev", 16, 2), ("test", 16, 3)):
        write_columns(folder / f"{split}.conll", sentences(count, seed))
    return folder


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe for a few thousand weights."""
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def training(data: Path, recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """The run folder and what `seqkit train` said."""
    out = tmp_path_factory.mktemp("runs") / "trained"
    return out, seqkit("train", recipe, "--data", data, "--out", out, "--threads", "1")


@pytest.fixture(scope="session")
def run(training: tuple[Path, Done]) -> Path:
    """A trained run."""
    assert training[1].code == 0, training[1]
    return training[0]
