"""A recurrent decoder: a causal stack that reads what a bridge keeps of the source.

Axes: B sentences, T target tokens, D features of a layer, E features of an embedding, O features read.
"""

import torch
from torch import Tensor, nn

from seqkit.architecture.translator import RecurrentDecoderConfig
from seqkit.models.bridges import AttentionBridge, Bridge, MatrixBridge, Memory, Source, SummaryBridge, by_source
from seqkit.models.causal_recurrent import CausalLayer
from seqkit.models.dropout import Dropout
from seqkit.models.state import State


class RecurrentDecoder(nn.Module):
    """`start(source) -> State`, `scan(x_BTE, state) -> (y_BTD, state)`.

    Args:
        input_width: E.
        source_width: features of a source token.
        ends_width: features of the encoder's ends.
    """

    def __init__(self, config: RecurrentDecoderConfig, input_width: int, *, source_width: int, ends_width: int) -> None:
        super().__init__()
        widths = [input_width, *[config.width] * config.layers]
        self.layers = nn.ModuleList(CausalLayer(config, width) for width in widths[:-1])
        self.readings = nn.ModuleDict(
            {
                str(place): Reading(build_bridge(config, widths[place], source_width, ends_width), widths[place])
                for place in config.reading_places()
            }
        )
        # A state that is an output lies between -1 and 1, an LSTM's memory anywhere.
        parts = [f"{number}.{part}" for number, layer in enumerate(self.each_layer()) for part in layer.cell.carried]
        self.carried = tuple(parts)
        self.width = config.width
        self.initialisation = nn.Linear(ends_width, len(parts) * config.width) if config.initialise else None
        self.dropout = Dropout(config.dropout, locked=config.locked)
        self.norm = nn.LayerNorm(config.width) if config.norm else nn.Identity()

    def each_layer(self) -> list[CausalLayer]:
        """The layers, typed."""
        return [layer for layer in self.layers if isinstance(layer, CausalLayer)]

    def reading(self, place: int) -> "Reading | None":
        """What is read before layer `place`, if anything is."""
        found = dict(self.readings.items()).get(str(place))
        assert found is None or isinstance(found, Reading)
        return found

    def start(self, source: Source) -> State:
        """Write the source down; the decoder's own states come from its ends, or are zeros."""
        memory = {
            f"{place}.{name}": part
            for place, reading in self.readings.items()
            if isinstance(reading, Reading)
            for name, part in reading.bridge.write(source).items()
        }
        if self.initialisation is None:
            zero_BD = source.ends_BE.new_zeros(len(source.ends_BE), self.width)
            return State(dict.fromkeys(self.carried, zero_BD), memory=memory)
        parts = self.initialisation(source.ends_BE).split(self.width, dim=-1)
        carry = {n: part if n.endswith(".c") else torch.tanh(part) for n, part in zip(self.carried, parts, strict=True)}
        return State(carry, memory=memory)

    def scan(self, x_BTE: Tensor, state: State) -> tuple[Tensor, State]:
        """Read a piece of the target."""
        after: dict[str, Tensor] = {}
        y_BTD = self._read(0, x_BTE, state)
        for number, layer in enumerate(self.each_layer()):
            names = [f"{number}.{part}" for part in layer.cell.carried]
            y_BTD = self.dropout(y_BTD) if number else y_BTD
            y_BTD, carry = layer(y_BTD, tuple(state.carry[name] for name in names))
            after |= {name: part.to(state.carry[name].dtype) for name, part in zip(names, carry, strict=True)}
            y_BTD = self._read(number + 1, y_BTD, state)
        return self.norm(y_BTD), State(after, memory=state.memory)

    def _read(self, place: int, h_BTD: Tensor, state: State) -> Tensor:
        reading = self.reading(place)
        return h_BTD if reading is None else reading(h_BTD, state.memory_of(str(place)))


class Reading(nn.Module):
    """h + tanh(W [h; o]) with o what the bridge reads for h: the same for every bridge, so that they differ in o alone."""

    def __init__(self, bridge: Bridge, width: int) -> None:
        super().__init__()
        self.bridge = bridge
        self.join = nn.Linear(width + bridge.output_width, width)

    def forward(self, h_BTD: Tensor, memory: Memory) -> Tensor:
        """Same shape out as in."""
        o_BTO = self.bridge.read(by_source(h_BTD, memory), memory).reshape(*h_BTD.shape[:2], -1)
        return h_BTD + torch.tanh(self.join(torch.cat([h_BTD, o_BTO.to(h_BTD.dtype)], dim=-1)))


def build_bridge(config: RecurrentDecoderConfig, width: int, source_width: int, ends_width: int) -> Bridge:
    """The bridge of one reading, weights at random."""
    match config.bridge:
        case "attention":
            return AttentionBridge(source_width, width, config.value_width)
        case "matrix":
            return MatrixBridge(
                source_width,
                width,
                heads=config.heads,
                keys=config.key_width,
                values=config.value_width,
                delta=config.delta,
                decay=config.decay,
                both_ways=config.both_ways,
            )
        case "context" | "final":
            return SummaryBridge(ends_width, width)
