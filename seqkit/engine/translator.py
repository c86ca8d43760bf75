"""An encoder-decoder: a source is read once, then a target is written symbol by symbol.

Axes: S sources of one length, L source tokens, B sequences, T tokens, E features of an embedding and of the encoder's ends,
D features of the decoder, X features of the source, V symbols.
"""

import math

import numpy as np
from numpy.typing import NDArray

from seqkit.architecture.translator import AnyTranslatorConfig, RecurrentTranslatorConfig, TransformerTranslatorConfig
from seqkit.engine.bridges import Reading
from seqkit.engine.language_model import output_products
from seqkit.engine.layers import Norm, Product, linear
from seqkit.engine.recurrent import CausalLayer, RecurrentEncoder, zeros
from seqkit.engine.state import State
from seqkit.engine.transformer import CausalTransformer, TransformerEncoder
from seqkit.engine.weights import Array, Weights


class Translator:
    """As `models.translator.Translator` in evaluation, for sources of one length.

    Args:
        weights: named as its parameters.

    Raises:
        ValueError: they are not those of such a model.
    """

    def __init__(
        self, config: AnyTranslatorConfig, weights: Weights, source_symbols: int, target_symbols: int, *, joint: bool
    ) -> None:
        width = config.embedding_width or config.width
        # A table that predicts as well is stored under that name.
        target_VE = weights.take("output_weight" if config.tied else "target.weight", target_symbols, width)
        source_VE = target_VE if joint else weights.take("source.weight", source_symbols, width)
        root = target_VE.dtype.type(math.sqrt(width))
        self.source_VE = source_VE * root
        self.decoder = (
            RecurrentDecoder(config, weights, target_VE * root)
            if isinstance(config, RecurrentTranslatorConfig)
            else TransformerDecoder(config, weights, target_VE * root)
        )
        self.output = output_products(weights, target_VE, config.width, config.tied, self.decoder.norm)
        weights.finish()

    def start(self, source_SL: NDArray[np.int64]) -> State[Array]:
        """Read sources; all that the decoder will know of them is in the state."""
        return self.decoder.start(self.source_VE[source_SL])

    def scan(self, token_BT: NDArray[np.int64], state: State[Array]) -> tuple[Array, State[Array]]:
        """logit_BTV of the symbol after each token, and the state after the last one."""
        x_BTD, state = self.decoder.scan(token_BT, state)
        for product in self.output:
            x_BTD = product(x_BTD)
        return x_BTD, state


class TransformerDecoder:
    """Encoder and decoder of a Transformer."""

    def __init__(self, config: TransformerTranslatorConfig, weights: Weights, x_VE: Array) -> None:
        self.encoder = TransformerEncoder(config.encoder(), weights.part("encoder"), x_VE.shape[1])
        own = weights.part("decoder")
        if x_VE.shape[1] != config.width:
            x_VE = Product(*linear(own.part("input_projection"), x_VE.shape[1], config.width))(x_VE)
        self.x_VD = x_VE - x_VE.mean(axis=1, keepdims=True)
        self.stack = CausalTransformer(config.decoder(), own, source_width=config.width)
        self.norm = Norm(own.part("norm"), config.width, centred=True)

    def start(self, x_SLE: Array) -> State[Array]:
        """Keys and values of the source for each block."""
        y_SLD = self.encoder(x_SLE)
        looks = [block.look for block in self.stack.blocks]
        memory = {f"{n}.{name}": part for n, look in enumerate(looks) if look for name, part in look.write(y_SLD).items()}
        return self.stack.start(len(x_SLE), memory)

    def scan(self, token_BT: NDArray[np.int64], state: State[Array]) -> tuple[Array, State[Array]]:
        """y_BTD before the last norm."""
        return self.stack.scan(self.x_VD[token_BT], state)


class RecurrentDecoder:
    """Encoder, bridges and decoder of a recurrent translator."""

    def __init__(self, config: RecurrentTranslatorConfig, weights: Weights, x_VE: Array) -> None:
        width, own = config.width, weights.part("decoder")
        self.config, self.x_VE = config, x_VE
        self.encoder = RecurrentEncoder(config.encoder(), weights.part("encoder"), x_VE.shape[1])
        ends = self.encoder.output_width
        widths = [x_VE.shape[1], *[width] * config.layers]
        self.layers = [CausalLayer(config, own.part(f"layers.{n}"), n, widths[n]) for n in range(config.layers)]
        self.readings = {
            place: Reading(config, own.part(f"readings.{place}"), widths[place], ends + x_VE.shape[1], ends)
            for place in config.reading_places()
        }
        self.carried = [name for layer in self.layers for name in layer.names]
        self.initialisation = None
        if config.initialise:
            self.initialisation = Product(*linear(own.part("initialisation"), ends, len(self.carried) * width))
        self.norm = Norm(own.part("norm"), width) if config.norm else None

    def start(self, x_SLE: Array) -> State[Array]:
        """Write the sources down; the decoder's own states come from their ends, or are zeros."""
        if self.config.reverse:
            x_SLE = x_SLE[:, ::-1]
        y_SLD = self.encoder(x_SLE)
        half = y_SLD.shape[-1] // 2 if self.config.bidirectional else y_SLD.shape[-1]
        ends_SE = np.concatenate([y_SLD[:, -1, :half], y_SLD[:, 0, half:]], axis=-1)
        x_SLX = np.concatenate([y_SLD, x_SLE], axis=-1)
        memory = {
            f"{place}.{name}": part
            for place, reading in self.readings.items()
            for name, part in reading.bridge.write(x_SLX, ends_SE).items()
        }
        if self.initialisation is None:
            return State(zeros(self.layers, len(x_SLE), self.config.width, x_SLE.dtype), memory=memory)
        parts = np.split(self.initialisation(ends_SE), len(self.carried), axis=-1)
        # A state that is an output lies between -1 and 1, an LSTM's memory anywhere.
        carry = {n: part if n.endswith(".c") else np.tanh(part) for n, part in zip(self.carried, parts, strict=True)}
        return State(carry, memory=memory)

    def scan(self, token_BT: NDArray[np.int64], state: State[Array]) -> tuple[Array, State[Array]]:
        """y_BTD before the last norm, a symbol at a time: what is read of the source depends on the step before."""
        memories = {place: state.memory_of(str(place)) for place in self.readings}
        carried, outputs = dict(state.carry), list[Array]()
        for token_B in token_BT.T:
            x_BD = self._read(0, self.x_VE[token_B], memories)
            for place, layer in enumerate(self.layers, start=1):
                y_B1D, carry = layer.scan(x_BD[:, None], tuple(carried[name] for name in layer.names))
                carried |= zip(layer.names, carry, strict=True)
                x_BD = self._read(place, y_B1D[:, 0], memories)
            outputs.append(x_BD)
        return np.stack(outputs, axis=1), State(carried, memory=state.memory)

    def _read(self, place: int, h_BD: Array, memories: dict[int, dict[str, Array]]) -> Array:
        return self.readings[place](h_BD, memories[place]) if place in self.readings else h_BD
