"""What the figures of a claim are judged by: growth of memory, the cost of one more token, and differences of scores."""

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from rich.console import Console
from test_contests import system

from seqkit.errors import UserError
from seqkit.report.report import Report
from seqkit.run.claims import contest, probe
from seqkit.run.claims.claim import claim_names, load_claim
from seqkit.run.claims.contest import Contests, ContestsConfig, check_pairs, judged
from seqkit.run.claims.measurement import Setting
from seqkit.run.claims.memory import Memory, MemoryConfig, Work
from seqkit.run.claims.streaming import Streaming, StreamingConfig
from seqkit.run.comparison.compare import Comparison
from seqkit.run.comparison.system import System
from seqkit.tasks.scores import Speed

SYSTEMS: dict[str, dict[str, Any]] = {
    "lstm": {"family": "lstm", "width": 4, "layers": 1},
    "transformer": {"family": "transformer", "width": 4, "heads": 1, "layers": 1, "window": 0},
    "windowed": {"family": "transformer", "width": 4, "heads": 1, "layers": 1, "window": 8},
}
SETTING = Setting(torch.device("cpu"), "cpu", 1, Path("nowhere"), "", Console(quiet=True))


def memory(**changes: Any) -> Memory:
    config = {"kind": "memory", "systems": SYSTEMS, "lengths": (10, 20, 40)} | changes
    return Memory(MemoryConfig.model_validate(config), SETTING)


def points(*sizes: float, first: int = 10) -> list[dict[str, Any]]:
    lengths = [first * 2**place for place in range(len(sizes))]
    return [{"length": length, "bytes": size} for length, size in zip(lengths, sizes, strict=True)]


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_the_exponent_of_a_power_is_found(power: float) -> None:
    own = points(*(1e7 * length**power for length in (10, 20, 40)))
    constant, found = memory().growth(own)
    assert found == pytest.approx(power)
    assert constant == (power == 0)
    assert memory().check(Work("lstm", "training"), own, "").holds == (power == 0)
    assert memory().check(Work("transformer", "training"), own, "").holds == (power == 2)


def test_what_failed_too_early_decides_nothing() -> None:
    check = memory().check(Work("lstm", "training"), points(1e6), "out of memory")
    assert check.holds is None
    assert "at 20 tokens: out of memory" in check.figure.text()


