import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commandline import seqkit
from pydantic import TypeAdapter

from seqkit import load_tagger
from seqkit.architecture.language_model import LanguageModelConfig
from seqkit.architecture.translator import TranslatorConfig
from seqkit.data.examples import Pair
from seqkit.data.tokenizers.characters import Characters, CharactersConfig
from seqkit.data.tokenizers.pairs import PairTokenizer, PairTokenizerConfig
from seqkit.models.language_model import LanguageModel
from seqkit.models.translator import Translator
from seqkit.tasks.language_modeling.trained import TrainedLanguageModel
from seqkit.tasks.translation.trained import TrainedTranslator

SENTENCE = "Ada Lovelace met Oslo ."
LANGUAGE_MODELS: dict[str, dict[str, Any]] = {
    name: {"family": name, "width": 8, "layers": 2} for name in ("lstm", "mingru")
} | {"transformer": {"family": "transformer", "width": 8, "heads": 2, "layers": 2, "window": 4}}
TRANSLATORS: dict[str, dict[str, Any]] = {
    "final": {"family": "lstm", "bridge": "final", "reverse": True},
    "context": {"family": "rnn", "bridge": "context", "bidirectional": False},
    "matrix": {"family": "lstm", "bridge": "matrix", "encoder_layers": 1},
    "attention": {"family": "gru", "bridge": "attention", "encoder_layers": 2},
    "transformer": {"family": "transformer"},
}


def language_model(table: dict[str, Any], folder: Path) -> Path:
    torch.manual_seed(1)
    tokenizer = Characters.fit(CharactersConfig(), ["abc \n"])
    config = TypeAdapter[Any](LanguageModelConfig).validate_python(table)
    about = {"task": "generate", "unit": "characters", "corpus": "own"}
    TrainedLanguageModel(LanguageModel(config, tokenizer.size), config, tokenizer, about).save(folder / "model")
    return folder


def translator(table: dict[str, Any], folder: Path) -> Path:
    torch.manual_seed(1)
    characters = {"kind": "characters"}
    config = TypeAdapter[Any](PairTokenizerConfig).validate_python({"source": characters, "target": characters})
    tokenizer = PairTokenizer.fit(config, [Pair("abc d", "uvw x")])
    model_config = TypeAdapter[Any](TranslatorConfig).validate_python({"width": 8, "layers": 2, "heads": 2} | table)
    model = Translator(model_config, tokenizer.source.size, tokenizer.target.size, joint=tokenizer.joint)
    with torch.no_grad():
        model.output_bias[tokenizer.end] = 1.0  # so that a translation ends
    TrainedTranslator(model, model_config, tokenizer, {"task": "translate", "corpus": "own"}).save(folder / "model")
    return folder


def report_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def maps(report: dict[str, Any], section: str) -> list[dict[str, Any]]:
    (found,) = [one for one in report["sections"] if one["title"] == section]
    return [block for block in found["blocks"] if block["kind"] == "heat"]


