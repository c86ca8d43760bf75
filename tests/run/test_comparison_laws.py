"""What a comparison's folder holds is of one recipe, one corpus and one machine; nothing finished is ever lost."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from commandline import RECIPE, Done, seqkit

THIRD = """
[compare.rivals.rnn]
model.family = "rnn"
"""
TUNE = """
[compare.tune]
train.learning_rate = { low = 1e-3, high = 1e-1, log = true }
"""


Compare = Callable[..., Done]


@pytest.fixture
def compare(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: list[str]) -> Compare:
    """The command on a tiny recipe of three systems, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.process_time", lambda: 0.0)  # this process has done more than the comparison
    recipe = tmp_path / "three.toml"
    recipe.write_text(RECIPE + THIRD + TUNE)

    def run(*more: str | Path, threads: int = 1) -> Done:
        trained.clear()
        given = ("compare", recipe, "--data", data, "--threads", str(threads), "--set", "train.epochs=1")
        return seqkit(*given, *more)

    return run


ONE = ("--systems", "gru", "--seeds", "1")


def contents(folder: Path, *, but: tuple[str, ...] = ()) -> dict[str, str]:
    """Every file below by its sum."""
    files = (path for path in folder.rglob("*") if path.is_file() and str(path.relative_to(folder)) not in but)
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


def default(data: Path) -> Path:
    return Path("runs") / "compare" / f"ner-{data.stem}"


REPORTS = ("comparison.json", "report.html", "report.json", "report.md")


def test_other_settings_in_the_default_folder_get_one_of_their_own(compare: Compare, data: Path, trained: list[str]) -> None:
    assert compare(*ONE).code == 0
    first = default(data)
    before = contents(first)
    assert "comparison.json" in before
    assert trained == ["lstm/seed-1", "gru/seed-1"]
    other = compare(*ONE, "--set", "train.batch_size=16")
    assert other.code == 0, other
    second = first.with_name(f"{first.name}-2")
    assert trained == ["lstm/seed-1", "gru/seed-1"]
    assert contents(first) == before
    assert str(second) in other.out
    assert (second / "report.html").exists()
    third = compare(*ONE, "--set", "train.batch_size=4")
    assert str(first.with_name(f"{first.name}-3")) in third.out
    # each goes on in its own
    kept = contents(second, but=REPORTS)
    assert compare(*ONE, "--set", "train.batch_size=16").code == 0
    assert trained == []
    assert contents(second, but=REPORTS) == kept
    assert compare(*ONE).code == 0
    assert trained == []
    assert contents(first, but=REPORTS) == {name: value for name, value in before.items() if name not in REPORTS}


def test_other_settings_in_a_named_folder_are_refused_by_name(compare: Compare, tmp_path: Path, trained: list[str]) -> None:
    out = tmp_path / "out"
    assert compare(*ONE, "--out", out).code == 0
    before = contents(out)
    assert compare(*ONE, "--out", out, "--set", "train.batch_size=16").refused("train.batch_size", "8", "16", "--out")
    assert compare(*ONE, "--out", out, "--set", "model.width=32").refused("model.width", "16", "32", "--out")
    # of the recipe as read, not as typed: a change of a rival is one too
    rival = compare(*ONE, "--out", out, "--set", "compare.rivals.gru.model.dropout=0.4")
    assert rival.refused("gru", "dropout")
    assert trained == []
    assert contents(out) == before


def test_a_comparison_grows_without_training_anything_twice(compare: Compare, tmp_path: Path, trained: list[str]) -> None:
    out = ("--out", tmp_path / "out")
    assert compare(*ONE, *out).code == 0
    before = contents(tmp_path / "out", but=REPORTS)
    for more, fresh in (
        (("--systems", "gru", "--seeds", "1,2"), ["lstm/seed-2", "gru/seed-2"]),
        (("--systems", "gru,rnn", "--seeds", "1"), ["rnn/seed-1"]),
        (("--seeds", "1"), []),
        (("--systems", "gru", "--seeds", "1", "--fractions", "50,100"), ["lstm/seed-1", "gru/seed-1"]),
        (("--seeds", "2"), ["rnn/seed-2"]),
    ):
        done = compare(*more, *out)
        assert done.code == 0, done
        assert trained == fresh, more
        now = contents(tmp_path / "out", but=REPORTS)
        assert now.items() >= before.items()
        before = now


