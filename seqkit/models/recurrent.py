"""Recurrent encoders: stacked, bidirectional Elman, LSTM, GRU and minGRU layers over padded batches.

Axes: B sentences, T tokens, D input features, H features of one direction, d directions.

A bidirectional layer is two one-way layers, the second over the length-aware reverse of its input. That equals a packed
bidirectional layer to rounding, and keeps oneDNN's fast path on CPU, which packing leaves.
"""

from typing import Any

import torch
from torch import Tensor, nn

from seqkit.architecture.encoders import RecurrentConfig
from seqkit.models.dropout import Dropout
from seqkit.models.initialisation import initialise, weights_of
from seqkit.models.kernels import scan_by_kernel, takes_fused
from seqkit.models.mingru import MinGRU

CELLS: dict[str, type[nn.RNN] | type[nn.LSTM] | type[nn.GRU]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
READ: dict[type[nn.RNNBase], Any] = {nn.RNN: torch.rnn_tanh, nn.LSTM: torch.lstm, nn.GRU: torch.gru}


class RecurrentEncoder(nn.Module):
    """`encoder(x_BTD, length_B) -> y_BTD` of `config.width` features; padding never reaches a real token."""

    def __init__(self, config: RecurrentConfig, input_width: int) -> None:
        super().__init__()
        self.output_width = config.width
        self.layers = nn.ModuleList(
            RecurrentLayer(config, input_width if layer == 0 else config.width) for layer in range(config.layers)
        )
        self.dropout = Dropout(config.dropout, locked=config.locked)
        self.residual = config.residual

    def forward(self, x_BTD: Tensor, length_B: Tensor) -> Tensor:
        """Encode a padded batch."""
        for number, layer in enumerate(self.layers):
            x_BTD = self.dropout(x_BTD) if number else x_BTD
            y_BTD = layer(x_BTD, length_B)
            x_BTD = x_BTD + y_BTD if self.residual and x_BTD.shape == y_BTD.shape else y_BTD
        return x_BTD


class RecurrentLayer(nn.Module):
    """One layer, one or both directions."""

    def __init__(self, config: RecurrentConfig, input_width: int) -> None:
        super().__init__()
        directions = 2 if config.bidirectional else 1
        if config.width % directions:
            raise ValueError(f"width {config.width} does not divide into two directions")
        hidden = config.width // directions
        self.norm = nn.LayerNorm(input_width) if config.norm else nn.Identity()
        self.ahead = build_direction(config, input_width, hidden)
        self.back = build_direction(config, input_width, hidden) if config.bidirectional else None
        for network in (self.ahead, self.back):
            if isinstance(network, nn.RNNBase):
                initialise(network, config.init, config.longest)

    def forward(self, x_BTD: Tensor, length_B: Tensor) -> Tensor:
        """Outputs of the forward direction, then of the backward one."""
        x_BTD = self.norm(x_BTD)
        if self.back is None:
            return one_way(self.ahead, x_BTD)
        # Looking at a length would hold up a GPU.
        if isinstance(self.ahead, nn.RNNBase) and x_BTD.is_cpu and len(x_BTD) == 1 and int(length_B[0]) == x_BTD.shape[1]:
            return self._without_padding(x_BTD)
        ahead_BTH = one_way(self.ahead, x_BTD)
        order_BT = reversal(length_B, x_BTD.shape[1])
        back_BTH = gather_time(one_way(self.back, gather_time(x_BTD, order_BT)), order_BT)
        return torch.cat([ahead_BTH, back_BTH], dim=-1)

    def _without_padding(self, x_BTD: Tensor) -> Tensor:
        """Both directions by one call: a sentence alone waits for calls, not for arithmetic."""
        assert isinstance(self.ahead, nn.RNNBase)
        assert isinstance(self.back, nn.RNNBase)
        weights = [*weights_of(self.ahead), *weights_of(self.back)]
        start_dBH = x_BTD.new_zeros(2, len(x_BTD), self.ahead.hidden_size)
        start = (start_dBH, start_dBH) if isinstance(self.ahead, nn.LSTM) else start_dBH
        return READ[type(self.ahead)](x_BTD, start, weights, True, 1, 0.0, self.training, True, True)[0]


def build_direction(config: RecurrentConfig, input_width: int, hidden: int) -> nn.RNNBase | MinGRU:
    """What reads in one direction: `direction(x_BTD)[0]` is y_BTH."""
    if config.family == "mingru":
        return MinGRU(input_width, hidden, config.init, config.longest)
    return CELLS[config.family](input_width, hidden, batch_first=True)


def one_way(network: nn.RNNBase | MinGRU, x_BTD: Tensor) -> Tensor:
    """y_BTH of one direction, from zeros."""
    if isinstance(network, MinGRU) or not takes_fused(x_BTD.device):
        return network(x_BTD)[0]
    zero_BH = x_BTD.new_zeros(len(x_BTD), network.hidden_size)
    carry = (zero_BH, zero_BH) if isinstance(network, nn.LSTM) else (zero_BH,)
    return scan_by_kernel(READ[type(network)], x_BTD, carry, weights_of(network))[0]


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
