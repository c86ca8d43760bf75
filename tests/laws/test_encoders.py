"""What every family of encoder must satisfy.

Axes: B sentences, T tokens, D features, H features of one direction, N heads.
"""

import copy
import math
from itertools import product
from typing import Any

import pytest
import tiny
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from seqkit.architecture.encoders import RecurrentConfig, TransformerConfig
from seqkit.models.attention import attention_weights
from seqkit.models.build import build_encoder
from seqkit.models.dropout import Dropout
from seqkit.models.initialisation import initialise
from seqkit.models.mingru import MinGRU
from seqkit.models.recurrent import CELLS, RecurrentEncoder, RecurrentLayer, reversal
from seqkit.models.transformer import TransformerBlock, TransformerEncoder, directional_bias, real_keys, rotate

EXACT = {"rtol": 0.0, "atol": 1e-10}
INPUT = 5
RECURRENT = ("rnn", "lstm", "gru")
BIDIRECTIONAL_OR_NOT = [*tiny.FAMILIES, "ahead"]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(3)


def encoder(name: str, **changes):
    """In float64, in evaluation."""
    if name == "ahead":
        name, changes = "lstm", {"bidirectional": False} | changes
    return build_encoder(tiny.config(name, **changes), INPUT).double().eval()


def encode(network, x_BTD: Tensor, length_B: list[int]) -> Tensor:
    with torch.no_grad():
        return network(x_BTD, torch.tensor(length_B))


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("name", BIDIRECTIONAL_OR_NOT)
def test_batch_invariance(name: str, layers: int):
    network = encoder(name, layers=layers)
    length_B = [1, 7, 4, 7, 2]
    x_BTD = torch.randn(5, 11, INPUT, dtype=torch.float64)  # padding holds noise, and four more steps of it than needed
    together_BTD = encode(network, x_BTD, length_B)
    for row, length in enumerate(length_B):
        alone_1TD = encode(network, x_BTD[row : row + 1, :length], [length])
        torch.testing.assert_close(together_BTD[row, :length], alone_1TD[0], **EXACT)
    changed_BTD = x_BTD.clone()
    for row, length in enumerate(length_B):
        changed_BTD[row, length:] = 1e3 * torch.randn(11 - length, INPUT, dtype=torch.float64)
    again_BTD = encode(network, changed_BTD, length_B)
    for row, length in enumerate(length_B):
        torch.testing.assert_close(again_BTD[row, :length], together_BTD[row, :length], **EXACT)


@pytest.mark.parametrize("name", BIDIRECTIONAL_OR_NOT)
def test_no_gradient_reaches_padding_or_another_sentence(name: str):
    network = encoder(name)
    x_BTD = torch.randn(2, 6, INPUT, dtype=torch.float64, requires_grad=True)
    network(x_BTD, torch.tensor([4, 6]))[0, :4].square().sum().backward()
    assert x_BTD.grad is not None
    assert bool((x_BTD.grad[0, :4] != 0).any(dim=-1).all())
    assert not x_BTD.grad[0, 4:].any()
    assert not x_BTD.grad[1].any()


@pytest.mark.parametrize("family", RECURRENT)
def test_a_bidirectional_layer_equals_torchs_packed_one(family: str):
    layer = RecurrentLayer(RecurrentConfig(family=family, width=8), INPUT).double()
    packed = CELLS[family](INPUT, 4, batch_first=True, bidirectional=True).double()
    with torch.no_grad():
        for name, weight in layer.ahead.named_parameters():
            packed.get_parameter(name).copy_(weight)
        for name, weight in layer.back.named_parameters():
            packed.get_parameter(f"{name}_reverse").copy_(weight)
    x_BTD = torch.randn(5, 9, INPUT, dtype=torch.float64)
    length_B = torch.tensor([9, 1, 4, 8, 2])
    sequence = nn.utils.rnn.pack_padded_sequence(x_BTD, length_B, batch_first=True, enforce_sorted=False)
    expected_BTD = nn.utils.rnn.pad_packed_sequence(packed(sequence)[0], batch_first=True)[0]
    found_BTD = encode(layer, x_BTD, length_B.tolist())
    for row, length in enumerate(length_B.tolist()):
        torch.testing.assert_close(found_BTD[row, :length], expected_BTD[row, :length], **EXACT)
        alone_BTD = encode(layer, x_BTD[row : row + 1, :length], [length])
        torch.testing.assert_close(alone_BTD[0], expected_BTD[row, :length], **EXACT)


