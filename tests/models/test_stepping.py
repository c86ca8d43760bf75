"""A model made ready for single tokens says what the model says.

Axes: B sequences, T tokens, V symbols.
"""

from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor

from seqkit.architecture.language_model import LanguageModelConfig
from seqkit.architecture.translator import TranslatorConfig
from seqkit.models.language_model import LanguageModel
from seqkit.models.state import Scanner, State
from seqkit.models.stepping import recurrent, transformer
from seqkit.models.stepping.language_model import stepper
from seqkit.models.stepping.translator import translator_stepper
from seqkit.models.translator import Translator

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
    "rotary": {"family": "transformer", "heads": 2, "window": 5},
    "rotary, unlimited": {"family": "transformer", "heads": 2, "window": 0, "layers": 3},
    "rotary, window of one": {"family": "transformer", "heads": 2, "window": 1},
    "rotary, odd heads": {"family": "transformer", "heads": 2, "window": 5, "width": 6},
    "alibi": {"family": "transformer", "heads": 2, "window": 5, "positions": "alibi"},
    "alibi, narrow embeddings": {"family": "transformer", "heads": 4, "positions": "alibi", "embedding_width": 3},
    "attention, dropouts": {"family": "transformer", "heads": 2, "dropout": 0.5, "attention_dropout": 0.5, "locked": True},
}


def built(table: dict[str, Any]) -> LanguageModel:
    torch.manual_seed(5)
    config = TypeAdapter[Any](LanguageModelConfig).validate_python({"layers": 2, "width": 8} | table)
    model = LanguageModel(config, SYMBOLS).double()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    return model


def read(reader: Scanner, token_BT: Tensor, state: State, pieces: list[int]) -> tuple[Tensor, State]:
    found: list[Tensor] = []
    for piece_BT in token_BT.split(pieces, dim=1):
        logit_BTV, state = reader.scan(piece_BT, state)
        found.append(logit_BTV)
    return torch.cat(found, dim=1), state


@pytest.mark.parametrize("table", [True, False], ids=["table", "no table"])
@pytest.mark.parametrize("name", MODELS)
def test_a_stepper_reads_as_its_model(name: str, table: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (recurrent, transformer):
        monkeypatch.setattr(module, "LARGEST_TABLE", 10**6 if table else 0)
    monkeypatch.setattr(transformer, "TURNS", 4)
    model = built(MODELS[name])
    reader = stepper(model)
    assert reader is not model
    token_BT = torch.randint(SYMBOLS, (3, 14))
    with torch.no_grad():
        expected_BTV, end = model.eval().scan(token_BT, model.start(3))
    for pieces in ([4] + [1] * 10, [1] * 14, [1, 1, 6, *[1] * 6]):
        found_BTV, state = read(reader, token_BT, model.start(3), pieces)
        torch.testing.assert_close(found_BTV, expected_BTV, rtol=0, atol=1e-12)
        assert state.carry.keys() == end.carry.keys()
        assert state.nbytes == end.nbytes
        for part in end.carry:
            torch.testing.assert_close(state.carry[part], end.carry[part], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "mingru", "rotary", "rotary, unlimited", "alibi"])
def test_every_state_a_stepper_gave_stays_valid(name: str) -> None:
    model = built(MODELS[name])
    reader = stepper(model)
    past_BT, one_BT, two_BT = (torch.randint(SYMBOLS, (3, 9)) for _ in range(3))
    rows_B = torch.tensor([2, 0, 0])
    with torch.inference_mode():
        _, state = read(reader, past_BT, model.start(3), [1] * 9)
        for later_BT in (one_BT[:, :2], two_BT, one_BT):  # heirs of one state
            found_BTV, _ = read(reader, later_BT, state, [1] * later_BT.shape[1])
            expected_BTV, _ = model.scan(torch.cat([past_BT, later_BT], dim=1), model.start(3))
            torch.testing.assert_close(found_BTV, expected_BTV[:, 9:], rtol=0, atol=1e-12)
        found_BTV, _ = read(reader, one_BT, state.select(rows_B), [1] * 9)
        expected_BTV, _ = model.scan(torch.cat([past_BT[rows_B], one_BT], dim=1), model.start(3))
        torch.testing.assert_close(found_BTV, expected_BTV[:, 9:], rtol=0, atol=1e-12)
        found_BTV, _ = model.scan(one_BT, state)  # the model reads on where its stepper stood
        expected_BTV, _ = model.scan(torch.cat([past_BT, one_BT], dim=1), model.start(3))
        torch.testing.assert_close(found_BTV, expected_BTV[:, 9:], rtol=0, atol=1e-12)


def test_a_transformer_steps_far_from_the_start_and_back_again() -> None:
    model = built(MODELS["rotary"])
    reader, token_BT = stepper(model), torch.randint(SYMBOLS, (2, 3))
    for far in (0, 1_000_000, 63, 127):
        start = model.start(2)
        start = State({"position": start.carry["position"] + far}, start.caches)
        with torch.no_grad():
            expected_BTV, _ = model.scan(token_BT, start)
        torch.testing.assert_close(read(reader, token_BT, start, [1] * 3)[0], expected_BTV, rtol=0, atol=1e-10)


TRANSLATORS: dict[str, dict[str, Any]] = {
    "transformer": {"family": "transformer"},
    "final": {"bridge": "final"},
    "summary": {"bridge": "context", "family": "gru"},
    "attention": {"bridge": "attention"},
    "attention after every layer": {"bridge": "attention", "reads": "every", "norm": True, "residual": True},
    "matrix": {"bridge": "matrix"},
    "matrix, both ways": {"bridge": "matrix", "both_ways": True},
    "matrix at the end": {"bridge": "matrix", "reads": "last", "family": "rnn", "embedding_width": 6},
}


@pytest.mark.parametrize("name", TRANSLATORS)
@torch.no_grad()
def test_a_translators_stepper_writes_as_it_does(name: str) -> None:
    torch.manual_seed(5)
    table = {"family": "lstm", "layers": 2, "width": 8, "heads": 2} | TRANSLATORS[name]
    config = TypeAdapter[Any](TranslatorConfig).validate_python(table)
    model = Translator(config, SYMBOLS, SYMBOLS, joint=True).double().eval()
    for weight in model.parameters():  # biases and gains too
        weight.add_(0.1 * torch.randn_like(weight))
    source_BS, length_B, token_BT = torch.randint(SYMBOLS, (3, 5)), torch.tensor([5, 2, 4]), torch.randint(SYMBOLS, (3, 6))
    state = model.start(source_BS, length_B)
    expected_BTV, _ = model.scan(token_BT, state)
    found_BTV, after = read(translator_stepper(model), token_BT, state, [2, 1, 1, 1, 1])
    torch.testing.assert_close(found_BTV, expected_BTV, rtol=0, atol=1e-12)
    # As in a beam: two sequences of each source share what is known of it, and one source is gone.
    token_BT, rows_GK = torch.randint(SYMBOLS, (4, 3)), torch.tensor([[0, 0], [2, 2]])
    expected_BTV, _ = model.scan(token_BT, after.branch(rows_GK))
    found_BTV, _ = read(translator_stepper(model), token_BT, after.branch(rows_GK), [1, 1, 1])
    torch.testing.assert_close(found_BTV, expected_BTV, rtol=0, atol=1e-12)
