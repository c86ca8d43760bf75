"""Model folders and recipes written by seqkit 0.1.0 still load, and say what they said then.

`tests/stored/<task>/` holds one of each task as that version wrote it; `expected.json` what its models answered.
"""

import json
from pathlib import Path

import pytest

import seqkit
from seqkit.tasks.recipes import load_recipe, recipe_from

STORED = Path(__file__).resolve().parents[1] / "stored"
EXPECTED = json.loads((STORED / "expected.json").read_text(encoding="utf-8"))


def test_a_tagger() -> None:
    tagger = seqkit.load_tagger(STORED / "ner")
    found = tagger.predict([["Ada", "Lovelace", "left", "New", "York", "."], ["Mary", "saw", "Oslo"]])
    assert [list(one.tags) for one in found] == EXPECTED["ner"]


def test_a_language_model() -> None:
    model = seqkit.load_language_model(STORED / "generate")
    written, logprob = EXPECTED["generate"]
    assert model.generate("the ", length=12, temperature=0.0) == [written]
    assert model.score(["the cat sat"])[0].logprob == pytest.approx(logprob, abs=1e-3)


def test_a_translator_and_what_it_knows_of_sources() -> None:
    model = seqkit.load_translator(STORED / "translate")
    assert model.translate(["the cat", "mat sat the"]) == EXPECTED["translate"]
    assert model.coverage is not None
    assert model.coverage.longest > 0


@pytest.mark.parametrize("task", ["ner", "generate", "translate"])
def test_a_recipe(task: str) -> None:
    stored = json.loads((STORED / task / "recipe.json").read_text(encoding="utf-8"))
    recipe = recipe_from(stored)
    assert recipe.task == task
    assert recipe.model.width == stored["model"]["width"]


def test_keys_are_read_by_their_old_names_and_written_by_their_new_ones() -> None:
    given = {"task": "ner", "corpus": "x", "model": {"lean": True, "shift": 2.0, "members": 3}}
    model = recipe_from(given).to_dict()["model"]
    assert (model["outside_bias"], model["label_shift"], model["ensemble_size"]) == (True, 2.0, 3)
    assert not {"lean", "shift", "members"} & set(model)
    assert load_recipe("ner", ["model.shift=1.5"]).model.label_shift == 1.5
    assert load_recipe("ner", ["model.lean=false"]).model.outside_bias is False
    assert load_recipe("translate", ["model.handover=false"]).model.initialise is False
