"""A causal Transformer that reads a text piece by piece: pre-norm blocks, fused attention over a cache, a sliding window.

Axes: B sequences, T tokens of a piece, N heads, E features of a head, D features of a token, R rows of the cache and the piece.

Each token attends to itself and the `window - 1` tokens before it. What was read is never read again: a piece costs its own
tokens, whatever the length of the past.
"""

import math
import sys
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from seqkit.architecture.causal import CausalTransformerConfig
from seqkit.models.attention import attention, attention_weights
from seqkit.models.cache import KeyValueCache
from seqkit.models.cross_attention import CrossAttention
from seqkit.models.dropout import Dropout
from seqkit.models.state import State
from seqkit.models.transformer import Turning, projection, turn

PIECE = 256
"""Tokens read at once where a mask is needed, at least: its size is a piece times a piece and a window."""


class Places(NamedTuple):
    """What all layers need to know of where a piece stands.

    Args:
        turn: cosines and sines of the rotation of each token; None without rotation.
        bias_NTR: to add to the attention scores, or which may be seen; None where all may be, or by `causal`.
        causal: each token sees those before it, and there is no cache.
    """

    turn: Turning | None
    bias_NTR: Tensor | None
    causal: bool


class CausalTransformer(nn.Module):
    """`scan(x_BTD, state) -> (y_BTD, state)` of `config.width` features; the state grows by a row a token up to the window.

    Args:
        source_width: features of a source that each block attends to as well, where a state's memory holds one; 0 for none.
    """

    def __init__(self, config: CausalTransformerConfig, input_width: int, source_width: int = 0) -> None:
        super().__init__()
        if config.width % config.heads:
            raise ValueError(f"width {config.width} is not a multiple of heads {config.heads}")
        self.output_width = config.width
        self.heads = config.heads
        self.head_width = config.width // config.heads
        self.window = config.window or math.inf
        self.rotary = config.positions == "rotary"
        self.input_projection = nn.Identity() if input_width == config.width else nn.Linear(input_width, config.width)
        self.blocks = nn.ModuleList(CausalBlock(config, source_width) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def each_block(self) -> list["CausalBlock"]:
        """The blocks, typed."""
        return [block for block in self.blocks if isinstance(block, CausalBlock)]

    def start(self, batch: int) -> State:
        """Empty caches; `position` is the number of tokens read, the same for all sequences."""
        like = self.norm.weight
        empty_BNRE = like.new_empty(batch, self.heads, 0, self.head_width)
        caches = {str(number): KeyValueCache.of(empty_BNRE, empty_BNRE) for number in range(len(self.blocks))}
        return State({"position": torch.zeros(batch, dtype=torch.int64, device=like.device)}, caches)

    def scan(self, x_BTD: Tensor, state: State) -> tuple[Tensor, State]:
        """Read a piece of any length, a long one bit by bit, so that memory stays linear in it."""
        x_BTD = self.input_projection(x_BTD)
        if self._is_plain(x_BTD.shape[1], state):
            return self._scan_bit(x_BTD, state)
        parts: list[Tensor] = []
        for part_BTD in x_BTD.split(PIECE if self.window == math.inf else max(int(self.window), PIECE), dim=1):
            y_BTD, state = self._scan_bit(part_BTD, state)
            parts.append(y_BTD)
        return (parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)), state

    def _is_plain(self, steps: int, state: State) -> bool:
        """Nothing read before and no more to read than a window: each token sees all those before it."""
        return steps <= self.window and self._cache(state, 0).rows == 0

    def _cache(self, state: State, layer: int) -> KeyValueCache:
        cache = state.caches[str(layer)]
        assert isinstance(cache, KeyValueCache)
        return cache

    def _scan_bit(self, x_BTD: Tensor, state: State) -> tuple[Tensor, State]:
        steps = x_BTD.shape[1]
        places = self._places(x_BTD, state)
        caches: dict[str, KeyValueCache] = {}
        for number, block in enumerate(self.each_block()):
            x_BTD, caches[str(number)] = block(x_BTD, self._cache(state, number), places, state.memory_of(str(number)))
        carry = {"position": state.carry["position"] + steps}
        return self.norm(x_BTD), State(carry, caches, state.memory)

    def _places(self, x_BTD: Tensor, state: State) -> Places:
        steps = x_BTD.shape[1]
        turning = rotation(state.carry["position"], steps, self.head_width, x_BTD.dtype) if self.rotary else None
        if self.rotary and (steps == 1 or self._is_plain(steps, state)):
            return Places(turning, None, steps > 1)
        past = int(min(self._cache(state, 0).rows, self.window - 1))
        step_R = torch.arange(past + steps, device=x_BTD.device)
        away_TR = step_R[past:, None] - step_R
        seen_TR = (away_TR >= 0) & (away_TR < self.window)
        if self.rotary:
            return Places(turning, seen_TR, causal=False)
        bias_NTR = alibi_slopes(self.heads, x_BTD)[:, None, None] * -away_TR
        return Places(None, bias_NTR.masked_fill(~seen_TR, -math.inf), causal=False)


