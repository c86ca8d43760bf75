"""What is shown of the inside of a model is what happened in it.

Axes: B sequences, T tokens, S source tokens, D features, H features of a direction, N heads, E features of a head.
"""

from typing import Any

import numpy as np
import pytest
import tiny
import torch
from pydantic import TypeAdapter
from torch import Tensor

from seqkit.architecture.causal import CausalRecurrentConfig, CausalTransformerConfig
from seqkit.architecture.encoders import TransformerConfig
from seqkit.architecture.translator import TranslatorConfig
from seqkit.models.bridges import AttentionBridge, MatrixBridge
from seqkit.models.build import build_causal, build_encoder
from seqkit.models.causal_transformer import CausalTransformer
from seqkit.models.inspection import gradients
from seqkit.models.inspection.attention import cross_attention, self_attention
from seqkit.models.inspection.gates import layer_gates
from seqkit.models.inspection.gradients import by_direction, gradient_norms, mean_by_distance
from seqkit.models.inspection.matrix_memory import read_shares, read_weights, written
from seqkit.models.inspection.recording import Calls, leaves, recorded
from seqkit.models.translator import Translator

EXACT = {"rtol": 0.0, "atol": 1e-10}
STEPS, INPUT, SYMBOLS = 7, 5, 11
GATES = {"rnn": set[str](), "lstm": {"forget", "input", "output"}, "gru": {"reset", "update"}, "mingru": {"update"}}


def decided(model: Any) -> Any:
    """In float64, in evaluation, with weights large enough to tell."""
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(0.6 * torch.randn(weight.shape))
    return model.double().eval()


def text(batch: int = 2) -> Tensor:
    torch.manual_seed(5)
    return torch.randn(batch, STEPS, INPUT, dtype=torch.float64)


def encoded(network: Any) -> tuple[Tensor, Calls]:
    with recorded(network) as calls:
        y_BTD = network(text(), torch.tensor([STEPS, STEPS]))
    return y_BTD, calls


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("family", ["rnn", "lstm", "gru", "mingru"])
def test_hidden_states_rebuilt_from_gates_are_the_encoders_own(family: str, norm: bool, bidirectional: bool) -> None:
    changes = {"layers": 2, "bidirectional": bidirectional, "width": 12, "norm": norm, "residual": norm}
    network = decided(build_encoder(tiny.config(family, **changes), INPUT))
    _, calls = encoded(network)
    for layer in network.layers:
        found = layer_gates(layer, calls)
        assert list(found) == ["forward", "backward"][: 1 + bidirectional]
        rebuilt_BTD = torch.cat([gates.states["hidden"] for gates in found.values()], dim=-1)
        torch.testing.assert_close(rebuilt_BTD, calls[layer].gave, **EXACT)
        for gates in found.values():
            assert set(gates.shares) == GATES[family]
            assert all((share > 0).all() and (share < 1).all() for share in gates.shares.values())


@pytest.mark.parametrize("family", ["rnn", "lstm", "gru", "mingru"])
def test_hidden_states_rebuilt_from_gates_are_the_causal_models_own(family: str) -> None:
    network = decided(build_causal(CausalRecurrentConfig(family=family, layers=2, width=6, residual=True), INPUT))
    _, state = network.scan(text(), network.start(2))  # a past that is not nothing
    with recorded(network) as calls:
        _, after = network.scan(text(), state)
    for number, layer in enumerate(network.layers):
        (gates,) = layer_gates(layer, calls).values()
        torch.testing.assert_close(gates.states["hidden"], calls[layer.cell].gave[0], **EXACT)
        if family == "lstm":
            torch.testing.assert_close(gates.states["cell"][:, -1], after.carry[f"{number}.c"], **EXACT)
        assert set(gates.shares) == GATES[family]


def test_an_lstm_that_only_keeps_shows_gates_that_only_keep() -> None:
    network = decided(build_causal(CausalRecurrentConfig(family="lstm", layers=1, width=4), INPUT))
    cell = network.layers[0].cell
    with torch.no_grad():
        cell.input_weight.zero_(), cell.recurrent_weight.zero_(), cell.recurrent_bias.zero_()
        cell.input_bias.copy_(torch.tensor([-40.0, 40.0, 0.0, 1.0]).repeat_interleave(4))  # PyTorch's order: i, f, g, o
    with recorded(network) as calls:
        network.scan(text(), network.start(2))
    shares = layer_gates(network.layers[0], calls)["forward"].shares
    for name, bias in (("forget", 40.0), ("input", -40.0), ("output", 1.0)):
        torch.testing.assert_close(shares[name], torch.full_like(shares[name], bias).sigmoid(), **EXACT)


