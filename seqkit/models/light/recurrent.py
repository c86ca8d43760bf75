"""Recurrent layers over one sequence.

Axes: T steps, D input features, H features of one direction, G gates side by side, d directions.

Both directions take their steps together, the second over the reversed sequence: NumPy's cost is in its calls.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, Floats]

Step = Callable[[Floats, Floats, Floats, Floats], None]
"""`step(entering_dG, recurrent_dG, h_dH, c_dH)`: the next state, written over `h_dH` and `c_dH`; may write over the others."""


class LightEncoder:
    """`encoder(x_TD) -> y_TD`: stacked layers, as `models.recurrent.RecurrentEncoder` in evaluation.

    Args:
        family: `rnn`, `lstm`, `gru` or `mingru`.
        weights: of the encoder, named as its parameters.
        residual: add a layer's input to its output where their widths agree.
    """

    def __init__(self, family: str, weights: Weights, *, residual: bool = False) -> None:
        count = len({name.split(".")[1] for name in weights})
        layers = [part(weights, f"layers.{number}") for number in range(count)]
        self.norms = [LightNorm(layer) if "norm.weight" in layer else None for layer in layers]
        self.layers = [LightMinGRU(layer) if family == "mingru" else LightLayer(STEPS[family], layer) for layer in layers]
        self.residual = residual

    def __call__(self, x_TD: Floats) -> Floats:
        """Outputs of the forward direction, then of the backward one."""
        for norm, layer in zip(self.norms, self.layers, strict=True):
            y_TD = layer(x_TD if norm is None else norm(x_TD)).reshape(len(x_TD), -1)
            x_TD = x_TD + y_TD if self.residual and x_TD.shape == y_TD.shape else y_TD
        return x_TD


class LightNorm:
    """`norm(x_TD)`: a layer norm (Ba et al. 2016)."""

    def __init__(self, weights: Weights) -> None:
        self.gain_D, self.bias_D = weights["norm.weight"], weights["norm.bias"]

    def __call__(self, x_TD: Floats) -> Floats:
        """With PyTorch's floor under the variance."""
        x_TD = x_TD - x_TD.mean(axis=1, keepdims=True)
        deviation_T1 = np.sqrt(np.square(x_TD).mean(axis=1, keepdims=True) + np.float32(1e-5))
        return x_TD / deviation_T1 * self.gain_D + self.bias_D


class LightLayer:
    """`layer(x_TD) -> y_TdH`, each direction's output where its token stands."""

    def __init__(self, step: Step, weights: Weights) -> None:
        directions = [part(weights, name) for name in ("ahead", "back") if f"{name}.weight_hh_l0" in weights]
        self.step = step
        self.input_DX = np.concatenate([one["weight_ih_l0"] for one in directions]).T.copy()  # X = d·G
        self.input_X = np.concatenate([one["bias_ih_l0"] for one in directions])
        self.recurrent_projection = [one["weight_hh_l0"].T.copy() for one in directions]
        self.recurrent_bias_dG = np.stack([one["bias_hh_l0"] for one in directions])

    def __call__(self, x_TD: Floats) -> Floats:
        """Run over one sequence from a state of zeros."""
        directions, hidden = len(self.recurrent_projection), len(self.recurrent_projection[0])
        input_TdG = (x_TD @ self.input_DX + self.input_X).reshape(len(x_TD), directions, -1)
        input_TdG[:, 1:] = input_TdG[::-1, 1:].copy()
        y_TdH = np.empty((len(x_TD), directions, hidden), dtype=np.float32)
        h_dH, c_dH = np.zeros((2, directions, hidden), dtype=np.float32)
        recurrent_dG = np.empty_like(self.recurrent_bias_dG)
        for input_dG, y_dH in zip(input_TdG, y_TdH, strict=True):
            for h_H, recurrent_HG, recurrent_G in zip(h_dH, self.recurrent_projection, recurrent_dG, strict=True):
                np.dot(h_H, recurrent_HG, out=recurrent_G)
            recurrent_dG += self.recurrent_bias_dG
            self.step(input_dG, recurrent_dG, h_dH, c_dH)
            y_dH[:] = h_dH
        y_TdH[:, 1:] = y_TdH[::-1, 1:].copy()
        return y_TdH


