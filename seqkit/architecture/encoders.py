"""Configurations of encoders of both families."""

from typing import Literal

from pydantic import Field

from seqkit.architecture.families import RecurrentFamily, TransformerFamily


class RecurrentConfig(RecurrentFamily):
    """A recurrent stack.

    Args:
        family: `rnn` (Elman 1990), `lstm` (Hochreiter & Schmidhuber 1997, Gers et al. 2000), `gru` (Cho et al. 2014), or
            `mingru` (Feng et al. 2024), whose recurrence is linear.
        width: features of its output, both directions together.
        init: `default` (uniform), `forget` (forget-gate bias 1, Jozefowicz et al. 2015) or `chrono` (gate biases that remember
            up to `longest` steps, Tallec & Ollivier 2018); for a GRU the update gate, for a plain RNN an identity
            recurrence (Le et al. 2015) under both.
        dropout: between layers, never inside the recurrence.
        locked: one dropout mask for all time steps of a sentence (Gal & Ghahramani 2016) instead of one a step.
        norm: layer norm on the input of each layer.
        residual: add a layer's input to its output where their widths agree.
    """

    family: Literal["rnn", "lstm", "gru", "mingru"] = "lstm"
    layers: int = Field(default=1, ge=1, le=16)
    width: int = Field(default=256, ge=2)
    bidirectional: bool = True
    dropout: float = Field(default=0.3, ge=0, lt=1)
    locked: bool = True
    init: Literal["default", "forget", "chrono"] = "forget"
    longest: int = Field(default=100, ge=2)
    norm: bool = False
    residual: bool = False


Init = Literal["default", "glorot"]


class TransformerConfig(TransformerFamily):
    """A Transformer stack.

    Args:
        width: features of a token; a multiple of `heads`.
        positions: `directional`: linear distance biases (ALiBi, Press et al. 2022), half of the heads looking back and half
            ahead, so that order is known without embeddings; `rotary`: rotations of queries and keys (Su et al. 2021).
        feedforward: features of the inner layer as a multiple of `width`.
        dropout: after attention and after the feed-forward layer.
        projections: the weights' start: `default` leaves what PyTorch sets; `glorot`: uniform with unit gain (Glorot & Bengio
            2010), larger by √3 where a layer is square, and biases of 0.
    """

    family: Literal["transformer"] = "transformer"
    layers: int = Field(default=2, ge=1, le=48)
    width: int = Field(default=128, ge=4)
    heads: int = Field(default=4, ge=1)
    feedforward: float = Field(default=2.0, gt=0)
    positions: Literal["directional", "rotary"] = "directional"
    dropout: float = Field(default=0.3, ge=0, lt=1)
    attention_dropout: float = Field(default=0.1, ge=0, lt=1)
    projections: Init = "default"
