"""What a recurrent decoder reads of its source at one step, by NumPy; `bridges` says what each bridge is.

Axes: B sequences, S sources, K = B / S sequences of each, D features of the decoder, O features read, N heads, A features of a
key, V features of a value, L source tokens, X features out of a product.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from seqkit.models.bridges import AttentionBridge, Bridge, MatrixBridge, SummaryBridge
from seqkit.models.decoder import Reading
from seqkit.models.light.recurrent import sigmoid
from seqkit.models.stepping.product import Array, Product, array

Memory = Mapping[str, Array]


class ReadingStep:
    """`Reading` of one step: h + tanh(W [h; o])."""

    def __init__(self, reading: Reading) -> None:
        self.read = prepared(reading.bridge)
        self.join = Product(reading.join.weight, reading.join.bias)

    def __call__(self, h_BD: Array, memory: Memory) -> Array:
        """Same shape out as in."""
        o_BO = self.read(h_BD, memory)
        y_BD = self.join(np.concatenate([h_BD, o_BO], axis=1))
        np.tanh(y_BD, out=y_BD)
        y_BD += h_BD
        return y_BD


class SummaryStep:
    """`SummaryBridge.read`: the same whatever is asked."""

    def __call__(self, h_BD: Array, memory: Memory) -> Array:
        """o_BO."""
        summary_SO = memory["summary"]
        return summary_SO.repeat(len(h_BD) // len(summary_SO), axis=0)


class AttentionStep:
    """`AttentionBridge.read`: a softmax over source positions."""

    def __init__(self, bridge: AttentionBridge) -> None:
        self.scaled_query = Product(bridge.query.weight / math.sqrt(bridge.output_width), no_bias(bridge.query.weight))

    def __call__(self, h_BD: Array, memory: Memory) -> Array:
        """o_BO."""
        key_SLO, value_SLO, real_SL = memory["key"], memory["value"], memory["real"]
        query_SKO = self.scaled_query(h_BD).reshape(len(key_SLO), -1, key_SLO.shape[2])
        score_SKL = query_SKO @ key_SLO.transpose(0, 2, 1)
        score_SKL += np.where(real_SL, 0, -np.inf)[:, None].astype(score_SKL.dtype)
        score_SKL -= score_SKL.max(axis=2, keepdims=True)
        weight_SKL = np.exp(score_SKL, out=score_SKL)
        weight_SKL /= weight_SKL.sum(axis=2, keepdims=True)
        return (weight_SKL @ value_SLO).reshape(len(h_BD), -1)


class MatrixStep:
    """`MatrixBridge.read`: RMSNorm(q S) ∘ silu(gate), query and gate out of one product."""

    def __init__(self, bridge: MatrixBridge) -> None:
        weights = [bridge.query.weight, bridge.gate.weight]
        self.ask = Product(torch.cat(weights), torch.cat([no_bias(weights[0]), bridge.gate.bias]))
        self.heads, self.asked = bridge.heads, len(weights[0])
        assert bridge.norm.eps is not None
        self.gain_V, self.floor = array(bridge.norm.weight), bridge.norm.eps

    def __call__(self, h_BD: Array, memory: Memory) -> Array:
        """o_BO."""
        state_SNAV = memory["state"]
        sources, heads, keys, _ = state_SNAV.shape
        both_BX = self.ask(h_BD)
        both_BX *= sigmoid(both_BX.copy())
        query_BNA = both_BX[:, : self.asked].reshape(len(h_BD), heads, keys)
        length_BN1 = np.sqrt(np.square(query_BNA).sum(axis=2, keepdims=True))
        query_BNA = query_BNA / np.maximum(length_BN1, 1e-12)
        query_SNKA = query_BNA.reshape(sources, -1, heads, keys).transpose(0, 2, 1, 3)
        read_BNV = (query_SNKA @ state_SNAV).transpose(0, 2, 1, 3).reshape(len(h_BD), heads, -1)
        square_BN1 = np.square(read_BNV).mean(axis=2, keepdims=True)
        read_BNV *= self.gain_V / np.sqrt(square_BN1 + self.floor)
        return read_BNV.reshape(len(h_BD), -1) * both_BX[:, self.asked :]


def prepared(bridge: Bridge) -> SummaryStep | AttentionStep | MatrixStep:
    """The step of a bridge."""
    match bridge:
        case SummaryBridge():
            return SummaryStep()
        case AttentionBridge():
            return AttentionStep(bridge)
        case MatrixBridge():
            return MatrixStep(bridge)
        case _:
            raise TypeError(f"{type(bridge).__name__} has no step")


def no_bias(weight_XD: Tensor) -> Tensor:
    """Zeros for each row."""
    return weight_XD.new_zeros(len(weight_XD))
