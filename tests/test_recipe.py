"""Recipes: what is wrong in one is named with its place and the way out."""

import re
from pathlib import Path

import pytest

from seqkit.architecture.tagger import RecurrentTaggerConfig, TransformerTaggerConfig
from seqkit.errors import UserError
from seqkit.recipe.reading import parse_override
from seqkit.recipe.recipe import Recipe
from seqkit.tasks import TASKS
from seqkit.tasks.recipes import load_recipe, recipe_from, recipe_names, recipe_path

BASE = 'task = "ner"\ncorpus = "ner/newsdesk"\n'


@pytest.fixture
def recipe(tmp_path: Path):
    """Loads a text as a recipe file named r.toml."""

    def load(text: str | bytes = BASE, *overrides: str) -> Recipe:
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "r.toml").write_bytes(content)
        return load_recipe(str(tmp_path / "r.toml"), overrides)

    return load


def test_defaults(recipe):
    assert recipe().model == RecurrentTaggerConfig()
    assert recipe(BASE + "[model]\nwidth = 64\n").model.width == 64
    assert isinstance(recipe(BASE + '[model]\nfamily = "transformer"\n').model, TransformerTaggerConfig)


# What is wrong in a file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[model]\n\nwidht = 3\n", r"r.toml:5: model.widht: unknown key; did you mean 'width'\? \(known: .*\blayers\b"),
        ("[modle]\nwidth = 3\n", r"r.toml:3: modle: unknown key; did you mean 'model'\?"),
        ("[model.words]\n# a comment\nvector = 'x'\n", r"r.toml:5: model.words.vector: unknown key; did you mean 'vectors'\?"),
        ("model.words.vector = 'x'\n", r"r.toml:3: model.words.vector: unknown key"),
        ("model = { width = 64, widht = 3 }\n", r"r.toml:3: model.widht: unknown key; did you mean 'width'\?"),
        ("[model]\nfamily = 'transformer'\nbidirectional = true\n", r"r.toml:5: model.bidirectional: unknown key"),
        ("[train]\nepoch = 3\n", r"r.toml:4: train.epoch: unknown key; did you mean 'epochs'\?"),
        ("[train]\nepochs = 'ten'\n", r"r.toml:4: train.epochs: .*number.*'ten'"),
        ("[train]\nbatch_size = 2.5\n", r"r.toml:4: train.batch_size: .*2\.5"),
        ("[train]\nepochs = 0\n", r"r.toml:4: train.epochs: .*greater than 0, not 0"),
        ("[train]\nlearning_rate = nan\n", r"r.toml:4: train.learning_rate: .*finite"),
        ("[train]\nschedule = 'linear'\n", r"r.toml:4: train.schedule: .*'cosine', 'plateau' or 'constant'.*'linear'"),
        ("[model]\nfamily = 'grue'\n", r"r.toml:4: model.family: unknown family 'grue'; did you mean 'gru'\?.*rnn, lstm, gru"),
        ("model = 3\n", r"r.toml:3: model: .*not 3"),
        ("[compare]\nseeds = []\n", r"r.toml:4: compare.seeds: "),
        ("[compare.rivals.small]\nmodel.widht = 3\n", r"r.toml:3: .*model.widht: unknown key; did you mean 'width'\?"),
        ("[compare.rivals.t]\nmodel.family = 'transfomer'\n", r"r.toml:3: .*did you mean 'transformer'\?"),
        ("x = = 3\n", r"r.toml: .*line 3"),
        ("[model\n", r"r.toml: .*line 3"),
        ("[model]\nwidth = 1\nwidth = 2\n", r"r.toml: .*line 5"),
    ],
)
def test_faults_of_a_file_name_file_line_and_key(text: str, message: str, recipe):
    with pytest.raises(UserError, match=message) as caught:
        recipe(BASE + text)
    assert "\n" not in str(caught.value)


