"""How far back a loss still depends on the past, by its gradient, and what remembering costs.

A reach is a curve over k, the distance in tokens: the gradient norm at distance k relative to that at 0. Norms are averaged
over texts first, so that a text with little gradient weighs little. A gradient tells what would change the prediction a
little; the loss by position of `reset` tells what it was in fact worth.

Axes: B texts side by side, T tokens, E embedding features, K distances.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from seqkit.data.token_store import Tokens
from seqkit.errors import UserError
from seqkit.models.inspection.gradients import Reach, carry_reach
from seqkit.models.inspection.recording import leaves
from seqkit.models.language_model import LanguageModel
from seqkit.models.state import State
from seqkit.tasks.language_modeling.protocols import PIECE, device_of, evaluating, token_nats, tokens_at_once


def state_reach(model: LanguageModel, tokens: Tokens, *, longest: int = 200, texts: int = 16) -> Reach | None:
    """The gradient of a token's nats with respect to the state k steps before it, all parts of the carry together.

    Distance 0 is the state that the last step starts from. The state is stepped token by token, each text from a state that
    has read `longest` tokens, so that nothing is special about its start. None for a model that keeps its past in caches,
    which has no such state.

    Args:
        longest: distances looked at.
        texts: places in the split, evenly spread.

    Raises:
        UserError: the split is too short.
    """
    if model.start(1).caches:
        return None
    state, token_BT, target_B1 = _texts(model, tokens, longest, texts)

    def nats(logit_B1V: Tensor) -> Tensor:
        return token_nats(logit_B1V, target_B1).sum()

    with evaluating(model):
        return carry_reach(model.scan, token_BT.split(1, dim=1), state, nats)


def input_reach(model: LanguageModel, tokens: Tokens, *, longest: int = 200, texts: int = 16) -> Reach:
    """The gradient of a token's nats with respect to the embedding of the token read k steps before it, for any family.

    Distance 0 is the last token read. Each text is read after `longest` others.

    Args:
        longest: distances looked at.
        texts: places in the split, evenly spread.

    Raises:
        UserError: the split is too short.
    """
    state, token_BT, target_B1 = _texts(model, tokens, longest, texts)
    piece = max(tokens_at_once(model) // len(token_BT), 1)
    logit_BTV = torch.empty(0)
    with evaluating(model), torch.enable_grad(), leaves(model.embedding) as kept:
        for piece_BT in token_BT.split(piece, dim=1):
            logit_BTV, state = model.scan(piece_BT, state)
        nats = token_nats(logit_BTV[:, -1:], target_B1).sum()
        gradient_BTE = torch.cat(torch.autograd.grad(nats, kept), dim=1)
    return Reach.of_texts(gradient_BTE.double().norm(dim=-1).T)


@torch.no_grad()
def state_bytes(model: LanguageModel, lengths: Sequence[int]) -> list[int]:
    """Bytes of the state after so many tokens of one text; which tokens does not matter.

    Args:
        lengths: rising.
    """
    sizes: list[int] = []
    with evaluating(model):
        piece = min(PIECE, tokens_at_once(model))
        token_1T = torch.zeros(1, piece, dtype=torch.int64, device=device_of(model))
        state, read = model.start(1), 0
        for length in lengths:
            while read < length:
                _, state = model.scan(token_1T[:, : length - read], state)
                read += min(piece, length - read)
            sizes.append(state.nbytes)
    return sizes


@torch.no_grad()
def _texts(model: LanguageModel, tokens: Tokens, longest: int, texts: int) -> tuple[State, Tensor, Tensor]:
    """The state after `longest` tokens, the `longest` tokens after those, and the target after them."""
    whole = 2 * longest + 1
    if len(tokens) < whole:
        raise UserError(f"the gradient's reach over {longest} tokens needs a text of {whole:,} tokens, not {len(tokens):,}")
    starts = np.unique(np.linspace(0, len(tokens) - whole, texts).astype(np.int64)).tolist()
    text_BT = np.stack([tokens.read(start, start + whole) for start in starts]).astype(np.int64)
    before_BT, token_BT, target_B1 = torch.from_numpy(text_BT).to(device_of(model)).split([longest, longest, 1], dim=1)
    state = model.start(len(starts))
    with evaluating(model):
        for piece_BT in before_BT.split(max(tokens_at_once(model) // len(starts), 1), dim=1):
            _, state = model.scan(piece_BT, state)
    return state.detach(), token_BT, target_B1
