"""A causal language model.

Axes: B sequences, T tokens, V symbols, E features of an embedding, D of the body, G gates and
X queries, keys and values of the first layer.

What a symbol brings into the first layer depends on the symbol alone, so it is worked out once for each: a look-up then takes
the place of the first layer's norm and of its product with the weights behind it.
"""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seqkit.architecture.causal import CausalRecurrentConfig, CausalTransformerConfig
from seqkit.architecture.language_model import AnyLanguageModelConfig
from seqkit.engine.layers import Norm, Product, Projection, linear
from seqkit.engine.recurrent import CausalLayer, zeros
from seqkit.engine.state import State
from seqkit.engine.transformer import CausalTransformer
from seqkit.engine.weights import Array, Weights

LARGEST_TABLE = 16_000_000
"""Numbers; beyond this a table of what each symbol brings would cost more memory than it saves time."""


class Body(Protocol):
    """A causal stack that is given symbols."""

    @property
    def norm(self) -> Norm | None:
        """The last one, which is left to the product behind it."""
        ...

    def start(self, batch: int) -> State[Array]:
        """The state before anything was read."""
        ...

    def scan(self, token_BT: NDArray[np.int64], state: State[Array]) -> tuple[Array, State[Array]]:
        """y_BTD before the last norm, and the state after the last symbol."""
        ...


class LanguageModel:
    """As `models.language_model.LanguageModel` in evaluation.

    Args:
        weights: named as its parameters.

    Raises:
        ValueError: they are not those of such a model.
    """

    def __init__(self, config: AnyLanguageModelConfig, weights: Weights, vocabulary: int) -> None:
        width = config.embedding_width or config.width
        # A table that predicts as well is stored under that name.
        embedding_VE = weights.take("output_weight" if config.tied else "embedding.weight", vocabulary, width)
        x_VE = embedding_VE * embedding_VE.dtype.type(math.sqrt(width))
        body = weights.part("body")
        self.body: Body = (
            RecurrentBody(config, body, x_VE)
            if isinstance(config, CausalRecurrentConfig)
            else TransformerBody(config, body, x_VE)
        )
        self.output = output_products(weights, embedding_VE, config.width, config.tied, self.body.norm)
        weights.finish()

    def start(self, batch: int) -> State[Array]:
        """The state before anything was read."""
        return self.body.start(batch)

    def scan(self, token_BT: NDArray[np.int64], state: State[Array]) -> tuple[Array, State[Array]]:
        """logit_BTV of the symbol after each token, and the state after the last one."""
        x_BTD, state = self.body.scan(token_BT, state)
        for product in self.output:
            x_BTD = product(x_BTD)
        return x_BTD, state


class RecurrentBody:
    """`models.causal_recurrent.CausalRecurrent` behind a table of embeddings."""

    def __init__(self, config: CausalRecurrentConfig, weights: Weights, x_VE: Array) -> None:
        widths = [x_VE.shape[1], *[config.width] * (config.layers - 1)]
        self.layers = [CausalLayer(config, weights.part(f"layers.{n}"), n, width) for n, width in enumerate(widths)]
        self.norm = Norm(weights.part("norm"), config.width) if config.norm else None
        self.width, self.x_VE = config.width, x_VE
        first = self.layers[0]
        small = first.gates.product.width * len(x_VE) <= LARGEST_TABLE
        self.gate_VG = first.gates(x_VE) if small else None

    def start(self, batch: int) -> State[Array]:
        """Zeros: nothing has been read."""
        return State(zeros(self.layers, batch, self.width, self.x_VE.dtype))

    def scan(self, token_BT: NDArray[np.int64], state: State[Array]) -> tuple[Array, State[Array]]:
        """y_BTD before the last norm, and the state after the last symbol."""
        after: dict[str, Array] = {}
        gate_BTG = None if self.gate_VG is None else self.gate_VG[token_BT]
        first = self.layers[0]
        x_BTD = self.x_VE[token_BT] if gate_BTG is None or first.residual else np.empty(0)
        for layer in self.layers:
            x_BTD, carry = layer.scan(x_BTD, tuple(state.carry[name] for name in layer.names), gate_BTG)
            after |= zip(layer.names, carry, strict=True)
            gate_BTG = None
        return x_BTD, State(after, memory=state.memory)


class TransformerBody:
    """`models.causal_transformer.CausalTransformer` behind a table of embeddings."""

    def __init__(self, config: CausalTransformerConfig, weights: Weights, x_VE: Array) -> None:
        if x_VE.shape[1] != config.width:
            x_VE = Product(*linear(weights.part("input_projection"), x_VE.shape[1], config.width))(x_VE)
        self.x_VD = x_VE - x_VE.mean(axis=1, keepdims=True)
        self.stack = CausalTransformer(config, weights)
        first = self.stack.blocks[0].query_key_value
        self.gate_VX = first(self.x_VD) if first.product.width * len(x_VE) <= LARGEST_TABLE else None
        self.norm = Norm(weights.part("norm"), config.width, centred=True)

    def start(self, batch: int) -> State[Array]:
        """Empty caches."""
        return self.stack.start(batch)

    def scan(self, token_BT: NDArray[np.int64], state: State[Array]) -> tuple[Array, State[Array]]:
        """y_BTD before the last norm, and the state after the last symbol."""
        gate_BTX = None if self.gate_VX is None else self.gate_VX[token_BT]
        return self.stack.scan(self.x_VD[token_BT], state, gate_BTX)


def output_products(weights: Weights, embedding_VE: Array, width: int, tied: bool, norm: Norm | None) -> Sequence[Projection]:
    """The products, one after the other, from the body's output to logit_V; the norm before them joins the first."""
    vocabulary, features = len(embedding_VE), embedding_VE.shape[1] if tied else width
    output_VE = embedding_VE if tied else weights.take("output_weight", vocabulary, features)
    last = (output_VE, weights.take("output_bias", vocabulary))
    if features == width:
        return [Projection(*last, norm)]
    return [Projection(*linear(weights.part("project"), width, features), norm), Projection(*last)]
