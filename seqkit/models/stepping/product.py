"""Products with fixed weights by NumPy, whose BLAS reads them two to four times as fast as PyTorch's does on some processors.

Axes: B rows, D features in, X features out.

That holds where a few rows meet many weights, as in decoding.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[np.floating]

LARGEST_TABLE = 16_000_000
"""Numbers; beyond this a table of what each symbol brings would cost more memory than it saves time."""


def suits(weight: Tensor) -> bool:
    """Whether NumPy can work with these weights."""
    return weight.device.type == "cpu" and weight.dtype in (torch.float32, torch.float64)


class Product:
    """x -> x W + b.

    Args:
        norm: its gain and bias stand before the product.
        centred: take the mean out of the outcome.
    """

    def __init__(self, weight_XD: Tensor, bias_X: Tensor, norm: nn.LayerNorm | None = None, *, centred: bool = False) -> None:
        if norm is not None:
            root = math.sqrt(weight_XD.shape[1])  # a mean of squares is a length over this
            weight_XD, bias_X = root * weight_XD * norm.weight, bias_X + weight_XD @ norm.bias
        if centred:
            weight_XD, bias_X = weight_XD - weight_XD.mean(dim=0), bias_X - bias_X.mean()
        self.weight_DX, self.bias_X = array(weight_XD.T), array(bias_X)

    def __call__(self, x_BD: Array) -> Array:
        """y_BX."""
        y_BX = x_BD @ self.weight_DX
        y_BX += self.bias_X
        return y_BX


def array(x: Tensor) -> Array:
    """In rows one after the other."""
    return np.ascontiguousarray(x.detach().numpy())


def floor(norm: nn.LayerNorm) -> float:
    """D ε, what a norm adds to a square of lengths."""
    return norm.normalized_shape[0] * norm.eps


def unit(x_BD: Array, floor: float) -> Array:
    """x / sqrt(|x|² + D ε): times √D this is the layer norm, before gain and bias, of features whose mean is 0."""
    length_B11 = x_BD[:, None] @ x_BD[:, :, None]
    length_B11 += floor
    return x_BD / np.sqrt(length_B11, out=length_B11)[:, 0]
