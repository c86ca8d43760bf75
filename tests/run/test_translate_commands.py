"""Translators by the command line: train, resume, evaluate, compare, translate."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from commandline import Done, command, environment, process, seqkit, weights

import seqkit as package
from seqkit.errors import UserError
from seqkit.run.evaluation import Evaluation

RECIPE = """task = "translate"
corpus = "translate/phrasebook"

[tokenizer]
source = { kind = "characters" }

[model]
family = "lstm"
bridge = "matrix"
width = 32
layers = 2
heads = 2
key_width = 8
value_width = 16
dropout = 0.0
input_dropout = 0.0
output_dropout = 0.0

[train]
epochs = 14
batch_size = 16
learning_rate = 2e-2
average = 0.9

[compare]
match = "none"
seeds = [1, 2]

[compare.rivals.transformer]
model = { family = "transformer", layers = 1, width = 16, heads = 2 }
train.epochs = 1
"""
WORDS = {"cat": "chat", "dog": "chien", "sun": "soleil", "sea": "mer", "red": "rouge", "sad": "triste"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of train.tsv, dev.tsv and test.tsv: two words, and theirs in the other order."""
    folder = tmp_path_factory.mktemp("pairs")
    random = np.random.default_rng(1)
    for split, count in (("train", 400), ("dev", 20), ("test", 20)):
        drawn = [random.choice(list(WORDS), 2).tolist() for _ in range(count)]
        rows = [f"{a} {b}\t{WORDS[b]} {WORDS[a]}\n" for a, b in drawn]
        (folder / f"{split}.tsv").write_text("".join(rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def training(data: Path, recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    out = tmp_path_factory.mktemp("runs") / "trained"
    return out, seqkit("train", recipe, "--data", data, "--out", out, "--threads", "1")


@pytest.fixture(scope="module")
def run(training: tuple[Path, Done]) -> Path:
    assert training[1].code == 0, training[1]
    return training[0]


def test_a_run_learns_and_says_what_it_read(training: tuple[Path, Done], run: Path) -> None:
    told = training[1].out
    for words in ("400 pairs", "LSTM, matrix bridge", "nats/symbol", "BLEU", "seqkit translate"):
        assert words in told
    assert seqkit("translate", run, stdin=b"red cat\nsad sea\n").out == "chat rouge\nmer triste\n"


def test_a_run_leaves_model_and_report_and_no_training_text(run: Path) -> None:
    report = json.loads((run / "report.json").read_text())
    titles = [block["title"] for section in report["sections"] for block in section["blocks"]]
    for title in ("Scores", "By source words", "Memory of the source", "Worst", "Learning curve", "Cost"):
        assert title in titles
    model = b"".join(path.read_bytes() for path in (run / "model").iterdir())
    assert b"chat rouge" not in model


def test_as_many_lines_out_as_in_whatever_is_inside(run: Path) -> None:
    lines = ["red cat", "", "   ", "\u2028", "sad dog\u2028sun", "x\0y", "\ufeff", "cat" * 200, "😀 cat"]
    done = seqkit("translate", run, stdin="\n".join(lines).encode() + b"\n")
    assert done.code == 0
    assert len(done.out.split("\n")) == len(lines) + 1
    assert done.out.split("\n")[1:3] == ["", ""]
    windows = seqkit("translate", run, stdin="\r\n".join(["red cat", "sad sea"]).encode())
    assert windows.out == "chat rouge\nmer triste\n"


def test_what_is_unlike_training_is_warned_of(run: Path) -> None:
    long, longer = "red cat sun sea", "cat " * 100
    done = seqkit("translate", run, stdin=f"red cat\n{long}\n\n{longer}\n".encode())
    assert done.code == 0
    assert len(done.out.split("\n")) == 5
    warnings = done.err.splitlines()
    assert warnings[0].startswith("warning: -:2: 16 symbols, more than any source of training (8)")
    assert "parts of at most 256" in seqkit("translate", run, stdin=longer.encode()).err
    assert warnings[1] == "warning: -: 1 more such long line"
    foreign = seqkit("translate", run, stdin="кот\nкрасный\nморе\n".encode())
    assert "is it source? The model translates source into target" in foreign.err
    assert seqkit("translate", run, stdin=b"red cat\nsad sea\n").err == ""


def test_a_translation_does_not_depend_on_what_else_is_translated(run: Path, tmp_path: Path) -> None:
    words = list(WORDS)
    lines = [" ".join(words[n % 6] for n in range(start, start + 1 + start % 5)) for start in range(40)]
    (tmp_path / "all.txt").write_text("".join(f"{line}\n" for line in lines))
    for more in ((), ("--beam", "4")):
        together = seqkit("translate", run, tmp_path / "all.txt", *more).out.splitlines()
        alone = [seqkit("translate", run, *more, stdin=f"{line}\n".encode()).out.rstrip("\n") for line in lines[:12]]
        assert together[:12] == alone
    assert seqkit("translate", run, tmp_path / "all.txt").out == seqkit("translate", run, stdin="\n".join(lines).encode()).out


def test_a_line_is_answered_before_the_next_is_sent(run: Path) -> None:
    with subprocess.Popen(command("translate", run), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as pipe:
        assert pipe.stdin is not None
        assert pipe.stdout is not None
        for line, wanted in (b"red cat\n", b"chat rouge\n"), (b"sad dog\n", b"chien triste\n"):
            pipe.stdin.write(line)
            pipe.stdin.flush()
            assert pipe.stdout.readline() == wanted
        pipe.stdin.close()
        assert pipe.wait(timeout=200) == 0


def test_n_best_with_scores_and_a_prefix(run: Path) -> None:
    done = seqkit("translate", run, "--beam", "3", "--n-best", "3", "--scores", stdin=b"red cat\n")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert len(rows) == 3
    assert rows[0][1] == "chat rouge"
    assert len({text for _, text in rows}) == 3
    assert all(float(score) <= 0 for score, _ in rows)
    empty = seqkit("translate", run, "--beam", "3", "--n-best", "3", stdin=b"red cat\n\n").out.split("\n")
    assert empty[3:] == ["", "", "", ""]
    assert seqkit("translate", run, "--prefix", "mer", stdin=b"red cat\n").out.startswith("mer")
    (row,) = [json.loads(line) for line in seqkit("translate", run, "--format", "jsonl", stdin=b"red cat\n").out.splitlines()]
    assert row["source"] == "red cat"
    assert row["translations"][0]["text"] == "chat rouge"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--n-best", "2"), ["n-best 2"]),
        (("--beam", "2", "--temperature", "1"), ["beam"]),
        (("--temperature", "-1"), ["temperature"]),
        (("--format", "xml"), ["--format xml", "jsonl"]),
    ],
)
def test_settings_that_make_no_sense(run: Path, given: tuple[str, ...], words: list[str]) -> None:
    assert seqkit("translate", run, *given, stdin=b"cat\n").refused(*words)


def test_a_model_that_does_not_attend_has_no_plot_of_attention(run: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert seqkit("translate", run, "--attention-plot", page, stdin=b"cat\n").refused('bridge = "attention"', "transformer")
    assert not page.exists()


def test_bad_bytes_are_named_or_replaced(run: Path) -> None:
    assert seqkit("translate", run, stdin=b"cat\n\xff\n").refused("-:2", "UTF-8")
    assert seqkit("translate", run, "--encoding-errors", "replace", stdin=b"red cat\n\xff\n").out.startswith("chat rouge\n")


def test_bad_pairs_are_named(data: Path, recipe: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.tsv"
    dev = ("--dev", data / "dev.tsv", "--out", tmp_path / "run")
    for content, words in (("", ["bad.tsv"]), ("one side\n", ["bad.tsv:1"]), ("\t\n", ["bad.tsv", "empty"])):
        bad.write_text(content)
        assert seqkit("train", recipe, "--train", bad, *dev).refused(*words)
        assert not (tmp_path / "run").exists()
    assert seqkit("train", recipe, "--train", data / "train.tsv", "--out", tmp_path / "run").refused("dev")


def test_each_command_knows_its_models(run: Path) -> None:
    assert seqkit("tag", run, stdin=b"cat\n").refused("translator", "seqkit translate")
    assert seqkit("score", run, stdin=b"cat\n").refused("translator")
    assert seqkit("evaluate", run, "--protocol", "carried").refused("--protocol")


def test_aligned_files_and_a_direction(data: Path, recipe: Path, tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        rows = [line.split("\t") for line in (data / f"{split}.tsv").read_text().splitlines()]
        (tmp_path / f"{split}.en").write_text("".join(f"{a}\n" for a, _ in rows))
        (tmp_path / f"{split}.fr").write_text("".join(f"{b}\n" for _, b in rows))
    fast = ("--set", "train.epochs=1", "--out", tmp_path / "run", "--data", tmp_path)
    assert seqkit("train", recipe, *fast).refused("direction")
    done = seqkit("train", recipe, *fast, "--set", "direction=fr-en")
    assert done.code == 0, done
    assert "fr → en" in done.out


def test_two_aligned_files_of_ones_own(run: Path, data: Path, recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "a.en").write_text("red cat\nsad sea\n")
    (tmp_path / "a.fr").write_text("chat rouge\nmer triste\n")
    two = f"{tmp_path / 'a.en'},{tmp_path / 'a.fr'}"
    done = seqkit("evaluate", run, "--file", two, "--out", tmp_path / "evaluation")
    assert done.code == 0, done
    assert "on 2 sentences; 100.0 % are" in done.out

    out = ("--out", tmp_path / "run")
    (tmp_path / "a.fr").write_text("chat rouge\n")
    uneven = seqkit("train", recipe, "--train", two, "--dev", data / "dev.tsv", *out)
    assert uneven.refused(f"{tmp_path / 'a.en'} has 2 lines", f"{tmp_path / 'a.fr'} has 1 line")
    assert seqkit("train", recipe, "--train", f"{tmp_path / 'a.en'},none", *out).refused("none", "no such file")
    for task in ("ner", "lm"):
        assert seqkit("train", task, "--train", two, "--dev", data / "dev.tsv", *out).refused("a.en,", "translation")
    assert not (tmp_path / "run").exists()


def test_evaluating_again_gives_the_same_scores(run: Path, data: Path, tmp_path: Path) -> None:
    done = seqkit("evaluate", run, "--out", tmp_path / "again")
    assert done.code == 0, done
    mine, again = (Evaluation.read(folder).scores.units for folder in (run, tmp_path / "again"))
    assert mine == again
    assert seqkit("evaluate", run, "--split", "test_long").refused("test_long")
    assert len((run / "translations.txt").read_text().splitlines()) == 20


def test_whole_targets_are_judged_where_the_recipe_says_so(run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    recipe = json.loads((copy / "recipe.json").read_text())
    recipe["evaluation"] |= {"metric": "accuracy", "unit": "characters"}
    (copy / "recipe.json").write_text(json.dumps(recipe))
    done = seqkit("evaluate", copy, "--out", tmp_path / "again")
    assert done.code == 0, done
    for words in ("word error rate", "character error rate", "test accuracy"):
        assert words in done.out
    assert "BLEU" not in done.out
    scores = Evaluation.read(tmp_path / "again").scores
    assert scores.measure == "exact"
    assert min(scores.lengths) == len("red cat")  # characters: a source may be a single word


def test_in_python(run: Path) -> None:
    translator = package.load(run)
    assert translator.translate(["red cat", "", "sad sea"], beam=2) == ["chat rouge", "", "mer triste"]
    with pytest.raises(UserError, match="list of sentences"):
        translator.translate("red cat")


def test_a_stopped_run_goes_on_to_the_same_weights(data: Path, recipe: Path, tmp_path: Path) -> None:
    more = ("--data", data, "--threads", "1", "--set", "train.epochs=2")
    assert seqkit("train", recipe, *more, "--out", tmp_path / "whole").code == 0
    stopped = tmp_path / "stopped"
    arguments = command("train", recipe, *more, "--out", stopped, before=_STOP_EARLY)
    done = subprocess.run(arguments, capture_output=True, env=environment(), timeout=400)
    assert done.returncode == 128 + signal.SIGINT, done
    assert process("train", "--resume", stopped, "--threads", "1").code == 0
    assert weights(stopped) == weights(tmp_path / "whole")


_STOP_EARLY = """
import os, signal
import seqkit.run.experiment as experiment
log = experiment.EventLog.__call__
def logged(self, event):
    log(self, event)
    if getattr(event, "step", 0) == 30:
        os.kill(os.getpid(), signal.SIGINT)
experiment.EventLog.__call__ = logged
"""


@pytest.mark.usefixtures("trained")
def test_a_comparison_of_two_families(data: Path, recipe: Path, tmp_path: Path) -> None:
    given = ("--data", data, "--out", tmp_path, "--threads", "1", "--seeds", "1,2", "--set", "train.epochs=1")
    done = seqkit("compare", recipe, *given)
    assert done.code == 0, done
    assert "lstm" in done.out
    assert "transformer" in done.out
    assert "BLEU" in done.out
