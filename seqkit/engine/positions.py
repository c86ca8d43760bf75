"""Where a token stands: rotations of queries and keys, and penalties by distance.

Axes: X any leading axes, T tokens, R rows looked at, N heads, E features of a head.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqkit.engine.weights import Array

BLOCK = 64
"""Positions whose rotations are worked out at once."""


class Turn(NamedTuple):
    """Rotary positions (Su et al. 2021): feature e of the first half and its partner in the second, each times a cosine, and
    the partner times a sine; an odd last feature stays."""

    cos_TE: Array
    sin_TE: Array
    partner_E: NDArray[np.int64]

    def __call__(self, x_XTE: Array) -> Array:
        """Same shape out as in."""
        turned_XTE = x_XTE.take(self.partner_E, axis=-1)
        turned_XTE *= self.sin_TE
        turned_XTE += x_XTE * self.cos_TE
        return turned_XTE


class Turns:
    """The rotations of any positions, of tokens that come one by one worked out for some at once.

    Args:
        angles: the precision of the angles; in float64 far positions keep theirs.
    """

    def __init__(self, features: int, dtype: np.dtype[np.floating], angles: type[np.floating] = np.float64) -> None:
        self.features, self.dtype = features, dtype
        half = features // 2
        place_E = np.arange(features)
        self.partner_E = np.concatenate([place_E[half : 2 * half], place_E[:half], place_E[2 * half :]])
        self.frequency_E = angles(10_000.0) ** (-np.arange(half, dtype=angles) / angles(half)) if half else np.zeros(0, angles)
        self.block = (0, self._turn(0, BLOCK))  # replaced as a whole, so that threads may share it

    def at(self, position: int, steps: int) -> Turn:
        """Of so many tokens from a position on."""
        if steps > 1:
            return self._turn(position, steps)
        first, block = self.block
        if not 0 <= position - first < BLOCK:
            first = position - position % BLOCK
            block = self._turn(first, BLOCK)
            self.block = (first, block)
        row = slice(position - first, position - first + 1)
        return Turn(block.cos_TE[row], block.sin_TE[row], self.partner_E)

    def _turn(self, first: int, steps: int) -> Turn:
        place_T = np.arange(first, first + steps).astype(self.frequency_E.dtype)
        angle_TE = place_T[:, None] * self.frequency_E
        cos_TE, sin_TE = np.cos(angle_TE).astype(self.dtype), np.sin(angle_TE).astype(self.dtype)
        rest_TE = np.ones((steps, self.features % 2), self.dtype)
        return Turn(np.hstack([cos_TE, cos_TE, rest_TE]), np.hstack([-sin_TE, sin_TE, 0 * rest_TE]), self.partner_E)


def slopes(count: int, dtype: np.dtype[np.floating]) -> Array:
    """slope_N = 2^(-8 n / N), n = 1 … N: from local heads to nearly uniform ones (Press et al. 2022)."""
    return np.exp2(-8.0 * np.arange(1, count + 1) / count).astype(dtype)


def causal_bias(past: int, steps: int, window: float, dtype: np.dtype[np.floating], slope_N: Array | None) -> Array | None:
    """bias_NTR or bias_TR to add to the scores of new tokens for those before them; None where all may be seen alike."""
    if steps == 1 and slope_N is None:
        return None
    away_TR = np.arange(past, past + steps)[:, None] - np.arange(past + steps)
    hidden_TR = np.where((away_TR >= 0) & (away_TR < window), 0.0, -np.inf).astype(dtype)
    return hidden_TR if slope_N is None else hidden_TR - slope_N[:, None, None] * away_TR.astype(dtype)


def directional_bias(steps: int, heads: int, dtype: np.dtype[np.floating]) -> Array:
    """bias_NTR of an encoder: half of the heads look back, half ahead, each with a penalty by distance."""
    away_TR = (np.arange(steps)[None] - np.arange(steps)[:, None]).astype(dtype)
    near_NTR = -slopes(heads // 2, dtype)[:, None, None] * np.abs(away_TR)
    back, ahead = (np.where(hidden, dtype.type(-np.inf), near_NTR) for hidden in (away_TR > 0, away_TR < 0))
    return np.concatenate([back, ahead])
