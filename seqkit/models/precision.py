"""The precision of matrix products in training."""

from contextlib import AbstractContextManager

import torch


def multiplies_in_bfloat16(device: str) -> bool:
    """Whether products in bfloat16 run there, and not in slow emulation or, for an LSTM on some processors, not at all.

    Args:
        device: its type, `cpu` or `cuda`.
    """
    if device == "cpu":
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return device != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)


def products_in(precision: torch.dtype, device: str) -> AbstractContextManager[object]:
    """Autocast to bfloat16 where that is asked for and the device can; float32 otherwise."""
    enabled = precision == torch.bfloat16 and multiplies_in_bfloat16(device)
    return torch.autocast(device, dtype=torch.bfloat16, enabled=enabled)
