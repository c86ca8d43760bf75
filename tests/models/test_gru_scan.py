"""The GRU scan against `nn.GRU`, finite differences and itself.

Axes: B sequences, T steps, D input features, H features, G = 3H gates.
"""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import linear

from seqkit.models import gru_scan as module
from seqkit.models.gru_scan import gru_scan, product

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
EXACT = {"rtol": 0.0, "atol": 1e-12}


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(5)


def arguments(batch: int, steps: int, hidden: int, dtype=torch.float64) -> list[Tensor]:
    """Random gate_BTG, h_BH, recurrent_GH and bias_G that ask for gradients; h by h the sums of products are about 1."""
    shapes = ((batch, steps, 3 * hidden), (batch, hidden), (3 * hidden, hidden), (3 * hidden,))
    scales = (1.0, 1.0, hidden**-0.5, 1.0)
    made = (scale * torch.randn(shape, dtype=torch.float64) for shape, scale in zip(shapes, scales, strict=True))
    return [tensor.to(dtype).requires_grad_() for tensor in made]


def torchs_gru(network: nn.GRU, x_BTD: Tensor, h_BH: Tensor, *, time_major: bool) -> Tensor:
    """By the scan, with the network's own weights."""
    weight_GD, recurrent_GH, input_bias_G, bias_G = network.parameters()
    if time_major:
        gate_BTG = linear(x_BTD.transpose(0, 1), weight_GD, input_bias_G).transpose(0, 1)
    else:
        gate_BTG = linear(x_BTD, weight_GD, input_bias_G)
    return gru_scan(gate_BTG, h_BH, recurrent_GH, bias_G)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("time_major", [False, True])
@pytest.mark.parametrize(("batch", "steps", "hidden"), [(3, 7, 5), (1, 1, 1), (4, 1, 6), (1, 9, 2), (2, 40, 16)])
def test_equals_torchs_gru_with_all_its_gradients(batch: int, steps: int, hidden: int, time_major: bool, device: str):
    network = nn.GRU(4, hidden, batch_first=True, device=device, dtype=torch.float64)
    x_BTD = torch.randn(batch, steps, 4, device=device, dtype=torch.float64, requires_grad=True)
    h_BH = torch.randn(batch, hidden, device=device, dtype=torch.float64, requires_grad=True)
    weigh_BTH = torch.randn(batch, steps, hidden, device=device, dtype=torch.float64)
    inputs = [x_BTD, h_BH, *network.parameters()]
    expected_BTH = network(x_BTD, h_BH[None])[0]
    found_BTH = torchs_gru(network, x_BTD, h_BH, time_major=time_major)
    torch.testing.assert_close(found_BTH, expected_BTH, **EXACT)
    expected = torch.autograd.grad((weigh_BTH * expected_BTH).sum(), inputs)
    found = torch.autograd.grad((weigh_BTH * found_BTH).sum(), inputs)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("batch", "steps", "hidden"), [(2, 4, 3), (1, 1, 2)])
def test_gradients_by_finite_differences(batch: int, steps: int, hidden: int):
    assert torch.autograd.gradcheck(gru_scan, arguments(batch, steps, hidden))


def test_pieces_carry_on_and_gradients_cross_their_borders():
    gate_BTG, h_BH, *weights = arguments(3, 11, 4)
    whole_BTH = gru_scan(gate_BTG, h_BH, *weights)
    pieces, carry_BH = [], h_BH
    for start, stop in pairwise((0, 1, 5, 11)):
        pieces.append(gru_scan(gate_BTG[:, start:stop], carry_BH, *weights))
        carry_BH = pieces[-1][:, -1]
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole_BTH, **EXACT)
    inputs = [gate_BTG, h_BH, *weights]
    last = torch.autograd.grad(carry_BH.sum(), inputs)
    torch.testing.assert_close(last, torch.autograd.grad(whole_BTH[:, -1].sum(), inputs), **EXACT)


