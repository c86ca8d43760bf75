"""The fused attention is what its formula says, in float32 and under autocast."""

import math

import pytest
import torch

from seqkit.models.attention import attention, attention_weights

BIASES = {
    "none": None,
    "seen": torch.arange(7) < torch.tensor([[[[7]]], [[[4]]]]),
    "added": torch.linspace(-2.0, 1.0, 7).expand(2, 3, 5, 7),
}


def parts(dtype: torch.dtype) -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [torch.randn(2, 3, steps, 8).to(dtype).requires_grad_() for steps in (5, 7, 7)]


@pytest.mark.parametrize("bias", BIASES.values(), ids=BIASES.keys())
def test_fused_and_spelt_out_agree(bias: torch.Tensor | None):
    query, key, value = parts(torch.float64)
    torch.testing.assert_close(attention(query, key, value, bias), attention_weights(query, key, bias) @ value)


def test_causal_queries_see_nothing_ahead():
    query, key, value = parts(torch.float64)
    ahead = torch.full((5, 5), -math.inf, dtype=torch.float64).triu(1)
    key, value = key[:, :, :5], value[:, :, :5]
    torch.testing.assert_close(attention(query, key, value, causal=True), attention_weights(query, key, ahead) @ value)


@pytest.mark.parametrize("bias", BIASES.values(), ids=BIASES.keys())
def test_bfloat16_rounds_what_goes_in_and_comes_out_alone(bias: torch.Tensor | None):
    narrow = parts(torch.bfloat16)
    wide = [part.detach().float().requires_grad_() for part in narrow]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = attention(*narrow, bias)
    expected = attention(*wide, bias)
    assert out.dtype == torch.bfloat16
    assert torch.equal(out, expected.bfloat16())
    out.sum().backward()
    expected.sum().backward()
    for one, other in zip(narrow, wide, strict=True):
        assert torch.equal(one.grad, other.grad.bfloat16())
