"""What every family of causal model must satisfy.

Axes: B sequences, T tokens, D features, H features of a layer, N heads, E features of a head.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, layer_norm, linear

from seqkit.architecture.causal import CausalRecurrentConfig, CausalTransformerConfig
from seqkit.architecture.language_model import LanguageModelConfig
from seqkit.models import causal_transformer
from seqkit.models.build import Causal, build_causal
from seqkit.models.cache import KeyValueCache
from seqkit.models.causal_recurrent import CausalRecurrent
from seqkit.models.causal_transformer import CausalTransformer, alibi_slopes, rotation
from seqkit.models.language_model import LanguageModel
from seqkit.models.mingru import MinGRU
from seqkit.models.state import State

EXACT = {"rtol": 0.0, "atol": 1e-10}
INPUT = 5
STEPS = 23
CONFIG: TypeAdapter[Any] = TypeAdapter(CausalRecurrentConfig | CausalTransformerConfig)

SMALL = {"layers": 2, "width": 8}
ATTENTION = {"family": "transformer", "heads": 2, **SMALL}
RECURRENT: dict[str, dict[str, Any]] = {
    "rnn": {"family": "rnn", **SMALL},
    "lstm": {"family": "lstm", **SMALL},
    "gru": {"family": "gru", **SMALL},
    "mingru": {"family": "mingru", **SMALL},
    "lstm, bare": {"family": "lstm", "norm": False, "init": "default", **SMALL},
    "gru, residual": {"family": "gru", "residual": True, "init": "chrono", **SMALL, "layers": 3},
    "mingru, residual": {"family": "mingru", "residual": True, "init": "chrono", **SMALL, "layers": 3},
    "lstm, width of the input": {"family": "lstm", "residual": True, "layers": 2, "width": INPUT, "weight_drop": 0.5},
}
TRANSFORMERS: dict[str, dict[str, Any]] = {
    "rotary": {"window": 7, **ATTENTION},
    "alibi": {"window": 7, "positions": "alibi", **ATTENTION},
    "rotary, unlimited": {"window": 0, **ATTENTION},
    "alibi, unlimited": {"window": 0, "positions": "alibi", **ATTENTION},
    "rotary, wide window": {"window": 100, **ATTENTION},
    "rotary, window of one": {"window": 1, **ATTENTION},
    "rotary, odd heads": {"window": 7, **ATTENTION, "width": 6},
}
FAMILIES = RECURRENT | TRANSFORMERS
MODES: dict[str, Callable[[], Any]] = {"gradient": nullcontext, "none": torch.no_grad, "inference": torch.inference_mode}


@pytest.fixture(autouse=True)
def _seed(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    monkeypatch.setattr(causal_transformer, "PIECE", 5)  # so that short texts are read in several bits


def causal(name: str, **changes: Any) -> Any:
    """In float64, in evaluation, with weights large enough to tell."""
    network = build_causal(CONFIG.validate_python(FAMILIES[name] | changes), INPUT)
    assert isinstance(network, nn.Module)
    with torch.no_grad():
        for weight in network.parameters():
            weight.normal_(std=0.6)
    return network.double().eval()


def text(batch: int = 3, steps: int = STEPS) -> Tensor:
    return torch.randn(batch, steps, INPUT, dtype=torch.float64)


def read(network: Causal, x_BTD: Tensor, *lengths: int, state: State | None = None) -> tuple[Tensor, State]:
    """In pieces of these lengths."""
    state = state or network.start(len(x_BTD))
    outputs: list[Tensor] = []
    for part_BTD in x_BTD.split(list(lengths) or [x_BTD.shape[1]], dim=1):
        y_BTD, state = network.scan(part_BTD, state)
        outputs.append(y_BTD)
    return torch.cat(outputs, dim=1), state


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", FAMILIES)
def test_a_text_reads_the_same_in_any_pieces(name: str, mode: str):
    network, x_BTD, later_BTD = causal(name), text(), text(steps=4)
    with torch.no_grad():
        whole_BTD, _ = read(network, torch.cat([x_BTD, later_BTD], dim=1))
    with MODES[mode]():
        for lengths in ([STEPS], [1] * STEPS, [1, STEPS - 1], [STEPS - 1, 1], [3, 1, 9, 6, 4], [8, 8, 7], [2] * 11 + [1]):
            y_BTD, state = read(network, x_BTD, *lengths)
            torch.testing.assert_close(y_BTD, whole_BTD[:, :STEPS], **EXACT)
            torch.testing.assert_close(read(network, later_BTD, state=state)[0], whole_BTD[:, STEPS:], **EXACT)


@pytest.mark.parametrize("name", FAMILIES)
def test_no_output_depends_on_the_future_and_all_may_on_the_past(name: str):
    network, x_BTD = causal(name), text(batch=1)
    changed_BTD = x_BTD.clone()
    changed_BTD[0, 5] += torch.randn(INPUT, dtype=torch.float64)
    with torch.no_grad():
        moved_T = (read(network, changed_BTD)[0] - read(network, x_BTD)[0])[0].abs().amax(dim=-1)
    assert not moved_T[:5].any()
    reach = {"rotary, window of one": 0}.get(name, 3)
    assert bool((moved_T[5 : 6 + reach] > 0).all())


@pytest.mark.parametrize("name", FAMILIES)
def test_batch_invariance(name: str):
    network, x_BTD = causal(name), text(batch=4)
    with torch.no_grad():
        together_BTD, state = read(network, x_BTD, 9, STEPS - 9)
        for row in range(4):
            alone_1TD, alone = read(network, x_BTD[row : row + 1], 9, STEPS - 9)
            torch.testing.assert_close(alone_1TD[0], together_BTD[row], **EXACT)
            for part, value in alone.carry.items():
                torch.testing.assert_close(value[0], state.carry[part][row], **EXACT)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", FAMILIES)
def test_selected_states_go_on_as_their_sequences_would(name: str, mode: str):
    network, past_BTD, later_BTD = causal(name), text(steps=11), text(batch=5, steps=6)
    chosen = torch.tensor([2, 0, 0, 1, 2])
    with MODES[mode]():
        _, state = read(network, past_BTD, 8, 1, 1, 1)
        expected_BTD, _ = read(network, torch.cat([past_BTD[chosen], later_BTD], dim=1))
        picked = state.select(chosen)
        assert (picked.batch, state.batch) == (5, 3)
        y_BTD, _ = read(network, later_BTD, 1, 1, 4, state=picked)
        torch.testing.assert_close(y_BTD, expected_BTD[:, 11:], **EXACT)
        doubled = state.repeat(2)
        y_BTD, _ = read(network, later_BTD[[0, 1, 2, 3, 4, 0]], state=doubled)
        expected_BTD, _ = read(network, torch.cat([past_BTD.repeat_interleave(2, 0), later_BTD[[0, 1, 2, 3, 4, 0]]], dim=1))
        torch.testing.assert_close(y_BTD, expected_BTD[:, 11:], **EXACT)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", FAMILIES)
def test_an_older_state_stays_valid(name: str, mode: str):
    network, past_BTD, one_BTD, two_BTD = causal(name), text(steps=10), text(steps=9), text(steps=9)
    with MODES[mode]():
        _, state = read(network, past_BTD, *[1] * 10)
        seen = {name: part.clone() for name, part in state.carry.items()}
        first_BTD, _ = read(network, one_BTD, *[1] * 9, state=state)
        second_BTD, branch = read(network, two_BTD, *[1] * 9, state=state)
        again_BTD, _ = read(network, one_BTD, *[1] * 9, state=state)
        beyond_BTD, _ = read(network, one_BTD, *[1] * 9, state=branch)
        for later_BTD, found_BTD in ((one_BTD, first_BTD), (two_BTD, second_BTD), (one_BTD, again_BTD)):
            expected_BTD, _ = read(network, torch.cat([past_BTD, later_BTD], dim=1))
            torch.testing.assert_close(found_BTD, expected_BTD[:, 10:], **EXACT)
        expected_BTD, _ = read(network, torch.cat([past_BTD, two_BTD, one_BTD], dim=1))
        torch.testing.assert_close(beyond_BTD, expected_BTD[:, 19:], **EXACT)
        assert all(torch.equal(part, seen[name]) for name, part in state.carry.items())


@pytest.mark.parametrize("name", ["lstm", "gru", "mingru", "rotary", "rotary, unlimited"])
def test_a_state_written_in_one_gradient_mode_is_read_in_another(name: str):
    network, x_BTD = causal(name), text(steps=12)
    with torch.no_grad():
        expected_BTD, _ = read(network, x_BTD)
    for order in (["inference", "none", "gradient"], ["none", "gradient", "inference"], ["gradient", "none", "none"]):
        state, outputs = network.start(3), []
        for mode, part_BTD in zip(order, x_BTD.split(4, dim=1), strict=True):
            with MODES[mode]():
                y_BTD, state = read(network, part_BTD, 1, 2, 1, state=state)
                outputs.append(y_BTD.clone())
            if mode == "inference":
                state = State({k: v.clone() for k, v in state.carry.items()}, state.caches)
        torch.testing.assert_close(torch.cat([y.detach() for y in outputs], dim=1), expected_BTD, **EXACT)


@pytest.mark.parametrize("name", RECURRENT)
def test_a_recurrent_state_has_one_size(name: str):
    network = causal(name)
    state = network.start(2)
    size = state.nbytes
    config = FAMILIES[name]
    assert size == 2 * 8 * config["layers"] * config["width"] * (2 if config["family"] == "lstm" else 1)
    with torch.no_grad():
        for steps in (1, 1, 30, 300):
            _, state = read(network, text(2, steps), state=state)
            assert state.nbytes == size
            assert not state.caches


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", TRANSFORMERS)
def test_a_cache_grows_by_a_row_a_token_up_to_its_window(name: str, mode: str):
    network = causal(name)
    config = FAMILIES[name]
    window = config["window"] or math.inf
    row = 2 * 8 * 2 * config["layers"] * config["width"]  # keys and values, two sequences, float64
    with MODES[mode]():
        state, read_so_far = network.start(2), 0
        for steps in (1, 1, 1, 4, 1, 11, 1, 1):
            _, state = read(network, text(2, steps), state=state)
            read_so_far += steps
            assert state.nbytes == 2 * 8 + row * min(read_so_far, window)  # 2 * 8: the position
            assert state.carry["position"].tolist() == [read_so_far] * 2


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_a_step_reads_one_token_whatever_the_past(name: str, monkeypatch: pytest.MonkeyPatch):
    network = causal(name)
    seen: list[int] = []
    for block in network.blocks:
        block.query_key_value.register_forward_hook(lambda _, given, __: seen.append(given[0].shape[1]))
    with torch.no_grad():
        _, state = read(network, text(steps=5))
        seen.clear()
        read(network, text(steps=18), *[1] * 18, state=state)
    assert seen == [1] * 18 * len(network.blocks)


@pytest.mark.parametrize("name", FAMILIES)
def test_gradients_flow_through_the_state_until_it_is_detached(name: str):
    network = causal(name)
    first_BTD, second_BTD = text(steps=4).requires_grad_(), text(steps=3)
    whole_BTD, _ = read(network, torch.cat([first_BTD, second_BTD], dim=1))
    (expected_BTD,) = torch.autograd.grad(whole_BTD[:, 4:].square().sum(), first_BTD, retain_graph=True)
    _, state = read(network, first_BTD)
    y_BTD, _ = read(network, second_BTD, state=state)
    (found_BTD,) = torch.autograd.grad(y_BTD.square().sum(), first_BTD, allow_unused=True)
    if name == "rotary, window of one":
        assert found_BTD is None
    else:
        torch.testing.assert_close(found_BTD, expected_BTD, **EXACT)
        assert bool(found_BTD.any())
    _, state = read(network, first_BTD)
    state = state.detach()
    y_BTD, _ = read(network, second_BTD, state=state)
    (cut_BTD,) = torch.autograd.grad(y_BTD.square().sum(), first_BTD, allow_unused=True)
    assert cut_BTD is None
    torch.testing.assert_close(y_BTD, whole_BTD[:, 4:], **EXACT)


# The families by their definitions


@pytest.mark.parametrize("family", ["rnn", "lstm", "gru"])
def test_a_bare_stack_is_pytorchs(family: str):
    bare = {"family": family, "layers": 2, "width": 8, "norm": False}
    network = build_causal(CausalRecurrentConfig(**bare), INPUT)
    assert isinstance(network, CausalRecurrent)
    network.double()
    peer = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[family](INPUT, 8, 2, batch_first=True).double()
    with torch.no_grad():
        for number, layer in enumerate(network.each_layer()):
            for name, weight in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), layer.cell.weights(), strict=True):
                peer.get_parameter(f"{name}_l{number}").copy_(weight)
    x_BTD = text()
    torch.testing.assert_close(read(network, x_BTD, 9, 14)[0], peer(x_BTD)[0], **EXACT)
    with torch.no_grad():
        torch.testing.assert_close(read(network, x_BTD, *[1] * STEPS)[0], peer(x_BTD)[0], **EXACT)


def test_mingru_by_its_equation():
    cell = MinGRU(INPUT, 4, init="forget", longest=100).double()
    x_BTD, h_BH = text(), torch.randn(3, 4, dtype=torch.float64)
    y_BTH, (last_BH,) = cell(x_BTD, (h_BH,))
    for step in range(STEPS):  # Feng et al. 2024, section 3.1
        gate_BH, candidate_BH = cell.input_projection(x_BTD[:, step]).chunk(2, dim=-1)
        z_BH = gate_BH.sigmoid()
        candidate_BH = torch.where(candidate_BH >= 0, candidate_BH + 0.5, candidate_BH.sigmoid())  # its appendix B
        h_BH = (1 - z_BH) * h_BH + z_BH * candidate_BH
        torch.testing.assert_close(y_BTH[:, step], h_BH, **EXACT)
    torch.testing.assert_close(last_BH, h_BH, **EXACT)


def turned(x_TE: Tensor) -> Tensor:
    """Rotary positions as products of complex numbers (Su et al. 2021, eq. 34)."""
    half = x_TE.shape[1] // 2
    angle_TE = torch.arange(len(x_TE)).double()[:, None] * 10_000.0 ** (-torch.arange(half).double() / half)
    product = torch.complex(x_TE[:, :half], x_TE[:, half : 2 * half]) * torch.polar(torch.ones_like(angle_TE), angle_TE)
    return torch.cat([product.real, product.imag, x_TE[:, 2 * half :]], dim=1)


def attention_by_definition(block: Any, x_TD: Tensor, config: CausalTransformerConfig) -> Tensor:
    parts = linear(x_TD, block.query_key_value.weight, block.query_key_value.bias).chunk(3, dim=-1)
    out: list[Tensor] = []
    for head in range(config.heads):
        query_TE, key_TE, value_TE = (part.chunk(config.heads, dim=-1)[head] for part in parts)
        rotary = config.positions == "rotary"
        score_TT = (turned(query_TE) @ turned(key_TE).T if rotary else query_TE @ key_TE.T) / math.sqrt(query_TE.shape[1])
        for query in range(len(x_TD)):
            for key in range(len(x_TD)):
                away = query - key
                if away < 0 or (config.window and away >= config.window):
                    score_TT[query, key] = -math.inf
                elif not rotary:
                    score_TT[query, key] -= 2.0 ** (-8 * (head + 1) / config.heads) * away
        out.append(score_TT.softmax(dim=-1) @ value_TE)
    return linear(torch.cat(out, dim=-1), block.output_projection.weight, block.output_projection.bias)


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_a_transformer_by_its_definition(name: str):
    network, x_BTD = causal(name), text(batch=2)
    config = CausalTransformerConfig(**FAMILIES[name])

    def norm(layer: nn.LayerNorm, x_TD: Tensor) -> Tensor:
        return layer_norm(x_TD, (config.width,), layer.weight, layer.bias)

    with torch.no_grad():
        found_BTD, _ = read(network, x_BTD)
        for row in range(2):
            x_TD = network.input_projection(x_BTD[row])
            for block in network.blocks:
                x_TD = x_TD + attention_by_definition(block, norm(block.attention_norm, x_TD), config)
                x_TD = x_TD + block.narrow(gelu(block.widen(norm(block.feedforward_norm, x_TD))))
            torch.testing.assert_close(found_BTD[row], norm(network.norm, x_TD), **EXACT)


@pytest.mark.parametrize("positions", ["rotary", "alibi"])
def test_one_attention_sees_exactly_its_window(positions: str):
    network = causal("rotary", positions=positions, layers=1)
    x_BTD = text(batch=1).requires_grad_()
    y_BTD, _ = read(network, x_BTD, 1, 9, 13)
    for query in range(STEPS):
        (grad_BTD,) = torch.autograd.grad(y_BTD[0, query].sum(), x_BTD, retain_graph=True)
        assert grad_BTD[0].any(dim=-1).nonzero().flatten().tolist() == list(range(max(0, query - 6), query + 1))


# Positions


def test_alibi_slopes_fall_geometrically():
    assert alibi_slopes(8, torch.zeros(())).tolist() == [2.0**-n for n in range(1, 9)]


@pytest.mark.parametrize("far", [1_000_000, 123_456_789])
def test_far_positions_keep_their_angles(far: int):
    cos_TE, sin_TE = rotation(torch.tensor([far]), 3, 8, torch.float32)
    for step in range(3):
        for feature in range(4):
            angle = math.fmod((far + step) * 10_000.0 ** (-feature / 4), 2 * math.pi)
            assert abs(float(cos_TE[step, feature]) - math.cos(angle)) < 1e-6
            assert abs(float(sin_TE[step, feature]) - math.sin(angle)) < 1e-6


@pytest.mark.parametrize("name", ["rotary", "alibi"])
def test_only_distances_count_a_million_tokens_on(name: str):
    network, x_BTD = causal(name).float(), text().float()
    start = network.start(3)
    far = State({"position": start.carry["position"] + 1_000_000}, start.caches)
    with torch.no_grad():
        near_BTD, _ = read(network, x_BTD, 9, 1, 13)
        torch.testing.assert_close(read(network, x_BTD, 9, 1, 13, state=far)[0], near_BTD, rtol=0, atol=1e-4)


# Dropout


@pytest.mark.parametrize("option", ["dropout", "weight_drop", "recurrent_dropout", "attention_dropout"])
@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "mingru", "rotary"])
def test_dropout_acts_in_training_alone(name: str, option: str):
    config = FAMILIES[name]
    known = CausalTransformerConfig if config["family"] == "transformer" else CausalRecurrentConfig
    if option not in known.model_fields or (name == "mingru" and option != "dropout"):
        pytest.skip("the family has none")
    torch.manual_seed(5)
    plain = causal(name)
    torch.manual_seed(5)
    network = causal(name, **{option: 0.5})
    x_BTD = text()
    expected_BTD, _ = read(plain, x_BTD)
    torch.testing.assert_close(read(network, x_BTD)[0], expected_BTD, **EXACT)
    network.train()
    one_BTD, two_BTD = read(network, x_BTD)[0], read(network, x_BTD)[0]
    assert not torch.allclose(one_BTD, expected_BTD, atol=1e-3)
    assert not torch.allclose(one_BTD, two_BTD, atol=1e-3)


def test_weight_drop_thins_the_recurrent_matrix_alone():
    network = build_causal(CausalRecurrentConfig(family="lstm", layers=1, width=64, weight_drop=0.25), INPUT)
    assert isinstance(network, CausalRecurrent)
    cell = network.each_layer()[0].cell
    kept, thinned = cell.eval().weights_in_use(), cell.train().weights_in_use()
    for gate_HH in kept.recurrent_weight.split(64):  # as initialised, whatever the share to drop
        torch.testing.assert_close(gate_HH @ gate_HH.T, torch.eye(64))
    assert abs(float((thinned.recurrent_weight == 0).double().mean()) - 0.25) < 0.02
    left = thinned.recurrent_weight != 0
    torch.testing.assert_close(thinned.recurrent_weight[left], kept.recurrent_weight[left] / 0.75)
    for part in ("input_weight", "input_bias", "recurrent_bias"):
        assert torch.equal(getattr(kept, part), getattr(thinned, part))


@pytest.mark.parametrize("family", ["rnn", "lstm", "gru"])
def test_recurrent_dropout_hits_the_state_that_re_enters_and_nothing_else(family: str):
    """So small a rate that nothing is dropped gives the scan itself; dropping all leaves each token without the ones before."""
    config = CausalRecurrentConfig(family=family, layers=2, width=12, recurrent_dropout=1e-12, init="default")
    network, x_BTD = build_causal(config, INPUT).double(), text().double()
    expected_BTD, state = network.eval().scan(x_BTD, network.start(len(x_BTD)))
    found_BTD, after = network.train().scan(x_BTD, network.start(len(x_BTD)))
    torch.testing.assert_close(found_BTD, expected_BTD, **EXACT)
    for name, part in state.carry.items():
        torch.testing.assert_close(after.carry[name], part, **EXACT)
    weights = list(network.parameters())
    for one, other in zip(
        torch.autograd.grad(found_BTD.square().mean(), weights),
        torch.autograd.grad(expected_BTD.square().mean(), weights),
        strict=True,
    ):
        torch.testing.assert_close(one, other, **EXACT)
    if family != "lstm":  # whose memory cells are not dropped
        for layer in network.each_layer():
            layer.cell.recurrent_dropout = 1 - 1e-16
        changed_BTD = torch.cat([x_BTD[:, :3] + 1, x_BTD[:, 3:]], dim=1)
        alone = [network.scan(x, network.start(len(x)))[0][:, 3:] for x in (x_BTD, changed_BTD)]
        torch.testing.assert_close(*alone, **EXACT)


# The start of training


@pytest.mark.parametrize(("init", "family"), [(i, f) for i in ("forget", "chrono") for f in ("lstm", "gru", "mingru")])
def test_gates_that_keep_are_biased_to_keep(init: str, family: str):
    network = build_causal(CausalRecurrentConfig(family=family, layers=1, width=400, init=init, longest=50), INPUT)
    assert isinstance(network, CausalRecurrent)
    cell = network.each_layer()[0].cell
    if isinstance(cell, MinGRU):
        keep_H = -cell.input_projection.bias[:400]
        assert not cell.input_projection.bias[400:].any()
    else:
        keep_H = (cell.input_bias + cell.recurrent_bias)[400:800]
    if init == "forget":
        assert keep_H.tolist() == [1.0] * 400
        return
    steps_H = keep_H.detach().exp()
    assert 1 - 1e-4 <= float(steps_H.min()) < 5
    assert 45 < float(steps_H.max()) <= 49 + 1e-3


def test_widths_that_do_not_fit_heads():
    with pytest.raises(ValueError, match="multiple of heads"):
        CausalTransformer(CausalTransformerConfig(width=10, heads=4), INPUT)


# The cache


def test_a_cache_is_written_on_in_place_and_copied_now_and_then(monkeypatch: pytest.MonkeyPatch):
    copies: list[int] = []
    copy = KeyValueCache._copy

    def counted(self: KeyValueCache, capacity: int) -> KeyValueCache:
        copies.append(self.rows)
        return copy(self, capacity)

    monkeypatch.setattr(KeyValueCache, "_copy", counted)
    network = causal("rotary, unlimited", layers=1)
    with torch.no_grad():
        _, state = read(network, text(steps=1000), *[1] * 1000)
        assert len(copies) <= 11  # doublings
        copies.clear()
        read(network, text(steps=1), state=state)
        assert not copies
        read(network, text(steps=1), state=state)  # a second heir of the same state
        assert copies == [1000]


def test_a_fresh_piece_is_cached_without_a_copy():
    network, x_BTD = causal("alibi"), text(steps=6)
    produced: list[Tensor] = []
    network.blocks[0].query_key_value.register_forward_hook(lambda _, __, out: produced.append(out))
    _, state = read(network, x_BTD)
    cache = state.caches["0"]
    assert isinstance(cache, KeyValueCache)
    assert cache.keys.untyped_storage().data_ptr() == produced[0].untyped_storage().data_ptr()


# Learning

LEARNERS: dict[str, dict[str, Any]] = {
    "rnn": {"family": "rnn", "layers": 1, "width": 48},
    "lstm": {"family": "lstm", "layers": 1, "width": 48},
    "gru": {"family": "gru", "layers": 1, "width": 48},
    "mingru": {"family": "mingru", "layers": 3, "width": 48, "residual": True},
    "rotary": {"family": "transformer", "layers": 2, "width": 32, "heads": 4, "window": 0},
    "alibi": {"family": "transformer", "layers": 2, "width": 32, "heads": 8, "window": 0, "positions": "alibi"},
}
SYMBOLS, LENGTH = 4, 3


def copies() -> Iterator[Tensor]:
    """Texts a b c # a b c."""
    while True:
        word_BT = torch.randint(SYMBOLS, (64, LENGTH))
        yield torch.cat([word_BT, torch.full((64, 1), SYMBOLS), word_BT], dim=1)


