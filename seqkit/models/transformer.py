"""A Transformer encoder: pre-norm blocks, fused attention, positions that hold at lengths never seen in training.

Axes: B sentences, T tokens, N heads, E features of a head, D features of a token, F features of the feed-forward layer.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from seqkit.architecture.encoders import Init, TransformerConfig
from seqkit.models.attention import attention, attention_weights
from seqkit.models.dropout import Dropout

Turning = tuple[Tensor, Tensor]
"""cos_TE and sin_TE of the rotations of T places, as `turn` takes them."""


class TransformerEncoder(nn.Module):
    """`encoder(x_BTD, length_B) -> y_BTD` of `config.width` features; padding is never attended to."""

    def __init__(self, config: TransformerConfig, input_width: int) -> None:
        super().__init__()
        if config.width % config.heads:
            raise ValueError(f"width {config.width} is not a multiple of heads {config.heads}")
        if config.positions == "directional" and config.heads % 2:
            raise ValueError("directional positions need an even number of heads")
        self.output_width = config.width
        self.input_projection = nn.Linear(input_width, config.width)
        self.blocks = nn.ModuleList(TransformerBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.heads = config.heads
        self.directional = config.positions == "directional"

    def forward(self, x_BTD: Tensor, length_B: Tensor) -> Tensor:
        """Encode a padded batch."""
        x_BTD = self.input_projection(x_BTD)
        steps = x_BTD.shape[1]
        bias = directional_bias(length_B, steps, self.heads, x_BTD) if self.directional else real_keys(length_B, steps)
        for block in self.blocks:
            x_BTD = block(x_BTD, bias)
        return self.norm(x_BTD)


class TransformerBlock(nn.Module):
    """x + attention(norm(x)), then x + feedforward(norm(x)); the bias as `attention` takes it."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        inner = round(config.width * config.feedforward)
        self.heads = config.heads
        self.rotary = config.positions == "rotary"
        self.attention_dropout = config.attention_dropout
        self.attention_norm = nn.LayerNorm(config.width)
        self.query_key_value = projection(config.projections, config.width, config.width, parts=3)
        self.output_projection = projection(config.projections, config.width, config.width)
        self.feedforward_norm = nn.LayerNorm(config.width)
        self.widen = projection(config.projections, config.width, inner)
        self.narrow = projection(config.projections, inner, config.width)
        self.dropout = Dropout(config.dropout)

    def forward(self, x_BTD: Tensor, bias: Tensor) -> Tensor:
        """One block."""
        x_BTD = x_BTD + self.dropout(self.attend(self.attention_norm(x_BTD), bias))
        return x_BTD + self.dropout(self.narrow(gelu(self.widen(self.feedforward_norm(x_BTD)))))

    def attend(self, x_BTD: Tensor, bias: Tensor) -> Tensor:
        """Scaled dot-product attention (Vaswani et al. 2017)."""
        query_BNTE, key_BNTE, value_BNTE = self.project(x_BTD)
        dropout = self.attention_dropout if self.training else 0.0
        out_BNTE = attention(query_BNTE, key_BNTE, value_BNTE, bias, dropout=dropout)
        return self.output_projection(out_BNTE.transpose(1, 2).reshape(x_BTD.shape))

    def weights(self, x_BTD: Tensor, bias: Tensor) -> Tensor:
        """weight_BNTT: where each token looks, head by head, as `attend` weighs it."""
        query_BNTE, key_BNTE, _ = self.project(x_BTD)
        return attention_weights(query_BNTE, key_BNTE, bias)

    def project(self, x_BTD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each _BNTE, queries and keys turned where positions are rotary."""
        batch, steps, _ = x_BTD.shape
        parts = self.query_key_value(x_BTD).view(batch, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query_BNTE, key_BNTE, value_BNTE = parts.unbind(0)
        if self.rotary:
            query_BNTE, key_BNTE = rotate(query_BNTE), rotate(key_BNTE)
        return query_BNTE, key_BNTE, value_BNTE


def projection(init: Init, inputs: int, outputs: int, parts: int = 1) -> nn.Linear:
    """A linear layer of a Transformer.

    Args:
        parts: layers side by side, queries, keys and values say, each initialised on its own.
    """
    layer = nn.Linear(inputs, parts * outputs)
    if init == "glorot":
        for part in layer.weight.detach().chunk(parts):
            nn.init.xavier_uniform_(part)
        nn.init.zeros_(layer.bias)
    return layer


def real_keys(length_B: Tensor, steps: int) -> Tensor:
    """seen_B11T: the keys that are no padding; of an empty sentence the first, so that no query sees nothing."""
    step_T = torch.arange(steps, device=length_B.device)
    return (step_T < length_B.clamp(min=1)[:, None])[:, None, None]


def directional_bias(length_B: Tensor, steps: int, heads: int, like: Tensor) -> Tensor:
    """bias_BNTT to add to the attention scores: a linear penalty by distance, -inf where a query may not look.

    Every query sees itself, padding included, so that no row is empty.
    """
    step_T = torch.arange(steps, device=length_B.device)
    away_TT = step_T[None, :] - step_T[:, None]
    seen_BTT = (step_T[None, None, :] < length_B[:, None, None]) | (away_TT == 0)
    bias_BTT = torch.zeros(seen_BTT.shape, dtype=like.dtype, device=like.device).masked_fill_(~seen_BTT, -math.inf)
    ranks = heads // 2
    # ALiBi's slopes: 2^(-8 r / ranks), from local heads to nearly uniform ones.
    slope_R = 2.0 ** (-8.0 * torch.arange(1, ranks + 1, device=like.device, dtype=like.dtype) / ranks)
    near_RTT = -slope_R[:, None, None] * away_TT.abs()
    back_RTT = near_RTT.masked_fill(away_TT > 0, -math.inf)
    ahead_RTT = near_RTT.masked_fill(away_TT < 0, -math.inf)
    return bias_BTT[:, None] + torch.cat([back_RTT, ahead_RTT])


def rotate(x_BNTE: Tensor, base: float = 10_000.0) -> Tensor:
    """Rotate pairs of features by an angle that grows with the position (Su et al. 2021, eq. 34)."""
    half = x_BNTE.shape[-1] // 2
    frequency_E = base ** (-torch.arange(half, device=x_BNTE.device, dtype=torch.float32) / half)
    angle_TE = torch.arange(x_BNTE.shape[-2], device=x_BNTE.device, dtype=torch.float32)[:, None] * frequency_E
    return turn(x_BNTE, angle_TE.cos().to(x_BNTE.dtype), angle_TE.sin().to(x_BNTE.dtype))


def turn(x_BNTE: Tensor, cos_TE: Tensor, sin_TE: Tensor) -> Tensor:
    """Rotate feature e of the first half with feature e of the second; an odd last feature stays."""
    half = x_BNTE.shape[-1] // 2
    first, second, rest = x_BNTE[..., :half], x_BNTE[..., half : 2 * half], x_BNTE[..., 2 * half :]
    return torch.cat([first * cos_TE - second * sin_TE, first * sin_TE + second * cos_TE, rest], dim=-1)
