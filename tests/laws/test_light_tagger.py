"""The tagger without PyTorch says what the tagger with it says.

Axes: B sentences, T tokens, K tags, S states.
"""

import json

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import tiny
import torch

from seqkit.models.crf import CRF, legal_iob2
from seqkit.models.light.chain import Chain
from seqkit.models.light.tagger import LightTagger
from seqkit.tasks.tagging.light import LightPredictor, light_predictor
from seqkit.tasks.tagging.predict import Predictor
from seqkit.tasks.tagging.prediction import WINDOW
from seqkit.tasks.tagging.trained import TrainedTagger
from seqkit.training.atomic_folder import read_folder

METADATA = {"task": "ner", "corpus": "tiny", "tags": tiny.TAGS}

SHAPES = {
    "lstm": {"family": "lstm", "output": "crf"},
    "gru": {"family": "gru", "output": "crf"},
    "rnn": {"family": "rnn", "output": "crf", "init": "default"},
    "mingru": {"family": "mingru"},
    "mingru, deep": {"family": "mingru", "layers": 3, "norm": True, "residual": True},
    "mingru, one way": {"family": "mingru", "layers": 2, "bidirectional": False, "init": "chrono"},
    "lstm, deep": {"family": "lstm", "layers": 3, "norm": True, "residual": True},
    "softmax": {"family": "gru", "output": "softmax"},
    "deep": {"family": "lstm", "layers": 3},
    "one way": {"family": "gru", "bidirectional": False, "layers": 2},
    "spelled by an LSTM": {"family": "lstm", "words": tiny.WORDS | {"chars": "lstm"}},
    "wide windows of characters": {"family": "lstm", "words": tiny.WORDS | {"char_window": 4}},
    "no characters": {"family": "rnn", "words": tiny.WORDS | {"chars": "none"}},
    "characters alone": {"family": "lstm", "words": tiny.WORDS | {"word_width": 0, "affix_width": 0, "shape_width": 0}},
    "members": {"family": "lstm", "members": 3},
    "shifted": {"family": "gru", "label_shift": 1.0},
    "leaning": {"family": "lstm", "outside_bias": True},
}


@pytest.fixture(scope="module")
def vocabulary():
    return tiny.vocabulary(tiny.sentences(60))


def both(changes: dict, vocabulary) -> tuple[Predictor, LightPredictor]:
    """One tagger with random weights, with PyTorch and without."""
    config = tiny.config("lstm", **changes)
    model = tiny.scrambled(tiny.tagger("lstm", vocabulary, **changes), scale=0.6)
    with torch.no_grad():
        model.outside_bias.fill_(0.7 if config.outside_bias else 0.0)
        if model.label_shift_K is not None:
            model.label_shift_K.normal_()
    weights = safetensors.numpy.load(safetensors.torch.save(dict(model.named_parameters())))
    light = LightTagger(config.model_dump(mode="json"), weights, tiny.TAGS)
    return Predictor(model, vocabulary, tiny.TAGS), LightPredictor(light, vocabulary, tiny.TAGS)


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
def test_the_same_tags_spans_and_confidences(changes: dict, vocabulary):
    full, light = both(changes, vocabulary)
    texts = [sentence.tokens for sentence in tiny.sentences(30, seed=5)]
    texts += [("unseen", "Words", "20,000", "…", "", "x" * 50), (), tiny.long_sentence(2 * WINDOW + 9).tokens]
    expected, found = full(texts, confidence=True), light(texts, confidence=True)
    assert [one.tags for one in found] == [one.tags for one in expected]
    assert [one.spans for one in found] == [one.spans for one in expected]
    assert len({tag for one in found for tag in one.tags}) >= 3
    assert sum(len(one.spans) for one in found) > 20
    for one, other in zip(found, expected, strict=True):
        assert one.confidences == pytest.approx(other.confidences, abs=1e-4)
    assert light(texts) == [type(one)(one.tags, one.spans) for one in found]


@pytest.mark.parametrize("size", [1.0, 60.0, 1e4])
def test_the_chain_is_the_random_field(size: float):
    """For scores of any size, single tokens, and scores that are not finite."""
    torch.manual_seed(3)
    crf = CRF(*legal_iob2(tiny.TAGS))
    with torch.no_grad():
        crf.weight_SS.normal_(std=size)
    chain = Chain(crf.weight_SS.detach().numpy(), crf.legal_SS.numpy())
    spans = [(0, 1, 1, 2), (2, 5, 3, 4), (5, 6, 5, -1)]
    for length in (6, 1):
        emission_TK = (torch.randn(length, len(tiny.TAGS)) * size).numpy()
        whole_1TK, length_1 = torch.from_numpy(emission_TK)[None], torch.tensor([length])
        assert_best(chain, crf, emission_TK)
        marginal_TK, _ = chain.posterior(emission_TK)
        assert marginal_TK == pytest.approx(crf.marginals(whole_1TK, length_1)[0].detach().numpy(), abs=1e-5)
        asked = spans if length == 6 else spans[:1]
        assert chain.span_probability(emission_TK, asked) == pytest.approx(
            crf.span_probability(whole_1TK, length_1, [asked])[0], abs=1e-5
        )
        emission_TK[0, 1:4] = np.nan, np.inf, -np.inf
        assert_best(chain, crf, emission_TK)


def assert_best(chain: Chain, crf: CRF, emission_TK: np.ndarray) -> None:
    """The tags and the score that `CRF` finds in a batch; a sentence alone it would leave to the chain."""
    tag_2T, score_2 = crf.decode(torch.from_numpy(np.stack([emission_TK, emission_TK])), torch.tensor([len(emission_TK)] * 2))
    tags, score = chain.best(emission_TK)
    assert tags == tag_2T[0].tolist()
    assert score == pytest.approx(score_2[0].item(), rel=1e-6)


def test_a_model_folder(vocabulary, tmp_path):
    model = tiny.scrambled(tiny.tagger("gru", vocabulary))
    trained = TrainedTagger(model, tiny.config("gru"), vocabulary, METADATA)
    trained.save(tmp_path / "model")
    light = light_predictor(read_folder(tmp_path / "model"))
    texts = [sentence.tokens for sentence in tiny.sentences(9, seed=2)]
    assert light is not None
    assert [one.tags for one in light(texts)] == [one.tags for one in trained.predict(texts)]


@pytest.mark.parametrize("harm", ["transformer", "a later format", "another task", "a weight missing"])
def test_what_it_leaves_to_pytorch(harm: str, vocabulary, tmp_path):
    """What it cannot read and what is wrong with it, both of which `load_tagger` knows to handle."""
    name = "transformer" if harm == "transformer" else "lstm"
    trained = TrainedTagger(tiny.tagger(name, vocabulary), tiny.config(name), vocabulary, METADATA)
    files = trained.files()
    stored = json.loads(files["config.json"])
    weights = safetensors.numpy.load(files["weights.safetensors"])
    stored |= {"a later format": {"format": 99}, "another task": {"task": "lm"}}.get(harm, {})
    if harm == "a weight missing":
        del weights["members.0.emit.bias"]
    changed = {"config.json": json.dumps(stored).encode(), "weights.safetensors": safetensors.numpy.save(weights)}
    trained.files = lambda: files | changed
    trained.save(tmp_path / "model")
    assert light_predictor(read_folder(tmp_path / "model")) is None