def test_measuring_ends_at_the_first_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    measurement = memory()
    tried: list[int] = []

    def point(_: Work, length: int) -> dict[str, Any]:
        tried.append(length)
        return {"failure": "too long"} if length == 20 else {"bytes": 1, "state": 1, "seconds": 1.0, "parameters": 1}

    monkeypatch.setattr(measurement, "point", point)
    assert [one["length"] for one in measurement.measure(measurement.works[0])["points"]] == tried == [10, 20]
    evidence = measurement.evidence({name: job() for name, job in measurement.jobs().items()})
    assert {check.holds for check in evidence.checks} == {None}
    assert "too long" in evidence.sections[0].blocks[0].rows[0]  # type: ignore[union-attr]


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits are for a process of its own, not for this one."""
    monkeypatch.setattr(probe, "limit_memory", lambda *_: None)
    monkeypatch.setattr(probe, "limit_time", lambda _: None)


def options(**changes: Any) -> dict[str, Any]:
    given = {"model": SYSTEMS["lstm"], "way": "reading", "length": 24, "piece": 7, "materialised": False, "limit": 1e9}
    return given | {"seconds": 9, "device": "cpu", "threads": 1} | changes


@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_probe_tells_the_state_that_is_left(name: str) -> None:
    float_bytes, features = 4, SYSTEMS[name]["width"]
    for way, read in (("reading", 24), ("one pass", 24), ("training", 23), ("truncated", 23)):
        found = probe.probe(options(model=SYSTEMS[name], way=way))
        rows = min(read, 8) if name == "windowed" else read
        kept = 2 * features * float_bytes  # h and c, or a key and a value
        assert found["state"] == (kept if name == "lstm" else kept * rows + 8)
        assert found["bytes"] >= 0


@pytest.mark.usefixtures("unlimited")
def test_want_of_memory_is_told_and_no_other_fault_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(words: str) -> Any:
        def work(_: Any, token_1T: torch.Tensor, __: int) -> int:
            if token_1T.shape[1] > probe.WARM:
                raise RuntimeError(words)
            return 0

        return work

    monkeypatch.setitem(probe.WAYS, "reading", failing("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"))
    assert probe.probe(options(length=99)) == {"failure": "out of memory at a limit of 1 GB"}
    monkeypatch.setitem(probe.WAYS, "reading", failing("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        probe.probe(options(length=99))


def test_a_stream_is_measured_at_its_lengths_and_judged_by_growth() -> None:
    config = {"kind": "streaming", "systems": SYSTEMS, "lengths": (1, 300), "rounds": 2, "steps": 2}
    measurement = Streaming(StreamingConfig.model_validate(config), SETTING)
    ((_, job),) = measurement.jobs().items()
    results = dict(job())
    kept = 2 * 4 * 4
    assert [point["state"] for point in results["lstm"]["points"]] == [kept, kept]
    assert [point["state"] for point in results["transformer"]["points"]] == [kept + 8, 300 * kept + 8]
    assert [point["state"] for point in results["windowed"]["points"]] == [kept + 8, 8 * kept + 8]
    for name, growth in (("lstm", 1.0), ("transformer", 9.0), ("windowed", 1.0)):
        results[name]["points"][1]["milliseconds"] = growth * results[name]["points"][0]["milliseconds"]
    holds = {(check.part, *check.condition): check.holds for check in measurement.evidence({"all": results}).checks}
    assert holds == {
        ("A recurrent network's latency does not grow with the stream", "lstm"): True,
        ("A recurrent network's memory does not grow with the stream", "lstm"): True,
        ("A Transformer's latency grows with the stream", "transformer"): True,
        ("A Transformer's latency grows with the stream", "windowed"): False,
        ("A Transformer's memory grows with the stream", "transformer"): True,
        ("A Transformer's memory grows with the stream", "windowed"): True,
    }


@pytest.mark.parametrize(("low", "high"), [*itertools.combinations((-3.0, -1.5, -0.5, 0.5, 1.5, 3.0), 2)])
def test_a_difference_is_judged_by_its_interval_alone(low: float, high: float) -> None:
    middle = (low + high) / 2
    p = 0.01 if low > 0 or high < 0 else 0.5
    alike, better, no_worse = (judged(one, middle, low, high, p, 1.0) for one in ("alike", "better", "no worse"))
    assert (alike is True) == (low >= -1 and high <= 1)
    assert (alike is False) == (low > 1 or high < -1)
    assert (better is True) == (low > 0)
    assert (better is False) == (high < 0 or (low < 0 and high < 1))
    assert (no_worse is True) == (low >= -1)
    assert (no_worse is False) == (high < -1)
    # said the other way round, the same is found
    turned = judged("alike", -middle, -high, -low, p, 1.0)
    assert turned == alike


def test_systems_that_have_learnt_nothing_are_not_alike() -> None:
    assert [judged(expect, 0.0, 0.0, 0.0, 1.0, 1.0) for expect in ("alike", "better", "no worse")] == [None] * 3


def contests(**part: str) -> ContestsConfig:
    given = {"sentence": "It does", "of": "gru", "than": "lstm", "expect": "better"} | part
    return TypeAdapter(ContestsConfig).validate_python(
        {
            "kind": "contest",
            "contests": {"tags": {"recipe": "ner/newsdesk", "rivals": ["gru"], "speed": "alone"}},
            "parts": [given],
        }
    )


def sized(one: System, size: int) -> System:
    """The system with so many parameters, quicker to train and slower in use the fewer they are."""
    speeds = {"side by side": Speed(value=9.0, unit="words/s"), "alone": Speed(value=float(size), unit="words/s")}
    changed = [
        evaluation.model_copy(
            update={
                "parameters": size,
                "training": evaluation.training and evaluation.training.model_copy(update={"rate": 1000.0 / size}),
                "scores": evaluation.scores.model_copy(update={"speeds": speeds}),
            }
        )
        for evaluation in one.evaluations
    ]
    return replace(one, evaluations=tuple(changed))


def test_a_comparison_is_read_from_the_side_of_the_system_that_is_spoken_of(monkeypatch: pytest.MonkeyPatch) -> None:
    systems = [sized(system("lstm", 0.5), 400), sized(system("gru", 0.9), 300)]
    monkeypatch.setattr(contest, "compare", lambda *_: Comparison(Path(), {100.0: systems}, Report("lstm or gru?")))
    for expect, of, holds in (
        ("better", "gru", True), ("better", "lstm", False), ("alike", "gru", False), ("no worse", "lstm", False),
        ("smaller", "gru", True), ("smaller", "lstm", False), ("trains faster", "gru", True), ("runs faster", "gru", False),
    ):  # fmt: skip
        measurement = Contests(contests(expect=expect, of=of, than="lstm" if of == "gru" else "gru"), SETTING)
        (check,) = measurement.evidence({name: job() for name, job in measurement.jobs().items()}).checks
        assert check.holds is holds, (expect, of)
        if expect == "better":
            assert isinstance(check.figure.value, float)
            assert math.copysign(1, check.figure.value) == (1 if of == "gru" else -1)


def test_a_pair_that_no_comparison_tests_is_refused_before_anything_is_trained() -> None:
    with pytest.raises(UserError, match=r"no contest pairs transformer with gru \(paired: gru and lstm\)"):
        Contests(contests(of="transformer", than="gru"), SETTING)


@pytest.mark.parametrize("name", claim_names())
def test_every_claim_that_comes_along_can_be_decided(name: str) -> None:
    measure = load_claim(name).measure
    if isinstance(measure, ContestsConfig):
        for part in measure.parts:
            check_pairs(part, measure.contests)
