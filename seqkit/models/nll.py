"""Negative log-likelihoods without a second table of the size of the logits.

A vocabulary of thousands makes the logits the largest thing in training. `cross_entropy` and its gradient add two tables of
their size, of bfloat16 logits four; here the logits themselves become the gradient, block by block while in a core's cache.

Axes: N predictions, R of them in a block, V symbols.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

BLOCK = 2**18
"""Numbers of a block."""


def summed_nll(logit_NV: Tensor, target_N: Tensor) -> Tensor:
    """-Σ log softmax(logit_n)[target_n] in nats, computed in float32 at least.

    Args:
        logit_NV: spent where a gradient is asked for: nothing may read it afterwards.
    """
    return _SummedNll.apply(logit_NV, target_N)  # pyright: ignore[reportReturnType] # untyped in PyTorch


class _SummedNll(torch.autograd.Function):
    """d/dlogit = softmax(logit) - one-hot(target)."""

    @staticmethod
    def forward(ctx: Any, logit_NV: Tensor, target_N: Tensor) -> Tensor:
        spent: bool = ctx.needs_input_grad[0]
        rows = max(1, BLOCK // logit_NV.shape[1]) if logit_NV.device.type == "cpu" else len(logit_NV)
        exact = torch.promote_types(logit_NV.dtype, torch.float32)
        total = torch.zeros((), dtype=exact, device=logit_NV.device)
        for logit_RV, target_R in zip(logit_NV.detach().split(rows), target_N.split(rows), strict=True):
            x_RV = logit_RV.to(exact, copy=not spent)  # in place where it is exact enough already
            x_RV -= x_RV.amax(dim=1, keepdim=True)
            at_R1 = target_R[:, None]
            total -= x_RV.gather(1, at_R1).sum()
            sum_R1 = x_RV.exp_().sum(dim=1, keepdim=True)
            total += sum_R1.log().sum()
            if spent:
                x_RV *= 1 / sum_R1
                x_RV.scatter_add_(1, at_R1, x_RV.new_full((1, 1), -1.0).expand_as(at_R1))
                if x_RV is not logit_RV:
                    logit_RV.copy_(x_RV)
        ctx.gradient_NV = logit_NV.detach() if spent else None
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_total: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        gradient_NV, ctx.gradient_NV = ctx.gradient_NV, None
        if gradient_NV is None:
            raise RuntimeError("the logits are spent: their gradient can be taken once")
        return gradient_NV.mul_(d_total), None


def real_places(length_B: Tensor, steps: int) -> Tensor:
    """place_N, on the CPU, where alone their number is known at once: what is not padding among B·T places end to end."""
    return (torch.arange(steps) < length_B.cpu()[:, None]).flatten().nonzero()[:, 0]