@pytest.mark.parametrize("family", RECURRENT)
@pytest.mark.parametrize("training", [False, True])
def test_a_sentence_alone_has_the_gradients_it_has_with_padding(family: str, training: bool):
    layer = RecurrentLayer(RecurrentConfig(family=family, width=8), INPUT).double().train(training)
    x_BTD = torch.randn(1, 9, INPUT, dtype=torch.float64)
    gradients: list[tuple[torch.Tensor, ...]] = []
    for padding in (0, 3):
        padded_BTD = nn.functional.pad(x_BTD, (0, 0, 0, padding), value=7.0)
        y_BTD = layer(padded_BTD, torch.tensor([9]))[:, :9]
        gradients.append(torch.autograd.grad(y_BTD.square().sum(), tuple(layer.parameters())))
    for alone, padded in zip(*gradients, strict=True):
        assert bool(alone.any())
        torch.testing.assert_close(alone, padded, **EXACT)


def test_reversal_by_definition_and_its_own_inverse():
    for steps in range(1, 7):
        length_B = torch.arange(1, steps + 1)
        order_BT = reversal(length_B, steps)
        expected = [[*range(n - 1, -1, -1), *range(n, steps)] for n in range(1, steps + 1)]
        assert order_BT.tolist() == expected
        assert torch.equal(order_BT.gather(1, order_BT), torch.arange(steps).expand(steps, -1))


@pytest.mark.parametrize("family", [*RECURRENT, "mingru"])
def test_a_one_way_stack_is_causal_and_a_two_way_one_is_not(family: str):
    x_BTD = torch.randn(1, 8, INPUT, dtype=torch.float64)
    changed_BTD = x_BTD.clone()
    changed_BTD[0, 5] += 1
    for bidirectional in (False, True):
        network = encoder(family, layers=2, bidirectional=bidirectional)
        moved_T = (encode(network, changed_BTD, [8]) - encode(network, x_BTD, [8]))[0].abs().amax(dim=-1) > 0
        assert bool(moved_T[5:].all())
        assert bool(moved_T[:5].all()) == bidirectional
        assert bool(moved_T[:5].any()) == bidirectional


# Gate biases. PyTorch keeps an LSTM's gates in the order input, forget, cell, output, a GRU's reset, update, new.


def gate_biases(network: nn.RNNBase, gates: int) -> list[Tensor]:
    return list((network.bias_ih_l0 + network.bias_hh_l0).detach().view(gates, -1))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_forget_gate_bias_of_one(bidirectional: bool):
    layer = RecurrentLayer(RecurrentConfig(family="lstm", width=8, init="forget", bidirectional=bidirectional), INPUT)
    for network in filter(None, (layer.ahead, layer.back)):
        i, f, g, o = gate_biases(network, 4)
        assert f.tolist() == [1.0] * network.hidden_size
        assert not i.any()
        assert not g.any()
        assert not o.any()


def test_update_gate_bias_of_one_makes_a_gru_remember():
    network = nn.GRU(2, 6, batch_first=True)
    initialise(network, "forget", 100)
    reset, update, new = gate_biases(network, 3)
    assert update.tolist() == [1.0] * 6
    assert not reset.any()
    assert not new.any()
    # The sign by behaviour: h' = (1 - z) n + z h, so a large bias on z keeps the state.
    with torch.no_grad():
        network.bias_ih_l0[6:12] = 30.0
    start_1BH = torch.randn(1, 1, 6)
    kept_1BH = network(torch.randn(1, 50, 2), start_1BH)[1]
    torch.testing.assert_close(kept_1BH, start_1BH, rtol=0, atol=1e-5)


