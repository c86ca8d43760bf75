"""Configurations of causal stacks of both families."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from seqkit.architecture.encoders import Init
from seqkit.architecture.families import RecurrentFamily, TransformerFamily


class CausalRecurrentConfig(RecurrentFamily):
    """A causal recurrent stack.

    Args:
        family: `rnn` (Elman 1990), `lstm` (Hochreiter & Schmidhuber 1997, Gers et al. 2000), `gru` (Cho et al. 2014), or
            `mingru` (Feng et al. 2024), whose recurrence is linear.
        width: features of every layer and of the output.
        dropout: between layers, never inside the recurrence.
        locked: one dropout mask for all steps of a piece (Gal & Ghahramani 2016) instead of one a step.
        weight_drop: share of the recurrent matrix that is zeroed, drawn anew for each piece (DropConnect, Merity et al.
            2018).
        recurrent_dropout: on the state as it re-enters the recurrence, drawn anew at each step; in training the steps are
            then taken one by one. What Zaremba et al. (2014) warn of, here to be compared with.
        norm: layer norm on the input of each layer and on the output of the stack.
        residual: add a layer's input to its output where their widths agree.
        init: `default` (uniform), `forget` (forget-gate bias 1, Jozefowicz et al. 2015) or `chrono` (gate biases that remember
            up to `longest` steps, Tallec & Ollivier 2018); in a plain RNN an identity recurrence (Le et al. 2015) under both.
    """

    family: Literal["rnn", "lstm", "gru", "mingru"] = "lstm"
    layers: int = Field(default=2, ge=1, le=48)
    width: int = Field(default=220, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    locked: bool = True
    weight_drop: float = Field(default=0.0, ge=0, lt=1)
    recurrent_dropout: float = Field(default=0.0, ge=0, lt=1)
    norm: bool = True
    residual: bool = False
    init: Literal["default", "forget", "chrono"] = "forget"
    longest: int = Field(default=100, ge=2)

    @field_validator("weight_drop", "recurrent_dropout")
    @classmethod
    def _needs_recurrent_weights(cls, share: float, info: ValidationInfo) -> float:
        if share and info.data.get("family") == "mingru":
            raise ValueError('should be 0 with family = "mingru", which has no recurrent weights')
        return share


class CausalTransformerConfig(TransformerFamily):
    """A causal Transformer stack.

    Args:
        width: features of a token; a multiple of `heads`.
        feedforward: features of the inner layer as a multiple of `width`.
        positions: `rotary`: rotations of queries and keys (Su et al. 2021); `alibi`: linear distance biases (Press et al.
            2022). Both know distances only, so that no position is too far.
        window: tokens an attention looks at, its own included; a cache never holds more. 0 looks back to the start.
        dropout: after attention and after the feed-forward layer.
        projections: as `TransformerConfig`'s.
    """

    family: Literal["transformer"] = "transformer"
    layers: int = Field(default=4, ge=1, le=48)
    width: int = Field(default=128, ge=1)
    heads: int = Field(default=4, ge=1)
    feedforward: float = Field(default=4.0, gt=0)
    positions: Literal["rotary", "alibi"] = "rotary"
    window: int = Field(default=256, ge=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    attention_dropout: float = Field(default=0.0, ge=0, lt=1)
    projections: Init = "default"