def test_a_missing_key_is_named(recipe):
    with pytest.raises(UserError, match=r"r.toml: task: is missing"):
        recipe('corpus = "ner/newsdesk"\n')


def test_every_fault_has_its_line(recipe):
    with pytest.raises(UserError) as caught:
        recipe(BASE + "[train]\nepoch = 1\n[model]\nwidht = 2\n")
    lines = sorted(str(caught.value).split("\n"))
    assert len(lines) == 2
    assert "r.toml:4: train.epoch: " in lines[0]
    assert "r.toml:6: model.widht: " in lines[1]


def test_a_file_that_is_not_text(recipe):
    with pytest.raises(UserError, match=r"r.toml: .*utf-8"):
        recipe(BASE.encode() + b'about = "\xff"\n')


# --set


def test_overrides_change_values(recipe):
    changed = recipe(
        BASE + "[model]\nwidth = 64\n",
        "model.width=32",
        "train.epochs = 7",
        "model.words.chars=lstm",
        "compare.seeds=[4, 5]",
        "corpus=ner/wnut17",
        'about="two words"',
        "model.bidirectional=false",
    )
    assert (changed.model.width, changed.train.epochs, changed.model.words.chars) == (32, 7, "lstm")
    assert (changed.compare.seeds, changed.corpus, changed.about) == ((4, 5), "ner/wnut17", "two words")
    assert changed.model.bidirectional is False


def test_the_last_override_wins(recipe):
    assert recipe(BASE, "model.width=32", "model.width=48").model.width == 48


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.widht=3", r"--set model.widht: unknown key; did you mean 'width'\?"),
        ("train.epochs=ten", r"--set train.epochs: .*number.*'ten'"),
        ("train.epochs=0", r"--set train.epochs: .*not 0"),
        ("model.width=2.5", r"--set model.width: .*2\.5"),
        ("model.family=grue", r"--set model.family: unknown family 'grue'; did you mean 'gru'\?"),
        ("model=transformer", r"--set model: .*'transformer'"),
        ("train.epochs", r"--set train.epochs: expected KEY=VALUE"),
        ("=3", r"--set =3: expected KEY=VALUE"),
        ("model..width=3", r"expected KEY=VALUE"),
        ("about=two words", r"--set about=two words: .*quotes"),
        ("model.width=", r"--set model.width=: '' is not a TOML value"),
        ("compare.seeds=[1", r"--set compare.seeds=\[1: .*not a TOML value"),
    ],
)
def test_faults_of_an_override_name_it(override: str, message: str, recipe):
    with pytest.raises(UserError, match=message) as caught:
        recipe(BASE, override)
    assert "\n" not in str(caught.value)


def test_parsing_an_override():
    assert parse_override("model.width=256") == ("model.width", 256)
    assert parse_override("a = 1e-3") == ("a", 1e-3)
    assert parse_override("a.b-c=x/y.z") == ("a.b-c", "x/y.z")
    assert parse_override("a=b=c".replace("b=c", '"b=c"')) == ("a", "b=c")


# Families


def test_another_family_drops_only_what_the_old_one_alone_knows(recipe):
    model = "family = 'lstm'\nwidth = 64\nbidirectional = false\ninit = 'chrono'\noutput = 'softmax'\nwords.unknown = 0.1\n"
    text = f"{BASE}[model]\n{model}"
    changed = recipe(text, "model.family=transformer").model
    assert isinstance(changed, TransformerTaggerConfig)
    assert (changed.width, changed.output, changed.words.unknown) == (64, "softmax", 0.1)
    same_keys = recipe(text, "model.family=gru").model
    assert (same_keys.family, same_keys.bidirectional, same_keys.init) == ("gru", False, "chrono")
    back = recipe(BASE + "[model]\nfamily = 'transformer'\nheads = 2\nlayers = 3\n", "model.family=rnn").model
    assert (back.family, back.layers) == ("rnn", 3)


