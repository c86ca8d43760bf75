"""The gates and states of a recurrent layer, step by step, from its weights.

Axes: B sequences, T steps, D input features, H features, G gates side by side.

The fused kernels that read a text never show them. Here each equation stands as it is published; the hidden states come out
as the kernels gave them.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from seqkit.models.causal_recurrent import CausalLayer, Gated
from seqkit.models.initialisation import CellWeights, weights_of
from seqkit.models.inspection.recording import Call, Calls
from seqkit.models.mingru import MinGRU
from seqkit.models.recurrent import RecurrentLayer


class Gates(NamedTuple):
    """One cell's activations, by name, in the order of the text, each of them _BTH.

    Args:
        shares: gates, from 0 to 1; a plain RNN has none.
        states: of either sign; `hidden` is the cell's output, and is always there.
    """

    shares: dict[str, Tensor]
    states: dict[str, Tensor]


@torch.no_grad()
def layer_gates(layer: RecurrentLayer | CausalLayer, calls: Calls) -> dict[str, Gates]:
    """The gates of each direction, `forward` and `backward`, in one recorded pass over texts without padding."""
    if isinstance(layer, CausalLayer):
        return {"forward": causal_gates(layer.cell, calls[layer.cell])}
    x_BTD = layer.norm(calls[layer].given[0])
    found = {"forward": gates_of_network(layer.ahead, x_BTD)}
    if layer.back is not None:
        shares, states = gates_of_network(layer.back, x_BTD.flip(1))
        found["backward"] = Gates(*({name: part.flip(1) for name, part in parts.items()} for parts in (shares, states)))
    return found


def gates_of_network(network: nn.Module, x_BTD: Tensor) -> Gates:
    """One direction of an encoder's layer, in the order in which it reads."""
    if isinstance(network, MinGRU):
        return mingru_gates(x_BTD, (x_BTD.new_zeros(len(x_BTD), network.width),), network)
    assert isinstance(network, nn.RNNBase)
    zero_BH = x_BTD.new_zeros(len(x_BTD), network.hidden_size)
    return gates_of_weights(x_BTD, (zero_BH, zero_BH), weights_of(network))


def causal_gates(cell: nn.Module, call: Call) -> Gates:
    """A cell that takes its state from a call to the next."""
    x_BTD, carry = call.given
    if isinstance(cell, MinGRU):
        return mingru_gates(x_BTD, carry, cell)
    assert isinstance(cell, Gated)
    return gates_of_weights(x_BTD, carry, cell.weights())


def gates_of_weights(x_BTD: Tensor, carry: tuple[Tensor, ...], weights: CellWeights) -> Gates:
    """Of PyTorch's weights, whose number of gates tells the cell."""
    into_BTG = linear(x_BTD, weights.input_weight, weights.input_bias)
    match len(weights.input_bias) // weights.recurrent_weight.shape[1]:
        case 4:
            return lstm_gates(into_BTG, carry, weights)
        case 3:
            return gru_gates(into_BTG, carry, weights)
        case _:
            return rnn_states(into_BTG, carry, weights)


def lstm_gates(into_BTG: Tensor, carry: tuple[Tensor, ...], weights: CellWeights) -> Gates:
    """c = f c + i g, h = o tanh(c) (Hochreiter & Schmidhuber 1997, Gers et al. 2000)."""
    h_BH, c_BH = carry
    steps: list[tuple[Tensor, ...]] = []
    for into_BG in into_BTG.unbind(1):
        i_BH, f_BH, g_BH, o_BH = (into_BG + linear(h_BH, weights.recurrent_weight, weights.recurrent_bias)).chunk(4, dim=-1)
        i_BH, f_BH, o_BH = i_BH.sigmoid(), f_BH.sigmoid(), o_BH.sigmoid()
        c_BH = f_BH * c_BH + i_BH * g_BH.tanh()
        h_BH = o_BH * c_BH.tanh()
        steps.append((f_BH, i_BH, o_BH, c_BH, h_BH))
    forget, write, output, cell, hidden = over_time(steps)
    return Gates({"forget": forget, "input": write, "output": output}, {"cell": cell, "hidden": hidden})


def gru_gates(into_BTG: Tensor, carry: tuple[Tensor, ...], weights: CellWeights) -> Gates:
    """h' = (1 - z) n + z h, n = tanh(W x + b + r (U h + d)) (Cho et al. 2014, as PyTorch computes it): z is what is kept."""
    h_BH = carry[0]
    steps: list[tuple[Tensor, ...]] = []
    for into_BG in into_BTG.unbind(1):
        into_r, into_z, into_n = into_BG.chunk(3, dim=-1)
        inner_r, inner_z, inner_n = linear(h_BH, weights.recurrent_weight, weights.recurrent_bias).chunk(3, dim=-1)
        r_BH, z_BH = (into_r + inner_r).sigmoid(), (into_z + inner_z).sigmoid()
        h_BH = (1 - z_BH) * (into_n + r_BH * inner_n).tanh() + z_BH * h_BH
        steps.append((r_BH, z_BH, h_BH))
    reset, update, hidden = over_time(steps)
    return Gates({"reset": reset, "update": update}, {"hidden": hidden})


def rnn_states(into_BTG: Tensor, carry: tuple[Tensor, ...], weights: CellWeights) -> Gates:
    """h' = tanh(W x + b + U h + d) (Elman 1990)."""
    h_BH = carry[0]
    steps: list[tuple[Tensor, ...]] = []
    for into_BG in into_BTG.unbind(1):
        h_BH = (into_BG + linear(h_BH, weights.recurrent_weight, weights.recurrent_bias)).tanh()
        steps.append((h_BH,))
    return Gates({}, {"hidden": over_time(steps)[0]})


def mingru_gates(x_BTD: Tensor, carry: tuple[Tensor, ...], cell: MinGRU) -> Gates:
    """h' = (1 - z) h + z n (Feng et al. 2024): z is what is written, the opposite of a GRU's."""
    h_BH = carry[0]
    z_BTH, new_BTH = cell.gates(cell.input_projection(x_BTD).to(h_BH.dtype))
    steps: list[tuple[Tensor, ...]] = []
    for z_BH, new_BH in zip(z_BTH.unbind(1), new_BTH.unbind(1), strict=True):
        h_BH = (1 - z_BH) * h_BH + z_BH * new_BH
        steps.append((h_BH,))
    return Gates({"update": z_BTH}, {"hidden": over_time(steps)[0]})


def over_time(steps: list[tuple[Tensor, ...]]) -> list[Tensor]:
    """From parts a step to steps a part."""
    return [torch.stack(parts, dim=1) for parts in zip(*steps, strict=True)]
