"""One step of each recurrent cell, whose scans are in `models.causal_recurrent` and `models.recurrent`.

Axes: X rows of sequences or directions, H features of a layer, G gates side by side.

A step takes what the input brings, what the recurrence brings and the carry, and returns the next carry, its output first.
It may write over the first two and leaves the carry as it is.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from seqkit.engine.layers import sigmoid
from seqkit.engine.weights import Array

Carry = tuple[Array, ...]


def step_rnn(input_XG: Array, recurrent_XG: Array, carry: Carry) -> Carry:
    """h = tanh(W x + b + U h + d)  (Elman 1990)."""
    input_XG = input_XG + recurrent_XG
    return (np.tanh(input_XG, out=input_XG),)


def step_lstm(input_XG: Array, recurrent_XG: Array, carry: Carry) -> Carry:
    """c = f c + i g and h = o tanh(c), the gates in PyTorch's order i, f, g, o (Gers et al. 2000)."""
    hidden = carry[1].shape[-1]
    recurrent_XG += input_XG
    new_XH = np.tanh(recurrent_XG[..., 2 * hidden : 3 * hidden])
    gate_XG = sigmoid(recurrent_XG)
    new_XH *= gate_XG[..., :hidden]
    c_XH = carry[1] * gate_XG[..., hidden : 2 * hidden]
    c_XH += new_XH
    h_XH = np.tanh(c_XH)
    h_XH *= gate_XG[..., 3 * hidden :]
    return h_XH, c_XH


def step_gru(input_XG: Array, recurrent_XG: Array, carry: Carry) -> Carry:
    """h = (1 - z) n + z h with n = tanh(x_n + r r_n), the gates in PyTorch's order r, z, n (Cho et al. 2014)."""
    hidden = carry[0].shape[-1]
    gate_XG = sigmoid(input_XG[..., : 2 * hidden] + recurrent_XG[..., : 2 * hidden])
    new_XH = recurrent_XG[..., 2 * hidden :]
    new_XH *= gate_XG[..., :hidden]
    new_XH += input_XG[..., 2 * hidden :]
    np.tanh(new_XH, out=new_XH)
    h_XH = carry[0] - new_XH
    h_XH *= gate_XG[..., hidden:]
    h_XH += new_XH
    return (h_XH,)


def step_mingru(input_XG: Array, recurrent_XG: Array, carry: Carry) -> Carry:
    """h = (1 - z) h + z g, gate and candidate of the input alone (Feng et al. 2024)."""
    write_XH, candidate_XH = np.split(input_XG, 2, axis=-1)
    new_XH = sigmoid(np.minimum(candidate_XH, 0))
    new_XH += np.maximum(candidate_XH, 0)
    new_XH -= carry[0]
    new_XH *= sigmoid(write_XH)
    new_XH += carry[0]
    return (new_XH,)


class Cell(NamedTuple):
    """What tells one cell from another.

    Args:
        carried: names of the parts of its carry.
        gates: matrices side by side in its weights.
        recurrent: whether the state passes a matrix; without one `recurrent_XG` is nothing.
    """

    carried: tuple[str, ...]
    gates: int
    step: Callable[[Array, Array, Carry], Carry]
    recurrent: bool = True


CELLS = {
    "rnn": Cell(("h",), 1, step_rnn),
    "lstm": Cell(("h", "c"), 4, step_lstm),
    "gru": Cell(("h",), 3, step_gru),
    "mingru": Cell(("h",), 2, step_mingru, recurrent=False),
}
