"""All that a search asks of scores, whether they are arrays of NumPy's or tensors on any device.

Axes: X any leading axes, V symbols, N wanted, M looked at, C groups, B and R rows.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import UserError

Scores = Any
"""An array or a tensor."""


CACHED = 2**17
"""Numbers that stay in a core's cache from one pass over them to the next."""

GROUP = 64
"""Symbols of which the largest score is looked at first."""


def log_softmax(logit_XV: Scores) -> Scores:
    """logp_XV in nats, in float32 at least; an array is written over."""
    if not isinstance(logit_XV, np.ndarray):
        import torch

        return torch.log_softmax(logit_XV, dim=-1, dtype=torch.promote_types(logit_XV.dtype, torch.float32))
    logit_NV = logit_XV.reshape(-1, logit_XV.shape[-1])
    rows = max(1, CACHED // logit_NV.shape[1])
    for first in range(0, len(logit_NV), rows):
        part_RV = logit_NV[first : first + rows]
        part_RV -= part_RV.max(axis=1, keepdims=True)
        part_RV -= np.log(np.exp(part_RV).sum(axis=1, keepdims=True))
    return logit_NV.reshape(logit_XV.shape)


def best(logp_XV: Scores, wanted: int) -> tuple[Scores, Scores]:
    """The `wanted` largest and their symbols, largest first; of those that tie for the last place, any."""
    if not isinstance(logp_XV, np.ndarray):
        return logp_XV.topk(wanted, dim=-1)
    return sorted_by(logp_XV, largest(logp_XV, wanted))


def largest(logp_XV: NDArray[np.floating], wanted: int) -> NDArray[np.int64]:
    """The symbols of the `wanted` largest scores, which are in the groups that have the largest of all groups' largest."""
    symbols = logp_XV.shape[-1]
    groups = symbols // GROUP
    if groups < 4 * wanted:
        return np.argpartition(logp_XV, -wanted, axis=-1)[..., -wanted:]
    # A group is every C-th symbol, so that rows of C are compared at once.
    peak_XC = logp_XV[..., : groups * GROUP].reshape(*logp_XV.shape[:-1], GROUP, groups).max(axis=-2)
    group_XN = np.argpartition(peak_XC, -wanted, axis=-1)[..., -wanted:]
    token_XM = (group_XN[..., None] + groups * np.arange(GROUP)).reshape(*logp_XV.shape[:-1], -1)
    rest = np.broadcast_to(np.arange(groups * GROUP, symbols), (*logp_XV.shape[:-1], symbols - groups * GROUP))
    token_XM = np.concatenate([token_XM, rest], axis=-1)
    found_XN = largest(np.take_along_axis(logp_XV, token_XM, axis=-1), wanted)
    return np.take_along_axis(token_XM, found_XN, axis=-1)


def ranked(logp_XV: Scores) -> tuple[Scores, Scores]:
    """All scores and their symbols, largest first, the lower symbol of equals first."""
    if not isinstance(logp_XV, np.ndarray):
        return logp_XV.sort(dim=-1, descending=True, stable=True)
    return sorted_by(logp_XV, np.broadcast_to(np.arange(logp_XV.shape[-1]), logp_XV.shape))


def sorted_by(logp_XV: NDArray[np.floating], token_XN: NDArray[np.int64]) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """The scores of some symbols and the symbols, largest first, equals as they stand."""
    logp_XN = np.take_along_axis(logp_XV, token_XN, axis=-1)
    order_XN = (-logp_XN).argsort(axis=-1, kind="stable")
    return np.take_along_axis(logp_XN, order_XN, axis=-1), np.take_along_axis(token_XN, order_XN, axis=-1)


def likeliest(logp_XV: Scores) -> tuple[Scores, Scores]:
    """The largest and its symbol, of equals the lowest, each of shape X."""
    if isinstance(logp_XV, np.ndarray):
        token_X1 = logp_XV.argmax(axis=-1)[..., None]
        return np.take_along_axis(logp_XV, token_X1, axis=-1)[..., 0], token_X1[..., 0]
    if logp_XV.is_cpu:
        import torch

        token_X = torch.from_numpy(logp_XV.numpy().argmax(axis=-1))  # twenty times as quick as PyTorch's
    else:
        token_X = logp_XV.argmax(dim=-1)
    return logp_XV.gather(-1, token_X[..., None])[..., 0], token_X


def at(logp_BV: Scores, token_B: NDArray[np.int64]) -> NDArray[np.float64]:
    """logp_B of one symbol in each row, on the CPU."""
    if isinstance(logp_BV, np.ndarray):
        return logp_BV[np.arange(len(token_B)), token_B].astype(np.float64)
    return logp_BV.gather(1, beside(token_B, logp_BV)[:, None])[:, 0].double().cpu().numpy()


def repeated(rows_B: Scores, times: int) -> Scores:
    """Each row so many times in a row."""
    return rows_B.repeat(times, axis=0) if isinstance(rows_B, np.ndarray) else rows_B.repeat_interleave(times, dim=0)


def beside(tokens: NDArray[np.int64], scores: Scores) -> Scores:
    """Symbols as the model that gave the scores takes them."""
    if isinstance(scores, np.ndarray):
        return tokens
    import torch

    return torch.from_numpy(tokens).to(scores.device, non_blocking=True)


def without_gradients(scores: Scores) -> AbstractContextManager[Any]:
    """A block in which none are recorded."""
    if isinstance(scores, np.ndarray):
        return nullcontext()
    import torch

    return torch.no_grad()


def on_host(logp: Scores, *others: Scores) -> list[NDArray[np.float64]]:
    """What a policy looks at in a step, each in its shape, by one copy: every copy from a GPU waits for it.

    Args:
        logp: log-probabilities, some of each row: one that is not a number makes its whole row so.
        others: of any dtype whose values float64 holds.

    Raises:
        UserError: the model's scores are not numbers.
    """
    parts = (logp, *others)
    if isinstance(logp, np.ndarray):
        found = [np.asarray(part, dtype=np.float64) for part in parts]
    else:
        found = [part.double().numpy() for part in parts] if logp.is_cpu else by_one_copy(parts)
    if np.isnan(found[0][..., 0]).any():
        raise UserError("the model's scores are not numbers; its weights must be damaged")
    return found


def by_one_copy(parts: Sequence[Scores]) -> list[NDArray[np.float64]]:
    """Tensors of one device on the CPU, in float64."""
    import torch

    flat = torch.cat([part.double().flatten() for part in parts]).cpu().numpy()
    ends = np.cumsum([part.numel() for part in parts])[:-1]
    return [part.reshape(like.shape) for part, like in zip(np.split(flat, ends), parts, strict=True)]