@pytest.mark.parametrize("place", ["named", "default"])
@pytest.mark.parametrize("what", ["threads", "torch", "seqkit", "device"])
def test_another_machine_or_version_is_refused_by_name(
    what: str, place: str, compare: Compare, data: Path, tmp_path: Path, trained: list[str]
) -> None:
    named = ("--out", tmp_path / "out") if place == "named" else ()
    out = tmp_path / "out" if named else default(data)
    assert compare(*ONE, *named).code == 0
    if what == "threads":
        before, kept = torch.get_num_threads(), contents(out)
        try:
            done = compare(*ONE, *named, threads=2)
        finally:
            torch.set_num_threads(before)
    else:
        record = json.loads((out / "comparison.json").read_text())
        machine = record["machine"]
        key = next(key for key in machine if key.startswith(what))
        machine[key] = "0.0.0-other"
        (out / "comparison.json").write_text(json.dumps(record))
        kept = contents(out)
        done = compare(*ONE, *named)
        assert "0.0.0-other" in done.out + done.err
    if named:
        assert done.refused(what, "--out")
        assert trained == []
    else:
        assert done.code == 0 or done.refused(what, "--out")
        assert what in done.out + done.err
    assert contents(out) == kept


def test_an_older_layout_is_refused_and_left_alone(compare: Compare, data: Path, trained: list[str]) -> None:
    folder = default(data)
    (folder / "lstm" / "seed-1").mkdir(parents=True)
    (folder / "data.json").write_text('{"folder": "elsewhere"}')
    (folder / "lstm" / "seed-1" / "measured.json").write_text("{}")
    kept = contents(folder)
    assert compare(*ONE, "--out", folder).refused("--out")
    assert trained == []
    done = compare(*ONE)
    assert contents(folder) == kept
    assert done.code == 0 or done.refused("--out")


@pytest.mark.parametrize("damage", ["{", "[]", "{}", '{"recipe": 1}'])
def test_a_damaged_record_is_one_line(damage: str, compare: Compare, tmp_path: Path, trained: list[str]) -> None:
    out = tmp_path / "out"
    assert compare(*ONE, "--out", out).code == 0
    (out / "comparison.json").write_text(damage)
    kept = contents(out)
    assert compare(*ONE, "--out", out).refused("--out")
    assert contents(out) == kept
    assert trained == []


def test_a_folder_that_holds_something_else_is_left_alone(compare: Compare, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "lstm" / "seed-1").mkdir(parents=True)
    (out / "lstm" / "seed-1" / "thesis.txt").write_text("mine")
    compare(*ONE, "--out", out)
    assert (out / "lstm" / "seed-1" / "thesis.txt").read_text() == "mine"


def test_changed_data_are_told_apart(data: Path, compare: Compare, tmp_path: Path, trained: list[str]) -> None:
    changed = shutil.copytree(data, tmp_path / "copied")
    out = tmp_path / "out"
    given = ("--data", changed, "--out", out, *ONE)
    assert compare(*given).code == 0
    kept = contents(out)
    assert compare(*given).code == 0
    assert trained == []
    with (changed / "dev.conll").open("a") as file:
        file.write("Ada\tB-PER\n\n")
    kept = contents(out)
    assert compare(*given).refused("changed", "--out")
    assert contents(out) == kept


def test_a_budget_and_a_plain_comparison_do_not_mix(compare: Compare, tmp_path: Path, trained: list[str]) -> None:
    out = ("--out", tmp_path / "out")
    assert compare(*ONE, *out).code == 0
    kept = contents(tmp_path / "out")
    done = compare(*ONE, *out, "--budget", "40s")
    assert done.refused("budget", "--out") or done.code == 0
    assert contents(tmp_path / "out").items() >= kept.items()


def test_a_ledger_belongs_to_the_same_settings(compare: Compare, tmp_path: Path, trained: list[str]) -> None:
    out = tmp_path / "out"
    given = (*ONE, "--out", out, "--budget", "14s")
    assert compare(*given).code == 0
    kept = contents(out)
    assert compare(*given, "--set", "train.batch_size=16").refused("train.batch_size", "--out")
    assert trained == []
    assert contents(out) == kept
    assert compare(*given).code == 0
    assert trained == []


def test_a_finished_job_whose_sibling_was_cut_short_is_kept(compare: Compare, tmp_path: Path, trained: list[str]) -> None:
    out = tmp_path / "out"
    assert compare(*ONE, "--out", out).code == 0
    (out / "gru" / "seed-1" / "recipe.json").unlink()
    assert compare(*ONE, "--out", out).code == 0
    assert trained == ["gru/seed-1"]
