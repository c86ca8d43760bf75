"""Scaled dot-product attention (Vaswani et al. 2017, eq. 1), fused and spelt out.

Axes: B sequences, N heads, T queries, S keys, E features of a head.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


def attention(
    query_BNTE: Tensor,
    key_BNSE: Tensor,
    value_BNSE: Tensor,
    bias: Tensor | None = None,
    *,
    dropout: float = 0.0,
    causal: bool = False,
) -> Tensor:
    """out_BNTE, by the fused kernel of the device; of the queries' dtype.

    On a CPU it computes in float32 under autocast too: the kernel's gradient takes eight times as long in bfloat16
    (PyTorch 2.13, AVX-512), a quarter of a Transformer's training.

    Args:
        bias: added to the scores, or which keys may be seen; broadcasts to _BNTS.
        dropout: of the weights.
        causal: each query sees the keys up to its own place; there is no bias then.
    """
    dtype = query_BNTE.dtype
    if query_BNTE.device.type == "cpu" and dtype == torch.bfloat16:
        query_BNTE, key_BNSE, value_BNSE = query_BNTE.float(), key_BNSE.float(), value_BNSE.float()
    if bias is not None and bias.is_floating_point():
        bias = bias.to(query_BNTE.dtype)
    with torch.autocast(query_BNTE.device.type, enabled=False):
        out_BNTE = scaled_dot_product_attention(
            query_BNTE, key_BNSE, value_BNSE, attn_mask=bias, dropout_p=dropout, is_causal=causal
        )
    return out_BNTE.to(dtype)


def attention_weights(query_BNTE: Tensor, key_BNSE: Tensor, bias: Tensor | None) -> Tensor:
    """weight_BNTS, the softmax inside `attention`, whose fused kernels never show it.

    Args:
        bias: added to the scores, or which may be seen; broadcasts to _BNTS.
    """
    score_BNTS = query_BNTE @ key_BNSE.transpose(-1, -2) * query_BNTE.shape[-1] ** -0.5
    if bias is not None:
        score_BNTS = score_BNTS + bias if bias.is_floating_point() else score_BNTS.masked_fill(~bias, -math.inf)
    return score_BNTS.softmax(dim=-1)
