"""A tagger read by the engine, sentence by sentence, says what the module says in batches.

Axes: B sentences, T tokens, K tags, S states.
"""

import numpy as np
import pytest
import tiny
import torch

from seqkit.engine.linear_chain import LinearChain
from seqkit.engine.tagger import Tagger
from seqkit.engine.weights import Weights
from seqkit.models.crf import CRF, legal_iob2
from seqkit.models.weights import arrays
from seqkit.run.saved import load
from seqkit.tasks.tagging import single
from seqkit.tasks.tagging.predict import Predictor
from seqkit.tasks.tagging.prediction import WINDOW
from seqkit.tasks.tagging.single import SentencePredictor
from seqkit.tasks.tagging.trained import TrainedTagger

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
    "biased": {"family": "lstm", "outside_bias": True},
    "transformer": {"family": "transformer"},
    "transformer, rotary": {"family": "transformer", "positions": "rotary", "output": "softmax"},
}


@pytest.fixture(scope="module")
def vocabulary():
    return tiny.vocabulary(tiny.sentences(60))


def both(changes: dict, vocabulary) -> tuple[Predictor, SentencePredictor]:
    """One tagger with random weights, as a module and in the engine."""
    config = tiny.config(changes["family"], **changes)
    model = tiny.scrambled(tiny.tagger(changes["family"], vocabulary, **changes), scale=0.6)
    with torch.no_grad():
        model.outside_bias.fill_(0.7 if config.outside_bias else 0.0)
        if model.label_shift_K is not None:
            model.label_shift_K.normal_()
        if changes["family"] == "transformer":  # whose words are alike beside what its blocks add to all of them
            member = model.each_member()[0]
            member.encoder.input_projection.weight.mul_(8)
            member.emit.bias.zero_()
    reader = Tagger(config, Weights(arrays(model)), vocabulary.sizes, tiny.TAGS)
    return Predictor(model, vocabulary, tiny.TAGS), SentencePredictor(reader, vocabulary, tiny.TAGS)


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
def test_the_same_tags_spans_and_confidences(changes: dict, vocabulary):
    full, alone = both(changes, vocabulary)
    texts = [sentence.tokens for sentence in tiny.sentences(30, seed=5)]
    texts += [("unseen", "Words", "20,000", "…", "", "x" * 50), (), tiny.long_sentence(2 * WINDOW + 9).tokens]
    expected, found = full(texts, confidence=True), alone(texts, confidence=True)
    assert [one.tags for one in found] == [one.tags for one in expected]
    assert [one.spans for one in found] == [one.spans for one in expected]
    assert len({tag for one in found for tag in one.tags}) >= 3
    assert sum(len(one.spans) for one in found) > 20
    for one, other in zip(found, expected, strict=True):
        assert one.confidences == pytest.approx(other.confidences, abs=1e-4)
    assert alone(texts) == [type(one)(one.tags, one.spans) for one in found]


@pytest.mark.parametrize("size", [1.0, 60.0, 1e4])
def test_the_chain_is_the_random_field(size: float):
    """For scores of any size, single tokens, and scores that are not finite."""
    torch.manual_seed(3)
    crf = CRF(*legal_iob2(tiny.TAGS))
    with torch.no_grad():
        crf.weight_SS.normal_(std=size)
    chain = LinearChain(crf.weight_SS.detach().numpy(), crf.legal_SS.numpy())
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


def assert_best(chain: LinearChain, crf: CRF, emission_TK: np.ndarray) -> None:
    """The tags and the score that `CRF` finds in a batch; a sentence alone it would leave to the chain."""
    tag_2T, score_2 = crf.decode(torch.from_numpy(np.stack([emission_TK, emission_TK])), torch.tensor([len(emission_TK)] * 2))
    tags, score = chain.best(emission_TK)
    assert tags == tag_2T[0].tolist()
    assert score == pytest.approx(score_2[0].item(), rel=1e-6)


def test_the_vectors_that_are_kept_are_bounded(vocabulary, monkeypatch: pytest.MonkeyPatch):
    _, predictor = both(SHAPES["lstm"], vocabulary)
    texts = [(f"word{number}", "saw", f"{number}") for number in range(50)]
    expected = predictor(texts)
    monkeypatch.setattr(single, "MOST_WORDS", 10)
    _, bounded = both(SHAPES["lstm"], vocabulary)
    assert bounded(texts) == expected
    assert len(bounded._vectors) <= 13


def test_a_model_folder(vocabulary, tmp_path):
    trained = TrainedTagger(tiny.scrambled(tiny.tagger("gru", vocabulary)), tiny.config("gru"), vocabulary, METADATA)
    trained.save(tmp_path / "model")
    texts = [sentence.tokens for sentence in tiny.sentences(9, seed=2)]
    loaded = load(tmp_path / "model")
    assert isinstance(loaded, TrainedTagger)
    assert isinstance(loaded.tagger, SentencePredictor)
    assert [one.tags for one in loaded.predict(texts)] == [one.tags for one in trained.predictor(texts)]
    for name, weight in loaded.model.named_parameters():
        assert torch.equal(weight, dict(trained.model.named_parameters())[name])