def language_model(name: str, vocabulary: int) -> LanguageModel:
    config: Any = TypeAdapter[Any](LanguageModelConfig).validate_python(LEARNERS[name])
    return LanguageModel(config, vocabulary)


@pytest.mark.parametrize("name", LEARNERS)
def test_every_family_learns_to_copy(name: str):
    model = language_model(name, SYMBOLS + 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step, text_BT in enumerate(copies()):
        logit_BTV, _ = model.scan(text_BT[:, :-1], model.start(64))
        copied_BTV, word_BT = logit_BTV[:, LENGTH:], text_BT[:, LENGTH + 1 :]
        if bool((copied_BTV.argmax(dim=-1) == word_BT).all()):
            return
        assert step < 400
        optimizer.zero_grad()
        cross_entropy(copied_BTV.flatten(0, 1), word_BT.flatten()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


@pytest.mark.parametrize("name", LEARNERS)
def test_bf16_is_close_to_fp32(name: str):
    model = language_model(name, 11)
    token_BT = torch.randint(11, (4, 33))
    nats = {}
    for precision in (torch.float32, torch.bfloat16):
        state, nats[precision] = model.start(4), 0.0
        for part_BT in token_BT.split(11, dim=1):
            value, count, state = model.loss(part_BT, part_BT, state, precision=precision)
            nats[precision] += value.item() / count
            value.backward()
            state = state.detach()
            assert value.dtype == torch.float32
            assert all(part.dtype in (torch.float32, torch.int64) for part in state.carry.values())
    assert nats[torch.bfloat16] == pytest.approx(nats[torch.float32], rel=5e-3)
