"""Costs by length: the same work for every kind of model, kept where it was measured, and shown with what failed."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from commandline import seqkit
from rich.console import Console
from test_inspect_command import LANGUAGE_MODELS, TRANSLATORS, language_model, translator

from seqkit import load, load_language_model, load_tagger, load_translator
from seqkit.report.figure import Figure
from seqkit.report.report import Lines, Table
from seqkit.run.saved import task_of
from seqkit.run.scaling import costs, probe
from seqkit.run.scaling.costs import KEPT, length_sections, measure_lengths
from seqkit.tasks.language_modeling.workload import TextWorkload
from seqkit.tasks.tagging.workload import TaggingWorkload
from seqkit.tasks.translation.workload import TranslationWorkload

FLOAT = 4  # bytes


def test_a_recurrent_state_stays_and_a_transformers_grows_to_its_window(tmp_path: Path) -> None:
    states = {}
    for name, table in LANGUAGE_MODELS.items():
        work = TextWorkload(load_language_model(language_model(table, tmp_path / name)))
        used = [work.use(length) for length in (1, 3, 600)]
        states[name] = [one.state for one in used]
        assert all(one.milliseconds > 0 for one in used)
    width, layers = 8, 2
    assert states["lstm"] == [2 * width * layers * FLOAT] * 3
    assert states["mingru"] == [width * layers * FLOAT] * 3
    position = 8
    assert states["transformer"] == [2 * width * layers * FLOAT * rows + position for rows in (1, 3, 4)]


def test_what_a_translator_keeps_of_a_source(tmp_path: Path) -> None:
    kept: dict[str, list[int]] = {}
    for name in ("final", "matrix", "attention", "transformer"):
        work = TranslationWorkload(load_translator(translator(TRANSLATORS[name], tmp_path / name)))
        kept[name] = [work.use(length).state or 0 for length in (4, 40)]
    for name in ("final", "matrix"):
        assert kept[name][0] == kept[name][1] > 0
    for name in ("attention", "transformer"):
        assert kept[name][1] > 5 * kept[name][0]


@pytest.mark.parametrize("kind", ["text", "pairs", "tags"])
def test_a_training_step_reaches_every_weight_that_it_should(kind: str, run: Path, tmp_path: Path) -> None:
    match kind:
        case "text":
            trained = load(language_model(LANGUAGE_MODELS["lstm"], tmp_path))
        case "pairs":
            trained = load(translator(TRANSLATORS["attention"], tmp_path))
        case _:
            trained = load_tagger(run)
    torch.manual_seed(1)
    task_of(trained).workload(trained).train(30)
    weights = [(name, weight) for name, weight in trained.model.named_parameters() if weight.requires_grad]
    assert all(weight.grad is not None and bool(weight.grad.isfinite().all()) for _, weight in weights)
    assert trained.model.training


def test_a_sentence_of_any_length_is_tagged(run: Path) -> None:
    work = TaggingWorkload(load_tagger(run))
    assert len(work.sentence(700).tokens) == 700
    used = work.use(700)
    assert used.milliseconds > 0
    assert used.state is None


def options(run: Path, **changes: Any) -> dict[str, Any]:
    given = {"run": str(run), "way": "use", "length": 12, "limit": 1e9, "seconds": 9, "device": "cpu", "threads": 1}
    return given | changes


def test_want_of_memory_is_told(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Any, length: int) -> None:
        if length > probe.WARM:
            raise MemoryError

    for name in ("limit_memory", "limit_time"):
        monkeypatch.setattr(probe, name, lambda *_: None)
    found = probe.measure(options(run))
    assert found["bytes"] >= 0
    assert found["waits"] == "one sentence"
    monkeypatch.setitem(probe.WAYS, "use", fail)
    assert probe.measure(options(run)) == {"failure": "out of memory at a limit of 1 GB"}


def test_too_little_time_is_told_by_a_process_of_its_own(tmp_path: Path) -> None:
    run = language_model(LANGUAGE_MODELS["lstm"], tmp_path)
    points = costs.until_one_fails(options(run, seconds=1), [16, 10_000_000, 20_000_000])
    assert [point["length"] for point in points] == [16, 10_000_000], "nothing longer is tried"
    assert points[0]["state"] == 128
    assert points[1]["failure"] == "took more than 1 s of processor time"


def test_what_was_measured_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def point(_: str, options: dict[str, Any], __: float) -> dict[str, Any]:
        asked.append(options["length"])
        return {"bytes": 1, "seconds": 1.0}

    monkeypatch.setattr(costs, "probe", point)
    terms: dict[str, Any] = {"device": "cpu", "threads": 1, "console": Console(quiet=True)}
    first = measure_lengths({"lstm": tmp_path}, (8, 16), **terms)
    assert asked == [8, 16, 8, 16]
    assert measure_lengths({"lstm": tmp_path}, (8, 16), **terms) == first
    assert len(asked) == 4
    measure_lengths({"lstm": tmp_path}, (8, 32), **terms)
    (tmp_path / KEPT).write_text("{", encoding="utf-8")
    measure_lengths({"lstm": tmp_path}, (8, 32), **terms)
    assert asked[4:] == [8, 32] * 4


def test_the_section_shows_what_failed_and_draws_the_rest() -> None:
    used = {"bytes": 2_000_000, "seconds": 1.0, "waits": "one token more", "milliseconds": 2.0, "state": 500}
    found = {
        "lstm": {"use": [{"length": 8, **used}, {"length": 16, **used}], "training": [{"length": 8, "failure": "too slow"}]},
        "transformer": {"use": [{"length": 8, **used}, {"length": 16, "failure": "no memory"}], "training": []},
    }
    (section,) = length_sections(found)
    tables = {block.title: block for block in section.blocks if isinstance(block, Table)}
    plots = {block.title: block for block in section.blocks if isinstance(block, Lines)}
    waited = "Time of one token more"
    assert tables[waited].rows == (
        ("8", Figure(waited, 0.002, "s"), Figure(waited, 0.002, "s")),
        ("16", Figure(waited, 0.002, "s"), "no memory"),
    )
    assert [(one.name, one.x, one.y) for one in plots[waited].series] == [
        ("lstm", (8, 16), (2.0, 2.0)),
        ("transformer", (8,), (2.0,)),
    ]
    assert all(plot.tabulated and title in tables for title, plot in plots.items())
    assert plots["Peak memory in use"].series[0].y == (2.0, 2.0)
    training = "Peak memory of one training step"
    assert tables[training].rows == (("8", "too slow", "–"),)
    assert training not in plots
    assert "Time of one training step" not in tables
    assert length_sections({}) == ()


def test_a_list_of_lengths_is_numbers_or_none(recipe: Path, data: Path) -> None:
    for wrong in ("8,x", "0", "", "8,-1"):
        assert seqkit("compare", recipe, "--data", data, "--lengths", wrong).refused("--lengths", "1024,4096")


def test_a_comparison_measures_its_systems(recipe: Path, data: Path, tmp_path: Path) -> None:
    done = seqkit("compare", recipe, "--data", data, "--out", tmp_path, "--seeds", "1", "--threads", "1", "--lengths", "16,9",
                  "--set", "train.epochs=1")  # fmt: skip
    assert done.code == 0, done
    (section,) = [
        one for one in json.loads((tmp_path / "report.json").read_text())["sections"] if one["title"] == "As texts grow"
    ]
    times = next(block for block in section["blocks"] if block["title"] == "Time of one sentence")
    assert [row[0] for row in times["rows"]] == ["9", "16"]
    assert times["columns"] == ["tokens", "lstm", "gru"]
    assert all(cell["value"] > 0 for row in times["rows"] for cell in row[1:])
