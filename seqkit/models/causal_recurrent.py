"""Causal recurrent stacks: Elman, LSTM, GRU and minGRU layers that read a text piece by piece.

Axes: B sequences, T steps, D input features, H features of a layer, G gates side by side.

A cell is two small functions on plain weights: one reads a piece of any length, one a single token, given what it brings in.
Whoever has a faster scan or step replaces that function and nothing else.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, linear

from seqkit.architecture.causal import CausalRecurrentConfig
from seqkit.models.dropout import Dropout
from seqkit.models.gru_scan import gru_scan
from seqkit.models.initialisation import CellWeights, initialise_cell
from seqkit.models.kernels import scan_by_kernel, takes_fused
from seqkit.models.mingru import MinGRU
from seqkit.models.state import State

Carry = tuple[Tensor, ...]
"""What passes from step to step, each B x H: the output, then an LSTM's memory."""


class CausalRecurrent(nn.Module):
    """`scan(x_BTD, state) -> (y_BTH, state)` of `config.width` features; the state has one size however long the past."""

    def __init__(self, config: CausalRecurrentConfig, input_width: int) -> None:
        super().__init__()
        self.output_width = config.width
        self.layers = nn.ModuleList(
            CausalLayer(config, config.width if number else input_width) for number in range(config.layers)
        )
        self.dropout = Dropout(config.dropout, locked=config.locked)
        self.norm = nn.LayerNorm(config.width) if config.norm else nn.Identity()

    def each_layer(self) -> list["CausalLayer"]:
        """The layers, typed."""
        return [layer for layer in self.layers if isinstance(layer, CausalLayer)]

    def start(self, batch: int) -> State:
        """Zeros: nothing has been read."""
        like = next(self.parameters())
        parts = {
            f"{number}.{part}": like.new_zeros(batch, self.output_width)
            for number, layer in enumerate(self.each_layer())
            for part in layer.cell.carried
        }
        return State(parts)

    def scan(self, x_BTD: Tensor, state: State) -> tuple[Tensor, State]:
        """Read a piece of any length, the state being all that is known of the past."""
        after: dict[str, Tensor] = {}
        for number, layer in enumerate(self.each_layer()):
            names = [f"{number}.{part}" for part in layer.cell.carried]
            x_BTD = self.dropout(x_BTD) if number else x_BTD
            x_BTD, carry = layer(x_BTD, tuple(state.carry[name] for name in names))
            after |= {name: part.to(state.carry[name].dtype) for name, part in zip(names, carry, strict=True)}
        return self.norm(x_BTD), State(after, memory=state.memory)


class CausalLayer(nn.Module):
    """x -> cell(norm(x)) [+ x]."""

    def __init__(self, config: CausalRecurrentConfig, input_width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(input_width) if config.norm else nn.Identity()
        self.cell = build_cell(config, input_width)
        self.residual = config.residual and input_width == config.width

    def forward(self, x_BTD: Tensor, carry: Carry) -> tuple[Tensor, Carry]:
        """The outputs and what the next piece needs."""
        y_BTH, carry = self.cell(self.norm(x_BTD), carry)
        return (x_BTD + y_BTH if self.residual else y_BTH), carry


def build_cell(config: CausalRecurrentConfig, input_width: int) -> "Gated | MinGRU":
    """A cell with a recurrent matrix, or without."""
    if config.family == "mingru":
        return MinGRU(input_width, config.width, config.init, config.longest)
    return Gated(config, input_width)


class Gated(nn.Module):
    """An Elman, LSTM or GRU cell: PyTorch's weights and order of gates, read by a scan or a step."""

    def __init__(self, config: CausalRecurrentConfig, input_width: int) -> None:
        super().__init__()
        kind = CELLS[config.family]
        self.family, self.kind, self.carried = config.family, kind, kind.carried
        self.weight_drop, self.recurrent_dropout = config.weight_drop, config.recurrent_dropout
        wide = kind.gates * config.width
        self.input_weight = nn.Parameter(torch.empty(wide, input_width))
        self.recurrent_weight = nn.Parameter(torch.empty(wide, config.width))
        self.input_bias = nn.Parameter(torch.empty(wide))
        self.recurrent_bias = nn.Parameter(torch.empty(wide))
        bound = config.width**-0.5
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)
        initialise_cell(self.weights(), config.width, config.init, config.longest)

    def weights(self) -> CellWeights:
        """In PyTorch's order."""
        return CellWeights(self.input_weight, self.recurrent_weight, self.input_bias, self.recurrent_bias)

    def weights_in_use(self) -> CellWeights:
        """The weights, the recurrent matrix thinned in training."""
        if not self.training or self.weight_drop == 0:
            return self.weights()
        return self.weights()._replace(recurrent_weight=dropout(self.recurrent_weight, self.weight_drop))

    def forward(self, x_BTD: Tensor, carry: Carry) -> tuple[Tensor, Carry]:
        """Read a piece."""
        if self.training and self.recurrent_dropout:
            return self._scan_with_dropout(x_BTD, carry)
        if x_BTD.shape[1] > 1 or torch.is_grad_enabled():
            return self.kind.scan(x_BTD, carry, self.weights_in_use())
        carry = self.step(self.input_projection(x_BTD[:, 0]), carry)
        return carry[0][:, None], carry

    def _scan_with_dropout(self, x_BTD: Tensor, carry: Carry) -> tuple[Tensor, Carry]:
        weights = self.weights_in_use()
        steps: list[Tensor] = []
        for gate_BG in self.input_projection(x_BTD).unbind(1):
            dropped_BH = dropout(carry[0], self.recurrent_dropout)
            carry = self.kind.step(gate_BG, (dropped_BH, *carry[1:]), weights.recurrent_weight, weights.recurrent_bias)
            steps.append(carry[0])
        return torch.stack(steps, dim=1), carry

    def input_projection(self, x_BD: Tensor) -> Tensor:
        """gate_BG: what a token brings in, whatever the past."""
        return linear(x_BD, self.input_weight, self.input_bias)

    def step(self, gate_BG: Tensor, carry: Carry) -> Carry:
        """The carry after one token, in inference."""
        return self.kind.step(gate_BG, carry, self.recurrent_weight, self.recurrent_bias)


