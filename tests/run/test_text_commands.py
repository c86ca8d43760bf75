"""Language models by the command line: train, resume, evaluate, compare, generate, score."""

import json
import math
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from commandline import Done, command, environment, process, seqkit, weights

import seqkit as package
from seqkit.errors import UserError

RECIPE = """task = "generate"
corpus = "lm/pydoc"

[model]
family = "{family}"
layers = 1
width = {width}

[batches]
window = 16

[train]
epochs = 2
batch_size = 4
learning_rate = 1e-2
evaluate_every = 0.5

[evaluation]
sample_length = 40

[compare]
match = "none"
seeds = [1]

[compare.rivals.transformer]
model = {{ family = "transformer", layers = 1, width = 16, heads = 2, window = 16 }}
"""
LINES = (
    "the cat sat on the mat",
    "a dog lay in the sun",
    "the sun was on the cat",
    "a cat saw the dog",
    "on the mat lay a dog",
)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 14,000 characters."""
    path = tmp_path_factory.mktemp("text") / "lines.txt"
    random = np.random.default_rng(1)
    path.write_text("".join(f"{random.choice(LINES)}.\n" for _ in range(600)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(RECIPE.format(family="lstm", width=24), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def training(text: Path, recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    out = tmp_path_factory.mktemp("runs") / "trained"
    return out, seqkit("train", recipe, "--text", text, "--out", out, "--threads", "1")


@pytest.fixture(scope="module")
def run(training: tuple[Path, Done]) -> Path:
    assert training[1].code == 0, training[1]
    return training[0]


@pytest.fixture(scope="module")
def transformer(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("transformer")
    more = ("--set", 'model={family="transformer",layers=1,width=16,heads=2,window=16}')
    (folder / "t.toml").write_text(RECIPE.format(family="lstm", width=24), encoding="utf-8")
    done = seqkit("train", folder / "t.toml", "--text", text, "--out", folder / "run", "--threads", "1", *more)
    assert done.code == 0, done
    return folder / "run"


# Training and its report


def test_a_run_says_what_it_read_and_leaves_model_and_report(training: tuple[Path, Done], run: Path) -> None:
    told = training[1].out
    for words in ("characters", "train 90 %", "LSTM 1 × 24", "nats/character", "bits a character", "seqkit generate"):
        assert words in told
    assert {path.name for path in (run / "model").iterdir()} == {
        "config.json", "manifest.json", "tokenizer.json", "weights.safetensors",
    }  # fmt: skip
    report = json.loads((run / "report.json").read_text())
    titles = [block["title"] for section in report["sections"] for block in section["blocks"]]
    for title in ("Loss by protocol", "Loss by position", "Gradient reach", "Memory of the past", "Samples", "Novelty", "Cost"):
        assert title in titles
    assert report["headline"][0]["value"] < 1.5 < math.log(30), "it learnt something"


def test_the_model_holds_no_line_of_the_text(run: Path) -> None:
    assert not any(line.encode() in path.read_bytes() for line in LINES for path in (run / "model").iterdir())


def test_a_stopped_run_goes_on_to_identical_weights(run: Path, text: Path, recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = command("train", recipe, "--text", text, "--out", out, "--threads", "1",
                    before="import signal; signal.signal(signal.SIGINT, signal.default_int_handler)")  # fmt: skip
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as training:
        assert training.stdout is not None
        for line in training.stdout:
            if line.startswith("epoch 0.5"):  # in the midst of an epoch: the recurrent state must be carried over too
                training.send_signal(signal.SIGINT)
                break
        _, err = training.communicate(timeout=200)
    assert training.returncode == 130, err
    assert f"seqkit train --resume {out}" in err
    done = seqkit("train", "--resume", out, "--threads", "1")
    assert done.code == 0, done
    assert weights(out) == weights(run)


def test_bad_text_is_refused_in_one_line(recipe: Path, tmp_path: Path) -> None:
    def train(content: bytes, *more: str) -> Done:
        (tmp_path / "t.txt").write_bytes(content)
        return seqkit("train", recipe, "--text", tmp_path / "t.txt", "--out", tmp_path / "out", "--threads", "1", *more)

    assert train(b"").refused("t.txt", "empty")
    assert train(b"a line\n" * 12, "--set", "batches.window=100").refused("window")
    assert train(b"fine\n" * 400 + b"\xff\xfe bad\n").refused("t.txt:401", "UTF-8")
    assert seqkit("train", recipe, "--text", tmp_path / "absent.txt").refused("absent.txt", "no such file")
    assert not (tmp_path / "out").exists()
    assert seqkit("train", "ner", "--text", tmp_path / "t.txt").refused("--text")
    assert seqkit("train", "lm", "--set", "corpus=ner/newsdesk").refused("ner/newsdesk", "sentences")


def test_strange_characters_train_and_survive(recipe: Path, tmp_path: Path) -> None:
    lines = "NUL \0 and \u2028 and \u0085 and tab\t\r\n\ufeffmark 日本 e\u0301\n" * 100
    (tmp_path / "t.txt").write_bytes(b"\xef\xbb\xbf" + lines.encode())
    done = seqkit("train", recipe, "--text", tmp_path / "t.txt", "--out", tmp_path / "out", "--threads", "1")
    assert done.code == 0, done
    assert seqkit("generate", tmp_path / "out", "--prompt", "日\0\u2028", "--length", "20").out.startswith("日\0\u2028")


# Evaluating


def test_evaluating_again_gives_the_same_figure(run: Path, tmp_path: Path) -> None:
    done = seqkit("evaluate", run, "--out", tmp_path, "--threads", "1")
    assert done.code == 0, done
    before, after = (json.loads((folder / "report.json").read_text())["headline"][0] for folder in (run, tmp_path))
    assert after["value"] == pytest.approx(before["value"], abs=1e-6)


def test_splits_join_and_protocols_can_be_chosen(run: Path, tmp_path: Path) -> None:
    done = seqkit("evaluate", run, "--split", "dev+test", "--protocol", "reset(8)", "--protocol", "sliding(32,8)",
                  "--dynamic", "0.01", "--out", tmp_path, "--threads", "1")  # fmt: skip
    assert done.code == 0, done
    report = json.loads((tmp_path / "report.json").read_text())
    both = sum(json.loads((run / "report.json").read_text())["headline"][0]["n"] for _ in range(1))
    assert report["headline"][0]["n"] > 1.5 * both
    rows = report["sections"][0]["blocks"][0]["rows"]
    assert [row[0] for row in rows] == ["reset(8)", "sliding(32,8)", "carried", "dynamic evaluation, carried"]
    assert rows[1][1]["value"] < rows[0][1]["value"], "a longer past helps"
    assert seqkit("evaluate", run, "--protocol", "carryed").refused("did you mean 'carried'")


def test_a_tagger_and_a_language_model_are_not_mixed_up(run: Path) -> None:
    assert seqkit("tag", run, stdin=b"Ada\n").refused("language model", "seqkit generate")


@pytest.mark.usefixtures("trained")
def test_compare_sets_both_families_side_by_side(recipe: Path, text: Path, tmp_path: Path) -> None:
    done = seqkit("compare", recipe, "--text", text, "--out", tmp_path, "--threads", "1", "--set", "train.epochs=0.5")
    assert done.code == 0, done
    told = (tmp_path / "report.md").read_text()
    for words in ("nats", "lstm", "transformer", "With a single seed no claim is made", "writing, one text"):
        assert words in told


# Generating


def test_the_same_seed_writes_the_same_text_and_another_seed_another(run: Path) -> None:
    one = seqkit("generate", run, "--prompt", "the ", "--length", "80", "--seed", "3")
    assert one.code == 0, one
    assert one.out.startswith("the ")
    assert len(one.out) == len("the ") + 80 + 1
    assert seqkit("generate", run, "--prompt", "the ", "--length", "80", "--seed", "3").out == one.out
    assert seqkit("generate", run, "--prompt", "the ", "--length", "80", "--seed", "4").out != one.out


@pytest.mark.parametrize("family", ["lstm", "transformer"])
def test_several_prompts_give_the_texts_of_each_alone(family: str, run: Path, transformer: Path) -> None:
    model = run if family == "lstm" else transformer
    rows = [json.loads(line) for line in seqkit(
        "generate", model, "--prompt", "the ", "--prompt", "a", "--prompt", "", "--length", "50", "--format", "jsonl"
    ).out.splitlines()]  # fmt: skip
    assert [row["prompt"] for row in rows] == ["the ", "a", ""]
    for row in rows:
        alone = seqkit("generate", model, "--prompt", row["prompt"], "--length", "50", "--format", "jsonl")
        assert json.loads(alone.out) == row


def test_temperature_zero_and_a_beam_of_one_agree(run: Path) -> None:
    greedy = seqkit("generate", run, "--prompt", "the ", "--length", "40", "--temperature", "0")
    assert seqkit("generate", run, "--prompt", "the ", "--length", "40", "--beam", "1").out == greedy.out
    assert seqkit("generate", run, "--prompt", "the ", "--length", "40", "--top-k", "1", "--seed", "9").out == greedy.out


def test_stop_ends_before_the_text(run: Path) -> None:
    whole = seqkit("generate", run, "--prompt", "the ", "--length", "200", "--seed", "2").out
    assert "." in whole
    stopped = seqkit("generate", run, "--prompt", "the ", "--length", "200", "--seed", "2", "--stop", ".", "--stop", "zzz").out
    assert stopped.rstrip("\n") == whole.split(".")[0]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--temperature", "-1", ("temperature", "-1")),
        ("--temperature", "nan", ("temperature",)),
        ("--top-p", "0", ("top-p", "0")),
        ("--top-p", "1.5", ("top-p", "1.5")),
        ("--top-k", "-2", ("top-k", "-2")),
        ("--min-p", "1", ("min-p",)),
        ("--repetition-penalty", "0", ("repetition penalty",)),
        ("--length", "-5", ("--length",)),
        ("--format", "xml", ("text, jsonl",)),
    ],
)
def test_settings_that_make_no_sense_are_refused(run: Path, option: str, value: str, words: tuple[str, ...]) -> None:
    assert seqkit("generate", run, option, value).refused(*words)


def test_a_prompt_from_a_pipe_is_continued(run: Path) -> None:
    piped = seqkit("generate", run, "--length", "30", "--seed", "5", stdin=b"a dog lay in\n")
    given = seqkit("generate", run, "--length", "30", "--seed", "5", "--prompt", "a dog lay in")
    assert given.out == "a dog lay in" + piped.out


def test_a_long_prompt_slides_a_transformers_window_and_says_so(transformer: Path, run: Path) -> None:
    long = b"the cat sat on the mat. " * 40
    told = seqkit("generate", transformer, "--length", "5", stdin=long)
    assert told.code == 0
    assert "16 characters" in told.err
    assert "slides" in told.err
    assert len(told.err.splitlines()) == 1
    assert not seqkit("generate", run, "--length", "5", stdin=long).err


def test_endless_text_ends_with_ctrl_c_and_a_closed_pipe(run: Path) -> None:
    words = command("generate", run, "--length", "0",
                    before="import signal; signal.signal(signal.SIGINT, signal.default_int_handler)")  # fmt: skip
    for number, code in ((signal.SIGINT, 130), (None, 141)):
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment()) as writing:  # fmt: skip
            assert writing.stdout is not None
            assert writing.stderr is not None
            assert len(writing.stdout.read(500)) == 500
            if number:
                writing.send_signal(number)
            writing.stdout.close()
            assert not writing.stderr.read()
            assert writing.wait(timeout=200) in (code, 141)


# Scoring


def test_scores_are_log_probabilities(run: Path) -> None:
    done = seqkit("score", run, "--format", "jsonl", "--tokens", stdin=b"the cat sat on the mat.\nzq zq zq\n")
    assert done.code == 0, done
    likely, unlikely = (json.loads(line) for line in done.out.splitlines())
    for row in (likely, unlikely):
        assert row["logprob"] == pytest.approx(sum(token["logprob"] for token in row["tokens"]))
        assert row["perplexity"] == pytest.approx(math.exp(-row["logprob"] / len(row["tokens"])))
        assert "".join(token["token"] for token in row["tokens"]) == row["text"] + "\n"
    assert likely["perplexity"] < unlikely["perplexity"]
    model = package.load(run)
    tokens = model.tokenizer.encode("the cat sat on the mat.\n").astype("int64")
    with torch.no_grad():
        read = torch.tensor([[model.tokenizer.end, *tokens[:-1]]])
        logp = model.model.scan(read, model.model.start(1))[0][0].log_softmax(-1)
    assert likely["logprob"] == pytest.approx(float(logp[range(len(tokens)), tokens].sum()), abs=1e-4)


def test_every_line_is_scored_in_turn_and_empty_ones_too(run: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"the cat\n\na dog\r\n")
    done = seqkit("score", run, tmp_path / "a.txt")
    rows = [line.split("\t") for line in done.out.split("\n")[:-1]]
    assert rows[0] == ["logprob", "perplexity", "bits/char", "text"]
    assert [row[3] for row in rows[1:]] == ["the cat", "", "a dog"]
    assert seqkit("score", run, stdin=b"a dog\n").out.split("\n")[1] == done.out.split("\n")[3]


def test_in_python(run: Path) -> None:
    model = package.load(run)
    assert model.generate("the ", length=20, seed=1) == model.generate(["the ", "a"], length=20, seed=1)[:1]
    assert len("".join(piece for piece, _ in zip(model.stream("the "), range(30), strict=False))) >= 30
    with pytest.raises(UserError, match="temperature"):
        model.generate("the ", temperature=-1)
    assert process("score", run, stdin=b"a dog\n").code == 0
