"""Search spaces: what a recipe may state, and points that cover it."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from seqkit.errors import UserError
from seqkit.recipe.recipe import Recipe
from seqkit.recipe.spaces import Space, draw
from seqkit.tasks.recipes import load_recipe, recipe_from

BASE = """task = "ner"
corpus = "ner/newsdesk"
[compare.tune]
train.learning_rate = { low = 1e-4, high = 1e-2, log = true }
model.layers = [1, 2]
model.width = { low = 8, high = 16 }
"""
RIVAL = """[compare.rivals.t]
model = { family = "transformer", heads = 2 }
[compare.rivals.t.compare.tune]
train.learning_rate = [1e-3]
model.width = []
model.heads = [1, 2]
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Recipe]:
    def load(text: str, *overrides: str) -> Recipe:
        (tmp_path / "r.toml").write_text(text)
        return load_recipe(str(tmp_path / "r.toml"), overrides)

    return load


def test_points_cover_every_range_evenly():
    spaces = {
        "rate": Space(low=1e-4, high=1e-2, log=True),
        "share": Space(low=0.0, high=0.8),
        "size": Space(low=3, high=6),
        "kind": Space(values=("a", "b")),
    }
    written, *points = draw(spaces, 65)
    assert written == {}
    eighths = [math.floor(4 * (math.log10(point["rate"]) + 4)) for point in points]
    assert all(6 <= eighths.count(eighth) <= 10 for eighth in range(8))
    tenths = [math.floor(10 * point["share"]) for point in points]
    assert all(6 <= tenths.count(tenth) <= 10 for tenth in range(8))
    assert {point["size"] for point in points} == {3, 4, 5, 6}
    assert sorted(point["kind"] for point in points) == ["a"] * 32 + ["b"] * 32
    assert draw(spaces, 65) == [written, *points]
    assert draw(spaces, 9) == [written, *points][:9]  # more trials go on where fewer stopped
    assert draw({}, 5) == draw(spaces, 1) == [{}]


def test_a_rival_overrides_spaces_and_drops_them(read: Callable[..., Recipe]):
    recipe = read(BASE + RIVAL)
    assert recipe.compare.tune.keys() == {"train.learning_rate", "model.layers", "model.width"}
    rival = recipe.rival("t").compare.tune
    assert rival["train.learning_rate"].values == (1e-3,)
    assert rival["model.layers"].values == (1, 2)
    assert {key for point in draw(rival, 4)[1:] for key in point} == {"train.learning_rate", "model.layers", "model.heads"}
    tried = recipe.rival("t").tuned({"model.heads": 4, "train.learning_rate": 0.5})
    assert (tried.model.heads, tried.train.learning_rate, tried.model.family) == (4, 0.5, "transformer")  # type: ignore[union-attr]


def test_spaces_survive_being_written(read: Callable[..., Recipe]):
    recipe = read(BASE + RIVAL)
    assert recipe_from(json.loads(json.dumps(recipe.to_dict()))) == recipe
    quoted = BASE.replace("train.learning_rate", '"train.learning_rate"').replace("model.layers", '"model.layers"')
    assert read(quoted).compare.tune == recipe.compare.tune
    assert read(BASE, "compare.tune.model.layers=[3]").compare.tune["model.layers"].values == (3,)
    assert read(BASE).fingerprint() == read(BASE.split("[compare")[0]).fingerprint()  # where one looks shapes no model


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model.dropuot = [0.1]", r"r.toml:7: compare.tune: model.dropuot: unknown key; did you mean 'dropout'\?"),
        ("modle.dropout = [0.1]", r"r.toml:7: compare.tune: modle: unknown key; did you mean 'model'\?"),
        ("train.warmup = { low = 0.1, hihg = 0.3 }", r"r.toml:7: compare.tune.train.warmup.hihg: .*did you mean 'high'\?"),
        ("train.warmup = { low = 0.3, high = 0.1 }", "r.toml:7: compare.tune.train.warmup: .*low being the smaller"),
        ("train.warmup = { low = 0, high = 0.1, log = true }", "low above 0"),
        ("train.warmup = { low = 0.1, high = 1.5 }", "r.toml:7: compare.tune: train.warmup: .*less than 1, not 1.5"),
        ("train.epochs = 3", "r.toml:7: compare.tune.train.epochs: "),
        ("[compare.rivals.t]\nmodel.family = 'transformer'\n[compare.rivals.t.compare.tune]\nmodel.bidirectional = [true]",
         "r.toml:10: compare.tune of t: model.bidirectional: unknown key"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_space_is_told(text: str, message: str, read: Callable[..., Recipe]):
    with pytest.raises(UserError, match=message):
        read(BASE + text + "\n")
