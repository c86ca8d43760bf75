"""Bad input: one line that names the file and the line in it, exit code 2, nothing half-written."""

import json
import shutil
from pathlib import Path

import pytest
from commandline import sentences, seqkit, write_columns

from seqkit.run.evaluation import Evaluation
from seqkit.tasks.tagging import stream as tag_module
from seqkit.training.atomic_folder import read_folder, write_folder

ROW = "Ada\tB-PER\n"
BAD_TRAINING_FILES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "empty": (b"", ("train.conll: ", "no sentences")),
    "blank": (b"\n\n \t\n", ("train.conll: ", "no sentences")),
    "no tag": (b"Ada\tB-PER\nleft\n\n", ("train.conll:2: ", "no tag")),
    "no tags at all": (b"Ada\nleft\n\n", ("train.conll:1: ", "no tag")),
    "columns": (b"Ada\tB-PER\nleft\tx\tO\nA\tO\n", ("train.conll:2: ", "columns")),
    "scheme": (b"Ada\tX-PER\nleft\tO\n", ("train.conll:1: ", "X-PER")),
    "UTF-8": (b"Ada\tB-PER\nleft\xff\tO\n", ("train.conll:2: ", "invalid UTF-8", "--encoding-errors replace")),
    "UTF-16": ("Ada\tB-PER\n".encode("utf-16"), ("train.conll:1: ", "UTF-16")),
    "NUL": (b"Ada\tB-PER\nle\0ft\tO\n", ("train.conll:2: ", "NUL")),
    "only O": (b"Ada\tO\nleft\tO\n", ("train.conll: ", "every tag is O")),
    "plain": (b"Ada\tPER\nleft\tO\nOslo\tLOC\n", ("train.conll:1: ", "'PER' is a plain label", "B-TYPE", "I-TYPE")),
    "plain beside prefixed": (b"Ada\tB-PER\nleft\tO\nOslo\tLOC\n", ("train.conll:3: ", "LOC")),
    "prefix alone": (b"Ada\tB\nleft\tO\n", ("train.conll:1: ", "entity type")),
    "JSON": (b'{"text": "Ada left", "entities": [}\n', ("train.conll:1: ", "JSON")),
    "JSON span": (
        b'{"text": "Ada", "entities": [{"start": 0, "end": 9, "label": "PER"}]}\n',
        ("train.conll:1: ", "outside the text"),
    ),
}