@pytest.mark.parametrize("longest", [2, 30, 1000])
def test_chrono_biases(longest: int):
    hidden = 2000
    lstm, gru = nn.LSTM(1, hidden), nn.GRU(1, hidden)
    for network in (lstm, gru):
        with torch.no_grad():  # orthogonal matrices of this size are slow and beside the point
            network.weight_hh_l0 = nn.Parameter(network.weight_hh_l0[:, :1])
        initialise(network, "chrono", longest)
    i, f, _, _ = gate_biases(lstm, 4)
    _, update, _ = gate_biases(gru, 3)
    torch.testing.assert_close(i, -f)
    for remember in (f, update):
        steps = remember.double().exp()  # u of b = log u, u uniform in [1, T - 1]
        assert steps.min() >= 1 - 1e-5
        assert steps.max() <= longest - 1 + 1e-3
        if longest > 2:
            width = longest - 2
            assert abs(float(steps.mean()) - (1 + width / 2)) < 0.05 * width
            assert abs(float(steps.std()) - width / math.sqrt(12)) < 0.05 * width


@pytest.mark.parametrize("init", ["forget", "chrono"])
def test_plain_rnn_starts_from_an_identity_recurrence(init: str):
    layer = RecurrentLayer(RecurrentConfig(family="rnn", width=8, init=init), INPUT)
    assert torch.equal(layer.ahead.weight_hh_l0, torch.eye(4))


@pytest.mark.parametrize("family", ["lstm", "gru"])
def test_recurrent_matrices_are_orthogonal_gate_by_gate(family: str):
    layer = RecurrentLayer(RecurrentConfig(family=family, width=12), INPUT)
    for gate_HH in layer.ahead.weight_hh_l0.split(6):
        torch.testing.assert_close(gate_HH @ gate_HH.T, torch.eye(6))


def test_a_mingru_layer_by_its_equation():
    layer = RecurrentLayer(RecurrentConfig(family="mingru", width=6), INPUT).double().eval()
    x_BTD = torch.randn(2, 5, INPUT, dtype=torch.float64)
    found_BTD = encode(layer, x_BTD, [5, 3])
    for row, length in enumerate([5, 3]):
        for network, order, half in ((layer.ahead, range(length), 0), (layer.back, range(length - 1, -1, -1), 3)):
            h_H = torch.zeros(3, dtype=torch.float64)
            for step in order:
                gate_H, candidate_H = network.input_projection(x_BTD[row, step]).detach().split(3)
                new_H = torch.where(candidate_H >= 0, candidate_H + 0.5, candidate_H.sigmoid())
                h_H = torch.lerp(h_H, new_H, gate_H.sigmoid())
                torch.testing.assert_close(found_BTD[row, step, half : half + 3], h_H, **EXACT)


@pytest.mark.parametrize("family", [*RECURRENT, "mingru"])
def test_norms_and_residuals_by_definition(family: str):
    network = encoder(family, layers=3, width=8, norm=True, residual=True)
    for layer in network.layers:
        nn.init.normal_(layer.norm.weight), nn.init.normal_(layer.norm.bias)
    x_BTD, length_B = torch.randn(2, 5, INPUT, dtype=torch.float64), torch.tensor([5, 3])
    with torch.no_grad():
        expected_BTD = x_BTD
        for number, layer in enumerate(network.layers):
            normed_BTD = nn.functional.layer_norm(expected_BTD, expected_BTD.shape[-1:], layer.norm.weight, layer.norm.bias)
            y_BTD = RecurrentLayer.forward(unnormed(layer), normed_BTD, length_B)
            expected_BTD = expected_BTD + y_BTD if number else y_BTD  # the first layer widens
    torch.testing.assert_close(encode(network, x_BTD, [5, 3]), expected_BTD, **EXACT)


def unnormed(layer: RecurrentLayer) -> RecurrentLayer:
    """The same weights without the norm."""
    bare = copy.deepcopy(layer)
    bare.norm = nn.Identity()
    return bare


