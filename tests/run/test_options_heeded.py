"""What a command was given is what it uses: options of a resumed run, files of any split, standard input for every sample."""

import json
from pathlib import Path

import pytest
from commandline import RECIPE, process, seqkit, weights, write_columns
from commandline import sentences as tagged

from seqkit.run.evaluation import Evaluation

TEXT = """task = "generate"
corpus = "generate/pydoc"
[model]
family = "gru"
width = 8
[train]
epochs = 1
batch_size = 4
[evaluation]
sample_length = 60
"""
PAIRS = """task = "translate"
corpus = "translate/phrasebook"
[tokenizer]
source = { kind = "characters" }
[model]
width = 8
layers = 1
heads = 1
key_width = 2
value_width = 2
[train]
epochs = 1
[evaluation]
tests = ["test", "test_novel"]
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "book.txt"
    path.write_text("".join(f"line {n} says what {n * n} is and was\n" for n in range(400)))
    return path


@pytest.fixture(scope="module")
def writer(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model trained on the user's own text."""
    folder = tmp_path_factory.mktemp("writer")
    (folder / "tiny.toml").write_text(TEXT)
    done = seqkit("train", folder / "tiny.toml", "--text", book, "--out", folder / "run", "--threads", "1")
    assert done.code == 0, done
    return folder / "run"


@pytest.mark.parametrize(
    "option", [("--dev", "x"), ("--test", "x"), ("--format", "jsonl"), ("--encoding-errors", "strict"), ("--seed", "0")]
)
def test_a_resumed_run_takes_no_option_that_it_would_not_heed(option: tuple[str, str], run: Path) -> None:
    assert seqkit("train", "--resume", run, *option).refused("--resume", f"leave out {option[0]}")


def test_a_file_is_read_whatever_its_split_is_called(run: Path, tmp_path: Path) -> None:
    path = write_columns(tmp_path / "x.conll", tagged(5, 9))
    assert seqkit("evaluate", run, "--split", "test_x", "--file", path).refused("no test_x split")
    assert seqkit("evaluate", run, "--split", "dev", "--file", path, "--out", tmp_path / "out").code == 0
    scores = Evaluation.read(tmp_path / "out").scores
    assert (scores.split, len(scores.units)) == ("dev", 5)


def test_pairs_of_any_split_and_tests_that_the_recipe_names(tmp_path: Path) -> None:
    for split, count in (("train", 30), ("dev", 6), ("test", 7)):
        (tmp_path / f"{split}.tsv").write_text("".join(f"red cat {n}\tchat rouge {n}\n" for n in range(count)))
    (tmp_path / "tiny.toml").write_text(PAIRS)
    run, out = tmp_path / "run", tmp_path / "out"
    done = seqkit("train", tmp_path / "tiny.toml", "--data", tmp_path, "--out", run, "--threads", "1")
    assert done.code == 0, done  # the recipe's tests are those of its own corpus
    (tmp_path / "more.tsv").write_text("a\tb\nc\td\n")
    for split in ("test", "test_x"):
        done = seqkit("evaluate", run, "--split", split, "--file", tmp_path / "more.tsv", "--out", out, "--threads", "1")
        assert done.code == 0, done
        scores = Evaluation.read(out).scores
        assert (scores.split, len(scores.units)) == (split, 2)


def test_every_sample_continues_what_came_by_the_pipe(writer: Path) -> None:
    given = ("generate", writer, "--length", "20", "--temperature", "0", "--format", "jsonl", "--threads", "1")
    texts = [json.loads(line)["text"] for line in seqkit(*given, "--samples", "3", stdin=b"line 7 says ").out.splitlines()]
    (alone,) = [json.loads(line)["text"] for line in seqkit(*given, stdin=b"line 7 says ").out.splitlines()]
    assert texts == [alone] * 3
    other = json.loads(seqkit(*given, "--prompt", "").out)["text"]
    assert other != alone, "the prompt makes no difference: the test says nothing"


def test_dev_is_called_dev_and_copies_are_looked_for_in_ones_own_text(writer: Path, book: Path, tmp_path: Path) -> None:
    done = seqkit("evaluate", writer, "--split", "dev", "--out", tmp_path / "dev", "--threads", "1")
    assert done.code == 0, done
    report = json.loads((tmp_path / "dev" / "report.json").read_text())
    assert report["headline"][0]["name"] == "dev loss, carried"
    assert not any(name.startswith("test") for name in Evaluation.read(tmp_path / "dev").scores.further)
    novelty = next(b for s in report["sections"] for b in s["blocks"] if b.get("title") == "Novelty")
    assert all(row[3] is not None for row in novelty["rows"]), "copies of the user's own training text were not looked for"
    other = tmp_path / "other.txt"
    other.write_text(book.read_text()[:3000])
    assert seqkit("evaluate", writer, "--file", other, "--out", tmp_path / "other", "--threads", "1").code == 0
    report = json.loads((tmp_path / "other" / "report.json").read_text())
    novelty = next(b for s in report["sections"] for b in s["blocks"] if b.get("title") == "Novelty")
    assert all(row[3] is None for row in novelty["rows"])


def test_a_recipes_own_line_does_not_stand_over_other_data(data: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text('about = "the corpus comes with seqkit"\n' + RECIPE)
    assert seqkit("train", tmp_path / "tiny.toml", "--data", data, "--out", tmp_path / "run", "--threads", "1").code == 0
    report = (tmp_path / "run" / "report.md").read_text()
    assert "comes with seqkit" not in report


def test_a_resumed_run_tells_of_all_its_legs(data: Path, recipe: Path, tmp_path: Path) -> None:
    """The clock of the first leg is set a thousand seconds on; the second leg must not forget them."""
    stop = """
import os, signal, time
import seqkit.run.experiment as experiment
import seqkit.run.statistics as statistics
train = experiment.train
def until_nine(trainable, state):
    for event in train(trainable, state):
        if state.step == 9:
            now = statistics.time.perf_counter
            statistics.time = type("clock", (), {"perf_counter": lambda: now() + 1000, "process_time": lambda: 500})
            os.kill(os.getpid(), signal.SIGINT)
        yield event
experiment.train = until_nine"""
    out = tmp_path / "run"
    given = ("train", recipe, "--data", data, "--out", out, "--threads", "1")
    assert process(*given, before=stop).code == 130
    assert seqkit("train", "--resume", out, "--threads", "1").code == 0
    straight = tmp_path / "straight"
    assert seqkit("train", recipe, "--data", data, "--out", straight, "--threads", "1").code == 0
    assert weights(out) == weights(straight)
    training = Evaluation.read(out).training
    assert training is not None
    assert training.seconds > 1000
    assert training.cpu_seconds > 400
    assert training.epochs == 3
    whole = Evaluation.read(straight).training
    assert whole is not None
    assert whole.seconds < 1000