def merged(block: Any, weight_BNTS: Tensor, value_BNSE: Tensor) -> Tensor:
    """What a block makes of its attention."""
    return block.output_projection((weight_BNTS @ value_BNSE).transpose(1, 2).flatten(2))


@pytest.mark.parametrize("positions", ["directional", "rotary"])
def test_an_encoders_attention_reproduces_its_output(positions: str) -> None:
    config = TransformerConfig(width=8, heads=4, layers=2, positions=positions)
    network = decided(build_encoder(config, INPUT))
    _, calls = encoded(network)
    for block in network.blocks:
        x_BTD, bias = calls[block].given
        weight_BNTT = self_attention(block, calls)
        torch.testing.assert_close(weight_BNTT.sum(dim=-1), torch.ones_like(weight_BNTT[..., 0]), **EXACT)
        x_BTD = block.attention_norm(x_BTD)
        out_BTD = merged(block, weight_BNTT, block.project(x_BTD)[2])
        torch.testing.assert_close(out_BTD, block.attend(x_BTD, bias), **EXACT)


@pytest.mark.parametrize("window", [0, 3, 100])
@pytest.mark.parametrize("positions", ["rotary", "alibi"])
def test_a_causal_models_attention_reproduces_its_output_and_sees_no_future(positions: str, window: int) -> None:
    config = CausalTransformerConfig(width=8, heads=2, layers=2, positions=positions, window=window)
    network = decided(build_causal(config, INPUT))
    assert isinstance(network, CausalTransformer)
    with recorded(network) as calls:
        network.scan(text(), network.start(2))
    for block in network.each_block():
        x_BTD, cache, places, _ = calls[block].given
        weight_BNTT = self_attention(block, calls)
        torch.testing.assert_close(weight_BNTT.sum(dim=-1), torch.ones_like(weight_BNTT[..., 0]), **EXACT)
        seen_TT = torch.ones(STEPS, STEPS, dtype=torch.bool).tril()
        seen_TT &= torch.ones_like(seen_TT).triu(1 - window) if window else seen_TT
        assert torch.equal((weight_BNTT > 0).all(dim=1)[0], seen_TT)
        x_BTD = block.attention_norm(x_BTD)
        out_BTD = merged(block, weight_BNTT, block.project(x_BTD, places)[2])
        torch.testing.assert_close(out_BTD, block.attend(x_BTD, cache, places)[0], **EXACT)


def translated(**table: Any) -> tuple[Translator, Calls]:
    """A translator that has read one source of S tokens and a translation of T."""
    config = TypeAdapter[Any](TranslatorConfig).validate_python({"width": 8, "layers": 2, "heads": 2} | table)
    model = decided(Translator(config, SYMBOLS, SYMBOLS, joint=True))
    random = torch.Generator().manual_seed(1)
    source_1S, token_1T = (torch.randint(SYMBOLS, (1, steps), generator=random) for steps in (9, 6))
    with recorded(model) as calls:
        model.scan(token_1T, model.start(source_1S, torch.tensor([9])))
    return model, calls


def readings(model: Translator) -> list[Any]:
    return list(model.decoder.get_submodule("readings").children())


@pytest.mark.parametrize("delta", [True, False])
@pytest.mark.parametrize("decay", [True, False])
@pytest.mark.parametrize("both_ways", [True, False])
def test_a_matrix_memory_is_the_sum_of_what_its_tokens_wrote(delta: bool, decay: bool, both_ways: bool) -> None:
    table = {"delta": delta, "decay": decay, "both_ways": both_ways, "key_width": 3, "value_width": 5}
    model, calls = translated(family="lstm", bridge="matrix", **table)
    for reading in readings(model):
        h_1TD, memory = calls[reading].given
        bridge = reading.bridge
        assert isinstance(bridge, MatrixBridge)
        x_1SX = calls[bridge.key].given[0]
        source = written(bridge, x_1SX)
        torch.testing.assert_close(source.beta_BNS, bridge.beta(x_1SX).sigmoid().transpose(1, 2), **EXACT)
        torch.testing.assert_close(source.state(), memory["state"], **EXACT)
        weight_1NTS = read_weights(bridge, h_1TD, source)
        torch.testing.assert_close(weight_1NTS @ source.update_BNSV, bridge.ask(h_1TD) @ memory["state"], **EXACT)
        share_1NTS = read_shares(weight_1NTS, source)
        torch.testing.assert_close(share_1NTS.sum(dim=-1), torch.ones_like(share_1NTS[..., 0]), **EXACT)
        assert bool((source.kept_BNS == 1).all()) == (not decay)