class LightMinGRU:
    """`layer(x_TD) -> y_TdH`, as `LightLayer`: gates and candidates of all steps at once (Feng et al. 2024)."""

    def __init__(self, weights: Weights) -> None:
        directions = [part(weights, name) for name in ("ahead", "back") if f"{name}.input_projection.weight" in weights]
        self.directions = len(directions)
        self.input_DX = np.concatenate([one["input_projection.weight"] for one in directions]).T.copy()  # X = d·G
        self.input_X = np.concatenate([one["input_projection.bias"] for one in directions])

    def __call__(self, x_TD: Floats) -> Floats:
        """h ← h + z ∘ (g - h) from a state of zeros."""
        input_TdG = (x_TD @ self.input_DX + self.input_X).reshape(len(x_TD), self.directions, -1)
        input_TdG[:, 1:] = input_TdG[::-1, 1:].copy()
        write_TdH, y_TdH = (part_TdH.copy() for part_TdH in np.split(input_TdG, 2, axis=2))
        positive_TdH = np.maximum(y_TdH, 0)
        sigmoid(np.minimum(y_TdH, 0, out=y_TdH))
        y_TdH += positive_TdH
        sigmoid(write_TdH)
        h_dH = np.zeros_like(y_TdH[0])
        for write_dH, y_dH in zip(write_TdH, y_TdH, strict=True):
            y_dH -= h_dH
            y_dH *= write_dH
            y_dH += h_dH
            h_dH = y_dH
        y_TdH[:, 1:] = y_TdH[::-1, 1:].copy()
        return y_TdH


def rnn_step(input_dG: Floats, recurrent_dG: Floats, h_dH: Floats, c_dH: Floats) -> None:
    """h ← tanh(x + r)  (Elman 1990)."""
    np.add(input_dG, recurrent_dG, out=h_dH)
    np.tanh(h_dH, out=h_dH)


def lstm_step(input_dG: Floats, recurrent_dG: Floats, h_dH: Floats, c_dH: Floats) -> None:
    """c ← f ∘ c + i ∘ tanh(g), h ← o ∘ tanh(c), the gates in PyTorch's order i, f, g, o (Gers et al. 2000)."""
    hidden = h_dH.shape[1]
    recurrent_dG += input_dG
    np.tanh(recurrent_dG[:, 2 * hidden : 3 * hidden], out=input_dG[:, :hidden])
    gate_dG = sigmoid(recurrent_dG)
    c_dH *= gate_dG[:, hidden : 2 * hidden]
    c_dH += gate_dG[:, :hidden] * input_dG[:, :hidden]
    np.tanh(c_dH, out=h_dH)
    h_dH *= gate_dG[:, 3 * hidden :]


def gru_step(input_dG: Floats, recurrent_dG: Floats, h_dH: Floats, c_dH: Floats) -> None:
    """n = tanh(x_n + r ∘ r_n), h ← n + z ∘ (h - n), the gates in PyTorch's order r, z, n (Cho et al. 2014)."""
    hidden = h_dH.shape[1]
    gate_dG = sigmoid(input_dG[:, : 2 * hidden] + recurrent_dG[:, : 2 * hidden])
    new_dH = np.tanh(input_dG[:, 2 * hidden :] + gate_dG[:, :hidden] * recurrent_dG[:, 2 * hidden :])
    h_dH -= new_dH
    h_dH *= gate_dG[:, hidden:]
    h_dH += new_dH


STEPS: dict[str, Step] = {"rnn": rnn_step, "lstm": lstm_step, "gru": gru_step}
FAMILIES = {*STEPS, "mingru"}


def sigmoid(x: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """1 / (1 + e^-x) in place, through the hyperbolic tangent, which neither overflows nor is slow in NumPy."""
    x *= 0.5
    np.tanh(x, out=x)
    x *= 0.5
    x += 0.5
    return x


def part(weights: Weights, name: str) -> dict[str, Floats]:
    """The weights under `name.`, the names without it."""
    return {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}
