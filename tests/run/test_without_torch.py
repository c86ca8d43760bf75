"""Whoever only uses a model does not wait for PyTorch: every command that answers, and `seqkit.load`."""

import subprocess
import sys
from pathlib import Path

import pytest
import small
import tiny
import torch
from commandline import environment
from rich.console import Console

from seqkit.data.sources import Sources
from seqkit.run.experiment import Experiment
from seqkit.run.saved import load
from seqkit.tasks import find_task

BY_COMMAND = """
import sys
sys.argv = ["seqkit", *sys.argv[1:]]
from seqkit.cli import main
try: main()
except SystemExit as done: assert not done.code, done.code
assert "torch" not in sys.modules
"""
IN_PYTHON = """
import sys, seqkit
model = seqkit.load(sys.argv[1])
match sys.argv[2]:
    case "ner": print(model.tag(["Ash saw Birch."]), model.predict([["Ash", "saw"]]))
    case "generate": print(model.generate("a", length=5), model.score(["a b"]))
    case "translate": print(model.translate(["a cat"], beam=2))
print(repr(model), seqkit.UserError)
assert "torch" not in sys.modules
"""
MODELS = {
    "ner": ("tagger, gru", "tagger, transformer"),
    "generate": ("text, lstm", "text, rotary"),
    "translate": ("pairs, lstm, matrix", "pairs, transformer"),
}
COMMANDS = {
    "ner": [("tag", "--format", "jsonl"), ("tag", "--format", "text")],
    "generate": [("generate", "--length", "9"), ("generate", "--length", "5", "--beam", "2"), ("score", "--tokens")],
    "translate": [("translate", "--beam", "3"), ("translate", "--format", "jsonl")],
}


@pytest.fixture(scope="module", params=[(task, name) for task, names in MODELS.items() for name in names], ids=str)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A task and the folder of a small model of it."""
    task, name = request.param
    recipe, folder = small.recipe(name, epochs=1), tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(find_task(task)), "read", lambda *_: small.CORPORA[task]())
        Experiment(recipe, Sources()).fit(folder, torch.device("cpu"), Console(quiet=True))
    return task, folder


def run(snippet: str, *arguments: str) -> str:
    words = [sys.executable, "-c", snippet, *arguments]
    done = subprocess.run(words, input="a cat\n", capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_commands(model: tuple[str, Path]):
    task, folder = model
    for command, *options in COMMANDS[task]:
        assert run(BY_COMMAND, command, str(folder), *options)


def test_from_python(model: tuple[str, Path]):
    task, folder = model
    assert "parameters" in run(IN_PYTHON, str(folder), task)


def test_the_module_answers_alike(model: tuple[str, Path]):
    """As on a GPU, where it reads in place of the engine."""
    task, folder = model
    light, heavy = load(folder), load(folder)
    heavy.reader = heavy.on_device()
    match task:
        case "ner":
            texts = [sentence.tokens for sentence in tiny.sentences(20, seed=9)]
            assert [one.tags for one in heavy.predict(texts)] == [one.tags for one in light.predict(texts)]
            assert heavy.tagger is heavy.predictor is not light.tagger
        case "generate":
            for settings in ({"seed": 3}, {"temperature": 0}, {"beam": 3}, {"top_k": 3, "repetition_penalty": 1.2}):
                assert heavy.generate("a b", length=20, **settings) == light.generate("a b", length=20, **settings)
            for one, other in zip(heavy.score(["a b", ""]), light.score(["a b", ""]), strict=True):
                assert one.tokens == other.tokens
                assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)
        case "translate":
            for settings in ({}, {"beam": 3}, {"temperature": 1.0, "seed": 2}):
                sources = ["a cat", "a red dog", "", "house"]
                assert heavy.translate(sources, **settings) == light.translate(sources, **settings)
