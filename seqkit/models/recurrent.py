"""Recurrent encoders: stacked, bidirectional Elman, LSTM and GRU layers over padded batches.

Axes: B sentences, T tokens, D input features, H features of one direction.

A bidirectional layer is two one-way layers, the second over the length-aware reverse of its input. That equals a packed
bidirectional layer to rounding, keeps oneDNN's fast path on CPU, and leaves a graph that exports.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from seqkit.config import Config
from seqkit.models.dropout import Dropout

Cell = Literal["rnn", "lstm", "gru"]
CELLS: dict[str, type[nn.RNN] | type[nn.LSTM] | type[nn.GRU]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class RecurrentConfig(Config):
    """A recurrent stack.

    Args:
        width: features of its output, both directions together.
        init: `default` (uniform), `forget` (forget-gate bias 1, Jozefowicz et al. 2015) or `chrono` (gate biases that remember
            up to `longest` steps, Tallec & Ollivier 2018); for a GRU the update gate, for a plain RNN an identity
            recurrence (Le et al. 2015) under both.
        dropout: between layers, never inside the recurrence.
        locked: one dropout mask for all time steps of a sentence (Gal & Ghahramani 2016) instead of one a step.
    """

    family: Cell = "lstm"
    layers: int = Field(default=1, ge=1, le=16)
    width: int = Field(default=256, ge=2)
    bidirectional: bool = True
    dropout: float = Field(default=0.3, ge=0, lt=1)
    locked: bool = True
    init: Literal["default", "forget", "chrono"] = "forget"
    longest: int = Field(default=100, ge=2)


class RecurrentEncoder(nn.Module):
    """`encoder(x_BTD, length_B) -> y_BTD` of `config.width` features; padding never reaches a real token."""

    def __init__(self, config: RecurrentConfig, input_width: int) -> None:
        super().__init__()
        self.output_width = config.width
        self.layers = nn.ModuleList(
            RecurrentLayer(config, input_width if layer == 0 else config.width) for layer in range(config.layers)
        )
        self.dropout = Dropout(config.dropout, locked=config.locked)

    def forward(self, x_BTD: Tensor, length_B: Tensor) -> Tensor:
        """Encode a padded batch."""
        for number, layer in enumerate(self.layers):
            x_BTD = layer(self.dropout(x_BTD) if number else x_BTD, length_B)
        return x_BTD


class RecurrentLayer(nn.Module):
    """One layer, one or both directions."""

    def __init__(self, config: RecurrentConfig, input_width: int) -> None:
        super().__init__()
        directions = 2 if config.bidirectional else 1
        if config.width % directions:
            raise ValueError(f"width {config.width} does not divide into two directions")
        cell = CELLS[config.family]
        hidden = config.width // directions
        self.ahead = cell(input_width, hidden, batch_first=True)
        self.back = cell(input_width, hidden, batch_first=True) if config.bidirectional else None
        for network in filter(None, (self.ahead, self.back)):
            initialise(network, config.init, config.longest)

    def forward(self, x_BTD: Tensor, length_B: Tensor) -> Tensor:
        """Outputs of the forward direction, then of the backward one."""
        ahead_BTH = self.ahead(x_BTD)[0]
        if self.back is None:
            return ahead_BTH
        order_BT = reversal(length_B, x_BTD.shape[1])
        back_BTH = gather_time(self.back(gather_time(x_BTD, order_BT))[0], order_BT)
        return torch.cat([ahead_BTH, back_BTH], dim=-1)


def reversal(length_B: Tensor, steps: int) -> Tensor:
    """order_BT that reverses the first `length` positions of each row and leaves padding where it is; its own inverse."""
    step_T = torch.arange(steps, device=length_B.device)
    mirrored_BT = length_B[:, None] - 1 - step_T
    return torch.where(mirrored_BT >= 0, mirrored_BT, step_T)


def gather_time(x_BTD: Tensor, order_BT: Tensor) -> Tensor:
    """Pick time steps row by row."""
    return x_BTD.gather(1, order_BT[:, :, None].expand(-1, -1, x_BTD.shape[2]))


@torch.no_grad()
def initialise(network: nn.RNNBase, init: str, longest: int) -> None:
    """Set gate biases in place; PyTorch adds two biases, so one carries the value and the other is zero."""
    hidden = network.hidden_size
    weights = dict(network.named_parameters())
    input_bias, recurrent_bias = weights["bias_ih_l0"], weights["bias_hh_l0"]
    input_weight, recurrent_weight = weights["weight_ih_l0"], weights["weight_hh_l0"]
    if init == "default":
        return
    if isinstance(network, nn.RNN):
        nn.init.eye_(recurrent_weight)
        return
    for gate in range(len(recurrent_weight) // hidden):
        nn.init.orthogonal_(recurrent_weight[gate * hidden : (gate + 1) * hidden])
    for matrix in input_weight.split(hidden):
        nn.init.xavier_uniform_(matrix)
    input_bias.zero_()
    recurrent_bias.zero_()
    # chrono: keep-gate bias log(u), u uniform in [1, longest - 1]; the input gate gets its negative.
    remember_H = torch.log(1 + torch.rand(hidden, dtype=input_bias.dtype) * max(longest - 2, 0)) if init == "chrono" else None
    keep = slice(hidden, 2 * hidden)  # LSTM's forget gate, GRU's update gate: both are second
    if remember_H is None:
        input_bias[keep] = 1.0
        return
    input_bias[keep] = remember_H
    if isinstance(network, nn.LSTM):
        input_bias[:hidden] = -remember_H
