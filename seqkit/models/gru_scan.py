"""A GRU's recurrence over a piece on a CPU, with an analytic gradient; a GPU takes cuDNN's (`kernels`).

Axes: B sequences, T steps, H features, G = 3H: the gates r, z and n side by side, in PyTorch's order.

`nn.GRU` on a CPU leaves its many small operations to autograd. Here a step is one matrix product and four pointwise calls in
each direction, and the gradient of the recurrent matrix is one product for all steps together.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from seqkit.models.kernels import product_dtype


def gru_scan(gate_BTG: Tensor, h_BH: Tensor, recurrent_GH: Tensor, bias_G: Tensor) -> Tensor:
    """y_BTH, the state after each step (Cho et al. 2014, as `torch.nn.GRU` computes it); y_BTH[:, -1] carries on.

    r = σ(gate_r + U_r h + b_r), z = σ(gate_z + U_z h + b_z), n = tanh(gate_n + r (U_n h + b_n)), h' = (1 - z) n + z h.

    All is computed in the dtype of h_BH; under autocast the matrix products alone run in its dtype. Fastest where gate_BTG is
    the transposed view of a contiguous gate_TBG; y_BTH is such a view. Differentiable once, in all four arguments.

    Args:
        gate_BTG: W x + b, what the inputs add to the gates, T >= 1.
        h_BH: the state before the first step.
        recurrent_GH: U.
        bias_G: its bias.
    """
    precision = product_dtype(h_BH.device.type, h_BH.dtype)
    return _GRUScan.apply(gate_BTG, h_BH, recurrent_GH, bias_G, precision)  # pyright: ignore[reportReturnType]


class _GRUScan(torch.autograd.Function):
    @staticmethod
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, gate_BTG: Tensor, h_BH: Tensor, recurrent_GH: Tensor, bias_G: Tensor, precision: torch.dtype
    ) -> Tensor:
        (batch, steps, _), hidden = gate_BTG.shape, h_BH.shape[1]
        gate_TBG = gate_BTG.transpose(0, 1).to(h_BH.dtype)
        share_TBG = h_BH.new_empty(steps, batch, 2 * hidden)  # r and z
        new_TBH = h_BH.new_empty(steps, batch, hidden)
        y_PBH = h_BH.new_empty(steps + 1, batch, hidden)  # place 0 holds the state before the first step
        y_PBH[0] = h_BH
        weight_GH = recurrent_GH.to(precision).t().contiguous().t()  # matrix products read it faster by columns
        bias_G = bias_G.to(precision)
        past_BH, *states = y_PBH.unbind()
        inner: list[Tensor] = []
        with torch.autocast(h_BH.device.type, enabled=False):
            for gate_BG, share_BG, new_BH, h_BH in zip(gate_TBG, share_TBG, new_TBH, states, strict=True):
                inner_BG = product(past_BH.to(precision), weight_GH, bias_G).to(past_BH.dtype)
                torch.add(gate_BG[:, : 2 * hidden], inner_BG[:, : 2 * hidden], out=share_BG).sigmoid_()
                r_BH, z_BH = share_BG.split(hidden, dim=1)
                inner_BH = inner_BG[:, 2 * hidden :]
                torch.addcmul(gate_BG[:, 2 * hidden :], r_BH, inner_BH, out=new_BH).tanh_()
                torch.lerp(new_BH, past_BH, z_BH, out=h_BH)
                inner.append(inner_BH)
                past_BH = h_BH
        ctx.save_for_backward(share_TBG, new_TBH, torch.stack(inner), y_PBH, recurrent_GH)
        ctx.precision = precision
        return y_PBH[1:].transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy_BTH: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        share_TBG, new_TBH, inner_TBH, y_PBH, recurrent_GH = ctx.saved_tensors
        steps, batch, hidden = new_TBH.shape
        r_TBH, z_TBH = share_TBG.split(hidden, dim=2)
        write_TBH = 1 - z_TBH
        # What one unit of dh gives to the gates before their nonlinearities; the n of the products is r times that of gate_n.
        slope_TBH = torch.addcmul(write_TBH, write_TBH * new_TBH, new_TBH, value=-1)
        delta_TB3H = new_TBH.new_empty(steps, batch, 3, hidden)
        reset_TBH, update_TBH, inner_slope_TBH = delta_TB3H.unbind(2)
        torch.mul(slope_TBH, r_TBH, out=inner_slope_TBH)
        torch.mul(inner_slope_TBH, inner_TBH, out=reset_TBH).mul_(1 - r_TBH)
        torch.sub(y_PBH[:-1], new_TBH, out=update_TBH).mul_(z_TBH).mul_(write_TBH)

        weight_HG = recurrent_GH.to(ctx.precision).t()
        dy_TBH = dy_BTH.transpose(0, 1)
        dh_BH, dh_TBH = dy_TBH[-1], torch.empty_like(new_TBH)
        with torch.autocast(dy_BTH.device.type, enabled=False):
            for step in reversed(range(steps)):
                dh_TBH[step] = dh_BH
                delta_BG = delta_TB3H[step].mul_(dh_BH[:, None]).view(batch, 3 * hidden)
                dh_BH = product(delta_BG.to(ctx.precision), weight_HG).to(dh_BH.dtype).addcmul_(dh_BH, z_TBH[step])
                if step:
                    dh_BH += dy_TBH[step - 1]
            delta_MG, past_MH = delta_TB3H.view(-1, 3 * hidden), y_PBH[:-1].view(-1, hidden)
            drecurrent_HG = product(past_MH.to(ctx.precision).t(), delta_MG.to(ctx.precision).t())
        dgate_TB3H = torch.empty_like(delta_TB3H)
        dgate_TB3H[:, :, :2] = delta_TB3H[:, :, :2]
        torch.mul(slope_TBH, dh_TBH, out=dgate_TB3H[:, :, 2])
        return dgate_TB3H.flatten(2).transpose(0, 1), dh_BH, drecurrent_HG.t(), delta_MG.sum(dim=0), None


def product(x_MK: Tensor, weight_NK: Tensor, bias_N: Tensor | None = None) -> Tensor:
    """x W + b without a graph, by oneDNN where it can, as the BLAS behind float32 is slow on some processors.

    x_MK and weight_NK are contiguous or transposed views of what is: oneDNN takes minutes over other strides.
    """
    if x_MK.device.type == "cpu" and x_MK.dtype == torch.float32 and ONEDNN:
        return torch.ops.mkldnn._linear_pointwise(x_MK, weight_NK, bias_N, "none", [], "")
    return F.linear(x_MK, weight_NK, bias_N)


ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
