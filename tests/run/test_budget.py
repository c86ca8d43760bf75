"""A verdict within the time given, whatever the overheads."""

import json
from pathlib import Path

import pytest
from commandline import seqkit
from records import evaluation

from seqkit.errors import UserError
from seqkit.run.comparison import budget
from seqkit.run.comparison.budget import REPORTING, Budget, seconds_of, time_text
from seqkit.run.comparison.jobs import Job
from seqkit.tasks.tagging.recipe import TaggingRecipe

SYSTEMS = {name: TaggingRecipe(task="ner", corpus=name) for name in ("lstm", "gru", "transformer")}
OVERHEAD = {"lstm": 4.0, "gru": 7.0, "transformer": 9.0}
LOOK = 0.2


class Clockwork:
    """Trains jobs in no time, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, overhead: dict[str, float]) -> None:
        self.now = 100.0
        self.overhead = overhead
        self.trained: list[str] = []
        monkeypatch.setattr(budget.time, "monotonic", lambda: self.now)

    def train(self, job: Job) -> None:
        seconds = job.recipe.train.seconds
        self.now += self.overhead[job.system] + seconds + LOOK * (1 if job.run == "probe" else 10)
        self.trained.append(job.name)
        job.folder.mkdir(parents=True, exist_ok=True)
        (job.folder / "recipe.json").write_text(json.dumps(job.recipe.to_dict()))
        evaluation("f1", (), seconds=seconds).write(job.folder)
        (job.folder / "metrics.jsonl").write_text(json.dumps({"event": "evaluated", "seconds": LOOK}) + "\n")

    def run(self, out: Path, seconds: float, stop_after: int | None = None) -> list[Job]:
        jobs: list[Job] = []
        self.budget = Budget(SYSTEMS, (1, 2, 3), out, seconds, self.now)
        for together in self.budget.rounds():
            for job in together:
                if stop_after is not None and len(self.trained) >= stop_after:
                    return jobs
                if not job.finished:
                    self.train(job)
            jobs += together
        return jobs


@pytest.mark.parametrize("seconds", [300, 600, 7200])
@pytest.mark.parametrize("overhead", [OVERHEAD, {"lstm": 8.0, "gru": 5.0, "transformer": 4.0}, dict.fromkeys(SYSTEMS, 0.0)])
def test_all_jobs_fit_into_the_budget_and_use_it(
    seconds: float, overhead: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    machine = Clockwork(monkeypatch, overhead)
    jobs = machine.run(tmp_path, seconds)
    assert machine.now - 100 + REPORTING == pytest.approx(seconds, rel=0.1)
    assert [job.run for job in jobs] == ["probe", *(f"seed {seed}" for seed in (1, 2, 3) for _ in SYSTEMS)]
    assert machine.budget.jobs == len(jobs)
    for seed in (1, 2, 3):  # within a seed all train for the same time
        assert len({job.recipe.train.seconds for job in jobs if job.run == f"seed {seed}"}) == 1


@pytest.mark.parametrize(("seconds", "seeds"), [(150, 3), (130, 2), (70, 2), (55, 1), (40, 1)])
def test_in_little_time_there_are_fewer_seeds(seconds: float, seeds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    machine = Clockwork(monkeypatch, dict.fromkeys(SYSTEMS, 5.0))
    jobs = machine.run(tmp_path, seconds)
    assert len(jobs) == machine.budget.jobs == 1 + 3 * seeds
    assert machine.now - 100 + REPORTING == pytest.approx(seconds, rel=0.1)
    machine.run(tmp_path, seconds)  # nor more when nothing is left to do
    assert len(machine.trained) == len(jobs)


def test_the_least_budget_that_works_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    machine = Clockwork(monkeypatch, OVERHEAD)
    with pytest.raises(UserError, match=r"10 s are too few for one run of each of 3 .* the least that works is \w+") as caught:
        machine.run(tmp_path / "small", 10)
    least = seconds_of(str(caught.value).split("works is ")[1])
    assert machine.run(tmp_path / "least", least)
    with pytest.raises(UserError, match="too few"):
        machine.run(tmp_path / "less", least - 12)


def test_an_interrupted_comparison_goes_on_within_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    machine = Clockwork(monkeypatch, OVERHEAD)
    first = machine.run(tmp_path, 300, stop_after=5)  # the probe, seed 1, and one system of seed 2
    machine.now += 5000
    pause = machine.now
    jobs = machine.run(tmp_path, 300)
    assert len(machine.trained) == len(set(machine.trained)) == 10
    assert jobs[: len(first)] == first[1:] + jobs[len(first) - 1 : len(first)]
    assert {job.recipe.train.seconds for job in jobs if job.run == "seed 2"} == {
        json.loads((tmp_path / "budget.json").read_text())["shares"]["2"]
    }
    spent = json.loads((tmp_path / "budget.json").read_text())["spent"]
    assert spent + REPORTING == pytest.approx(300, rel=0.1)
    assert machine.now - pause < 200
    before = machine.now
    assert machine.run(tmp_path, 300) == jobs
    assert machine.now == before


@pytest.mark.parametrize("damage", ["", '{"total": 300}', None])
def test_a_ledger_of_others_is_refused_and_kept(damage: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    machine = Clockwork(monkeypatch, OVERHEAD)
    jobs = machine.run(tmp_path, 300)
    ledger = tmp_path / "budget.json"
    before = ledger.read_text()
    if damage is None:
        with pytest.raises(UserError, match=r"300 s were shared among .*\[1, 2, 3\], .* \[1, 2, 3, 4\]; .* --out"):
            Budget(SYSTEMS, (1, 2, 3, 4), tmp_path, 300, machine.now)
        with pytest.raises(UserError, match=r"lstm, gru, transformer, .* lstm, gru, "):
            Budget({name: SYSTEMS[name] for name in ("lstm", "gru")}, (1, 2, 3), tmp_path, 300, machine.now)
        assert ledger.read_text() == before
        assert machine.run(tmp_path, 300) == jobs[1:]  # the probe is not done again
    else:
        ledger.write_text(damage)
        with pytest.raises(UserError, match="--out"):
            machine.run(tmp_path, 300)
        assert ledger.read_text() == damage


def test_a_probe_whose_time_was_not_noted_is_done_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    machine = Clockwork(monkeypatch, OVERHEAD)
    machine.run(tmp_path, 300, stop_after=1)
    (tmp_path / "budget.json").unlink()
    machine.run(tmp_path, 300)
    assert machine.trained.count("lstm, probe") == 2


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), ("2m30s", 150)])
def test_times_are_read(text: str, seconds: float):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["10", "m", "ten minutes", "10m ", "-5s", "1.s"])
def test_other_times_are_refused(text: str):
    with pytest.raises(UserError, match="90s, 10m or 1h30m"):
        seconds_of(text)
    assert seqkit("compare", "ner", "--budget", text).refused("--budget", "1h30m")


@pytest.mark.parametrize("seconds", [0.5, 9.9, 10, 59, 60, 61, 119, 3599, 3601])
def test_a_time_is_told_so_that_it_can_be_typed(seconds: float):
    assert seconds <= seconds_of(time_text(seconds)) < seconds + 10


def test_a_budget_and_equal_updates_exclude_each_other(recipe: Path, data: Path):
    given = ("compare", recipe, "--data", data, "--budget", "1m", "--set", "compare.match=steps")
    assert seqkit(*given).refused("leave out one")
