"""What a recurrent decoder keeps and reads of its source; `models.bridges` says what each bridge is.

Axes: S sources, L source tokens, X features of the source, B sequences, K = B / S sequences of each, D features of the decoder,
O features read, N heads, A features of a key, V features of a value.
"""

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from seqkit.architecture.translator import RecurrentDecoderConfig
from seqkit.engine.layers import Product, linear, sigmoid, softmax
from seqkit.engine.weights import Array, Weights

Memory = Mapping[str, Array]


class Bridge(Protocol):
    """From a source to what is read of it."""

    output_width: int

    def write(self, x_SLX: Array, ends_SE: Array) -> dict[str, Array]:
        """The memory of sources of one length, from the encoder's output and its ends."""
        ...

    def read(self, h_BD: Array, memory: Memory) -> Array:
        """o_BO."""
        ...


class Reading:
    """h + tanh(W [h; o]) with o what the bridge reads for h."""

    def __init__(self, config: RecurrentDecoderConfig, weights: Weights, width: int, source: int, ends: int) -> None:
        self.bridge = build_bridge(config, weights.part("bridge"), width, source, ends)
        self.join = Product(*linear(weights.part("join"), width + self.bridge.output_width, width))

    def __call__(self, h_BD: Array, memory: Memory) -> Array:
        """Same shape out as in."""
        y_BD = self.join(np.concatenate([h_BD, self.bridge.read(h_BD, memory)], axis=1))
        np.tanh(y_BD, out=y_BD)
        y_BD += h_BD
        return y_BD


