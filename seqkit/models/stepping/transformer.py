"""A Transformer language model made ready to read one token at a time on a CPU.

Axes: B sequences, N heads, H = 2 N of queries and keys, Y = 3 N with values, R rows of a cache, E features of a head, D of a
token, F of the feed-forward layer, V symbols, P positions, T = 1 step, X features out of a product.

The products of one token are so small that finding the way through a library costs more than working them out, and weights and
code push each other out of the processor's cache. So the step is NumPy's: its calls cost a fifth of PyTorch's, and its product
of a vector runs at the speed of the memory. What the weights decide is worked out once:

- Every block adds to a stream that is read through layer norms only, and they take its mean away. So whatever is added has its
  mean taken out beforehand, and a norm is a division by the length.
- The gain and bias of a norm join the weights behind it, the factors of gelu those around it.
- What a symbol brings into the first block depends on the symbol alone: query, key and value are looked up.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqkit.models.cache import KeyValueCache
from seqkit.models.causal_transformer import CausalBlock, CausalTransformer, alibi_slopes, rotation
from seqkit.models.language_model import LanguageModel
from seqkit.models.state import State
from seqkit.models.stepping.product import LARGEST_TABLE, Array, Product, array, floor, unit

TURNS = 64
"""Positions whose rotations are worked out at once."""


class TransformerStepper:
    """`scan` of a Transformer language model in inference, with the model's weights as they stood when it was made."""

    @torch.inference_mode()
    def __init__(self, model: LanguageModel, body: CausalTransformer) -> None:
        self.model, self.body = model.eval(), body
        x_VD = body.input_projection(model.embed(torch.arange(len(model.output_bias))))
        self.x_VD = array(x_VD - x_VD.mean(dim=1, keepdim=True))
        self.blocks = [BlockStep(block) for block in body.each_block()]
        small = 3 * self.x_VD.size <= LARGEST_TABLE
        self.gate_VX = self.blocks[0].input_projection(self.x_VD) if small else None
        self.floor = floor(body.norm)
        self.turns = Turns(body) if body.rotary else None
        self.slope_N1 = array(alibi_slopes(body.heads, x_VD)[:, None])
        if isinstance(model.project, nn.Linear):
            self.project = Product(model.project.weight, model.project.bias, body.norm)
            self.output = Product(model.output_weight, model.output_bias)
        else:
            self.project = None
            self.output = Product(model.output_weight, model.output_bias, body.norm)

    @torch.inference_mode()
    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        """logit_BTV of the symbol after each token, and the state after the last one."""
        if token_BT.shape[1] != 1:
            return self.model.scan(token_BT, state)
        token_B = token_BT[:, 0].numpy()
        position_B = state.carry["position"]
        x_BD = self.x_VD[token_B]
        gate_BX = self.blocks[0].input_projection(x_BD) if self.gate_VX is None else self.gate_VX[token_B]
        place = self.place(int(position_B[0]), state)
        caches: dict[str, KeyValueCache] = {}
        for number, block in enumerate(self.blocks):
            name = str(number)
            cache = state.caches[name]
            assert isinstance(cache, KeyValueCache)
            gate_BX = block.input_projection(x_BD) if number else gate_BX
            y_BD, caches[name] = block.attend(gate_BX, cache, place)
            x_BD = block.output_projection(x_BD, y_BD)
        y_BD = unit(x_BD, self.floor)
        logit_BV = self.output(self.project(y_BD) if self.project else y_BD)
        return torch.from_numpy(logit_BV)[:, None], State({"position": position_B + 1}, caches)

    def place(self, position: int, state: State) -> "Place":
        """Where the token stands."""
        if self.turns:
            return Place(self.turns.at(position), None)
        cache = state.caches["0"]
        assert isinstance(cache, KeyValueCache)
        past = min(cache.rows, self.blocks[0].past)
        return Place(None, self.slope_N1 * np.arange(-past, 1, dtype=self.x_VD.dtype))


class Place(NamedTuple):
    """What all blocks need to know of where a token stands: how to turn queries and keys, or what to add to their scores."""

    turn: "Turn | None"
    bias_NR: Array | None


