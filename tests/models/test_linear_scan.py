"""The linear scan, both ways of computing it, against its definition and finite differences.

Axes: B sequences, T steps, H features.
"""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seqkit.models.linear_scan import linear_scan

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
WAYS = pytest.mark.parametrize("parallel", [False, True], ids=["steps", "doubling"])
EXACT = {"rtol": 0.0, "atol": 1e-12}


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(7)


def arguments(batch: int, steps: int, hidden: int, device: str = "cpu") -> list[Tensor]:
    """Random keep_BTH in (0, 1), add_BTH and h_BH in float64 that ask for gradients."""
    keep_BTH = torch.rand(batch, steps, hidden, dtype=torch.float64, device=device)
    add_BTH, h_BH = torch.randn_like(keep_BTH), torch.randn_like(keep_BTH[:, 0])
    return [tensor.requires_grad_() for tensor in (keep_BTH, add_BTH, h_BH)]


def by_definition(keep_BTH: Tensor, add_BTH: Tensor, h_BH: Tensor) -> Tensor:
    """Recorded by autograd, one small tensor a step."""
    states: list[Tensor] = []
    for step in range(keep_BTH.shape[1]):
        h_BH = keep_BTH[:, step] * h_BH + add_BTH[:, step]
        states.append(h_BH)
    return torch.stack(states, dim=1)


@WAYS
@pytest.mark.parametrize("device", DEVICES)
@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 37), st.integers(1, 4))
def test_equals_its_definition_with_all_gradients(parallel: bool, device: str, batch: int, steps: int, hidden: int):
    inputs = arguments(batch, steps, hidden, device)
    weigh_BTH = torch.randn_like(inputs[1])
    expected_BTH, found_BTH = by_definition(*inputs), linear_scan(*inputs, parallel=parallel)
    torch.testing.assert_close(found_BTH, expected_BTH, **EXACT)
    expected = torch.autograd.grad((weigh_BTH * expected_BTH).sum(), inputs)
    torch.testing.assert_close(torch.autograd.grad((weigh_BTH * found_BTH).sum(), inputs), expected, **EXACT)


@WAYS
@pytest.mark.parametrize("steps", [1, 2, 5, 8])
def test_gradients_by_finite_differences(steps: int, parallel: bool):
    def scan(*inputs: Tensor) -> Tensor:
        return linear_scan(*inputs, parallel=parallel)

    assert torch.autograd.gradcheck(scan, arguments(2, steps, 2))


@WAYS
def test_differentiating_twice_is_refused(parallel: bool):
    inputs = arguments(1, 3, 2)
    (dadd_BTH,) = torch.autograd.grad(linear_scan(*inputs, parallel=parallel).square().sum(), inputs[1:2], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        dadd_BTH.sum().backward()


@WAYS
def test_keeping_nothing_copies_and_keeping_all_sums(parallel: bool):
    _, add_BTH, h_BH = arguments(2, 13, 3)
    nothing_BTH = linear_scan(torch.zeros_like(add_BTH), add_BTH, h_BH, parallel=parallel)
    assert torch.equal(nothing_BTH, add_BTH)
    everything_BTH = linear_scan(torch.ones_like(add_BTH), add_BTH, h_BH, parallel=parallel)
    torch.testing.assert_close(everything_BTH, h_BH[:, None] + add_BTH.cumsum(dim=1), **EXACT)


@WAYS
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_gradients_where_all_or_nothing_is_kept(share: float, parallel: bool):
    keep_BTH, *others = arguments(2, 9, 3)
    inputs = [torch.full_like(keep_BTH, share).requires_grad_(), *others]
    expected = torch.autograd.grad(by_definition(*inputs).square().sum(), inputs)
    found = torch.autograd.grad(linear_scan(*inputs, parallel=parallel).square().sum(), inputs)
    torch.testing.assert_close(found, expected, **EXACT)


@WAYS
def test_pieces_carry_on(parallel: bool):
    keep_BTH, add_BTH, h_BH = arguments(3, 21, 4)
    whole_BTH = linear_scan(keep_BTH, add_BTH, h_BH, parallel=parallel)
    pieces, carry_BH = [], h_BH
    for start, stop in pairwise((0, 1, 8, 21)):
        pieces.append(linear_scan(keep_BTH[:, start:stop], add_BTH[:, start:stop], carry_BH, parallel=parallel))
        carry_BH = pieces[-1][:, -1]
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole_BTH, **EXACT)


@WAYS
def test_any_layout_gives_the_same_and_arguments_stay_as_they_were(parallel: bool):
    inputs = arguments(3, 10, 4)
    before = [tensor.detach().clone() for tensor in inputs]
    turned = [tensor.detach().transpose(0, 1).contiguous().transpose(0, 1).requires_grad_() for tensor in inputs]
    turned[1] = inputs[1].detach()[:1, :1].expand(3, 10, 4).requires_grad_()  # one row of memory for all
    inputs[1] = turned[1].detach().clone().requires_grad_()
    y_BTH, turned_BTH = linear_scan(*inputs, parallel=parallel), linear_scan(*turned, parallel=parallel)
    torch.testing.assert_close(turned_BTH, y_BTH, **EXACT)
    expected, found = (torch.autograd.grad(y.square().sum(), x) for y, x in ((y_BTH, inputs), (turned_BTH, turned)))
    torch.testing.assert_close(found, expected, **EXACT)
    assert all(torch.equal(inputs[number], before[number]) for number in (0, 2))


@WAYS
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("least", [0.0, 0.99, 1.0], ids=["mixed", "long memory", "endless memory"])
def test_ten_thousand_steps_in_float32(least: float, device: str, parallel: bool):
    keep_BTH, add_BTH, h_BH = arguments(2, 10_000, 3, device)
    exact = [tensor.detach().requires_grad_() for tensor in (least + (1 - least) * keep_BTH, add_BTH, h_BH)]
    single = [tensor.detach().float().requires_grad_() for tensor in exact]
    for tensor, rounded in zip(exact, single, strict=True):
        tensor.data.copy_(rounded)  # the same numbers in both, so that only the scan rounds
    exact_BTH, single_BTH = (linear_scan(*inputs, parallel=parallel) for inputs in (exact, single))
    expected, found = (torch.autograd.grad(y.sum(), x) for y, x in ((exact_BTH, exact), (single_BTH, single)))
    for right, rounded in zip((exact_BTH.detach(), *expected), (single_BTH.detach(), *found), strict=True):
        assert float((rounded - right).abs().max() / right.abs().max()) < 1e-5