class Kind(NamedTuple):
    """What tells one gated cell from another.

    Args:
        carried: names of the parts of its carry.
        gates: matrices side by side in its weights.
        scan: reads x_BTD.
        step: reads gate_BG, a token times the input weights; then come carry, recurrent weight and bias.
    """

    carried: tuple[str, ...]
    gates: int
    scan: Callable[[Tensor, Carry, CellWeights], tuple[Tensor, Carry]]
    step: Callable[[Tensor, Carry, Tensor, Tensor], Carry]


def scan_rnn(x_BTD: Tensor, carry: Carry, weights: CellWeights) -> tuple[Tensor, Carry]:
    """h = tanh(W x + b + U h + d)."""
    return scan_by_kernel(torch.rnn_tanh, x_BTD, carry, weights)


def step_rnn(gate_BG: Tensor, carry: Carry, weight_GH: Tensor, bias_G: Tensor) -> Carry:
    """One token of `scan_rnn`."""
    return (torch.tanh(gate_BG + linear(carry[0], weight_GH, bias_G)),)


def scan_lstm(x_BTD: Tensor, carry: Carry, weights: CellWeights) -> tuple[Tensor, Carry]:
    """c = f c + i g and h = o tanh(c), by the function behind `nn.LSTM`: oneDNN's or cuDNN's."""
    return scan_by_kernel(torch.lstm, x_BTD, carry, weights)


def step_lstm(gate_BG: Tensor, carry: Carry, weight_GH: Tensor, bias_G: Tensor) -> Carry:
    """One token of `scan_lstm`, which would reorder its weights at every call."""
    h_BH, c_BH = carry
    gate_BG = gate_BG + linear(h_BH, weight_GH, bias_G)
    hidden = h_BH.shape[1]
    write_BH, keep_BH = gate_BG[:, : 2 * hidden].sigmoid().chunk(2, dim=1)
    new_BH, show_BH = gate_BG[:, 2 * hidden :].chunk(2, dim=1)
    c_BH = torch.addcmul(keep_BH * c_BH, write_BH, new_BH.tanh())
    return show_BH.sigmoid() * c_BH.tanh(), c_BH


def scan_gru(x_BTD: Tensor, carry: Carry, weights: CellWeights) -> tuple[Tensor, Carry]:
    """h = (1 - z) n + z h, by cuDNN's kernel or, on a CPU, which has none, a scan with an analytic gradient."""
    if takes_fused(x_BTD.device):
        return scan_by_kernel(torch.gru, x_BTD, carry, weights)
    gate_TBG = linear(x_BTD.transpose(0, 1), weights.input_weight, weights.input_bias)
    y_BTH = gru_scan(gate_TBG.transpose(0, 1), carry[0], weights.recurrent_weight, weights.recurrent_bias)
    return y_BTH, (y_BTH[:, -1],)


def step_gru(gate_BG: Tensor, carry: Carry, weight_GH: Tensor, bias_G: Tensor) -> Carry:
    """One token of `scan_gru`."""
    (h_BH,) = carry
    past_BG = linear(h_BH, weight_GH, bias_G)
    hidden = h_BH.shape[1]
    reset_BH, keep_BH = (gate_BG[:, : 2 * hidden] + past_BG[:, : 2 * hidden]).sigmoid().chunk(2, dim=1)
    new_BH = torch.addcmul(gate_BG[:, 2 * hidden :], reset_BH, past_BG[:, 2 * hidden :]).tanh()
    return (torch.lerp(new_BH, h_BH, keep_BH),)


CELLS = {
    "rnn": Kind(("h",), 1, scan_rnn, step_rnn),
    "lstm": Kind(("h", "c"), 4, scan_lstm, step_lstm),
    "gru": Kind(("h",), 3, scan_gru, step_gru),
}
