"""The engine says what the modules say, for every family, bridge and way of being read.

Axes: B sequences, S sources, L source tokens, T tokens, V symbols.
"""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter
from torch import nn

from seqkit.architecture.language_model import LanguageModelConfig
from seqkit.architecture.translator import TranslatorConfig
from seqkit.engine import language_model, positions, transformer
from seqkit.engine.language_model import LanguageModel
from seqkit.engine.layers import erf
from seqkit.engine.state import State
from seqkit.engine.translator import Translator
from seqkit.engine.weights import Array, Weights
from seqkit.models import language_model as modules
from seqkit.models import translator as translators

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
EXACT = {"rtol": 0, "atol": 1e-12}


def weights(model: nn.Module) -> Weights:
    return Weights({name: weight.detach().numpy() for name, weight in model.named_parameters()})


def pair(table: dict[str, Any]) -> tuple[modules.LanguageModel, LanguageModel]:
    """A module in evaluation and the engine's model with its weights."""
    torch.manual_seed(5)
    config = TypeAdapter[Any](LanguageModelConfig).validate_python({"layers": 2, "width": 8} | table)
    model = modules.LanguageModel(config, SYMBOLS).double().eval()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    return model, LanguageModel(config, weights(model), SYMBOLS)


def tokens(*shape: int, seed: int = 1) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(SYMBOLS, size=shape)


def read(reader: Any, token_BT: NDArray[np.int64], state: State[Array], pieces: list[int]) -> tuple[Array, State[Array]]:
    found: list[Array] = []
    for piece_BT in np.split(token_BT, np.cumsum(pieces)[:-1], axis=1):
        logit_BTV, state = reader.scan(piece_BT, state)
        found.append(logit_BTV)
    return np.concatenate(found, axis=1), state


@torch.no_grad()
def expected(model: Any, token_BT: NDArray[np.int64], state: Any = None) -> NDArray[np.float64]:
    return model.scan(torch.from_numpy(token_BT), model.start(len(token_BT)) if state is None else state)[0].numpy()


@pytest.mark.parametrize("table", [True, False], ids=["table", "no table"])
@pytest.mark.parametrize("name", MODELS)
def test_a_language_model_reads_as_its_module(name: str, table: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model, "LARGEST_TABLE", 10**6 if table else 0)
    monkeypatch.setattr(positions, "BLOCK", 4)
    monkeypatch.setattr(transformer, "PIECE", 6)
    model, reader = pair(MODELS[name])
    token_BT = tokens(3, 14)
    with torch.no_grad():
        expected_BTV, end = model.scan(torch.from_numpy(token_BT), model.start(3))
    for pieces in ([14], [4] + [1] * 10, [1] * 14, [1, 1, 6, *[1] * 6], [1, 9, 4]):
        found_BTV, state = read(reader, token_BT, reader.start(3), pieces)
        np.testing.assert_allclose(found_BTV, expected_BTV.numpy(), **EXACT)
        assert state.carry.keys() == end.carry.keys()
        assert state.nbytes == end.nbytes
        for part in end.carry:
            np.testing.assert_allclose(state.carry[part], end.carry[part].numpy(), **EXACT)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "mingru", "rotary", "rotary, unlimited", "alibi"])
def test_every_state_stays_valid(name: str) -> None:
    model, reader = pair(MODELS[name])
    past_BT, one_BT, two_BT = (tokens(3, 9, seed=seed) for seed in (1, 2, 3))
    _, state = read(reader, past_BT, reader.start(3), [1] * 9)
    for later_BT in (one_BT[:, :2], two_BT, one_BT):  # heirs of one state
        found_BTV, _ = read(reader, later_BT, state, [1] * later_BT.shape[1])
        np.testing.assert_allclose(found_BTV, expected(model, np.hstack([past_BT, later_BT]))[:, 9:], **EXACT)
    _, first = read(reader, one_BT[:, :2], state, [1] * 2)  # two heirs, of which one goes on after the other has begun
    read(reader, two_BT[:, :2], state, [1] * 2)
    found_BTV, _ = read(reader, one_BT[:, 2:], first, [1] * 7)
    np.testing.assert_allclose(found_BTV, expected(model, np.hstack([past_BT, one_BT]))[:, 11:], **EXACT)
    rows_B = np.array([2, 0, 0])
    found_BTV, _ = read(reader, one_BT, state.branch(rows_B[:, None]), [1] * 9)
    np.testing.assert_allclose(found_BTV, expected(model, np.hstack([past_BT[rows_B], one_BT]))[:, 9:], **EXACT)