@pytest.mark.parametrize("fault", BAD_TRAINING_FILES)
def test_a_bad_training_file(fault: str, recipe: Path, data: Path, tmp_path: Path) -> None:
    content, words = BAD_TRAINING_FILES[fault]
    bad = tmp_path / "train.conll"
    bad.write_bytes(content)
    done = seqkit("train", recipe, "--data", data, "--train", bad, "--out", tmp_path / "run")
    assert done.refused(*words)
    assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "more"),
    [
        (f"\ufeff{ROW}left\tO\n\n".encode(), ()),
        (b"Ada\tB-PER\r\nleft\tO\r\n\r\n", ()),
        ("Ada\u2028L\tB-PER\nleft\tO\n\n\n\n".encode(), ()),
        (b"Ada\xff\tB-PER\nle\0ft\tO\n", ("--encoding-errors", "replace")),
        (b"Ada B-PER\nleft O\n", ()),
        (b"Ada\tI-PER\nleft\tO", ()),
        (b'{"text": "Ada left", "entities": [{"start": 0, "end": 3, "label": "PER"}]}\n', ()),
        (f"{'A' * 1_000_000}\tB-PER\n\n".encode(), ()),
    ],
    ids=["BOM", "CRLF", "U+2028", "replace", "spaces", "IO", "JSON", "1 MB token"],
)
def test_odd_files_that_are_no_fault(content: bytes, more: tuple[str, ...], run: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_bytes(content)
    done = seqkit("evaluate", run, "--file", own, "--out", tmp_path / "out", "--threads", "1", *more)
    assert done.code == 0, done
    assert Evaluation.read(tmp_path / "out").scores.units[0][2] == 1


@pytest.mark.parametrize("split", ["dev", "test"])
def test_labels_unseen_in_training(split: str, recipe: Path, data: Path, tmp_path: Path) -> None:
    own = write_columns(tmp_path / "own.conll", [*sentences(3, 3), [("Nobel", "B-PRIZE"), ("Prize", "I-PRIZE")]])
    done = seqkit("train", recipe, "--data", data, f"--{split}", own, "--out", tmp_path / "run")
    assert done.refused(str(own), "unseen in training", "PRIZE", "LOC, PER")
    own.write_text("Ada\tPER\n")
    done = seqkit("train", recipe, "--data", data, f"--{split}", own, "--out", tmp_path / "run")
    assert done.refused(str(own), "plain labels")
    assert not (tmp_path / "run").exists()


def test_missing_splits_and_files(recipe: Path, data: Path, tmp_path: Path) -> None:
    train = data / "train.conll"
    out = ("--out", tmp_path / "run")
    assert seqkit("train", recipe, "--train", train, *out).refused("no dev split", "--dev")
    assert seqkit("train", recipe, "--dev", train, *out).refused("no train split", "--train")
    assert seqkit("train", recipe, "--train", train, "--dev", tmp_path / "nowhere", *out).refused("nowhere: no such file")
    assert seqkit("train", recipe, "--train", tmp_path, "--dev", train, *out).refused("directory")
    assert seqkit("train", recipe, "--data", tmp_path, *out).refused("no train, dev or test file")
    assert seqkit("train", recipe, "--data", tmp_path / "nowhere", *out).refused("nowhere")
    assert seqkit("train", recipe, "--data", data, "--format", "xml", *out).refused("format 'xml'", "conll")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("together", [1, 512])
def test_invalid_utf8_stops_tagging_after_what_came_before(together: int, run: Path, tmp_path: Path) -> None:
    text = b"Ada left.\nOslo\nbad \xff\xfe\nlast\n"
    (tmp_path / "in.txt").write_bytes(text)
    given = ("tag", run, "--format", "jsonl", "--threads", "1")
    done = seqkit(*given, tmp_path / "in.txt") if together > 1 else seqkit(*given, stdin=text)
    assert done.refused(f"{tmp_path / 'in.txt' if together > 1 else '-'}:3: invalid UTF-8", "--encoding-errors replace")
    assert [json.loads(line)["text"] for line in done.out.splitlines()] == ["Ada left.", "Oslo"]
    done = seqkit(*given, "--encoding-errors", "replace", stdin=text)
    assert done.code == 0
    assert [json.loads(line)["text"] for line in done.out.splitlines()] == ["Ada left.", "Oslo", "bad \ufffd\ufffd", "last"]


@pytest.mark.parametrize(
    ("form", "line", "words"),
    [
        ("jsonl", "no JSON", ("JSON",)),
        ("jsonl", "[1]", ("object",)),
        ("jsonl", '{"body": "Ada"}', ("'text' or 'tokens'", "'body'")),
        ("jsonl", '{"text": 3}', ("'text'", "string")),
        ("jsonl", '{"tokens": ["Ada", 3]}', ("'tokens'",)),
        ("jsonl", '{"tokens": ["A\\tb"]}', ("TAB",)),
        ("jsonl", "[" * 100_000, ("JSON",)),
        ("conll", "x\0y", ("NUL",)),
    ],
)
def test_a_bad_line_stops_tagging_after_what_came_before(form: str, line: str, words: tuple[str, ...], run: Path) -> None:
    first = {"jsonl": '{"text": "Ada"}\n', "conll": "Ada\n\n"}[form]
    done = seqkit("tag", run, "--input-format", form, "--threads", "1", stdin=f"{first}{line}\n".encode())
    assert done.refused(f"-:{first.count(chr(10)) + 1}: ", *words)
    assert done.out.startswith("Ada\t")
    assert len(done.err) < 400


def test_a_token_column_that_is_not_there(run: Path) -> None:
    given = ("tag", run, "--input-format", "conll", "--threads", "1", "--token-column", "3")
    assert seqkit(*given, stdin=b"Ada x\n").refused("column 3", "2")
    done = seqkit(*given, stdin=b"1 x Ada\n\n1 x\n")
    assert done.refused("-:3:", "column 3")
    assert done.out.startswith("1 x Ada ")


def test_files_to_tag_that_are_none(run: Path, tmp_path: Path) -> None:
    assert seqkit("tag", run, tmp_path / "nowhere").refused("nowhere: no such file")
    assert seqkit("tag", run, tmp_path).refused(f"{tmp_path}: a directory")
    assert seqkit("tag", run, "--format", "xml").refused("--format xml", "jsonl")
    assert seqkit("tag", run, "--input-format", "xml").refused("--input-format xml", "jsonl")
    assert seqkit("tag", tmp_path).refused("no model there")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink])
@pytest.mark.parametrize("name", ["weights.safetensors", "config.json", "tokenizer.json", "manifest.json"])
def test_an_altered_model_names_the_file(harm: object, name: str, run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    assert callable(harm)
    harm(copy / "model" / name)
    done = seqkit("tag", copy, stdin=b"Ada\n")
    assert done.refused(str(copy / "model" / name))
    assert done.out == ""
    assert len(done.err.splitlines()) == 1


def test_a_model_of_a_newer_seqkit_says_so(run: Path, tmp_path: Path) -> None:
    files = read_folder(run / "model")
    newer = json.loads(files["config.json"]) | {"format": 99, "seqkit": "9.9"}
    write_folder(tmp_path / "model", files | {"config.json": json.dumps(newer).encode()})
    assert seqkit("tag", tmp_path, stdin=b"Ada\n").refused("newer seqkit (9.9)")


def test_an_interrupted_write_leaves_no_half_line(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault while reading comes after whole lines only."""
    monkeypatch.setattr(tag_module, "TOGETHER", 2)
    done = seqkit("tag", run, "--format", "jsonl", "--threads", "1", stdin=b"a\nb\nc\n\xff")
    assert done.code == 2
    assert [json.loads(line)["text"] for line in done.out.split("\n") if line] == ["a", "b", "c"]
