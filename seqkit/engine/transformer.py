"""Transformer stacks: causal ones with caches, and encoders.

Axes: B sequences, T tokens, S sources, L source tokens, N heads, H = 2 N of queries and keys, Y = 3 N with values, R rows
looked at, E features of a head, D of a token, F of the feed-forward layer, X any leading axes.

What the weights decide is worked out once:

- Every block adds to a stream that is read through layer norms only, and they take its mean away. So whatever is added has its
  mean taken out beforehand, and a norm is a division by the length.
- The gain and bias of a norm join the weights behind it, the factors of gelu those around it.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from seqkit.architecture.causal import CausalTransformerConfig
from seqkit.architecture.encoders import TransformerConfig
from seqkit.engine.cache import KeyValueCache
from seqkit.engine.layers import Norm, Product, Projection, erf, linear, softmax
from seqkit.engine.positions import Turn, Turns, causal_bias, directional_bias, slopes
from seqkit.engine.state import State
from seqkit.engine.weights import Array, Weights

PIECE = 256
"""Tokens read at once, at most: the scores of a piece grow with its square."""


class Places(NamedTuple):
    """What all blocks need to know of where tokens stand: how to turn queries and keys, and what to add to their scores."""

    turn: Turn | None
    bias: Array | None


class Block:
    """What blocks of encoders and of causal stacks share."""

    def __init__(self, config: TransformerConfig | CausalTransformerConfig, weights: Weights) -> None:
        width, inner, root = config.width, max(1, round(config.width * config.feedforward)), math.sqrt(0.5)
        self.heads, self.scale = config.heads, (config.width // config.heads) ** -0.5
        norms = (Norm(weights.part(f"{name}_norm"), width, centred=True) for name in ("attention", "feedforward"))
        attention_norm, feedforward_norm = norms
        self.query_key_value = Projection(*linear(weights.part("query_key_value"), width, 3 * width), attention_norm)
        self.attended = Product(*linear(weights.part("output_projection"), width, width), centred=True)
        # With u = x / √2, gelu(x) = x (1 + erf(x / √2)) / 2 = (u + u erf u) / √2.
        weight_FD, bias_F = linear(weights.part("widen"), width, inner)
        self.widen = Projection(root * weight_FD, root * bias_F, feedforward_norm)
        weight_DF, bias_D = linear(weights.part("narrow"), inner, width)
        self.narrow = Product(root * weight_DF, bias_D, centred=True)

    def by_head(self, gate_BTX: Array) -> tuple[Array, Array]:
        """both_BHTE, queries and keys not yet turned, and value_BNTE, of `query_key_value(x_BTD)`."""
        gate_BYTE = gate_BTX.reshape(*gate_BTX.shape[:2], 3 * self.heads, -1).transpose(0, 2, 1, 3)
        return gate_BYTE[:, : 2 * self.heads], gate_BYTE[:, 2 * self.heads :]

    def attended_to(self, query_BNTE: Array, key_BNRE: Array, value_BNRE: Array, bias: Array | None) -> Array:
        """y_BTD: the mean of the values by scaled dot-product attention (Vaswani et al. 2017)."""
        score_BNTR = query_BNTE @ key_BNRE.transpose(0, 1, 3, 2)
        score_BNTR *= self.scale
        if bias is not None:
            score_BNTR += bias
        out_BNTE = softmax(score_BNTR) @ value_BNRE
        return out_BNTE.transpose(0, 2, 1, 3).reshape(len(out_BNTE), out_BNTE.shape[2], -1)

    def feed(self, x_BTD: Array) -> Array:
        """x + feedforward(norm(x)), written over x."""
        u_BTF = self.widen(x_BTD)
        gelu_BTF = erf(u_BTF)
        gelu_BTF *= u_BTF
        gelu_BTF += u_BTF
        x_BTD += self.narrow(gelu_BTF)
        return x_BTD


class EncoderBlock(Block):
    """As `models.transformer.TransformerBlock` without padding."""

    def __call__(self, x_BTD: Array, places: Places) -> Array:
        """One block."""
        both_BHTE, value_BNTE = self.by_head(self.query_key_value(x_BTD))
        both_BHTE = places.turn(both_BHTE) if places.turn else both_BHTE
        y_BTD = self.attended_to(both_BHTE[:, : self.heads], both_BHTE[:, self.heads :], value_BNTE, places.bias)
        return self.feed(x_BTD + self.attended(y_BTD))


class TransformerEncoder:
    """`encoder(x_BTD) -> y_BTD`, as `models.transformer.TransformerEncoder` without padding."""

    def __init__(self, config: TransformerConfig, weights: Weights, input_width: int) -> None:
        weight_FD, bias_F = linear(weights.part("input_projection"), input_width, config.width)
        self.input = Product(weight_FD, bias_F, centred=True)
        self.blocks = [EncoderBlock(config, weights.part(f"blocks.{number}")) for number in range(config.layers)]
        self.norm = Norm(weights.part("norm"), config.width, centred=True)
        self.output_width, self.heads = config.width, config.heads
        self.turns = None
        if config.positions == "rotary":
            self.turns = Turns(config.width // config.heads, weight_FD.dtype, np.float32)

    def __call__(self, x_BTD: Array) -> Array:
        """Encode sequences of one length."""
        x_BTD, steps = self.input(x_BTD), x_BTD.shape[1]
        bias = None if self.turns else directional_bias(steps, self.heads, x_BTD.dtype)
        places = Places(self.turns.at(0, steps) if self.turns else None, bias)
        for block in self.blocks:
            x_BTD = block(x_BTD, places)
        return self.norm.whole(x_BTD)


class CrossAttention:
    """x + look(norm(x)), as `models.cross_attention.CrossAttention`."""

    def __init__(self, block: Block, config: CausalTransformerConfig, weights: Weights, source_width: int) -> None:
        width, own = config.width, weights.part("look")
        norm = Norm(weights.part("look_norm"), width, centred=True)
        self.attend, self.heads = block.attended_to, config.heads
        self.query = Projection(*linear(own.part("query"), width, width), norm)
        self.key_value = Product(*linear(own.part("key_value"), source_width, 2 * width))
        self.output = Product(*linear(own.part("output_projection"), width, width), centred=True)
        rotary = config.positions == "rotary"
        self.turns = Turns(width // config.heads, self.query.product.bias_F.dtype, np.float32) if rotary else None

    def write(self, x_SLX: Array) -> dict[str, Array]:
        """Keys and values of sources without padding."""
        both_SYLE = self.by_head(self.key_value(x_SLX), 2 * self.heads)
        key_SNLE, value_SNLE = both_SYLE[:, : self.heads], both_SYLE[:, self.heads :]
        key_SNLE = self.turns.at(0, x_SLX.shape[1])(key_SNLE) if self.turns else key_SNLE
        real_SL = np.ones(x_SLX.shape[:2], dtype=np.bool_)
        return {"key": np.ascontiguousarray(key_SNLE), "value": np.ascontiguousarray(value_SNLE), "real": real_SL}

    def __call__(self, x_BTD: Array, memory: Mapping[str, Array], turn: Turn | None) -> Array:
        """The tokens with what they looked at; the steps of all sequences of a source are asked together."""
        key_SNLE, value_SNLE, real_SL = memory["key"], memory["value"], memory["real"]
        query_BNTE = self.by_head(self.query(x_BTD), self.heads)
        query_BNTE = turn(query_BNTE) if turn else query_BNTE
        sources, (batch, heads, steps, features) = len(key_SNLE), query_BNTE.shape
        query_SNQE = query_BNTE.reshape(sources, -1, heads, steps, features).transpose(0, 2, 1, 3, 4)
        query_SNQE = query_SNQE.reshape(sources, heads, -1, features)
        bias = None if real_SL.all() else np.where(real_SL, 0.0, -np.inf).astype(x_BTD.dtype)[:, None, None]
        y_SQD = self.attend(query_SNQE, key_SNLE, value_SNLE, bias)
        return x_BTD + self.output(y_SQD.reshape(batch, steps, -1))

    @staticmethod
    def by_head(x_BTD: Array, heads: int) -> Array:
        """x_BNTE."""
        return x_BTD.reshape(*x_BTD.shape[:2], heads, -1).transpose(0, 2, 1, 3)


class CausalBlock(Block):
    """As `models.causal_transformer.CausalBlock`."""

    def __init__(self, config: CausalTransformerConfig, weights: Weights, source_width: int) -> None:
        super().__init__(config, weights)
        self.look = CrossAttention(self, config, weights, source_width) if source_width else None

    def __call__(
        self, x_BTD: Array, gate_BTX: Array | None, cache: KeyValueCache, places: Places, memory: Mapping[str, Array]
    ) -> tuple[Array, KeyValueCache]:
        """One block, and the cache with the rows of the piece.

        Args:
            gate_BTX: `query_key_value(x_BTD)`, where it is known.
        """
        both_BHTE, value_BNTE = self.by_head(self.query_key_value(x_BTD) if gate_BTX is None else gate_BTX)
        both_BHTE = places.turn(both_BHTE) if places.turn else both_BHTE
        cache = cache.append(both_BHTE[:, self.heads :], value_BNTE)
        y_BTD = self.attended_to(both_BHTE[:, : self.heads], cache.keys, cache.values, places.bias)
        x_BTD = x_BTD + self.attended(y_BTD)
        if self.look:
            x_BTD = self.look(x_BTD, memory, places.turn)
        return self.feed(x_BTD), cache


class CausalTransformer:
    """`scan(x_BTD, state)`, as `models.causal_transformer.CausalTransformer` but for its last norm.

    What it reads has a mean of 0.

    Args:
        source_width: features of a source that each block attends to as well; 0 for none.
    """

    def __init__(self, config: CausalTransformerConfig, weights: Weights, source_width: int = 0) -> None:
        self.blocks = [CausalBlock(config, weights.part(f"blocks.{n}"), source_width) for n in range(config.layers)]
        self.heads, self.head_width = config.heads, config.width // config.heads
        self.window = config.window or math.inf
        self.dtype = self.blocks[0].attended.bias_F.dtype
        self.turns = Turns(self.head_width, self.dtype) if config.positions == "rotary" else None
        self.slope_N = None if self.turns else slopes(config.heads, self.dtype)

    def start(self, batch: int, memory: Mapping[str, Array] | None = None) -> State[Array]:
        """Empty caches; `position` is the number of tokens read, the same for all sequences."""
        empty = KeyValueCache.empty(batch, self.heads, self.head_width, self.dtype)
        return State({"position": np.zeros(batch, np.int64)}, {str(n): empty for n in range(len(self.blocks))}, memory or {})

    def scan(self, x_BTD: Array, state: State[Array], gate_BTX: Array | None = None) -> tuple[Array, State[Array]]:
        """Read a piece of any length, a long one bit by bit.

        Args:
            gate_BTX: of the first block, where it is known.
        """
        if x_BTD.shape[1] <= PIECE:
            return self._scan_bit(x_BTD, state, gate_BTX)
        parts: list[Array] = []
        for first in range(0, x_BTD.shape[1], PIECE):
            bit = slice(first, first + PIECE)
            y_BTD, state = self._scan_bit(x_BTD[:, bit], state, None if gate_BTX is None else gate_BTX[:, bit])
            parts.append(y_BTD)
        return np.concatenate(parts, axis=1), state

    def _scan_bit(self, x_BTD: Array, state: State[Array], gate_BTX: Array | None) -> tuple[Array, State[Array]]:
        steps, position_B = x_BTD.shape[1], state.carry["position"]
        turn = self.turns.at(int(position_B[0]), steps) if self.turns else None
        seen = {name: self._within(cache, self.window - 1) for name, cache in state.caches.items()}
        places = Places(turn, causal_bias(seen["0"].rows, steps, self.window, self.dtype, self.slope_N))
        caches: dict[str, KeyValueCache] = {}
        for number, block in enumerate(self.blocks):
            name = str(number)
            memory = state.memory_of(name) if block.look else {}
            x_BTD, cache = block(x_BTD, gate_BTX, seen[name], places, memory)
            caches[name], gate_BTX = self._within(cache, self.window), None
        return x_BTD, State({"position": position_B + steps}, caches, state.memory)

    @staticmethod
    def _within(cache: KeyValueCache, rows: float) -> KeyValueCache:
        return cache if rows == math.inf else cache.newest(int(rows))
