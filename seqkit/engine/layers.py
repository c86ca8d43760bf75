"""What all models are made of: products with fixed weights, layer norms, smooth steps.

Axes: X any leading axes, D features in, F features out.

NumPy's BLAS reads the weights two to four times as fast as PyTorch's does on some processors, where a few rows meet many
weights, as in decoding; and a call costs a fifth.
"""

import math

import numpy as np

from seqkit.engine.weights import Array, Weights

EPSILON = 1e-5
"""Under the variance of a layer norm, as PyTorch has it."""


class Product:
    """`product(x_XD) -> y_XF`: x W + b.

    Args:
        weight_FD: as a linear layer holds it.
        centred: take the mean out of the outcome.
    """

    def __init__(self, weight_FD: Array, bias_F: Array | None = None, *, centred: bool = False) -> None:
        if bias_F is None:
            bias_F = np.zeros(len(weight_FD), weight_FD.dtype)
        if centred:
            weight_FD, bias_F = weight_FD - weight_FD.mean(axis=0), bias_F - bias_F.mean()
        self.weight_DF, self.bias_F = np.ascontiguousarray(weight_FD.T), np.ascontiguousarray(bias_F)

    @property
    def width(self) -> int:
        """F."""
        return len(self.bias_F)

    def __call__(self, x_XD: Array) -> Array:
        """y_XF, in memory of its own; all rows by one product, not a product a leading index."""
        y_NF = x_XD.reshape(-1, x_XD.shape[-1]) @ self.weight_DF
        y_NF += self.bias_F
        return y_NF.reshape(*x_XD.shape[:-1], -1)


class Norm:
    """A layer norm (Ba et al. 2016) that gives its gain and bias to the product behind it: what is left is a division.

    Args:
        centred: its input has a mean of 0 already.
    """

    def __init__(self, weights: Weights, width: int, *, centred: bool = False) -> None:
        self.gain_D, self.bias_D = weights.take("weight", width), weights.take("bias", width)
        self.floor = width * EPSILON
        self.centred = centred

    def before(self, weight_FD: Array, bias_F: Array) -> Product:
        """The product with what the norm makes of its input, of `self(x)`."""
        root = math.sqrt(weight_FD.shape[1])  # a mean of squares is a length over this
        return Product(weight_FD * (weight_FD.dtype.type(root) * self.gain_D), bias_F + weight_FD @ self.bias_D)

    def __call__(self, x_XD: Array) -> Array:
        """x / sqrt(|x|² + D ε), the mean of x taken out before; times √D this is the norm before gain and bias."""
        if not self.centred:
            x_XD = x_XD - x_XD.mean(axis=-1, keepdims=True)
        length_X11 = x_XD[..., None, :] @ x_XD[..., :, None]
        length_X11 += self.floor
        return x_XD / np.sqrt(length_X11, out=length_X11)[..., 0]

    def whole(self, x_XD: Array) -> Array:
        """The norm with its gain and bias, where no product follows."""
        return self(x_XD) * (x_XD.dtype.type(math.sqrt(len(self.gain_D))) * self.gain_D) + self.bias_D


class Projection:
    """`projection(x_XD) -> y_XF`: a linear layer, behind a norm where there is one."""

    def __init__(self, weight_FD: Array, bias_F: Array, norm: Norm | None = None) -> None:
        self.norm = norm
        self.product = Product(weight_FD, bias_F) if norm is None else norm.before(weight_FD, bias_F)

    def __call__(self, x_XD: Array) -> Array:
        """y_XF, in memory of its own."""
        return self.product(x_XD if self.norm is None else self.norm(x_XD))


def linear(weights: Weights, inputs: int, outputs: int) -> tuple[Array, Array]:
    """weight_FD and bias_F of a linear layer."""
    return weights.take("weight", outputs, inputs), weights.take("bias", outputs)


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x) in place, through the hyperbolic tangent, which neither overflows nor is slow in NumPy."""
    x *= 0.5
    np.tanh(x, out=x)
    x *= 0.5
    x += 0.5
    return x


def softmax(score_XD: Array) -> Array:
    """Over the last axis, in place."""
    score_XD -= score_XD.max(axis=-1, keepdims=True)
    np.exp(score_XD, out=score_XD)
    score_XD /= score_XD.sum(axis=-1, keepdims=True)
    return score_XD


ERF_27 = np.array([
    [-1.60960333262415e-02, -2.95459980854025e-03, -7.34990630326855e-04, -5.69250639462346e-05, -2.10102402082508e-06,
     2.77068142495902e-08, -2.72614225801306e-10],
    [-1.42647390514189e-02, -7.37332916720468e-03, -1.68282697438203e-03, -2.13374055278905e-04, -1.45660718464996e-05, 0, 0],
], dtype=np.float32)  # fmt: skip
"""Of x P(x²) / Q(x²), which is erf x on [-4, 4] to float32's last digits: P and Q by their coefficients of x^0 to x^12."""


def erf(x: Array) -> Array:
    """The error function, which NumPy lacks."""
    if x.dtype == np.float64:
        return np.array([math.erf(one) for one in x.ravel().tolist()]).reshape(x.shape)
    x_N = np.minimum(np.maximum(x.ravel(), -4), 4)
    power_7N = np.empty((7, x_N.size), np.float32)
    power_7N[0] = 1
    np.multiply(x_N, x_N, out=power_7N[1])
    np.multiply(power_7N[1], power_7N[1], out=power_7N[2])
    np.multiply(power_7N[1:3], power_7N[2], out=power_7N[3:5])
    np.multiply(power_7N[3:5], power_7N[2], out=power_7N[5:])
    above_N, below_N = ERF_27 @ power_7N
    above_N *= x_N
    above_N /= below_N
    return above_N.reshape(x.shape)
