"""A model made ready for single tokens says what the model says.

Axes: B sequences, T tokens, V symbols.
"""

from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from seqkit.models import stepping
from seqkit.models.language_model import LanguageModel, LanguageModelConfig

SYMBOLS = 11
MODELS: dict[str, dict[str, Any]] = {
    "rnn": {"family": "rnn"},
    "lstm": {"family": "lstm"},
    "gru": {"family": "gru"},
    "mingru": {"family": "mingru"},
    "one layer, bare": {"family": "lstm", "layers": 1, "norm": False},
    "residual": {"family": "gru", "layers": 3, "residual": True},
    "narrow embeddings, tied": {"family": "lstm", "embedding_width": 3},
    "own output": {"family": "mingru", "tied": False, "residual": True},
    "dropouts": {"family": "lstm", "dropout": 0.5, "input_dropout": 0.5, "embedding_dropout": 0.5, "weight_drop": 0.5},
}


def built(table: dict[str, Any]) -> LanguageModel:
    torch.manual_seed(5)
    config = TypeAdapter[Any](LanguageModelConfig).validate_python({"layers": 2, "width": 8} | table)
    model = LanguageModel(config, SYMBOLS).double()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    return model


@pytest.mark.parametrize("table", [True, False], ids=["table", "no table"])
@pytest.mark.parametrize("name", MODELS)
def test_a_stepper_reads_as_its_model(name: str, table: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping, "LARGEST_TABLE", 10**6 if table else 0)
    model = built(MODELS[name])
    reader = stepping.stepper(model)
    token_BT = torch.randint(SYMBOLS, (3, 12))
    with torch.no_grad():
        expected_BTV, end = model.eval().scan(token_BT, model.start(3))
    piece_BTV, state = reader.scan(token_BT[:, :4], model.start(3))
    found = [piece_BTV]
    for token_B1 in token_BT[:, 4:].split(1, dim=1):
        logit_B1V, state = reader.scan(token_B1, state)
        found.append(logit_B1V)
    torch.testing.assert_close(torch.cat(found, dim=1), expected_BTV, rtol=0, atol=1e-12)
    assert state.carry.keys() == end.carry.keys()
    for part in end.carry:
        torch.testing.assert_close(state.carry[part], end.carry[part], rtol=0, atol=1e-12)


def test_a_transformer_is_its_own_reader() -> None:
    model = built({"family": "transformer", "heads": 2})
    assert stepping.stepper(model) is model
