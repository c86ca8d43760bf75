"""A comparison's folder belongs to one comparison: nothing finished in it is overwritten, whatever is asked for next."""

import json
import shutil
from pathlib import Path

import pytest
from records import HERE, evaluation
from rich.console import Console

from seqkit.data.sources import OwnFiles, Sources
from seqkit.errors import UserError
from seqkit.recipe.recipe import Recipe
from seqkit.run.comparison import folder as folder_module
from seqkit.run.comparison.folder import NAME, Identity, comparison_folder
from seqkit.run.comparison.jobs import Job, Setting, start
from seqkit.tasks.recipes import load_recipe

QUIET = Console(quiet=True)


@pytest.fixture
def systems(recipe: Path) -> dict[str, Recipe]:
    written = load_recipe(str(recipe))
    return {"lstm": written, "gru": written.rival("gru")}


@pytest.fixture
def identity(systems: dict[str, Recipe], data: Path) -> Identity:
    return Identity.of(systems, Sources(OwnFiles(folder=data)), HERE)


def test_the_same_goes_on_and_more_systems_and_seeds_join(identity: Identity, systems: dict[str, Recipe], tmp_path: Path):
    out = tmp_path / "out"
    assert comparison_folder(identity, "x", out, QUIET) == out
    assert comparison_folder(identity, "x", out, QUIET) == out
    fewer = identity.model_copy(update={"systems": {"lstm": identity.systems["lstm"]}})
    assert comparison_folder(fewer, "x", out, QUIET) == out
    more = identity.systems | {"wide": identity.systems["gru"] | {"fraction": 0.5}}
    assert comparison_folder(identity.model_copy(update={"systems": more}), "x", out, QUIET) == out
    assert set(Identity.model_validate_json((out / NAME).read_bytes()).systems) == {"lstm", "gru", "wide"}
    seeded = {name: system.seeded(7) for name, system in systems.items()}
    assert Identity.of(seeded, Sources(), HERE).systems == identity.systems


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"machine": HERE.model_copy(update={"threads": 2})}, "machine.threads 1 there, 2 asked for"),
        ({"machine": HERE.model_copy(update={"device": "H100"})}, "machine.device cpu there, H100 asked for"),
        ({"machine": HERE.model_copy(update={"torch_version": "3"})}, "machine.torch_version 2.13.0 there, 3 asked for"),
        ({"budget": 60.0}, "budget 0.0 there, 60.0 asked for"),
        ({"trials": 8}, "trials 0 there, 8 asked for"),
    ],
)
def test_what_differs_is_named_and_refused(identity: Identity, changed: dict, told: str, tmp_path: Path):
    comparison_folder(identity, "x", tmp_path, QUIET)
    with pytest.raises(UserError, match=f"{told}.*--out"):
        comparison_folder(identity.model_copy(update=changed), "x", tmp_path, QUIET)


def test_another_setting_of_a_system_is_named(identity: Identity, recipe: Path, data: Path, tmp_path: Path):
    comparison_folder(identity, "x", tmp_path, QUIET)
    wider = {"lstm": load_recipe(str(recipe), ["model.width=32"])}
    with pytest.raises(UserError, match=r"lstm\.model\.width 16 there, 32 asked for"):
        comparison_folder(Identity.of(wider, Sources(OwnFiles(folder=data)), HERE), "x", tmp_path, QUIET)


@pytest.mark.parametrize("by", ["folder", "files"])
def test_changed_files_are_noticed(systems: dict[str, Recipe], data: Path, tmp_path: Path, by: str):
    changed = shutil.copytree(data, tmp_path / "data")
    dev = changed / "dev.conll"
    own = OwnFiles(folder=changed) if by == "folder" else OwnFiles(files={"train": changed / "train.conll", "dev": dev})
    comparison_folder(Identity.of(systems, Sources(own), HERE), "x", tmp_path / "out", QUIET)
    dev.write_text(dev.read_text() + "Ada\tB-PER\n\n")
    with pytest.raises(UserError, match="the files have changed since"):
        comparison_folder(Identity.of(systems, Sources(own), HERE), "x", tmp_path / "out", QUIET)


def test_by_default_another_comparison_gets_a_folder_of_its_own(
    identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(folder_module, "RUNS", tmp_path)
    other = identity.model_copy(update={"trials": 3})
    places = [comparison_folder(one, "x", None, QUIET).name for one in (identity, other, identity, other)]
    assert places == ["x", "x-2", "x", "x-2"]
    (tmp_path / "compare" / "y").mkdir()
    (tmp_path / "compare" / "y" / "data.json").write_text("{}")
    assert comparison_folder(identity, "y", None, QUIET).name == "y-2"
    (tmp_path / "compare" / "x" / NAME).write_text("{")
    assert comparison_folder(identity, "x", None, QUIET).name == "x-3"


def test_a_finished_job_is_never_cleared(recipe: Path, data: Path, tmp_path: Path):
    written = load_recipe(str(recipe))
    (tmp_path / "recipe.json").write_text(written.model_dump_json())
    evaluation("f1", ((1, 1, 1),)).write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    other = Job("lstm", "seed 1", load_recipe(str(recipe), ["model.width=32"]), tmp_path, "brief")
    assert Job("lstm", "seed 1", written, tmp_path, "brief").finished
    assert not other.finished
    with pytest.raises(UserError, match="a finished run with other settings"):
        start(other, Setting(Sources(OwnFiles(folder=data)), "cpu", 1))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_finished_job_of_settings_unknown_here_is_never_cleared(recipe: Path, data: Path, tmp_path: Path):
    written = load_recipe(str(recipe))
    (tmp_path / "recipe.json").write_text(json.dumps(written.to_dict() | {"key_of_another_day": 1}))
    evaluation("f1", ((1, 1, 1),)).write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UserError, match="a finished run with other settings"):
        start(Job("lstm", "seed 1", written, tmp_path, "brief"), Setting(Sources(OwnFiles(folder=data)), "cpu", 1))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_system_left_out_for_once_is_still_known(identity: Identity, tmp_path: Path):
    comparison_folder(identity, "x", tmp_path, QUIET)
    first = next(iter(identity.systems))
    fewer = identity.model_copy(update={"systems": {first: identity.systems[first]}})
    comparison_folder(fewer, "x", tmp_path, QUIET)
    name = list(identity.systems)[1]
    other = identity.systems | {name: identity.systems[name] | {"fraction": 0.5}}
    with pytest.raises(UserError, match=rf"{name}\.fraction 1\.0 there, 0\.5 asked for"):
        comparison_folder(identity.model_copy(update={"systems": other}), "x", tmp_path, QUIET)