def test_differentiating_twice_is_refused():
    inputs = arguments(2, 3, 2)
    (dgate_BTG,) = torch.autograd.grad(gru_scan(*inputs).square().sum(), inputs[:1], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        dgate_BTG.sum().backward()


def test_a_graph_that_is_kept_gives_the_same_gradients_again():
    inputs = arguments(2, 5, 3)
    loss = gru_scan(*inputs).square().sum()
    first = torch.autograd.grad(loss, inputs, retain_graph=True)
    assert all(torch.equal(one, two) for one, two in zip(first, torch.autograd.grad(loss, inputs), strict=True))


def test_arguments_and_the_given_gradient_stay_as_they_were():
    inputs, dy_BTH = arguments(2, 5, 3), torch.randn(2, 5, 3, dtype=torch.float64)
    before = [tensor.detach().clone() for tensor in (*inputs, dy_BTH)]
    gru_scan(*inputs).backward(dy_BTH)
    assert all(torch.equal(now, then) for now, then in zip((*inputs, dy_BTH), before, strict=True))


def relative_error(found: Tensor, exact: Tensor) -> float:
    assert found.dtype == torch.float32
    return float((found - exact).norm() / exact.norm())


def run(inputs: list[Tensor], weigh_BTH: Tensor) -> list[Tensor]:
    y_BTH = gru_scan(*inputs)
    return [y_BTH.detach(), *torch.autograd.grad((y_BTH * weigh_BTH.to(y_BTH.dtype)).sum(), inputs)]


@pytest.mark.parametrize("onednn", [False, True])
def test_single_precision_by_either_library(onednn: bool, monkeypatch):
    if onednn and not module.ONEDNN:
        pytest.skip("this build has no oneDNN")
    monkeypatch.setattr(module, "ONEDNN", onednn)
    inputs, weigh_BTH = arguments(8, 30, 24, torch.float32), torch.randn(8, 30, 24, dtype=torch.float64)
    exact = run([tensor.detach().double().requires_grad_() for tensor in inputs], weigh_BTH)
    for found, right in zip(run(inputs, weigh_BTH), exact, strict=True):
        assert relative_error(found, right) < 1e-5


@pytest.mark.parametrize("device", DEVICES)
def test_autocast_runs_products_in_bfloat16_and_keeps_the_rest_in_float32(device: str):
    inputs = [tensor.detach().to(device).requires_grad_() for tensor in arguments(8, 30, 24, torch.float32)]
    weigh_BTH = torch.randn(8, 30, 24, device=device)
    exact = run([tensor.detach().double().requires_grad_() for tensor in inputs], weigh_BTH)
    outside = run(inputs, weigh_BTH)
    with torch.autocast(device, dtype=torch.bfloat16):
        inside = run(inputs, weigh_BTH)  # the gradient too is asked for under autocast
    for found, right in zip(inside, exact, strict=True):
        assert 1e-5 < relative_error(found, right) < 3e-2
    with torch.autocast(device, dtype=torch.bfloat16):
        y_BTH = gru_scan(*inputs)
    for found, again in zip(torch.autograd.grad((y_BTH * weigh_BTH).sum(), inputs), inside[1:], strict=True):
        assert torch.equal(found, again)
    with torch.autocast(device, dtype=torch.bfloat16, enabled=False):
        assert torch.equal(gru_scan(*inputs), outside[0])


def test_autocast_does_not_round_the_state():
    # z = σ(30) keeps all, so the state of every step is the first one to the last bit.
    h_BH = torch.randn(3, 4)
    gate_BTG = torch.cat([torch.zeros(3, 20, 4), torch.full((3, 20, 4), 30.0), torch.zeros(3, 20, 4)], dim=2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y_BTH = gru_scan(gate_BTG, h_BH, torch.randn(12, 4), torch.zeros(12))
    assert torch.equal(y_BTH, h_BH[:, None].expand_as(y_BTH))


def test_gates_in_bfloat16_beside_a_state_in_float32():
    gate_BTG, h_BH, *weights = arguments(2, 6, 3, torch.float32)
    rounded_BTG = gate_BTG.detach().bfloat16().requires_grad_()
    y_BTH = gru_scan(rounded_BTG, h_BH, *weights)
    assert torch.equal(y_BTH, gru_scan(rounded_BTG.detach().float(), h_BH, *weights))
    y_BTH.sum().backward()
    assert rounded_BTG.grad is not None
    assert rounded_BTG.grad.dtype == torch.bfloat16


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 40), st.integers(1, 9), st.booleans(), st.booleans(), st.booleans())
def test_products_of_any_shape(m: int, k: int, n: int, x_turned: bool, weight_turned: bool, biased: bool):
    x_MK = torch.randn(k, m).T if x_turned else torch.randn(m, k)
    weight_NK = torch.randn(k, n).T if weight_turned else torch.randn(n, k)
    bias_N = torch.randn(n) if biased else None
    expected_MN = x_MK.double() @ weight_NK.double().T + (bias_N.double() if bias_N is not None else 0)
    torch.testing.assert_close(product(x_MK, weight_NK, bias_N).double(), expected_MN, rtol=1e-5, atol=1e-5)
