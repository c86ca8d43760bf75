"""`seqkit compare`: every job done once, a report over all, and no more said than the figures hold."""

import json
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from commandline import RECIPE, Done, command, environment, sentences, seqkit, write_columns

from seqkit.data.sources import OwnFiles, Sources
from seqkit.run.comparison import jobs as jobs_module
from seqkit.run.comparison.job import run_job
from seqkit.run.evaluation import Evaluation
from seqkit.tasks.recipes import load_recipe

HOPELESS = """
[compare.rivals.hopeless]
train = { learning_rate = 1e38, clip = 0 }
"""


@pytest.fixture(scope="module")
def compare(recipe: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Path, Done]]:
    """Run the command in one folder."""
    out = tmp_path_factory.mktemp("comparison") / "out"

    def run(*more: str) -> tuple[Path, Done]:
        return out, seqkit("compare", recipe, "--data", data, "--out", out, "--threads", "1", *more)

    return run


@pytest.mark.usefixtures("trained")
def test_a_single_seed_claims_nothing(compare: Callable[..., tuple[Path, Done]], trained: list[str]) -> None:
    out, done = compare("--seeds", "1", "--set", "train.epochs=2")
    assert done.code == 0, done
    assert trained == ["lstm/seed-1", "gru/seed-1"]
    trained.clear()
    for name in ("report.json", "report.md", "report.html"):
        assert (out / name).stat().st_size > 500
    assert {path.parent.name for path in out.glob("*/seed-1")} == {"lstm", "gru"}
    told = (out / "report.md").read_text()
    assert "lstm" in told
    assert "gru" in told
    assert not re.search(r"significant(ly)? (better|worse)|\bis (clearly )?better\b", told)
    assert "seed" in told


@pytest.mark.usefixtures("trained")
def test_finished_jobs_are_not_done_again(compare: Callable[..., tuple[Path, Done]], trained: list[str]) -> None:
    out, done = compare("--seeds", "1,2", "--set", "train.epochs=2")
    assert done.code == 0, done
    assert sorted(trained) == ["gru/seed-2", "lstm/seed-2"]
    trained.clear()
    again = compare("--seeds", "1,2", "--set", "train.epochs=2")[1]
    assert again.code == 0
    assert trained == []
    assert str(out / "report.html") in again.out
    # a job without its last file was cut short
    (out / "gru" / "seed-2" / "recipe.json").unlink()
    assert compare("--seeds", "1,2", "--set", "train.epochs=2")[1].code == 0
    assert trained == ["gru/seed-2"]


@pytest.mark.usefixtures("trained")
def test_the_page_names_the_threads_that_were_asked_for(compare: Callable[..., tuple[Path, Done]]) -> None:
    assert compare("--seeds", "1", "--set", "train.epochs=2")[1].code == 0  # from here on nothing is trained in this process
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        out, _ = compare("--seeds", "1", "--set", "train.epochs=2")
    finally:
        torch.set_num_threads(before)
    assert dict(json.loads((out / "report.json").read_text())["context"])["device"] == "cpu, 1 thread"


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


@pytest.mark.usefixtures("trained")
def test_when_every_run_fails_the_first_is_named(recipe: Path, data: Path, tmp_path: Path) -> None:
    done = seqkit("compare", recipe, "--data", data, "--out", tmp_path, "--seeds", "3", "--threads", "1",
                  "--set", "train.learning_rate=1e38", "--set", "train.clip=0")  # fmt: skip
    assert done.refused("every run failed", "lstm, seed 3", "learning_rate")


@pytest.mark.usefixtures("trained")
def test_a_run_that_fails_is_reported_and_tried_again(data: Path, tmp_path: Path, trained: list[str]) -> None:
    recipe, out = tmp_path / "recipe.toml", tmp_path / "out"
    recipe.write_text(RECIPE + HOPELESS)
    given = ("compare", recipe, "--data", data, "--out", out, "--seeds", "5", "--threads", "1", "--set", "train.epochs=1")
    trained.clear()
    done = seqkit(*given)
    assert done.code == 0, done
    assert sorted(trained) == ["gru/seed-5", "hopeless/seed-5", "lstm/seed-5"]
    assert "hopeless, seed 5 failed: training stopped" in done.out
    report = json.loads((out / "report.json").read_text())
    assert [figure["name"] for figure in report["headline"]] == ["lstm F1, strict", "gru F1, strict"]
    assert any("hopeless, seed 5 (training stopped" in sentence for sentence in report["verdict"])
    trained.clear()
    assert seqkit(*given).code == 0
    assert trained == ["hopeless/seed-5"]


@pytest.mark.parametrize(("code", "reason"), [(-signal.SIGKILL, "memory"), (-signal.SIGSEGV, "SIGSEGV"), (1, "exit code 1")])
def test_a_process_that_dies_without_a_word_is_told_by_its_end(code: int, reason: str, tmp_path: Path) -> None:
    (tmp_path / "stderr.txt").touch()
    job = jobs_module.Job("lstm", "seed 1", None, tmp_path)  # type: ignore[arg-type]
    jobs_module.conclude(job, code)
    assert job.failure
    assert reason in job.failure


def test_ctrl_c_says_how_to_go_on(recipe: Path, data: Path, tmp_path: Path) -> None:
    before = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # ignored in a shell's background
    words = command("compare", recipe, "--data", data, "--out", tmp_path, "--threads", "1", before=before)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as comparison:
        assert comparison.stdout is not None
        assert comparison.stdout.readline().startswith("training lstm, seed 1")
        comparison.send_signal(signal.SIGINT)
        _, err = comparison.communicate(timeout=200)
    assert comparison.returncode == 130
    assert err.count("\n") == 1
    assert "0 of 4 jobs are finished" in err
    assert "the same command: seqkit compare" in err
    assert not list(tmp_path.glob("*/*/failed.json"))


def test_a_folder_with_a_comparison_of_an_older_seqkit_is_refused(recipe: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"folder": "elsewhere"}')
    assert seqkit("compare", recipe, "--data", data, "--out", tmp_path).refused("of an older seqkit", "--out")


def test_equal_time_needs_a_time(recipe: Path, data: Path, tmp_path: Path) -> None:
    given = ("compare", recipe, "--data", data, "--out", tmp_path / "out", "--set", "compare.match=time")
    assert seqkit(*given).refused("needs train.seconds", "--budget")
    assert not (tmp_path / "out").exists()


def test_the_same_job_again_gives_the_same_figures_to_the_last_digit(recipe: Path, data: Path, tmp_path: Path) -> None:
    found: list[list[Any]] = []
    for folder in (tmp_path / "once", tmp_path / "again"):
        folder.mkdir()
        written = load_recipe(str(recipe), ["train.epochs=2"])
        (folder / "job.json").write_text(json.dumps(written.to_dict()))
        setting = jobs_module.Setting(Sources(OwnFiles(folder=data)), "cpu", 1)
        run_job(setting.options(jobs_module.Job("lstm", "seed 1", written, folder, "brief")))
        events = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        units = Evaluation.read(folder).scores.units
        found.append([units, [(event.get("loss"), event.get("dev_score")) for event in events]])
    assert found[0] == found[1]
