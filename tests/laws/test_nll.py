import pytest
import torch
from torch.nn.functional import cross_entropy

from seqkit.models import nll
from seqkit.models.nll import summed_nll


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_value_and_gradient_are_those_of_cross_entropy(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nll, "BLOCK", 5 * rows)
    logit_NV = (30 * torch.randn(7, 5, dtype=torch.float64)).requires_grad_()
    target_N = torch.tensor([0, 4, 2, 2, 1, 3, 0])
    expected = 0.25 * cross_entropy(logit_NV, target_N, reduction="sum")
    found = 0.25 * summed_nll(logit_NV.clone(), target_N)
    torch.testing.assert_close(found, expected)
    (gradient,) = torch.autograd.grad(expected, logit_NV)
    torch.testing.assert_close(torch.autograd.grad(found, logit_NV)[0], gradient)


def test_bfloat16_is_summed_in_float32() -> None:
    logit_NV = torch.randn(500, 900).bfloat16().requires_grad_()
    target_N = torch.randint(900, (500,))
    expected = cross_entropy(logit_NV.float(), target_N, reduction="sum")
    found = summed_nll(logit_NV.clone(), target_N)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)
    (gradient,) = torch.autograd.grad(expected, logit_NV)
    torch.testing.assert_close(torch.autograd.grad(found, logit_NV)[0], gradient, rtol=0, atol=2**-9)


def test_logits_stay_where_no_gradient_is_asked_for() -> None:
    logit_NV = torch.randn(4, 3)
    before = logit_NV.clone()
    summed_nll(logit_NV, torch.tensor([0, 1, 2, 0]))
    assert torch.equal(logit_NV, before)


def test_a_second_gradient_is_refused() -> None:
    logit_NV = torch.randn(4, 3, requires_grad=True)
    nats = summed_nll(logit_NV * 1.0, torch.tensor([0, 1, 2, 0]))
    nats.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="once"):
        nats.backward()
