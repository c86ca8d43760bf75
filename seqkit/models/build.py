"""Which family a configuration names. A new family is one file beside this one and one line here."""

from typing import Protocol

from torch import Tensor

from seqkit.architecture.causal import CausalRecurrentConfig, CausalTransformerConfig
from seqkit.architecture.encoders import RecurrentConfig, TransformerConfig
from seqkit.models.causal_recurrent import CausalRecurrent
from seqkit.models.causal_transformer import CausalTransformer
from seqkit.models.recurrent import RecurrentEncoder
from seqkit.models.state import State
from seqkit.models.transformer import TransformerEncoder


class Encoder(Protocol):
    """Sees the whole sequence: x_BTD, length_B -> y_BTD with `output_width` features."""

    output_width: int

    def __call__(self, x_BTD: Tensor, length_B: Tensor) -> Tensor:
        """Encode a padded batch."""
        ...


class Causal(Protocol):
    """Sees only the past: x_BTD, state -> y_BTD with `output_width` features, state. A step is a scan with T = 1."""

    output_width: int

    def start(self, batch: int) -> State:
        """The state of `batch` sequences before anything was read."""
        ...

    def scan(self, x_BTD: Tensor, state: State) -> tuple[Tensor, State]:
        """Read a piece of any length; the state passed in stays valid."""
        ...


def build_encoder(config: RecurrentConfig | TransformerConfig, input_width: int) -> Encoder:
    """Build the encoder of either family, weights at random."""
    match config:
        case RecurrentConfig():
            return RecurrentEncoder(config, input_width)
        case TransformerConfig():
            return TransformerEncoder(config, input_width)


def build_causal(config: CausalRecurrentConfig | CausalTransformerConfig, input_width: int) -> Causal:
    """Build the causal model of either family, weights at random."""
    match config:
        case CausalRecurrentConfig():
            return CausalRecurrent(config, input_width)
        case CausalTransformerConfig():
            return CausalTransformer(config, input_width)