class SummaryBridge:
    """One vector for the whole source, the same whatever is asked."""

    def __init__(self, weights: Weights, width: int, ends_width: int) -> None:
        self.output_width = width
        self.summarise = Product(*linear(weights.part("summarise"), ends_width, width))

    def write(self, x_SLX: Array, ends_SE: Array) -> dict[str, Array]:
        """`summary`."""
        return {"summary": np.tanh(self.summarise(ends_SE))}

    def read(self, h_BD: Array, memory: Memory) -> Array:
        """o_BO."""
        summary_SO = memory["summary"]
        return summary_SO.repeat(len(h_BD) // len(summary_SO), axis=0)


class AttentionBridge:
    """A softmax over source positions."""

    def __init__(self, config: RecurrentDecoderConfig, weights: Weights, width: int, source_width: int) -> None:
        self.output_width = values = config.value_width
        self.scaled_query = Product(weights.take("query.weight", values, width) / math.sqrt(values))
        self.key, self.value = (Product(weights.take(f"{name}.weight", values, source_width)) for name in ("key", "value"))

    def write(self, x_SLX: Array, ends_SE: Array) -> dict[str, Array]:
        """Keys, values, and which rows are real: all."""
        return {"key": self.key(x_SLX), "value": self.value(x_SLX), "real": np.ones(x_SLX.shape[:2], dtype=np.bool_)}

    def read(self, h_BD: Array, memory: Memory) -> Array:
        """o_BO."""
        key_SLO, value_SLO, real_SL = memory["key"], memory["value"], memory["real"]
        query_SKO = self.scaled_query(h_BD).reshape(len(key_SLO), -1, key_SLO.shape[2])
        score_SKL = query_SKO @ key_SLO.transpose(0, 2, 1)
        if not real_SL.all():
            score_SKL += np.where(real_SL, 0, -np.inf)[:, None].astype(score_SKL.dtype)
        return (softmax(score_SKL) @ value_SLO).reshape(len(h_BD), -1)


class MatrixBridge:
    """A matrix a head, written by the gated delta rule: read as RMSNorm(q S) ∘ silu(gate)."""

    def __init__(self, config: RecurrentDecoderConfig, weights: Weights, width: int, source_width: int) -> None:
        heads, keys, values = config.heads, config.heads * config.key_width, config.heads * config.value_width
        self.heads, self.keys, self.output_width, self.delta = heads, keys, values, config.delta
        self.backwards = heads // 2 if config.both_ways else 0
        key_AX, value_VX = weights.take("key.weight", keys, source_width), weights.take("value.weight", values, source_width)
        beta = linear(weights.part("beta"), source_width, heads)
        decay = linear(weights.part("decay"), source_width, heads) if config.decay else None
        self.key, self.value, self.beta = Product(key_AX), Product(value_VX), Product(*beta)
        self.decay = Product(*decay) if decay else None
        query_AD, (gate_VD, gate_V) = weights.take("query.weight", keys, width), linear(weights.part("gate"), width, values)
        self.ask = Product(np.concatenate([query_AD, gate_VD]), np.concatenate([np.zeros(keys, gate_V.dtype), gate_V]))
        self.gain_V = weights.take("norm.weight", config.value_width)

    def write(self, x_SLX: Array, ends_SE: Array) -> dict[str, Array]:
        """`state`: S ← e^g S, then the value, or with the delta rule its difference to what is found, under its key."""
        asked_SLA = self.key(x_SLX)
        asked_SLA *= sigmoid(asked_SLA.copy())
        key_SLNA, value_SLNV = unit(self._by_head(asked_SLA)), self._by_head(self.value(x_SLX))
        beta_SLN11 = sigmoid(self._in_order(self.beta(x_SLX)))[..., None, None]
        decay_SLN11 = np.ones_like(beta_SLN11)
        if self.decay:
            decay_SLN11 = sigmoid(self._in_order(self.decay(x_SLX)))[..., None, None]
        sources, length = x_SLX.shape[:2]
        state_SNAV = np.zeros((sources, *key_SLNA.shape[2:], value_SLNV.shape[-1]), x_SLX.dtype)
        for step in range(length):
            key_SN1A, update_SN1V = key_SLNA[:, step, :, None], value_SLNV[:, step, :, None]
            state_SNAV *= decay_SLN11[:, step]
            if self.delta:
                update_SN1V = update_SN1V - key_SN1A @ state_SNAV
            state_SNAV += key_SN1A.transpose(0, 1, 3, 2) @ (beta_SLN11[:, step] * update_SN1V)
        return {"state": state_SNAV}

    def read(self, h_BD: Array, memory: Memory) -> Array:
        """o_BO, query and gate out of one product."""
        state_SNAV = memory["state"]
        sources, heads, keys, _ = state_SNAV.shape
        both_BX = self.ask(h_BD)
        both_BX *= sigmoid(both_BX.copy())
        query_BNA = unit(both_BX[:, : self.keys].reshape(len(h_BD), heads, keys))
        query_SNKA = query_BNA.reshape(sources, -1, heads, keys).transpose(0, 2, 1, 3)
        read_BNV = (query_SNKA @ state_SNAV).transpose(0, 2, 1, 3).reshape(len(h_BD), heads, -1)
        square_BN1 = np.square(read_BNV).mean(axis=2, keepdims=True)
        read_BNV *= self.gain_V / np.sqrt(square_BN1 + 1e-5)
        return read_BNV.reshape(len(h_BD), -1) * both_BX[:, self.keys :]

    def _by_head(self, x_SLY: Array) -> Array:
        return self._in_order(x_SLY.reshape(*x_SLY.shape[:2], self.heads, -1))

    def _in_order(self, x_SLN_: Array) -> Array:
        """In the order of writing: the last heads may write from the source's end to its start."""
        if not self.backwards:
            return x_SLN_
        ahead = self.heads - self.backwards
        return np.concatenate([x_SLN_[:, :, :ahead], x_SLN_[:, ::-1, ahead:]], axis=2)


def unit(x_XA: Array) -> Array:
    """Of length 1, where there is a length."""
    return x_XA / np.maximum(np.sqrt(np.square(x_XA).sum(axis=-1, keepdims=True)), 1e-12)


def build_bridge(config: RecurrentDecoderConfig, weights: Weights, width: int, source: int, ends: int) -> Bridge:
    """The bridge of one reading.

    Args:
        width: features of the decoder there.
        source: features of a source token.
        ends: features of the encoder's ends.
    """
    match config.bridge:
        case "attention":
            return AttentionBridge(config, weights, width, source)
        case "matrix":
            return MatrixBridge(config, weights, width, source)
        case "context" | "final":
            return SummaryBridge(weights, width, ends)