def test_a_tagger_is_looked_into_beside_its_model(run: Path) -> None:
    done = seqkit("inspect", run, "--text", SENTENCE, "--threads", "1")
    assert done.code == 0, done
    assert done.out.rstrip().endswith(str(run / "inspection" / "report.html"))
    report = report_of(run / "inspection")
    (gates,) = maps(report, "Gates")
    assert gates["row_labels"] == SENTENCE.split()
    assert len(gates["column_labels"]) == 6
    (parts,) = maps(report, "Forward and backward")
    for forward, backward, rest, score in parts["values"]:
        assert forward + backward + rest == pytest.approx(score, abs=3e-4)
    (reach,) = maps(report, "Gradient reach")
    np.testing.assert_allclose(np.array(reach["values"]).sum(axis=1), 1, atol=1e-3)
    tags = seqkit("tag", run, "--format", "conll", stdin=f"{SENTENCE}\n".encode()).out.split()[1::2]
    assert [label.partition(" ")[2] or "O" for label in reach["row_labels"]] == tags
    page = (run / "inspection" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 5
    assert not re.search(r"<script|https?://(?!www\.w3\.org)", page)


def test_what_is_added_to_the_scores_of_all_tags_explains_nothing(run: Path, tmp_path: Path) -> None:
    tagger = load_tagger(run)
    with torch.no_grad():
        tagger.model.each_member()[0].emit.bias += 7.0
    tagger.save(tmp_path / "moved" / "model")
    found = []
    for number, model in enumerate((run, tmp_path / "moved")):
        assert seqkit("inspect", model, "--text", SENTENCE, "--out", tmp_path / str(number)).code == 0
        found.append(maps(report_of(tmp_path / str(number)), "Forward and backward")[0]["values"])
    np.testing.assert_allclose(*found, atol=1e-3)


@pytest.mark.parametrize("name", LANGUAGE_MODELS)
def test_a_language_model_of_every_family_is_looked_into(name: str, tmp_path: Path) -> None:
    run = language_model(LANGUAGE_MODELS[name], tmp_path / "run")
    done = seqkit("inspect", run, "--text", "ab\ncab é", "--out", tmp_path / "out")
    assert done.code == 0, done
    assert "of the 11 tokens stand for what training never had" in done.out  # é takes four half bytes
    report = report_of(tmp_path / "out")
    if name == "transformer":
        first, second = maps(report, "Attention")
        weight_TT = np.array(first["values"])
        np.testing.assert_allclose(weight_TT.sum(axis=1), 1, atol=1e-3)
        assert (np.triu(weight_TT, 1) == 0).all()
        assert second["column_labels"] == ["start", "a", "b", "⏎", "c", "a", "b", "␣", "�", "�", "�", "�"]
        assert len(maps(report, "Attention, head by head")) == 4
    else:
        assert len(maps(report, "States")) == (4 if name == "lstm" else 2)
    (reach,) = maps(report, "Gradient reach")
    assert (np.triu(np.array(reach["values"]), 1) == 0).all()  # nothing is felt of what is yet to be read
    scored = json.loads(seqkit("score", run, "--format", "jsonl", stdin=b"abc").out)
    alone = seqkit("inspect", run, "--text", "abc\n", "--out", tmp_path / "alone")
    assert alone.code == 0
    assert report_of(tmp_path / "alone")["headline"][0]["value"] == pytest.approx(scored["perplexity"], rel=1e-5)


@pytest.mark.parametrize("name", TRANSLATORS)
def test_a_translator_of_every_bridge_is_looked_into(name: str, tmp_path: Path) -> None:
    run = translator(TRANSLATORS[name], tmp_path / "run")
    done = seqkit("inspect", run, "--text", "cab d", "--out", tmp_path / "out")
    assert done.code == 0, done
    report = report_of(tmp_path / "out")
    titles = [section["title"] for section in report["sections"]]
    bridges = {
        "matrix": "Reads of the memory",
        "attention": "Attention over the source",
        "transformer": "Attention over the source",
    }
    assert [title for title in titles if title in bridges.values()] == ([bridges[name]] if name in bridges else [])
    if name in bridges:
        for found in maps(report, bridges[name]):
            np.testing.assert_allclose(np.array(found["values"]).sum(axis=1), 1, atol=1e-3)
            assert found["column_labels"] == ["c", "a", "b", "␣", "d", "end"]
    said = seqkit("translate", run, stdin=b"cab d").out.rstrip("\n")
    assert report["verdict"] == [said]
    given = seqkit("inspect", run, "--text", "cab d", "--target", "ux", "--layer", "2", "--out", tmp_path / "given")
    assert given.code == 0, given
    report = report_of(tmp_path / "given")
    assert report["verdict"] == ["ux"]
    (felt,) = maps(report, "Gradient over the source")
    assert felt["row_labels"] == ["u", "x", "end"]
    assert "ayer 1" not in json.dumps(report["sections"])
    assert "ayer 2" in json.dumps(report["sections"])


def test_a_reversed_source_is_read_from_its_end(tmp_path: Path) -> None:
    run = translator(TRANSLATORS["final"], tmp_path / "run")
    assert seqkit("inspect", run, "--text", "ab", "--out", tmp_path / "out").code == 0
    report = report_of(tmp_path / "out")
    assert maps(report, "Gates of the encoder")[0]["row_labels"] == ["end", "b", "a"]
    assert maps(report, "Gradient over the source")[0]["column_labels"] == ["a", "b", "end"]


def test_what_cannot_be_inspected_is_refused_in_a_line(run: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "out")
    assert seqkit("inspect", run, *out).refused("--text", "nothing")
    assert seqkit("inspect", run, "--text", " \n", *out).refused("--text", "nothing")
    assert seqkit("inspect", run, "--text", "a " * 201, *out).refused("201 tokens", "at most 200")
    assert seqkit("inspect", run, "--text", "Ada met Oslo. Mary left Lima.", *out).refused("2 sentences")
    assert seqkit("inspect", run, "--text", "Ada", "--layer", "2", *out).refused("--layer 2", "one layer")
    assert seqkit("inspect", run, "--text", "Ada", "--layer", "0", *out).refused("--layer 0")
    assert seqkit("inspect", run, "--text", "Ada", "--target", "Ada", *out).refused("--target", "tagger")
    assert seqkit("inspect", tmp_path / "none", "--text", "Ada", *out).refused("no such run")
    pairs = translator(TRANSLATORS["matrix"], tmp_path / "pairs")
    assert seqkit("inspect", pairs, "--text", "ab\ncd", *out).refused("one line")
    assert seqkit("inspect", pairs, "--text", "ab", "--target", "x" * 300, *out).refused("--target", "301 tokens")
    assert not (tmp_path / "out").exists()


def test_a_plain_terminal_gets_maps_in_plain_characters(run: Path, tmp_path: Path) -> None:
    done = seqkit("inspect", run, "--text", SENTENCE, "--out", tmp_path / "out")
    assert done.code == 0, done
    assert "\x1b" not in done.out
    assert re.search(r"Lovelace .*[░▒▓█]", done.out)
