import copy

import numpy as np
import pytest
import torch
from toys import END, MODELS, Fading, Text, text

from seqkit.errors import UserError
from seqkit.models.language_model import LanguageModel
from seqkit.tasks.language_modeling.dynamic import evaluate_dynamically
from seqkit.tasks.language_modeling.protocols import Carried, evaluate


def test_a_model_of_a_bias_alone_learns_as_by_hand() -> None:
    """Softmax regression on nothing: the gradient is the probabilities minus the segment's shares of the symbols."""
    model, tokens = Fading(), text(20, seed=3)
    with torch.no_grad():
        model.weight.zero_()
        model.bias.copy_(torch.linspace(-1, 1, 5))
    model.embedding.requires_grad_(False)
    model.weight.requires_grad_(False)
    origin = np.linspace(-1, 1, 5)
    bias, expected = origin.copy(), 0.0
    for first in range(0, 20, 6):
        segment = tokens.tokens[first : first + 6]
        p = np.exp(bias) / np.exp(bias).sum()
        expected -= np.log(p[segment]).sum()
        shares = np.bincount(segment, minlength=5) / len(segment)
        bias = bias - 0.7 * (p - shares) + 0.2 * (origin - bias)
    found = evaluate_dynamically(model, tokens, end=END, learning_rate=0.7, segment=6, decay=0.2)
    assert found.dynamic.nats == pytest.approx(expected, abs=1e-10)
    assert found.static.nats == pytest.approx(evaluate(model, tokens, Carried(), end=END).nats)


@pytest.mark.parametrize("family", MODELS)
def test_it_is_the_static_figure_until_something_was_learned(family: str) -> None:
    torch.manual_seed(0)
    model, tokens = LanguageModel(MODELS[family], END + 1).double().train(), text(600)
    weights = copy.deepcopy(model.state_dict())
    still = evaluate_dynamically(model, tokens, end=END, learning_rate=0.0, segment=50)
    np.testing.assert_allclose(still.dynamic.segment_S2, still.static.segment_S2, atol=1e-9)
    moved = evaluate_dynamically(model, tokens, end=END, learning_rate=0.5, segment=256)
    np.testing.assert_allclose(moved.dynamic.segment_S2[0], moved.static.segment_S2[0], atol=1e-9)
    assert moved.dynamic.nats != pytest.approx(moved.static.nats, abs=1e-3)
    assert model.training
    assert all(torch.equal(weight, weights[name]) for name, weight in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())


def test_a_text_that_repeats_itself_is_learned_from() -> None:
    torch.manual_seed(0)
    model = LanguageModel(MODELS["lstm"], END + 1)
    found = evaluate_dynamically(model, Text([0, 1, 2, 0, 1, 3] * 150), end=END, learning_rate=1.0, segment=20)
    assert found.dynamic.nats_per_token < 0.9 * found.static.nats_per_token


def test_a_learning_rate_that_destroys_the_model_is_named() -> None:
    with pytest.raises(UserError, match=r"learning rate 1e\+308 is too large"):
        evaluate_dynamically(Fading(), text(200), end=END, learning_rate=1e308, segment=10)