@pytest.mark.parametrize("family", ["gru", "transformer"])
def test_another_family_does_not_hide_a_misspelt_key(family: str, recipe):
    for text in ("[model]\nwidht = 3\n", "[model]\nfamily = 'lstm'\nwidht = 3\n"):
        with pytest.raises(UserError, match=r"r.toml:\d: model.widht: unknown key"):
            recipe(BASE + text, f"model.family={family}")


def test_rivals(recipe):
    rivals = "[compare.rivals.small]\nmodel.width = 16\n[compare.rivals.t]\nmodel = { family = 'transformer', heads = 2 }\n"
    whole = recipe(BASE + "[model]\nwidth = 64\nbidirectional = false\n" + rivals + "train.epochs = 3\n")
    small, other = whole.rival("small"), whole.rival("t")
    assert (small.model.width, small.model.bidirectional, small.train) == (16, False, whole.train)
    assert (other.model.family, other.model.width, other.model.heads, other.train.epochs) == ("transformer", 64, 2, 3)
    assert whole.resized(width=32).model.width == 32
    assert whole.model.width == 64


# Fingerprints


def test_fingerprints(recipe):
    plain = recipe().fingerprint()
    assert re.fullmatch("[0-9a-f]{12}", plain)
    assert recipe(BASE + "# a comment\n[train]\nepochs = 30\n").fingerprint() == plain  # the default, written out
    assert recipe('corpus = "ner/newsdesk"\n\ntask = "ner"\n').fingerprint() == plain
    for shaping in (
        "model.width=64",
        "train.seed=2",
        "train.epochs=3",
        "augment.swap=0.1",
        "tokenizer.min_count=2",
        "corpus=x",
    ):
        assert recipe(BASE, shaping).fingerprint() != plain
    for other in ("about=x", "compare.seeds=[9]"):
        assert recipe(BASE, other).fingerprint() == plain


def test_a_recipe_survives_its_own_dict(recipe):
    whole = recipe(BASE + "[model]\nfamily = 'gru'\n[compare.rivals.t]\nmodel.family = 'transformer'\n")
    again = recipe_from(whole.to_dict())
    assert again == whole
    assert again.fingerprint() == whole.fingerprint()


# What comes with seqkit


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_loads_with_its_rivals(name: str):
    whole = load_recipe(name)
    assert whole.about
    for rival in whole.compare.rivals:
        assert whole.rival(rival).fingerprint() != whole.fingerprint()
    assert len(recipe_path(name).read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("name", [name for name in recipe_names() if load_recipe(name).compare.rivals])
def test_a_recipe_with_rivals_says_where_each_system_is_tuned(name: str):
    recipe = load_recipe(name)
    for system in (recipe, *map(recipe.rival, recipe.compare.rivals)):
        assert {"train.learning_rate", "train.warmup"} <= system.compare.tune.keys()
        low, high = system.compare.tune["train.learning_rate"].ends
        assert low <= system.train.learning_rate <= high, "the rate as written lies in its range"


def test_names():
    for task, entry in TASKS.items():
        assert recipe_path(task) == recipe_path(entry.default)
        assert load_recipe(task).task == task
    with pytest.raises(UserError, match=r"unknown recipe 'ner/newsdesc'; did you mean 'ner/newsdesk'\?"):
        load_recipe("ner/newsdesc")
    with pytest.raises(UserError, match=r"absent.toml: no such recipe file"):
        load_recipe("absent.toml")


def test_a_decoder_that_knows_nothing_of_the_source_is_refused():
    assert load_recipe("translate", ["model.bridge=final"]).task == "translate"
    assert load_recipe("translate", ["model.initialise=false"]).task == "translate"
    with pytest.raises(UserError, match=r"model\.initialise: should be true with bridge = \"final\""):
        load_recipe("translate", ["model.bridge=final", "model.initialise=false"])
