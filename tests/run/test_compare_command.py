"""`seqkit compare`: every cell trained once, a report over all, and no more said than the figures hold."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commandline import Done, sentences, seqkit, write_columns

from seqkit.run import cell as cell_module


@pytest.fixture(scope="module")
def trained() -> list[str]:
    """The cells trained so far, in order."""
    return []


@pytest.fixture
def in_process(trained: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Train all cells but the first in this process, which saves the import of torch, and note which."""
    run = subprocess.run

    def train_here(arguments: list[str], **options: Any) -> Any:
        if "seqkit.run.cell" not in arguments or Path(arguments[3]).parts[-2:] == ("lstm", "seed-1"):
            return run(arguments, **options)
        trained.append("/".join(Path(arguments[3]).parts[-2:]))
        cell_module.run_cell(Path(arguments[3]), json.loads(arguments[4]))
        return subprocess.CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr(subprocess, "run", train_here)


@pytest.fixture(scope="module")
def compare(recipe: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Path, Done]]:
    """Run the command in one folder."""
    out = tmp_path_factory.mktemp("comparison") / "out"

    def run(*more: str) -> tuple[Path, Done]:
        return out, seqkit("compare", recipe, "--data", data, "--out", out, "--threads", "1", *more)

    return run


@pytest.mark.usefixtures("in_process")
def test_a_single_seed_claims_nothing(compare: Callable[..., tuple[Path, Done]], trained: list[str]) -> None:
    out, done = compare("--seeds", "1", "--set", "train.epochs=2")
    assert done.code == 0, done
    assert trained == ["gru/seed-1"]
    trained.clear()
    for name in ("report.json", "report.md", "report.html"):
        assert (out / name).stat().st_size > 500
    assert {path.parent.name for path in out.glob("*/seed-1")} == {"lstm", "gru"}
    told = (out / "report.md").read_text()
    assert "lstm" in told
    assert "gru" in told
    assert not re.search(r"significant(ly)? (better|worse)|\bis (clearly )?better\b", told)
    assert "seed" in told


@pytest.mark.usefixtures("in_process")
def test_finished_cells_are_not_trained_again(compare: Callable[..., tuple[Path, Done]], trained: list[str]) -> None:
    out, done = compare("--seeds", "1,2", "--set", "train.epochs=2")
    assert done.code == 0, done
    assert sorted(trained) == ["gru/seed-2", "lstm/seed-2"]
    trained.clear()
    again = compare("--seeds", "1,2", "--set", "train.epochs=2")[1]
    assert again.code == 0
    assert trained == []
    assert str(out / "report.html") in again.out
    # a cell without its last file was cut short; another recipe makes another cell
    (out / "gru" / "seed-2" / "recipe.json").unlink()
    assert compare("--seeds", "1,2", "--set", "train.epochs=2")[1].code == 0
    assert trained == ["gru/seed-2"]


def test_what_cannot_be_compared_is_one_line(recipe: Path, data: Path, tmp_path: Path) -> None:
    lonely = tmp_path / "lonely.toml"
    lonely.write_text(recipe.read_text().split("[compare")[0])
    out = tmp_path / "out"
    assert seqkit("compare", lonely, "--data", data, "--out", out).refused("no rivals", "[compare.rivals.NAME]")
    assert seqkit("compare", recipe, "--data", data, "--seeds", "one", "--out", out).refused("--seeds one", "1,2,3")
    assert seqkit("compare", "nre").refused("did you mean 'ner'")
    assert seqkit("compare").refused("seqkit compare ner")
    train, dev = (write_columns(tmp_path / f"{name}.conll", sentences(8, 1)) for name in ("train", "dev"))
    assert seqkit("compare", recipe, "--train", train, "--dev", dev, "--out", out).refused("test")
    assert not out.exists()


def test_a_cell_that_fails_is_named(recipe: Path, data: Path, tmp_path: Path) -> None:
    done = seqkit("compare", recipe, "--data", data, "--out", tmp_path, "--seeds", "3", "--threads", "1",
                  "--set", "train.learning_rate=1e38", "--set", "train.clip=0")  # fmt: skip
    assert done.refused("seed 3", "learning_rate")