def test_the_delta_rule_recalls_the_last_token_written_at_full_strength() -> None:
    config = {"family": "lstm", "bridge": "matrix", "key_width": 3, "value_width": 5, "decay": False}
    for delta in (True, False):
        model, calls = translated(**config, delta=delta)
        bridge = readings(model)[0].bridge
        with torch.no_grad():
            bridge.beta.bias.fill_(40.0)
            bridge.beta.weight.zero_()
        source = written(bridge, calls[bridge.key].given[0])
        assert bool(((source.recall_BNS[:, :, -1] - 1).abs() < 1e-10).all()) == delta


def test_attention_over_the_source_reproduces_what_is_read() -> None:
    model, calls = translated(family="gru", bridge="attention", value_width=5)
    for reading in readings(model):
        assert isinstance(reading.bridge, AttentionBridge)
        h_1TD, memory = calls[reading].given
        weight_1TS = cross_attention(reading, calls)
        assert weight_1TS is not None
        torch.testing.assert_close(weight_1TS @ memory["value"], reading.bridge.read(h_1TD, memory), **EXACT)
    model, calls = translated(family="transformer")
    assert isinstance(model.decoder, CausalTransformer)
    for block in model.decoder.each_block():
        weight_1TS = cross_attention(block, calls)
        assert weight_1TS is not None
        assert weight_1TS.shape == (1, 6, 9)
        torch.testing.assert_close(weight_1TS.sum(dim=-1), torch.ones(1, 6, dtype=torch.float64), **EXACT)


@pytest.mark.parametrize("family", ["lstm", "gru", "transformer"])
def test_gradient_norms_equal_an_explicit_jacobian(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = decided(build_encoder(tiny.config(family, layers=1, width=8), INPUT))
    x_1TD = text(1)

    def scores(x_BTD: Tensor) -> Tensor:
        return network(x_BTD, torch.tensor([STEPS] * len(x_BTD))).sin().sum(dim=-1)

    def read(copies: int) -> tuple[Tensor, list[Tensor]]:
        x_BTD = x_1TD.repeat(copies, 1, 1).requires_grad_()
        return scores(x_BTD), [x_BTD]

    monkeypatch.setattr(gradients, "TOGETHER", 3)  # so that the scores come in three parts
    (found,) = gradient_norms(read, STEPS)
    step = 1e-6
    expected = np.zeros((STEPS, STEPS))
    with torch.no_grad():
        for place in range(STEPS):
            for feature in range(INPUT):
                ends: list[Tensor] = []
                for sign in (1, -1):
                    moved_1TD = x_1TD.clone()
                    moved_1TD[0, place, feature] += sign * step
                    ends.append(scores(moved_1TD)[0])
                expected[:, place] += ((ends[0] - ends[1]) / (2 * step)).square().numpy()
    np.testing.assert_allclose(found, np.sqrt(expected), rtol=1e-6)


def test_distances_are_counted_back_and_ahead() -> None:
    norm_TT = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal(mean_by_distance(norm_TT), [4, (3 + 7) / 2, 6])
    np.testing.assert_array_equal(mean_by_distance(norm_TT, ahead=True), [4, (1 + 5) / 2, 2])


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("family", ["rnn", "lstm", "gru", "mingru"])
def test_forward_and_backward_parts_and_the_rest_are_the_score(family: str, residual: bool) -> None:
    network = decided(build_encoder(tiny.config(family, layers=2, width=8, residual=residual), INPUT))
    emit = decided(torch.nn.Linear(8, 3))
    with recorded(network) as calls:
        y_1TD = network(text(1), torch.tensor([STEPS]))
    score_T = emit(y_1TD)[0, :, 1]
    ahead_T, back_T = by_direction(score_T.sum(), calls[network.layers[-1]].gave)
    own_TD, passed_TD = calls[network.layers[-1]].gave[0], residual * calls[network.layers[-1]].given[0][0]
    torch.testing.assert_close(ahead_T, (own_TD[:, :4] @ emit.weight[1, :4]).detach(), **EXACT)
    rest_T = passed_TD @ emit.weight[1] + emit.bias[1]
    torch.testing.assert_close((ahead_T + back_T + rest_T).detach(), score_T.detach(), **EXACT)


def test_looking_changes_nothing_and_leaves_nothing_behind() -> None:
    network = decided(build_encoder(tiny.config("lstm", width=8), INPUT))
    plain_BTD = network(text(), torch.tensor([STEPS, STEPS]))
    with leaves(network.layers[0]) as kept:
        seen_BTD, calls = encoded(network)
    assert torch.equal(plain_BTD, seen_BTD)
    assert len(kept) == 1
    assert kept[0].is_leaf
    assert set(network.layers) <= set(calls)
    assert not any(module._forward_hooks for module in network.modules())