class CausalBlock(nn.Module):
    """x + attention(norm(x)), with a source x + look(norm(x)), then x + feedforward(norm(x))."""

    def __init__(self, config: CausalTransformerConfig, source_width: int = 0) -> None:
        super().__init__()
        inner = max(1, round(config.width * config.feedforward))
        self.heads = config.heads
        self.past = config.window - 1 if config.window else sys.maxsize
        self.attention_dropout = config.attention_dropout
        self.attention_norm = nn.LayerNorm(config.width)
        self.query_key_value = projection(config.projections, config.width, config.width, parts=3)
        self.output_projection = projection(config.projections, config.width, config.width)
        self.feedforward_norm = nn.LayerNorm(config.width)
        self.widen = projection(config.projections, config.width, inner)
        self.narrow = projection(config.projections, inner, config.width)
        self.dropout = Dropout(config.dropout)
        self.look_norm = nn.LayerNorm(config.width) if source_width else None
        turned = config.positions == "rotary"
        self.look = (
            CrossAttention(source_width, config.width, config.heads, turned, config.projections) if source_width else None
        )

    def forward(
        self, x_BTD: Tensor, cache: KeyValueCache, places: Places, memory: Mapping[str, Tensor]
    ) -> tuple[Tensor, KeyValueCache]:
        """One block; the cache it returns holds at most a window."""
        y_BTD, cache = self.attend(self.attention_norm(x_BTD), cache, places)
        x_BTD = x_BTD + self.dropout(y_BTD)
        if self.look is not None and self.look_norm is not None:
            x_BTD = x_BTD + self.dropout(self.look.read(self.look_norm(x_BTD), memory, places.turn))
        x_BTD = x_BTD + self.dropout(self.narrow(gelu(self.widen(self.feedforward_norm(x_BTD)))))
        return x_BTD, cache

    def attend(self, x_BTD: Tensor, cache: KeyValueCache, places: Places) -> tuple[Tensor, KeyValueCache]:
        """Scaled dot-product attention (Vaswani et al. 2017) over the cache and the piece, which joins the cache."""
        query_BNTE, key_BNTE, value_BNTE = self.project(x_BTD, places)
        cache = cache.newest(self.past).append(key_BNTE, value_BNTE)
        bias_NTR = places.bias_NTR
        if x_BTD.shape[1] == 1 and not torch.is_grad_enabled():  # the fused kernel is five times as slow for one query
            weight_BNTR = attention_weights(query_BNTE, cache.keys, bias_NTR)
            return self.output_projection((weight_BNTR @ cache.values).reshape(x_BTD.shape)), cache.newest(self.past + 1)
        dropout = self.attention_dropout if self.training else 0.0
        out_BNTE = attention(query_BNTE, cache.keys, cache.values, bias_NTR, dropout=dropout, causal=places.causal)
        return self.output_projection(out_BNTE.transpose(1, 2).reshape(x_BTD.shape)), cache.newest(self.past + 1)

    def weights(self, x_BTD: Tensor, cache: KeyValueCache, places: Places) -> Tensor:
        """weight_BNTR: where each token looks, head by head, as `attend` weighs it."""
        query_BNTE, key_BNTE, value_BNTE = self.project(x_BTD, places)
        key_BNRE = cache.newest(self.past).append(key_BNTE, value_BNTE).keys
        steps, rows = x_BTD.shape[1], key_BNRE.shape[2]
        seen_TR = torch.ones(steps, rows, dtype=torch.bool, device=x_BTD.device).tril(rows - steps)
        return attention_weights(query_BNTE, key_BNRE, seen_TR if places.causal else places.bias_NTR)

    def project(self, x_BTD: Tensor, places: Places) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each _BNTE, queries and keys turned to their places."""
        batch, steps, _ = x_BTD.shape
        parts = self.query_key_value(x_BTD).view(batch, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query_BNTE, key_BNTE, value_BNTE = parts.unbind(0)
        if places.turn:
            query_BNTE, key_BNTE = turn(parts[:2], *places.turn).to(value_BNTE.dtype).unbind(0)
        return query_BNTE, key_BNTE, value_BNTE


def rotation(position_B: Tensor, steps: int, features: int, dtype: torch.dtype) -> Turning:
    """cos_1TE and sin_1TE for `turn`, of the tokens from `position` on; in float64, so that far positions keep their angles."""
    half = features // 2
    frequency_E = 10_000.0 ** (-torch.arange(half, device=position_B.device, dtype=torch.float64) / half)
    place_T = position_B[:1] + torch.arange(steps, device=position_B.device)
    angle_TE = place_T[:, None] * frequency_E
    return angle_TE.cos().to(dtype), angle_TE.sin().to(dtype)


def alibi_slopes(heads: int, like: Tensor) -> Tensor:
    """slope_N = 2^(-8 n / N), n = 1 … N: from local heads to nearly uniform ones (Press et al. 2022)."""
    return 2.0 ** (-8.0 * torch.arange(1, heads + 1, device=like.device, dtype=like.dtype) / heads)