@pytest.mark.parametrize(("init", "expected"), [("forget", -1.0), ("chrono", None), ("default", None)])
def test_mingru_gates_start_by_keeping(init: str, expected: float | None):
    layer = RecurrentLayer(RecurrentConfig(family="mingru", width=8, init=init, longest=50), INPUT)
    for network in (layer.ahead, layer.back):
        assert isinstance(network, MinGRU)
        gate_H, candidate_H = network.input_projection.bias.detach().split(4)
        assert bool(candidate_H.any()) == (init == "default")
        if expected is not None:
            assert gate_H.tolist() == [expected] * 4
        elif init == "chrono":
            assert -math.log(49) <= float(gate_H.min()) <= float(gate_H.max()) <= 0


def test_an_odd_width_has_no_two_directions():
    with pytest.raises(ValueError, match="two directions"):
        RecurrentEncoder(RecurrentConfig(width=7), INPUT)
    assert RecurrentEncoder(RecurrentConfig(width=7, bidirectional=False), INPUT).output_width == 7


# Transformer


@pytest.mark.parametrize("name", ["transformer", "rotary"])
def test_positions_matter(name: str):
    network = encoder(name)
    x_BTD = torch.randn(1, 6, INPUT, dtype=torch.float64)
    order_T = torch.tensor([1, 0, 2, 5, 4, 3])
    moved_BTD = encode(network, x_BTD[:, order_T], [6])
    assert float((moved_BTD - encode(network, x_BTD, [6])[:, order_T]).abs().max()) > 1e-3


@pytest.mark.parametrize("name", ["transformer", "rotary"])
def test_lengths_never_seen(name: str):
    network = encoder(name)
    y_BTD = encode(network, torch.randn(1, 700, INPUT, dtype=torch.float64), [700])
    assert y_BTD.shape == (1, 700, network.output_width)
    assert bool(y_BTD.isfinite().all())


