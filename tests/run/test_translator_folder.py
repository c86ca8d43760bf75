"""A translator's folder: damaged tokenizers are named, and what training made known comes back."""

from pathlib import Path

import numpy as np
import pytest

from seqkit import load, load_translator
from seqkit.architecture.translator import RecurrentTranslatorConfig
from seqkit.data.examples import Pair
from seqkit.data.tokenizers.characters import CharactersConfig
from seqkit.data.tokenizers.pairs import PairTokenizer, PairTokenizerConfig
from seqkit.data.tokenizers.pieces import PiecesConfig
from seqkit.errors import DataError
from seqkit.models.translator import Translator
from seqkit.tasks.translation.coverage import SourceCoverage
from seqkit.tasks.translation.trained import TrainedTranslator
from seqkit.training.atomic_folder import write_folder

PAIRS = [Pair("one two three four", "un deux trois quatre"), Pair("four three", "quatre trois"), Pair("two on", "deux sur")]


def trained(tokenizer: PairTokenizer, about: dict[str, object]) -> TrainedTranslator:
    config = RecurrentTranslatorConfig(width=4, layers=1, heads=1, key_width=2, value_width=2)
    model = Translator(config, tokenizer.source.size, tokenizer.target.size, joint=tokenizer.joint)
    return TrainedTranslator(model, config, tokenizer, {"task": "translate", "source": "en", "target": "fr", **about})


@pytest.fixture(scope="module")
def pieces() -> PairTokenizer:
    return PairTokenizer.fit(PairTokenizerConfig(source=PiecesConfig(size=280)), PAIRS)


@pytest.mark.parametrize("damage", ["empty", "cut short", "another"])
def test_a_sentencepiece_model_that_is_not_the_one_saved(tmp_path: Path, pieces: PairTokenizer, damage: str) -> None:
    folder = tmp_path / "model"
    trained(pieces, {}).save(folder)
    path = folder / "joint.tokenizer.model"
    whole = path.read_bytes()
    other = PairTokenizer.fit(PairTokenizerConfig(source=PiecesConfig(size=276)), PAIRS).files()[path.name]
    path.write_bytes({"empty": b"", "cut short": whole[:-20], "another": other}[damage])
    with pytest.raises(DataError, match=r"joint\.tokenizer\.model"):
        load(folder)
    # Sealed again with the damage in it, as by somebody who put another file there on purpose.
    write_folder(folder, trained(pieces, {}).files() | {path.name: path.read_bytes()})
    with pytest.raises(DataError, match=r"joint\.tokenizer: .*not the one that was saved"):
        load(folder)


def test_a_tokenizer_of_another_size_than_the_model(tmp_path: Path, pieces: PairTokenizer) -> None:
    other = PairTokenizer.fit(PairTokenizerConfig(source=PiecesConfig(size=276)), PAIRS)
    write_folder(tmp_path / "model", trained(pieces, {}).files() | other.files())
    with pytest.raises(DataError, match=r"weights\.safetensors does not fit"):
        load(tmp_path / "model")


@pytest.mark.parametrize("joint", [True, False])
def test_a_text_in_the_language_of_the_target_is_told(tmp_path: Path, joint: bool) -> None:
    pairs = [Pair("abab ab baba", "xyz xyz zzyx"), Pair("ba ab abba", "zyx xy")] * 20 + [Pair("ab x ba", "xx a")]
    config = PairTokenizerConfig(source=CharactersConfig(), target=None if joint else CharactersConfig())
    tokenizer = PairTokenizer.fit(config, pairs)
    familiar = SourceCoverage.of(tokenizer, [tokenizer.encode(pair) for pair in pairs], longest=13)
    assert familiar.coverage > 0.99
    trained(tokenizer, {"familiar": familiar.to_dict()}).save(tmp_path / "model")
    model = load_translator(tmp_path / "model")
    assert model.coverage is not None
    assert np.array_equal(model.coverage.own_V, familiar.own_V)

    def told(*texts: str) -> str:
        return model.unlike_training([tokenizer.encode_source(text) for text in texts])

    assert told("abba ab", "baab") == ""
    assert "is it en?" in told("xyz zzyx xyz", "yxz")
    assert told("xyz") == ""  # too short to say
    assert trained(tokenizer, {}).unlike_training([tokenizer.encode_source("xyz zzyx xyz")]) == ""  # saved before this was kept
