"""A memory of fixed size that a sequence is written into: the gated delta rule, exact and in parallel.

Axes: B sequences, N heads, S source steps, C steps of a chunk, K features of a key, V features of a value.
"""

import torch
from torch import Tensor

CHUNK = 64
"""Steps solved at once: the work grows with their square, the number of chunks with their inverse."""


def delta_write(key_BNSK: Tensor, value_BNSV: Tensor, beta_BNS: Tensor, log_decay_BNS: Tensor) -> Tensor:
    """state_BNKV after the whole sequence, from a memory of zeros (Yang, Kautz & Hatamizadeh 2024, equation 10).

    S_t = e^{g_t} (I - β_t k_t k_tᵀ) S_{t-1} + β_t k_t v_tᵀ: what the memory holds under a key makes room for the new value,
    and everything else fades by e^{g_t}. With u_t = β_t (v_t - e^{g_t} S_{t-1}ᵀ k_t) this is S_t = e^{g_t} S_{t-1} + k_t u_tᵀ,
    and the u of a chunk are the solution of one triangular system (the UT transform, Yang et al. 2024). A step of β 0
    and log decay 0 changes nothing, so padding is written so.

    Args:
        key_BNSK: of unit length; float32 or float64, as all four.
        beta_BNS: β, from 0 to 1.
        log_decay_BNS: g, at most 0.
    """
    batch, heads, _, keys = key_BNSK.shape
    state_BNKV = key_BNSK.new_zeros(batch, heads, keys, value_BNSV.shape[-1])
    parts = [part.split(CHUNK, dim=2) for part in (key_BNSK, value_BNSV, beta_BNS, log_decay_BNS)]
    for key_BNCK, value_BNCV, beta_BNC, log_decay_BNC in zip(*parts, strict=True):
        state_BNKV = write_chunk(state_BNKV, key_BNCK, value_BNCV, beta_BNC[..., None], log_decay_BNC.cumsum(dim=2))
    return state_BNKV


def write_chunk(state_BNKV: Tensor, key_BNCK: Tensor, value_BNCV: Tensor, beta_BNC1: Tensor, log_kept_BNC: Tensor) -> Tensor:
    """The state after a chunk.

    Args:
        log_kept_BNC: logarithm of what is kept of the state before the chunk, after each of its steps.
    """
    from_start_BNC1 = log_kept_BNC.exp()[..., None]
    log_between_BNCC = log_kept_BNC[..., :, None] - log_kept_BNC[..., None, :]
    # The upper triangle would overflow; it is not read.
    between_BNCC = log_between_BNCC.tril().exp()
    overlap_BNCC = beta_BNC1 * (key_BNCK @ key_BNCK.transpose(-1, -2)) * between_BNCC
    goal_BNCV = beta_BNC1 * (value_BNCV - from_start_BNC1 * (key_BNCK @ state_BNKV))
    # I + the strict lower triangle: `unitriangular` takes the diagonal for 1 whatever it holds.
    update_BNCV = torch.linalg.solve_triangular(overlap_BNCC, goal_BNCV, upper=False, unitriangular=True)
    to_end_BNC1 = (log_kept_BNC[..., -1:] - log_kept_BNC).exp()[..., None]
    return from_start_BNC1[..., -1:, :] * state_BNKV + (to_end_BNC1 * key_BNCK).transpose(-1, -2) @ update_BNCV
