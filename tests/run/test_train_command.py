"""`seqkit train`: what it writes, what it refuses, what it is told by its options."""

import errno
import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest
from commandline import Done, environment, process, sentences, seqkit, weights, write_columns

import seqkit as package


def train(recipe: Path, data: Path, out: Path, *more: str | Path) -> Done:
    return seqkit("train", recipe, "--data", data, "--out", out, "--threads", "1", *more)


def test_a_run_folder_holds_recipe_model_log_and_report(run: Path) -> None:
    assert {"recipe.json", "data.json", "metrics.jsonl", "report.json", "report.md", "report.html", "predictions.conll"} <= {
        path.name for path in run.iterdir()
    }
    assert {path.name for path in (run / "model").iterdir()} == {
        "config.json", "manifest.json", "tokenizer.json", "weights.safetensors",
    }  # fmt: skip
    assert json.loads((run / "recipe.json").read_text())["model"]["width"] == 16
    assert json.loads((run / "report.json").read_text())
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [event["epoch"] for event in events if event["event"] == "evaluated"] == [1, 2, 3]
    assert not list(run.glob("**/.*")), "half-written files"


def test_it_says_what_it_read_and_where_things_lie(training: tuple[Path, Done]) -> None:
    out, done = training
    assert done.code == 0
    assert not done.err
    for words in (
        "IOB2",
        "64 sentences",
        "BiLSTM-CRF",
        f"model   {out / 'model'}",
        f"report  {out / 'report.html'}",
        "seqkit tag",
    ):
        assert words in done.out


def test_the_model_holds_no_path_and_no_sentence_of_the_corpus(run: Path, data: Path) -> None:
    told = b"".join(path.read_bytes() for path in (run / "model").iterdir())
    assert b"Lovelace met" not in told
    assert "Lovelace wrote" not in (run / "model" / "tokenizer.json").read_text()
    assert str(data.resolve()).encode() not in (run / "model" / "weights.safetensors").read_bytes()


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    run: Path, recipe: Path, data: Path, tmp_path: Path
) -> None:
    assert train(recipe, data, tmp_path / "same", "--seed", "1").code == 0
    assert weights(tmp_path / "same") == weights(run)
    assert train(recipe, data, tmp_path / "other", "--seed", "2", "--set", "train.epochs=1").code == 0
    stored = json.loads((tmp_path / "other" / "recipe.json").read_text())
    assert (stored["train"]["seed"], stored["train"]["epochs"]) == (2, 1)
    assert weights(tmp_path / "other") != weights(run)


