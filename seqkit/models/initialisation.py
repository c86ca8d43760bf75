"""How the weights of a recurrent cell start, and their order."""

from typing import NamedTuple

import torch
from torch import Tensor, nn


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


@torch.no_grad()
def initialise_mingru(projection: nn.Linear, init: str, longest: int) -> None:
    """Set the gate's bias in place: z is the share that is written, so what it is to keep has the opposite sign."""
    hidden = projection.out_features // 2
    if init == "default":
        return
    for matrix in projection.weight.split(hidden):
        nn.init.xavier_uniform_(matrix)
    projection.bias.zero_()
    projection.bias[:hidden] = -1.0 if init == "forget" else -chrono_bias(hidden, longest).to(projection.bias)
