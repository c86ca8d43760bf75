"""A tiny corpus and a tagger trained on it by the command line itself, once for all tests of the commands."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commandline import RECIPE, Done, sentences, seqkit, write_columns

from seqkit.errors import UserError
from seqkit.run.comparison.job import run_job

JOB = "seqkit.run.comparison.job"


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


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders of the jobs trained so far, each trained in this process, which saves the import of torch."""
    popen, done = subprocess.Popen, list[str]()

    def train_here(arguments: list[str], **options: Any) -> Any:
        if JOB not in arguments:
            return popen(arguments, **options)
        given = json.loads(arguments[3])
        given.pop("tasks", None)
        done.append("/".join(Path(given["folder"]).parts[-2:]))
        try:
            run_job(given)
        except UserError as error:
            options["stderr"].write(str(error).encode())
            return popen("exit 2", shell=True, **options)
        return popen("exit 0", shell=True, **options)

    monkeypatch.setattr(subprocess, "Popen", train_here)
    return done
