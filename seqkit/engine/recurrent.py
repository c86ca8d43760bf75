"""Recurrent stacks: causal ones with a state, and encoders that read both ways.

Axes: B sequences of one length, T steps, D input features, H features of a direction, G gates side by side, d directions.
"""

from collections.abc import Mapping

import numpy as np

from seqkit.architecture.causal import CausalRecurrentConfig
from seqkit.architecture.encoders import RecurrentConfig
from seqkit.engine.cells import CELLS, Carry
from seqkit.engine.layers import Norm, Product, Projection, linear
from seqkit.engine.weights import Array, Weights


class CausalLayer:
    """x -> cell(norm(x)) [+ x], as `models.causal_recurrent.CausalLayer`."""

    def __init__(self, config: CausalRecurrentConfig, weights: Weights, number: int, input_width: int) -> None:
        self.cell = CELLS[config.family]
        self.names = [f"{number}.{part}" for part in self.cell.carried]
        self.residual = config.residual and input_width == config.width
        norm = Norm(weights.part("norm"), input_width) if config.norm else None
        wide, own = self.cell.gates * config.width, weights.part("cell")
        if self.cell.recurrent:
            weight_GD, bias_G = own.take("input_weight", wide, input_width), own.take("input_bias", wide)
            self.recurrent = Product(own.take("recurrent_weight", wide, config.width), own.take("recurrent_bias", wide))
        else:
            weight_GD, bias_G = linear(own.part("input_projection"), input_width, wide)
            self.recurrent = None
        self.gates = Projection(weight_GD, bias_G, norm)

    def scan(self, x_BTD: Array, carry: Carry, gate_BTG: Array | None = None) -> tuple[Array, Carry]:
        """The outputs of a piece and the carry after it.

        Args:
            gate_BTG: `self.gates(x_BTD)`, where it is known; may be written over.
        """
        gate_BTG = self.gates(x_BTD) if gate_BTG is None else gate_BTG
        outputs: list[Array] = []
        for step in range(gate_BTG.shape[1]):
            gate_BG = gate_BTG[:, step]
            carry = self.cell.step(gate_BG, self.recurrent(carry[0]) if self.recurrent else gate_BG, carry)
            outputs.append(carry[0])
        y_BTH = outputs[0][:, None] if len(outputs) == 1 else np.stack(outputs, axis=1)
        return (x_BTD + y_BTH if self.residual else y_BTH), carry


def zeros(layers: list[CausalLayer], batch: int, width: int, dtype: np.dtype[np.floating]) -> Mapping[str, Array]:
    """The carry of a stack that has read nothing."""
    return {name: np.zeros((batch, width), dtype) for layer in layers for name in layer.names}


class RecurrentEncoder:
    """`encoder(x_BTD) -> y_BTD`: stacked layers, as `models.recurrent.RecurrentEncoder` without padding."""

    def __init__(self, config: RecurrentConfig, weights: Weights, input_width: int) -> None:
        widths = [input_width, *[config.width] * (config.layers - 1)]
        self.layers = [EncoderLayer(config, weights.part(f"layers.{n}"), width) for n, width in enumerate(widths)]
        self.residual = config.residual
        self.output_width = config.width

    def __call__(self, x_BTD: Array) -> Array:
        """Outputs of the forward direction, then of the backward one."""
        for layer in self.layers:
            y_BTD = layer(x_BTD)
            x_BTD = x_BTD + y_BTD if self.residual and x_BTD.shape == y_BTD.shape else y_BTD
        return x_BTD


class EncoderLayer:
    """One layer, one or both directions; these take their steps together, as NumPy's cost is in its calls."""

    def __init__(self, config: RecurrentConfig, weights: Weights, input_width: int) -> None:
        names = ("ahead", "back") if config.bidirectional else ("ahead",)
        self.cell, self.directions, self.hidden = CELLS[config.family], len(names), config.width // len(names)
        wide = self.cell.gates * self.hidden
        directions = [weights.part(name) for name in names]
        if self.cell.recurrent:
            inputs = [(one.take("weight_ih_l0", wide, input_width), one.take("bias_ih_l0", wide)) for one in directions]
            self.recurrent_HG = [np.ascontiguousarray(one.take("weight_hh_l0", wide, self.hidden).T) for one in directions]
            self.recurrent_d1G = np.stack([one.take("bias_hh_l0", wide) for one in directions])[:, None]
        else:
            inputs = [linear(one.part("input_projection"), input_width, wide) for one in directions]
            self.recurrent_HG = []
        norm = Norm(weights.part("norm"), input_width) if config.norm else None
        weight, bias = (np.concatenate(parts) for parts in zip(*inputs, strict=True))
        self.gates = Projection(weight, bias, norm)

    def __call__(self, x_BTD: Array) -> Array:
        """y_BTD from a state of zeros."""
        batch, steps, _ = x_BTD.shape
        gate_TdBG = self.gates(x_BTD).reshape(batch, steps, self.directions, -1).transpose(1, 2, 0, 3)
        gate_TdBG = np.ascontiguousarray(gate_TdBG)
        gate_TdBG[:, 1:] = gate_TdBG[::-1, 1:].copy()  # the second direction starts at the end
        y_TdBH = np.empty((steps, self.directions, batch, self.hidden), dtype=x_BTD.dtype)
        carry: Carry = (np.zeros_like(y_TdBH[0]),) * len(self.cell.carried)
        recurrent_dBG = np.empty_like(gate_TdBG[0])
        for gate_dBG, y_dBH in zip(gate_TdBG, y_TdBH, strict=True):
            for h_BH, weight_HG, recurrent_BG in zip(carry[0], self.recurrent_HG, recurrent_dBG, strict=False):
                np.dot(h_BH, weight_HG, out=recurrent_BG)
            if self.recurrent_HG:
                recurrent_dBG += self.recurrent_d1G
            carry = self.cell.step(gate_dBG, recurrent_dBG, carry)
            y_dBH[:] = carry[0]
        y_TdBH[:, 1:] = y_TdBH[::-1, 1:].copy()
        return y_TdBH.transpose(2, 0, 1, 3).reshape(batch, steps, -1)
