"""minGRU, a recurrence that is linear in its state (Feng et al. 2024).

Axes: B sequences, T steps, D input features, H features of the layer, G = 2H: gate and candidate side by side.
"""

import torch
from torch import Tensor, nn

from seqkit.models.initialisation import initialise_mingru
from seqkit.models.linear_scan import linear_scan


class MinGRU(nn.Module):
    """h = (1 - z) h + z g: gate and candidate look at the input alone, so the recurrence is linear.

    The candidate is positive, as in the paper's appendix B: x + 1/2 from 0 on and σ(x) below.

    Args:
        init, longest: as those of a gated cell, in `initialisation`.
    """

    carried = ("h",)

    def __init__(self, input_width: int, width: int, init: str, longest: int) -> None:
        super().__init__()
        self.width = width
        self.input_projection = nn.Linear(input_width, 2 * width)
        initialise_mingru(self.input_projection, init, longest)

    def forward(self, x_BTD: Tensor, carry: tuple[Tensor, ...] | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """y_BTH of a piece and what the next one needs; a state of zeros before the first."""
        (h_BH,) = carry or (self.input_projection.weight.new_zeros(len(x_BTD), self.width),)
        z_BTH, new_BTH = self.gates(self.input_projection(x_BTD).to(h_BH.dtype))
        y_BTH = linear_scan(1 - z_BTH, z_BTH * new_BTH, h_BH)
        return y_BTH, (y_BTH[:, -1],)

    def step(self, gate_BG: Tensor, carry: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The carry after one token, in inference."""
        z_BH, new_BH = self.gates(gate_BG)
        return (torch.lerp(carry[0], new_BH, z_BH),)

    def gates(self, gate_BTG: Tensor) -> tuple[Tensor, Tensor]:
        """z_BTH, the share of the state that is written, and new_BTH, the candidate, of the projected input."""
        gate_BTH, candidate_BTH = gate_BTG.chunk(2, dim=-1)
        return torch.sigmoid(gate_BTH), torch.sigmoid(candidate_BTH.clamp(max=0)) + candidate_BTH.relu()