def test_a_transformer_reads_far_from_the_start_and_back_again() -> None:
    model, reader = pair(MODELS["rotary"])
    token_BT = tokens(2, 3)
    for far in (0, 1_000_000, 63, 127):
        start, begin = reader.start(2), model.start(2)
        start = State({"position": start.carry["position"] + far}, start.caches)
        begin = type(begin)({"position": begin.carry["position"] + far}, begin.caches)
        for pieces in ([1] * 3, [3]):
            found_BTV = read(reader, token_BT, start, pieces)[0]
            np.testing.assert_allclose(found_BTV, expected(model, token_BT, begin), rtol=0, atol=1e-10)


TRANSLATORS: dict[str, dict[str, Any]] = {
    "transformer": {"family": "transformer"},
    "transformer, narrow embeddings": {"family": "transformer", "embedding_width": 6, "tied": False},
    "final": {"bridge": "final"},
    "summary": {"bridge": "context", "family": "gru"},
    "reversed": {"bridge": "context", "reverse": True, "encoder_layers": 2},
    "attention": {"bridge": "attention"},
    "attention after every layer": {"bridge": "attention", "reads": "every", "norm": True, "residual": True},
    "one way, from zeros": {"bridge": "attention", "bidirectional": False, "initialise": False},
    "matrix": {"bridge": "matrix"},
    "matrix, both ways": {"bridge": "matrix", "both_ways": True, "heads": 3},
    "matrix, added, never fading": {"bridge": "matrix", "delta": False, "decay": False, "both_ways": True},
    "matrix at the end": {"bridge": "matrix", "reads": "last", "family": "rnn", "embedding_width": 6},
}


@pytest.mark.parametrize("joint", [True, False], ids=["joint", "apart"])
@pytest.mark.parametrize("name", TRANSLATORS)
@torch.no_grad()
def test_a_translator_writes_as_its_module(name: str, joint: bool) -> None:
    torch.manual_seed(5)
    table = {"family": "lstm", "layers": 2, "width": 8, "heads": 2} | TRANSLATORS[name]
    config = TypeAdapter[Any](TranslatorConfig).validate_python(table)
    model = translators.Translator(config, SYMBOLS + (not joint), SYMBOLS, joint=joint).double().eval()
    for weight in model.parameters():  # biases and gains too
        weight.add_(0.1 * torch.randn_like(weight))
    writer = Translator(config, weights(model), SYMBOLS + (not joint), SYMBOLS, joint=joint)
    # The rotations of a source are worked out in float32, to the last digit of which the two may differ.
    near = {"rtol": 0, "atol": 1e-6} if "transformer" in name else EXACT
    source_SL, token_BT = tokens(3, 5), tokens(3, 6)
    begin, state = model.start(torch.from_numpy(source_SL), torch.full((3,), 5)), writer.start(source_SL)
    assert state.memory.keys() == begin.memory.keys()
    expected_BTV, begin = model.scan(torch.from_numpy(token_BT), begin)
    found_BTV, state = read(writer, token_BT, state, [2, 1, 1, 1, 1])
    np.testing.assert_allclose(found_BTV, expected_BTV.numpy(), **near)
    # As in a beam: two sequences of each source share what is known of it, and one source is gone.
    token_BT, rows_GK = tokens(4, 3), np.array([[0, 0], [2, 2]])
    expected_BTV, _ = model.scan(torch.from_numpy(token_BT), begin.branch(rows_GK))
    found_BTV, _ = read(writer, token_BT, state.branch(rows_GK), [1, 1, 1])
    np.testing.assert_allclose(found_BTV, expected_BTV.numpy(), **near)


def test_the_error_function_is_right_to_its_last_digits() -> None:
    x = np.linspace(-6, 6, 10_001)
    right = torch.erf(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(erf(x), right, rtol=0, atol=1e-15)
    np.testing.assert_allclose(erf(x.astype(np.float32)), right, rtol=0, atol=5e-7)


@pytest.mark.parametrize("fault", ["missing", "too many", "shape", "half", "nan", "infinite"])
def test_weights_that_are_not_the_models_are_refused(fault: str) -> None:
    model, _ = pair(MODELS["lstm"])
    config = TypeAdapter[Any](LanguageModelConfig).validate_python({"layers": 2, "width": 8} | MODELS["lstm"])
    arrays = {name: weight.detach().numpy().copy() for name, weight in model.named_parameters()}
    name = "body.layers.1.cell.recurrent_weight"
    match fault:
        case "missing":
            del arrays[name]
        case "too many":
            arrays["spare"] = arrays[name]
        case "shape":
            arrays[name] = arrays[name].T
        case "half":
            arrays[name] = arrays[name].astype(np.float16)
        case _:
            arrays[name][3, 2] = np.nan if fault == "nan" else np.inf
    with pytest.raises(ValueError, match=r"weights.safetensors.*(recurrent_weight|spare)"):
        LanguageModel(config, Weights(arrays), SYMBOLS)