def test_files_named_apart_win_over_those_of_the_folder(recipe: Path, data: Path, tmp_path: Path) -> None:
    dev = write_columns(tmp_path / "mine.conll", sentences(5, 9))
    done = train(recipe, data, tmp_path / "run", "--dev", dev, "--set", "train.epochs=1", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert str(dev.resolve()) in (tmp_path / "run" / "data.json").read_text()


def test_a_folder_that_holds_something_is_not_written_to(recipe: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert train(recipe, data, tmp_path).refused("not empty", str(tmp_path))
    assert train(recipe, data, tmp_path / "mine.txt").refused("not empty")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trian", "ner"), ("No such command 'trian'", "'train'")),
        (("train", "nre"), ("unknown recipe 'nre'", "did you mean 'ner'")),
        (("train", "ner/newsdeks"), ("did you mean 'ner/newsdesk'",)),
        (("train", "ner", "--set", "model.wdith=3"), ("--set model.wdith", "did you mean 'width'", "known:")),
        (("train", "ner", "--set", "modle.width=3"), ("--set modle.width", "did you mean 'model'")),
        (("train", "ner", "--set", "model.width"), ("KEY=VALUE",)),
        (("train", "ner", "--set", "model.family='lstn'"), ("--set model.family", "unknown family", "lstm")),
        (("train", "ner", "--set", "train.epochs=0"), ("--set train.epochs", "greater than 0")),
        (("train", "ner", "--set", "augment.names.PRE=mine.txt"), ("augment.names", "ner/newsdesk has no PRE", "'PER'")),
        (("train", "ner", "--set", "augment.names.PER=mine.txt"), ("mine.txt", "no such")),
        (("train", "ner", "--set", "augment.swap=0", "--set", "augment.names.PER=mine.txt"), ("augment.names", "swap = 0")),
        (("train", "ner", "--set", "train.epochs=many"), ("--set train.epochs", "'many'")),
        (("train", "ner", "--sed", "3"), ("--sed", "--seed")),
        (("train", "ner", "--seed", "-1"), ("--seed",)),
        (("train", "ner", "--device", "tpu9"), ("--device tpu9", "cpu")),
        (("train", "ner", "--encoding-errors", "ignore"), ("--encoding-errors ignore", "replace")),
        (("train", "nowhere.toml"), ("nowhere.toml", "no such")),
        (("train",), ("seqkit train ner",)),
        (("train", "ner", "--resume", "latest"), ("--resume", "recipe")),
        (("train", "--resume", "nowhere"), ("nowhere: no such run",)),
    ],
)
def test_a_mistyped_command_is_one_line_with_the_nearest_right_one(
    arguments: tuple[str, ...], words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert seqkit(*arguments).refused(*words)
    assert not list(tmp_path.iterdir())


def test_a_recipe_file_is_named_with_the_line_of_its_fault(tmp_path: Path) -> None:
    recipe = tmp_path / "my.toml"
    recipe.write_text('task = "ner"\ncorpus = "ner/newsdesk"\n[model]\nwdith = 3\n[train]\nepochs = 0\n')
    done = seqkit("train", recipe)
    assert done.refused(f"{recipe}:4: model.wdith", f"{recipe}:6: train.epochs")
    assert len(done.err.splitlines()) == 2


def test_what_fails_before_the_first_update_leaves_no_run_folder(recipe: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert train(recipe, data, out, "--set", "model.words.vectors='nowhere.txt'").refused("nowhere.txt")
    assert not out.exists()


def test_a_loss_that_is_no_number_stops_with_step_and_batch(recipe: Path, data: Path, tmp_path: Path) -> None:
    done = train(recipe, data, tmp_path / "run", "--set", "train.learning_rate=1e38", "--set", "train.clip=0")
    assert done.refused("step", "batch", "learning_rate")
    assert not (tmp_path / "run" / "model").exists()


def test_a_full_disk_while_the_model_is_saved_is_one_line_and_keeps_the_checkpoint(
    run: Path, recipe: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_open = Path.open

    def full(path: Path, *arguments: Any, **options: Any) -> IO[Any]:
        if path.name == "weights.safetensors":
            raise OSError(errno.ENOSPC, "No space left on device")
        return really_open(path, *arguments, **options)

    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        assert train(recipe, data, out).refused("No space left on device", str(out / "model"))
    assert not (out / "model").exists()
    assert not list(out.glob(".model*"))
    assert seqkit("train", "--resume", out, "--threads", "1").code == 0
    assert weights(out) == weights(run)


def test_a_full_disk_while_a_run_begins_is_one_line(
    recipe: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "run"))

    monkeypatch.setattr(Path, "mkdir", full)
    assert train(recipe, data, tmp_path / "run").refused("No space left on device")


def test_a_finished_run_is_not_resumed(run: Path) -> None:
    assert seqkit("train", "--resume", run).refused("finished", str(run / "model"))


def test_the_newest_run_is_the_default(
    run: Path, recipe: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert seqkit("tag", stdin=b"Ada\n").refused("no trained run in runs/ner", "seqkit train ner")
    done = seqkit("train", recipe, "--data", data, "--set", "train.epochs=1", "--threads", "1")
    assert done.code == 0, done
    assert len(list((tmp_path / "runs" / "ner").iterdir())) == 1
    assert seqkit("tag", stdin=b"Ada\n").out.startswith("Ada\t")
    assert package.load("runs/ner/latest").tags == package.load(run).tags


def test_help_answers_without_torch(tmp_path: Path) -> None:
    snippet = (
        "import sys; sys.argv = ['seqkit', *sys.argv[1:]]\n"
        "from seqkit.cli import main\n"
        "try: main()\n"
        "except SystemExit as done: assert not done.code\n"
        "heavy = {'torch', 'numpy', 'matplotlib', 'sklearn', 'jinja2'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    for arguments in (("--help",), ("train", "--help"), ("--version",)):
        done = subprocess.run(
            [sys.executable, "-c", snippet, *arguments], capture_output=True, text=True, env=environment(), cwd=tmp_path
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert process("--version", cwd=tmp_path).out == f"seqkit {package.__version__}\n"


def test_part_of_speech_tags_are_scored_by_accuracy(recipe: Path, tmp_path: Path) -> None:
    labels = {"PER": "PROPN", "LOC": "PROPN", "O": "VERB", ".": "PUNCT"}
    for split, count, seed in (("train", 64, 1), ("dev", 16, 2), ("test", 16, 3)):
        rows = [[(w, labels.get(w, labels[t[2:] or "O"])) for w, t in s] for s in sentences(count, seed)]
        write_columns(tmp_path / f"{split}.conll", rows)
    done = train(recipe, tmp_path, tmp_path / "out", "--set", "model.output=softmax")
    assert done.code == 0, done
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "accuracy" in report["headline"][0]["name"]
    assert report["headline"][0]["value"] > 60
    assert {row[0] for section in report["sections"] for block in section["blocks"] if block["title"] == "By tag"
            for row in block["rows"]} == {"PROPN", "VERB", "PUNCT"}  # fmt: skip
