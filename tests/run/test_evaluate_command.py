"""`seqkit evaluate`: the run's own splits, another file, and data the model was not made for."""

import json
import shutil
from pathlib import Path

import pytest
from commandline import Done, sentences, seqkit, write_columns

from seqkit.run.evaluation import Evaluation


def evaluate(run: Path, *more: str | Path) -> Done:
    return seqkit("evaluate", run, "--threads", "1", *more)


def counts(folder: Path) -> list[list[int]]:
    return Evaluation.read(folder).scores.units


def test_the_test_split_gives_what_training_reported(run: Path, tmp_path: Path) -> None:
    done = evaluate(run, "--out", tmp_path)
    assert done.code == 0, done
    assert counts(tmp_path) == counts(run)
    assert {"report.json", "report.md", "report.html", "predictions.conll"} <= {path.name for path in tmp_path.iterdir()}
    assert f"report  {tmp_path / 'report.html'}" in done.out


def test_a_split_goes_beside_the_model(run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    assert evaluate(copy, "--split", "dev").code == 0
    assert len(counts(copy / "evaluation-dev")) == 16
    # the model folder says which run it is of
    quiet = evaluate(copy / "model", "--quiet")
    assert (quiet.code, quiet.out) == (0, "")
    assert (copy / "evaluation-test" / "report.md").exists()


@pytest.mark.parametrize("form", ["conll", "jsonl", "spaces"])
def test_an_own_file_in_any_format(run: Path, tmp_path: Path, form: str) -> None:
    gold = sentences(6, 5)
    path = write_columns(tmp_path / "own.conll", gold)
    if form == "jsonl":
        path = tmp_path / "own.jsonl"
        rows = [{"tokens": [w for w, _ in s], "tags": [t for _, t in s]} for s in gold]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif form == "spaces":
        path.write_text("".join("".join(f"{w} x {t.replace('B-', 'I-')}\n" for w, t in s) + "\n" for s in gold))
    done = evaluate(run, "--file", path, "--out", tmp_path / "out")
    assert done.code == 0, done
    assert len(counts(tmp_path / "out")) == 6
    assert sum(row[2] for row in counts(tmp_path / "out")) == sum(tag[0] == "B" for s in gold for _, tag in s)
    assert {"conll": "TAB", "jsonl": "JSON lines", "spaces": "converted to IOB2"}[form] in done.out
    named = {"conll": "conll", "jsonl": "jsonl", "spaces": "conll:token=1,tag=3"}[form]
    assert evaluate(run, "--file", path, "--format", named, "--out", tmp_path / "named", "--quiet").code == 0
    assert counts(tmp_path / "named") == counts(tmp_path / "out")


def test_labels_the_model_does_not_know_are_named(run: Path, tmp_path: Path) -> None:
    path = write_columns(tmp_path / "own.conll", [[("Ada", "B-GENE"), ("left", "O")]])
    assert evaluate(run, "--file", path, "--out", tmp_path / "out").refused(str(path), "cannot predict", "GENE", "B-PER")
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_evaluated_is_one_line(run: Path, tmp_path: Path) -> None:
    assert evaluate(run, "--file", tmp_path / "nowhere").refused("nowhere: no such file")
    assert evaluate(run, "--file", tmp_path).refused("directory")
    assert evaluate(run, "--corpus", "ner/newsdeks").refused("unknown corpus", "newsdesk")
    assert evaluate(run, "--split", "tset").refused("tset")
    assert evaluate(run, "--file", tmp_path, "--format", "conl").refused("'conl'", "did you mean 'conll'")
    assert evaluate(tmp_path / "norun").refused("norun: no such run folder")
    assert evaluate(tmp_path).refused("no model there")
    assert not list(tmp_path.iterdir())


def test_another_corpus_by_name(run: Path, tmp_path: Path) -> None:
    # newsdesk has two types that the tiny model never met
    assert evaluate(run, "--corpus", "ner/newsdesk", "--out", tmp_path / "out").refused("cannot predict", "B-ORG")
