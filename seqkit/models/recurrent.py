"""Recurrent encoders: stacked, bidirectional Elman, LSTM and GRU layers over padded batches.

Axes: B sentences, T tokens, D input features, H features of one direction, d directions.

A bidirectional layer is two one-way layers, the second over the length-aware reverse of its input. That equals a packed
bidirectional layer to rounding, and keeps oneDNN's fast path on CPU, which packing leaves.
"""

from typing import Any, Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from seqkit.config import Config
from seqkit.models.dropout import Dropout

Cell = Literal["rnn", "lstm", "gru"]
CELLS: dict[str, type[nn.RNN] | type[nn.LSTM] | type[nn.GRU]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
READ: dict[type[nn.RNNBase], Any] = {nn.RNN: torch.rnn_tanh, nn.LSTM: torch.lstm, nn.GRU: torch.gru}


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
        if self.back is None:
            return self.ahead(x_BTD)[0]
        if len(x_BTD) == 1 and int(length_B[0]) == x_BTD.shape[1]:
            return self._without_padding(x_BTD)
        ahead_BTH = self.ahead(x_BTD)[0]
        order_BT = reversal(length_B, x_BTD.shape[1])
        back_BTH = gather_time(self.back(gather_time(x_BTD, order_BT))[0], order_BT)
        return torch.cat([ahead_BTH, back_BTH], dim=-1)

    def _without_padding(self, x_BTD: Tensor) -> Tensor:
        """Both directions by one call: a sentence alone waits for calls, not for arithmetic."""
        assert self.back is not None
        weights = [*weights_of(self.ahead), *weights_of(self.back)]
        start_dBH = x_BTD.new_zeros(2, len(x_BTD), self.ahead.hidden_size)
        start = (start_dBH, start_dBH) if isinstance(self.ahead, nn.LSTM) else start_dBH
        return READ[type(self.ahead)](x_BTD, start, weights, True, 1, 0.0, self.training, True, True)[0]


def reversal(length_B: Tensor, steps: int) -> Tensor:
    """order_BT that reverses the first `length` positions of each row and leaves padding where it is; its own inverse."""
    step_T = torch.arange(steps, device=length_B.device)
    mirrored_BT = length_B[:, None] - 1 - step_T
    return torch.where(mirrored_BT >= 0, mirrored_BT, step_T)


def gather_time(x_BTD: Tensor, order_BT: Tensor) -> Tensor:
    """Pick time steps row by row."""
    # As a look-up in one table of all steps: whole rows are copied, which `gather` and its gradient do not do.
    first_B1 = torch.arange(len(x_BTD), device=x_BTD.device)[:, None] * x_BTD.shape[1]
    return nn.functional.embedding(first_B1 + order_BT, x_BTD.flatten(0, 1))


class CellWeights(NamedTuple):
    """The weights of one layer and direction, its gates one below the other, in PyTorch's order."""

    input_weight: Tensor
    recurrent_weight: Tensor
    input_bias: Tensor
    recurrent_bias: Tensor


def weights_of(network: nn.RNNBase) -> CellWeights:
    """The weights of one layer of PyTorch's."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return CellWeights(*map(network.get_parameter, names))


def initialise(network: nn.RNNBase, init: str, longest: int) -> None:
    """`initialise_cell` for one layer of PyTorch's."""
    initialise_cell(weights_of(network), network.hidden_size, init, longest)


@torch.no_grad()
def initialise_cell(weights: CellWeights, hidden: int, init: str, longest: int) -> None:
    """Set weights and gate biases in place; there are two biases, so one carries the value and the other is zero.

    The number of gates tells the cell: 1 is a plain RNN, 3 a GRU, 4 an LSTM.
    """
    gates = len(weights.input_bias) // hidden
    if init == "default":
        return
    if gates == 1:
        nn.init.eye_(weights.recurrent_weight)
        return
    for matrix in weights.recurrent_weight.split(hidden):
        nn.init.orthogonal_(matrix)
    for matrix in weights.input_weight.split(hidden):
        nn.init.xavier_uniform_(matrix)
    weights.input_bias.zero_()
    weights.recurrent_bias.zero_()
    keep = slice(hidden, 2 * hidden)  # LSTM's forget gate, GRU's update gate: both are second
    if init == "forget":
        weights.input_bias[keep] = 1.0
        return
    remember_H = chrono_bias(hidden, longest).to(weights.input_bias)
    weights.input_bias[keep] = remember_H
    if gates == 4:
        weights.input_bias[:hidden] = -remember_H


def chrono_bias(hidden: int, longest: int) -> Tensor:
    """Biases log(u) of gates that keep, u uniform in [1, longest - 1] (Tallec & Ollivier 2018); an input gate negates it."""
    return torch.log(1 + torch.rand(hidden) * max(longest - 2, 0))
