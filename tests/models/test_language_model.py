"""Language models of all families: the loss by its definition, tied weights, dropout, the start of training."""

import math
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from seqkit.architecture.language_model import LanguageModelConfig, RecurrentLanguageModelConfig, TransformerLanguageModelConfig
from seqkit.models.language_model import LanguageModel

CONFIG: TypeAdapter[Any] = TypeAdapter(LanguageModelConfig)
FAMILIES: dict[str, dict[str, Any]] = {
    **{family: {"family": family} for family in ("rnn", "lstm", "gru", "mingru")},
    "mingru, residual": {"family": "mingru", "residual": True},
    "lstm, bare": {"family": "lstm", "norm": False},
    "transformer": {"family": "transformer", "layers": 2, "heads": 4},
    "alibi": {"family": "transformer", "layers": 2, "heads": 4, "positions": "alibi"},
}
UNTIED = {"tied": False}
NARROW = {"embedding_width": 12}


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(7)


def language_model(name: str = "lstm", vocabulary: int = 13, **changes: Any) -> LanguageModel:
    return LanguageModel(CONFIG.validate_python({"width": 16} | FAMILIES[name] | changes), vocabulary).eval()


def tokens(vocabulary: int = 13, batch: int = 3, steps: int = 9) -> Tensor:
    return torch.randint(vocabulary, (batch, steps))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("changes", [{}, UNTIED, NARROW, NARROW | UNTIED])
def test_the_loss_is_the_sum_of_nll_and_goes_on_from_a_state(name: str, changes: dict[str, Any]):
    model = language_model(name, **changes).double()
    token_BT, target_BT = tokens(), tokens()
    with torch.no_grad():
        logit_BTV, _ = model.scan(token_BT, model.start(3))
        expected = -sum(
            math.log(logit_BTV[row, step].softmax(dim=-1)[target_BT[row, step]]) for row in range(3) for step in range(9)
        )
        nats, count, state = 0.0, 0, model.start(3)
        for rows in (slice(0, 4), slice(4, 5), slice(5, 9)):
            some, many, state = model.loss(token_BT[:, rows], target_BT[:, rows], state, precision=torch.float32)
            nats, count = nats + float(some), count + many
    assert logit_BTV.shape == (3, 9, 13)
    assert count == 27
    assert nats == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("vocabulary", "width"), [(65, 32), (65, 128), (5000, 256)])
@pytest.mark.parametrize("name", FAMILIES)
def test_training_starts_at_log_v(name: str, vocabulary: int, width: int):
    for changes in ({}, UNTIED, NARROW):
        model = language_model(name, vocabulary, width=width, **changes)
        token_BT = tokens(vocabulary, 8, 17)
        with torch.no_grad():
            nats, count, _ = model.loss(token_BT[:, :-1], token_BT[:, 1:], model.start(8), precision=torch.float32)
        assert float(nats) / count == pytest.approx(math.log(vocabulary), rel=0.02)


@pytest.mark.parametrize(("width", "changes"), [(16, {}), (16, UNTIED), (16, NARROW), (16, NARROW | UNTIED)])
def test_parameters_are_counted_once(width: int, changes: dict[str, Any]):
    model = language_model("lstm", norm=False, layers=2, **changes)
    embedding = changes.get("embedding_width", width)
    body = 4 * width * (embedding + width + 2) + 4 * width * (2 * width + 2)
    leave = 0 if changes.get("tied", True) else 13 * width
    project = (width + 1) * embedding if changes == NARROW else 0
    assert model.parameter_count == 13 * embedding + body + project + leave + 13
    assert (model.output_weight is model.embedding.weight) == changes.get("tied", True)
    assert len({name for name, _ in model.named_parameters()} & {"output_weight", "embedding.weight"}) == 2 - (leave == 0)


def test_tied_weights_learn_from_both_ends():
    model = language_model()
    token_BT = torch.full((1, 2), 5)
    model.loss(token_BT, token_BT + 1, model.start(1), precision=torch.float32)[0].backward()
    gradient = model.embedding.weight.grad
    assert gradient is not None
    assert bool(gradient[5].any())  # read
    assert bool(gradient[6].any())  # foretold


@pytest.mark.parametrize("option", ["embedding_dropout", "input_dropout", "output_dropout"])
@pytest.mark.parametrize("name", ["lstm", "transformer"])
def test_dropout_acts_in_training_alone(name: str, option: str):
    model = language_model(name, **{option: 0.5})
    token_BT = tokens()
    with torch.no_grad():
        one, two = (model.scan(token_BT, model.start(3))[0] for _ in range(2))
        assert torch.equal(one, two)
        model.train()
        one, two = (model.scan(token_BT, model.start(3))[0] for _ in range(2))
        assert not torch.equal(one, two)


def test_embedding_dropout_drops_symbols_wherever_they_stand():
    model = language_model(vocabulary=400, embedding_dropout=0.3)
    token_BT = torch.arange(400).repeat(2, 3)
    plain_BTE, dropped_BTE = model.embed(token_BT), model.train().embed(token_BT)
    kept_BT = (dropped_BTE != 0).any(dim=-1)
    assert bool((kept_BT == kept_BT[:1, :400].repeat(2, 3)).all())
    assert abs(float(kept_BT.double().mean()) - 0.7) < 0.08
    torch.testing.assert_close(dropped_BTE[kept_BT], plain_BTE[kept_BT] / 0.7)
    assert not torch.equal(model.embed(token_BT), dropped_BTE)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_state_is_fresh_and_of_the_size_asked_for(name: str):
    model = language_model(name)
    assert model.start(4).batch == 4
    assert not any(part.any() for part in model.start(4).carry.values())


def test_the_family_tells_the_configuration():
    assert isinstance(CONFIG.validate_python({"family": "mingru"}), RecurrentLanguageModelConfig)
    assert isinstance(CONFIG.validate_python({"family": "transformer", "window": 64}), TransformerLanguageModelConfig)
    for wrong in ({"family": "lsmt"}, {"family": "lstm", "window": 64}, {"family": "transformer", "weight_drop": 0.1}):
        with pytest.raises(ValidationError):
            CONFIG.validate_python(wrong)


@pytest.mark.parametrize("option", ["weight_drop", "recurrent_dropout"])
def test_mingru_refuses_what_needs_recurrent_weights(option: str):
    assert getattr(CONFIG.validate_python({"family": "gru", option: 0.1}), option) == 0.1
    with pytest.raises(ValidationError, match="no recurrent weights"):
        CONFIG.validate_python({"family": "mingru", option: 0.1})
