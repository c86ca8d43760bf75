"""A linear recurrence over a piece, step by step or in parallel, with an analytic gradient.

Axes: B sequences, T steps, H features.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqkit.models.kernels import takes_fused


def linear_scan(keep_BTH: Tensor, add_BTH: Tensor, h_BH: Tensor, *, parallel: bool | None = None) -> Tensor:
    """y_BTH of h_t = keep_t h_{t-1} + add_t, feature by feature (Martin & Cundy 2018, Feng et al. 2024).

    Differentiable once, in all three arguments, which are of one dtype.

    Args:
        keep_BTH: between 0 and 1, T >= 1.
        add_BTH: what each step writes.
        h_BH: the state before the first step.
        parallel: by doubling, in about log T passes, instead of one step after the other; by default wherever h_BH is not on
            a CPU, where the steps are faster.
    """
    parallel = takes_fused(h_BH.device) if parallel is None else parallel
    return _LinearScan.apply(keep_BTH, add_BTH, h_BH, parallel)  # pyright: ignore[reportReturnType]


class _LinearScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, keep_BTH: Tensor, add_BTH: Tensor, h_BH: Tensor, parallel: bool) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.scan = scan_by_doubling if parallel else scan_by_steps
        y_BTH = ctx.scan(keep_BTH, add_BTH, h_BH, backwards=False)
        ctx.save_for_backward(keep_BTH, h_BH, y_BTH)
        return y_BTH

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy_BTH: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        keep_BTH, h_BH, y_BTH = ctx.saved_tensors
        # dh_t = dy_t + keep_{t+1} dh_{t+1}: the same recurrence, read from the end.
        after_BTH = torch.cat([keep_BTH[:, 1:], torch.zeros_like(keep_BTH[:, :1])], dim=1)
        dh_BTH = ctx.scan(after_BTH, dy_BTH, torch.zeros_like(h_BH), backwards=True)
        dkeep_BTH = torch.empty_like(dh_BTH)
        torch.mul(dh_BTH[:, 0], h_BH, out=dkeep_BTH[:, 0])
        torch.mul(dh_BTH[:, 1:], y_BTH[:, :-1], out=dkeep_BTH[:, 1:])
        return dkeep_BTH, dh_BTH, dh_BTH[:, 0] * keep_BTH[:, 0], None


def scan_by_steps(keep_BTH: Tensor, add_BTH: Tensor, h_BH: Tensor, *, backwards: bool) -> Tensor:
    """One call a step; `backwards` starts from the last."""
    y_BTH = torch.empty_like(add_BTH)
    steps = list(zip(keep_BTH.unbind(1), add_BTH.unbind(1), y_BTH.unbind(1), strict=True))
    for keep_BH, add_BH, y_BH in reversed(steps) if backwards else steps:
        h_BH = torch.addcmul(add_BH, keep_BH, h_BH, out=y_BH)
    return y_BTH


def scan_by_doubling(keep_BTH: Tensor, add_BTH: Tensor, h_BH: Tensor, *, backwards: bool) -> Tensor:
    """Each pass joins twice as many steps into one (Hillis & Steele 1986); `backwards` starts from the last step."""
    steps, first = keep_BTH.shape[1], -1 if backwards else 0
    y_BTH = add_BTH.clone()
    y_BTH[:, first].addcmul_(keep_BTH[:, first], h_BH)
    reach = 1
    while reach < steps:
        ahead, behind = slice(reach, None), slice(None, -reach)
        to, source = (behind, ahead) if backwards else (ahead, behind)
        y_BTH[:, to] += keep_BTH[:, to] * y_BTH[:, source]
        joined_BTH = keep_BTH.clone()
        joined_BTH[:, to] *= keep_BTH[:, source]
        keep_BTH = joined_BTH
        reach *= 2
    return y_BTH
