"""Recurrences over a whole piece by one call: oneDNN's on a CPU, cuDNN's on a GPU.

Axes: B sequences, T steps, D input features, H features.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from seqkit.models.initialisation import CellWeights

Kernel = Callable[..., Any]
"""`torch.rnn_tanh`, `torch.lstm` or `torch.gru`."""


def takes_fused(device: torch.device) -> bool:
    """Whether whole pieces go to the device's own kernels, and nothing loops over time in Python."""
    return device.type != "cpu"


def scan_by_kernel(
    kernel: Kernel, x_BTD: Tensor, carry: tuple[Tensor, ...], weights: CellWeights
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """y_BTH and the carry after the piece, of one layer in one direction; under autocast in its dtype, where there is a kernel.

    Args:
        carry: each B x H, before the piece: h, then an LSTM's c.
    """
    if takes_fused(x_BTD.device):
        dtype = kernel_dtype(x_BTD, weights.input_weight.dtype)
        x_BTD, carry, weights = x_BTD.to(dtype), tuple(part.to(dtype) for part in carry), in_one_block(weights, dtype)
        with torch.autocast(x_BTD.device.type, enabled=False):
            return _scan(kernel, x_BTD, carry, weights)
    return _scan(kernel, x_BTD, carry, weights)


def _scan(kernel: Kernel, x_BTD: Tensor, carry: tuple[Tensor, ...], weights: CellWeights) -> tuple[Tensor, tuple[Tensor, ...]]:
    past = [part_BH[None] for part_BH in carry]
    training = torch.is_grad_enabled()
    given = past[0] if len(past) == 1 else past
    y_BTH, *after = kernel(x_BTD, given, list(weights), True, 1, 0.0, training, False, True)
    return y_BTH, tuple(part_1BH[0] for part_1BH in after)


def product_dtype(device: str, otherwise: torch.dtype) -> torch.dtype:
    """Of matrix products on a device of this type: autocast's where it is on."""
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else otherwise


def kernel_dtype(x_BTD: Tensor, otherwise: torch.dtype) -> torch.dtype:
    """`product_dtype`, unless cuDNN has no kernel of it, as versions before 9.13 have none in bfloat16.

    PyTorch's own autocast of cuDNN's recurrences takes float16 whatever dtype is asked for, where gradients underflow unless
    scaled; so the casts are made here.
    """
    dtype = product_dtype(x_BTD.device.type, otherwise)
    lacking = x_BTD.is_cuda and not torch.cudnn_is_acceptable(x_BTD.new_empty(1, dtype=dtype))
    return otherwise if lacking else dtype


def in_one_block(weights: CellWeights, dtype: torch.dtype) -> CellWeights:
    """The weights as cuDNN wants them, one after the other in one block of memory, else it copies them itself and warns.

    Made anew for each piece, so that masked and cast weights are as welcome as any: little beside the piece's products.
    """
    block_N = torch.cat([weight.to(dtype).flatten() for weight in weights])
    parts = block_N.split([weight.numel() for weight in weights])
    return CellWeights(*(part_N.view_as(weight) for part_N, weight in zip(parts, weights, strict=True)))