class Largest(TorchDispatchMode):
    """Notes the size of the largest tensor that is made."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        made = func(*args, **(kwargs or {}))
        self.numbers = max(self.numbers, *(x.numel() for x in tree_leaves(made) if isinstance(x, Tensor)), 0)
        return made


@pytest.mark.parametrize("positions", ["rotary", "directional"])
def test_rotary_attention_makes_no_table_of_pairs_of_tokens(positions: str):
    steps = 1500
    network = build_encoder(TransformerConfig(width=16, heads=4, positions=positions), INPUT).eval()
    with Largest() as largest:
        network(torch.randn(1, steps, INPUT), torch.tensor([steps])).sum().backward()
    assert (largest.numbers < steps**2) == (positions == "rotary")


@pytest.mark.parametrize("ahead", [False, True])
def test_directional_heads_look_one_way(ahead: bool):
    heads, width, steps = 4, 16, 7
    block = TransformerBlock(TransformerConfig(width=width, heads=heads)).double().eval()
    with torch.no_grad():  # silence the heads that look the other way
        silenced = slice(0, width // 2) if ahead else slice(width // 2, width)
        block.output_projection.weight[:, silenced] = 0
    x_BTD = torch.randn(1, steps, width, dtype=torch.float64, requires_grad=True)
    bias_BNTT = directional_bias(torch.tensor([steps]), steps, heads, x_BTD)
    y_BTD = block.attend(x_BTD, bias_BNTT)
    for query in range(steps):
        (grad_BTD,) = torch.autograd.grad(y_BTD[0, query].square().sum(), x_BTD, retain_graph=True)
        looked_at = [key for key in range(steps) if grad_BTD[0, key].any()]
        assert looked_at == (list(range(query, steps)) if ahead else list(range(query + 1)))


@pytest.mark.parametrize("directional", [True, False])
def test_attention_to_padding_is_zero(directional: bool):
    length_B, steps, heads = [1, 3, 6, 0], 6, 4
    lengths = torch.tensor(length_B)
    bias = directional_bias(lengths, steps, heads, torch.zeros(())) if directional else real_keys(lengths, steps)
    x_BNTE = torch.zeros(len(length_B), heads, steps, 2)
    share_BNTT = attention_weights(x_BNTE, x_BNTE, bias)
    assert bool(share_BNTT.isfinite().all())
    for row, length in enumerate(length_B):
        assert not share_BNTT[row, :, :length, length:].any()
        for head, query, key in product(range(heads), range(length), range(length)):
            seen = not directional or (key <= query if head < heads // 2 else key >= query)
            assert bool(share_BNTT[row, head, query, key] > 0) == seen


def test_alibi_slopes_fall_geometrically_and_penalise_distance_linearly():
    bias_NTT = directional_bias(torch.tensor([9]), 9, 16, torch.zeros((), dtype=torch.float64))[0]
    for rank in range(8):  # Press et al. 2022: eight heads have slopes 1/2, 1/4, …, 1/256
        slope = 2.0 ** -(rank + 1)
        torch.testing.assert_close(bias_NTT[rank, 8], -slope * torch.arange(8, -1, -1, dtype=torch.float64))
        torch.testing.assert_close(bias_NTT[8 + rank, 0], -slope * torch.arange(9, dtype=torch.float64))


def test_rotary_scores_depend_on_distance_alone_and_keep_lengths():
    query_E, key_E = torch.randn(2, 6, dtype=torch.float64)
    query_TE, key_TE = rotate(query_E.expand(1, 1, 20, 6))[0, 0], rotate(key_E.expand(1, 1, 20, 6))[0, 0]
    score_TT = query_TE @ key_TE.T
    for distance in range(-19, 20):
        diagonal = score_TT.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), rtol=0, atol=1e-5)
    assert float(score_TT[0].std()) > 1e-3
    torch.testing.assert_close(query_TE.norm(dim=-1), query_E.norm().expand(20), rtol=0, atol=1e-6)


def test_transformer_widths_that_do_not_fit_heads():
    with pytest.raises(ValueError, match="multiple of heads"):
        TransformerEncoder(TransformerConfig(width=10, heads=4), INPUT)
    with pytest.raises(ValueError, match="even number of heads"):
        TransformerEncoder(TransformerConfig(width=9, heads=3), INPUT)


# Dropout


@pytest.mark.parametrize("locked", [False, True])
def test_dropout_keeps_the_mean_and_hits_only_in_training(locked: bool):
    dropout = Dropout(0.4, locked=locked)
    x_BTD = torch.ones(200, 6, 50)
    y_BTD = dropout.train()(x_BTD)
    assert {round(value, 5) for value in y_BTD.unique().tolist()} == {0.0, round(1 / 0.6, 5)}
    assert abs(float(y_BTD.mean()) - 1) < 0.03
    assert bool((y_BTD == y_BTD[:, :1]).all()) == locked
    assert torch.equal(dropout.eval()(x_BTD), x_BTD)


# Learning


@pytest.mark.parametrize("output", tiny.OUTPUTS)
@pytest.mark.parametrize("name", tiny.FAMILIES)
def test_every_family_learns_what_only_neighbours_tell(name: str, output: str, corpus, vocabulary):
    model = tiny.tagger(name, vocabulary, output=output, **tiny.UNDROPPED)
    fresh = tiny.sentences(60, seed=99)
    trainable = tiny.task(model, vocabulary, corpus, fresh)
    for event in tiny.learn(model, trainable, epochs=24, learning_rate=1e-2, average=0.0, evaluate_every=2):
        if getattr(event, "dev_score", 0.0) == 1.0:
            return
    assert trainable.dev_score() > 0.99


def test_words_alone_do_not_tell_the_tags():
    # Whatever maps a word to a tag mistakes many entities: the best such map, chosen on the very sentences it is scored on.
    data = tiny.sentences(200)
    counts: dict[str, dict[str, int]] = {}
    for sentence in data:
        for word, tag in zip(sentence.tokens, sentence.tags, strict=True):
            counts.setdefault(word, {}).setdefault(tag, 0)
            counts[word][tag] += 1
    right = sum(max(by_tag[tag] for tag in by_tag) for word, by_tag in counts.items() if word in tiny.NAMES)
    assert right / sum(sum(by_tag.values()) for word, by_tag in counts.items() if word in tiny.NAMES) < 0.5