class BlockStep:
    """One block. With u = x / √2, gelu(x) = x (1 + erf(x / √2)) / 2 = (u + u erf u) / √2."""

    def __init__(self, block: CausalBlock) -> None:
        self.heads, self.past, self.floor = block.heads, block.past, floor(block.attention_norm)
        product, root = block.query_key_value, math.sqrt(0.5)
        self.query_key_value = Product(product.weight, product.bias, block.attention_norm)
        self.attention_output = Product(block.output_projection.weight, block.output_projection.bias, centred=True)
        self.widen = Product(root * block.widen.weight, root * block.widen.bias, block.feedforward_norm)
        self.narrow = Product(root * block.narrow.weight, block.narrow.bias, centred=True)

    def input_projection(self, x_BD: Array) -> Array:
        """gate_BX: query, key and value, not yet turned."""
        return self.query_key_value(unit(x_BD, self.floor))

    def attend(self, gate_BX: Array, cache: KeyValueCache, place: Place) -> tuple[Array, KeyValueCache]:
        """y_BD, the mean of the values, and the cache with the token's row."""
        gate_BYE = gate_BX.reshape(len(gate_BX), 3 * self.heads, -1)
        both_BHE, value_BNE = gate_BYE[:, : 2 * self.heads], gate_BYE[:, 2 * self.heads :]
        if place.turn is not None:
            both_BHE = place.turn(both_BHE)
        cache = cache.newest(self.past).grown(1)
        key_BNRE, value_BNRE = cache.arrays()
        key_BNRE[:, :, -1] = both_BHE[:, self.heads :]
        value_BNRE[:, :, -1] = value_BNE
        score_BNR = (key_BNRE @ both_BHE[:, : self.heads, :, None])[..., 0]
        score_BNR *= value_BNE.shape[-1] ** -0.5
        if place.bias_NR is not None:
            score_BNR += place.bias_NR
        score_BNR -= score_BNR.max(axis=-1, keepdims=True)
        weight_BNR = np.exp(score_BNR, out=score_BNR)
        weight_BNR /= weight_BNR.sum(axis=-1, keepdims=True)
        return (weight_BNR[:, :, None] @ value_BNRE).reshape(len(gate_BX), -1), cache

    def output_projection(self, x_BD: Array, y_BD: Array) -> Array:
        """The token after the block, y_BD being what it attended to."""
        x_BD = x_BD + self.attention_output(y_BD)
        u_BF = self.widen(unit(x_BD, self.floor))
        gelu_BF = torch.erf(torch.from_numpy(u_BF)).numpy()  # NumPy has none
        gelu_BF *= u_BF
        gelu_BF += u_BF
        x_BD += self.narrow(gelu_BF)
        return x_BD


class Turn(NamedTuple):
    """A rotary position (Su et al. 2021): feature e of the first half and its partner in the second, each times a cosine, and
    the partner times a sine; an odd last feature stays."""

    cos_E: Array
    sin_E: Array
    partner_E: NDArray[np.int64]

    def __call__(self, x_BHE: Array) -> Array:
        """Same shape out as in."""
        turned_BHE = x_BHE.take(self.partner_E, axis=-1)
        turned_BHE *= self.sin_E
        turned_BHE += x_BHE * self.cos_E
        return turned_BHE


class Turns:
    """The turns of any position, worked out for some at once."""

    def __init__(self, body: CausalTransformer) -> None:
        self.features, self.dtype = body.head_width, body.norm.weight.dtype
        half = self.features // 2
        place_E = np.arange(self.features)
        self.partner_E = np.concatenate([place_E[half : 2 * half], place_E[:half], place_E[2 * half :]])
        self.first, self.turns = -TURNS, list[Turn]()

    def at(self, position: int) -> Turn:
        """Of a position from 0 on."""
        if not 0 <= position - self.first < TURNS:
            self.first = position - position % TURNS
            cos_PE, sin_PE = map(array, rotation(torch.tensor([self.first]), TURNS, self.features, self.dtype))
            rest_PE = np.ones_like(cos_PE, shape=(TURNS, self.features % 2))
            cos_PE, sin_PE = np.hstack([cos_PE, cos_PE, rest_PE]), np.hstack([-sin_PE, sin_PE, 0 * rest_PE])
            self.turns = [Turn(*angles, self.partner_E) for angles in zip(cos_PE, sin_PE, strict=True)]
        return self.turns[position - self.first]
