"""Which family a configuration names. A new family is one file beside this one and one line here."""

from typing import Protocol

from torch import Tensor

from seqkit.models.recurrent import RecurrentConfig, RecurrentEncoder
from seqkit.models.transformer import TransformerConfig, TransformerEncoder


class Encoder(Protocol):
    """Sees the whole sequence: x_BTD, length_B -> y_BTD with `output_width` features."""

    output_width: int

    def __call__(self, x_BTD: Tensor, length_B: Tensor) -> Tensor:
        """Encode a padded batch."""
        ...


def build_encoder(config: RecurrentConfig | TransformerConfig, input_width: int) -> Encoder:
    """Build the encoder of either family, weights at random."""
    match config:
        case RecurrentConfig():
            return RecurrentEncoder(config, input_width)
        case TransformerConfig():
            return TransformerEncoder(config, input_width)
