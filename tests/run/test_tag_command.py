"""`seqkit tag`: every format in and out, lines kept, a pipe answered line by line."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import command, environment, process, sentences, seqkit

import seqkit as package
from seqkit.tasks.tagging import stream as tag_module

TEXT = "Ada Lovelace met London . "
ODD_LINES = [
    "",
    "Ada Lovelace met London .",
    "  ",
    "one\u2028two\u2029three\x85four",
    "nul \0 here",
    "a\rb",
    "\x0b\x0c\x1c",
    "[b] Ada :smile:",
    "é\u0301",
]


def tagged(run: Path, stdin: str | bytes, input_format: str = "text", format: str = "conll", *more: str | Path) -> str:
    data = stdin if isinstance(stdin, bytes) else stdin.encode("utf-8", "surrogatepass")
    done = seqkit("tag", run, "--input-format", input_format, "--format", format, "--threads", "1", *more, stdin=data)
    assert (done.code, done.err) == (0, ""), done
    return done.out


def rows(out: str) -> list[list[str]]:
    return [line.split("\t") for line in out.split("\n") if line]


def test_the_tiny_tagger_has_learnt_its_task(run: Path) -> None:
    gold = [row for sentence in sentences(30, 7) for row in sentence]
    out = tagged(run, "".join(" ".join(w for w, _ in s) + "\n" for s in sentences(30, 7)))
    assert sum(tuple(row) == want for row, want in zip(rows(out), gold, strict=True)) > 0.9 * len(gold)


@pytest.mark.parametrize("output", ["text", "jsonl", "conll"])
def test_all_formats_in_tell_the_same(run: Path, output: str) -> None:
    words = TEXT.split()
    given = {
        "text": TEXT.strip() + "\n",
        "jsonl": json.dumps({"text": TEXT.strip()}) + "\n" + json.dumps({"tokens": words}) + "\n",
        "conll": "".join(f"{word}\n" for word in words) + "\n",
    }
    if output == "conll":
        first = tagged(run, given["text"])
        assert tagged(run, given["conll"], "conll") == first
        assert tagged(run, given["jsonl"], "jsonl") == 2 * first
    elif output == "text":
        first = tagged(run, given["text"], format="text")
        assert first.startswith("[Ada Lovelace PER] met ")
        assert tagged(run, given["conll"], "conll", "text") == first
        assert tagged(run, given["jsonl"], "jsonl", "text") == 2 * first
    else:
        first = json.loads(tagged(run, given["text"], format="jsonl"))
        of_rows = json.loads(tagged(run, given["conll"], "conll", "jsonl"))
        of_text, of_tokens = map(json.loads, tagged(run, given["jsonl"], "jsonl", "jsonl").splitlines())
        assert first == of_text
        assert of_rows == of_tokens
        assert of_tokens["entities"] == first["entities"]
        assert (of_tokens["tokens"], of_tokens["tags"][:3]) == (words, ["B-PER", "I-PER", "O"])
        for entity in first["entities"]:
            assert first["text"][entity["start"] : entity["end"]] == entity["text"]
            assert 0 < entity["confidence"] <= 1


def test_json_keeps_its_other_fields_and_drops_old_predictions(run: Path) -> None:
    line = {
        "id": 7,
        "text": "Ada Lovelace.",
        "entities": [{"start": 0, "end": 1, "label": "OLD"}],
        "nested": {"é": [1.5, None]},
    }
    out = json.loads(tagged(run, json.dumps(line), "jsonl", "jsonl"))
    assert {key: out[key] for key in ("id", "text", "nested")} == {key: line[key] for key in ("id", "text", "nested")}
    assert [entity["label"] for entity in out["entities"]] == ["PER"]
    out = json.loads(tagged(run, json.dumps({"tokens": ["Ada"], "tags": ["B-OLD"]}), "jsonl", "jsonl"))
    assert out["tags"] != ["B-OLD"]


@pytest.mark.parametrize("output", ["text", "jsonl"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_line_comes_out_for_each_that_goes_in(run: Path, output: str, ends: str) -> None:
    given = "\ufeff" + "".join(line + ends for line in ODD_LINES) + "the last has no end"
    out = tagged(run, given, format=output)
    assert out.count("\n") == len(ODD_LINES) + 1
    assert "\ufeff" not in out
    if output == "jsonl":
        texts = [json.loads(line)["text"] for line in out.split("\n") if line]
        assert texts == [*ODD_LINES, "the last has no end"]
    else:
        assert ":smile:" in out
        assert "[[b " in out or "[b]" in out


def test_a_line_comes_out_for_each_json_line(run: Path) -> None:
    lines = [json.dumps({"text": text.replace("\0", "")}) for text in (*ODD_LINES, "line\nfeed")] + ["", '{"tokens": []}']
    for output in ("text", "jsonl"):
        assert tagged(run, "\n".join(lines) + "\n", "jsonl", output).count("\n") == len(lines)


def test_half_a_surrogate_pair_is_refused_in_the_text_and_kept_elsewhere(run: Path) -> None:
    line = '{"text": "Ada", "other": "\\ud800"}'
    assert json.loads(tagged(run, line, "jsonl", "jsonl"))["other"] == "\ud800"
    assert seqkit("tag", run, "--input-format", "jsonl", stdin=b'{"text": "\\ud800"}').refused("-:1:", "surrogate")
    out = tagged(run, '{"text": "Ada \\ud800"}', "jsonl", "jsonl", "--encoding-errors", "replace")
    assert json.loads(out)["text"] == "Ada \ufffd"


def test_tokens_of_raw_text_stand_where_they_stood(run: Path) -> None:
    text = "Ada Lovelace, of London (N.1), can't. She said: “no”. 中文 ok"
    words = "".join(row[0] for row in rows(tagged(run, text)))
    assert words == "".join(text.split())


@pytest.mark.parametrize("ends", ["\n", ""])
def test_conll_rows_keep_their_columns_and_breaks(run: Path, ends: str) -> None:
    given = "-DOCSTART-\tX\n\nAda\tNNP\nLovelace\tNNP\nleft\tVBD\n\n\n \nOslo\tNNP\n.\t." + ends
    out = tagged(run, given, "conll").removesuffix("\n").split("\n")
    assert len(out) == len(given.removesuffix("\n").split("\n"))
    for before, after in zip(given.removesuffix("\n").split("\n"), out, strict=True):
        if before.strip() and not before.startswith("-DOCSTART-"):
            kept, _, tag = after.rpartition("\t")
            assert kept == before
            assert tag == "O" or tag[:2] in ("B-", "I-")
        else:
            assert after == before
    assert [line.rsplit("\t")[-1] for line in out[2:5]] == ["B-PER", "I-PER", "O"]


def test_conll_sentence_breaks_at_the_end_are_kept(run: Path) -> None:
    for blank in ("", "\n", "\n\n\n"):
        assert tagged(run, "Ada x\nleft x\n" + blank, "conll").endswith("left x O\n" + blank)


def test_conll_columns_parted_by_spaces_or_not_at_all(run: Path) -> None:
    assert tagged(run, "1 Ada x\n2 left y\n", "conll", "conll", "--token-column", "2") == "1 Ada x B-PER\n2 left y O\n"
    # a file of tokens alone, one of which holds a space: a TAB tells them apart
    assert [row[0] for row in rows(tagged(run, "Ada\nsaw\nNew York\n", "conll"))] == ["Ada", "saw", "New York"]


def test_conllu_comments_ranges_and_empty_nodes_pass(run: Path) -> None:
    blank = "\t_" * 8
    given = (
        f"# sent_id = 1\n# text = Ada dunno\n1\tAda{blank}\n2-3\tdunno{blank}\n2\tdu{blank}\n2.1\tgap{blank}\n3\tnno{blank}\n\n"
    )
    out = tagged(run, given, "conll")
    before, after = given.split("\n"), out.split("\n")
    assert [place for place in range(len(before)) if before[place] != after[place]] == [2, 4, 6]
    assert after[2] == before[2] + "\tB-PER"
    assert all(after[place].startswith(before[place] + "\t") for place in (4, 6))


def test_conll_to_json_makes_one_object_a_sentence(run: Path) -> None:
    out = tagged(run, "-DOCSTART- X\n\nAda x\n\n\nOslo x\n. x\n", "conll", "jsonl")
    assert [json.loads(line)["tokens"] for line in out.splitlines()] == [["Ada"], ["Oslo", "."]]


def test_what_comes_out_goes_in_again(run: Path) -> None:
    first = tagged(run, "Ada Lovelace met Oslo. She left.\n", format="jsonl")
    assert tagged(run, first, "jsonl", "jsonl") == first
    out = tagged(run, "Ada Lovelace met Oslo .\n")
    assert [row[:2] for row in rows(tagged(run, out, "conll"))] == rows(out)


def test_files_are_tagged_one_after_the_other_as_a_pipe_is(run: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_module, "TOGETHER", 3)
    files = [data / "dev.conll", data / "test.conll"]
    done = seqkit("tag", run, *files, "--input-format", "conll", "--threads", "1")
    assert done.out == "".join(tagged(run, file.read_bytes(), "conll") for file in files)
    assert done.out.count("\n") == sum(file.read_text().count("\n") for file in files)


def test_a_file_in_place_of_the_run_means_the_newest_run(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs" / "ner").mkdir(parents=True)
    (tmp_path / "runs" / "ner" / "2026").symlink_to(run)
    (tmp_path / "notes.txt").write_text("Ada\n")
    monkeypatch.chdir(tmp_path)
    assert rows(seqkit("tag", "notes.txt").out)[0][0] == "Ada"
    assert rows(seqkit("tag", "latest", "notes.txt", "notes.txt").out)[1][0] == "Ada"
    assert seqkit("tag", "nosuch.txt").refused("nosuch.txt")


def test_windows_of_a_long_sentence_and_python_agree_with_the_command(run: Path) -> None:
    text = "and ".join([TEXT] * 300)
    out = json.loads(tagged(run, text, format="jsonl"))
    entities = package.load(run).tag([text.rstrip("\n")])[0]
    assert [(e["start"], e["end"], e["label"]) for e in out["entities"]] == [(e.start, e.end, e.label) for e in entities]
    assert len(rows(tagged(run, text))) == len(text.split())


def test_a_pipe_is_answered_line_by_line_and_may_be_closed(run: Path) -> None:
    words = command("tag", run, "--format", "jsonl")
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as tagger:
        assert tagger.stdin is not None
        assert tagger.stdout is not None
        assert tagger.stderr is not None
        for line in ("Ada Lovelace left.", "", "Oslo"):
            tagger.stdin.write(line.encode() + b"\n")
            tagger.stdin.flush()
            assert json.loads(tagger.stdout.readline())["text"] == line
        # the reader leaves, as head -1 does
        tagger.stdout.close()
        try:
            for _ in range(3):
                tagger.stdin.write(b"Oslo\n" * 100)
                tagger.stdin.flush()
            tagger.stdin.close()
        except BrokenPipeError:
            pass
        assert tagger.stderr.read() == b""
        assert tagger.wait(20) == 141


def test_a_line_and_a_token_of_a_megabyte_are_tagged_in_bounded_memory(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ("Ada Lovelace met London and " * 40_000)[:1_000_000]
    report = (
        "import atexit, resource, sys\n"
        "atexit.register(lambda: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr))"
    )
    done = process("tag", run, "--format", "jsonl", stdin=f"{line}\n{'x' * 1_000_000}\n".encode(), before=report)
    assert done.code == 0, done.err
    found = [json.loads(row)["text"] for row in done.out.splitlines()]
    assert [len(text) for text in found] == [1_000_000] * 2
    megabytes = int(done.err) / 1024 / (1024 if sys.platform == "darwin" else 1)
    with capsys.disabled():
        print(f"\n1 MB lines tagged within {megabytes:.0f} MB")
    assert megabytes < 1500


def test_input_is_read_lazily(run: Path) -> None:
    """Items come one by one, so that memory does not grow with the input."""
    endless = (tag_module.from_text("Ada") for _ in itertools.count())
    assert len(next(tag_module.gather(endless, 4))) == 4
    long = (tag_module.from_text("a " * 20_000) for _ in itertools.count())
    assert len(next(tag_module.gather(long, 512))) == 2
