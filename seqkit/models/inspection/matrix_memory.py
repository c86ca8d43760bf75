"""What a matrix memory holds of each source token, and how a read of it is made up of what the tokens wrote.

Axes: B sentences, N heads, S source tokens, T target tokens, D features of the decoder, K features of a key, V of a value.

After a source the memory is Σ_s kept_s k_s u_sᵀ, with u_s what token s wrote under its key. So a query q reads
Σ_s kept_s (q·k_s) u_s: linear attention over the source, without a row a token being kept anywhere.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from seqkit.models.bridges import MatrixBridge


class Written(NamedTuple):
    """What a source left in the memory.

    Args:
        key_BNSK: under which each token wrote.
        update_BNSV: what it wrote: its value, less what the delta rule found under the key already, times β.
        beta_BNS: β, from 0 to 1.
        kept_BNS: the share of it that has not faded at the end of the source, from 0 to 1.
        recall_BNS: how well the memory knows it at the end: the cosine of the token's value and what its own key reads.
    """

    key_BNSK: Tensor
    update_BNSV: Tensor
    beta_BNS: Tensor
    kept_BNS: Tensor
    recall_BNS: Tensor

    def state(self) -> Tensor:
        """state_BNKV: the memory, put together from its parts."""
        return (self.kept_BNS[..., None] * self.key_BNSK).transpose(-1, -2) @ self.update_BNSV


def written(bridge: MatrixBridge, x_BSX: Tensor) -> Written:
    """What sources without padding leave, token by token, by the recurrence of `delta_write` as its equation says it."""
    writes = bridge.writes(x_BSX, torch.full(x_BSX.shape[:1], x_BSX.shape[1], device=x_BSX.device))
    state_BNKV = writes.key_BNSK.new_zeros(*writes.key_BNSK.shape[:2], writes.key_BNSK.shape[-1], writes.value_BNSV.shape[-1])
    updates: list[Tensor] = []
    for key_BNK, value_BNV, beta_BN, log_decay_BN in zip(*(part.unbind(2) for part in writes), strict=True):
        state_BNKV = log_decay_BN.exp()[..., None, None] * state_BNKV
        found_BNV = torch.einsum("bnk,bnkv->bnv", key_BNK, state_BNKV) if bridge.delta else 0.0
        updates.append(beta_BN[..., None] * (value_BNV - found_BNV))
        state_BNKV = state_BNKV + key_BNK[..., :, None] * updates[-1][..., None, :]
    recall_BNS = torch.cosine_similarity(writes.key_BNSK @ state_BNKV, writes.value_BNSV, dim=-1)
    parts = (writes.key_BNSK, torch.stack(updates, dim=2), writes.beta_BNS, writes.kept(), recall_BNS)
    return Written(*(by_place(part, bridge.backwards) for part in parts))


def by_place(part_BNS_: Tensor, backwards: int) -> Tensor:
    """What stands in the order of writing, in the order of the source; the last so many heads write backwards."""
    forward_BNS_, backward_BNS_ = part_BNS_.tensor_split([part_BNS_.shape[1] - backwards], dim=1)
    return torch.cat([forward_BNS_, backward_BNS_.flip(2)], dim=1)


def read_weights(bridge: MatrixBridge, h_BTD: Tensor, source: Written) -> Tensor:
    """weight_BNTS, of either sign: how much of what each source token wrote is in each read, before its norm and gate."""
    return bridge.ask(h_BTD) @ source.key_BNSK.transpose(-1, -2) * source.kept_BNS[..., None, :]


def read_shares(weight_BNTS: Tensor, source: Written) -> Tensor:
    """share_BNTS: each source token's part in the length of a read; they sum to 1, and a negative one pulls the other way."""
    read_BNTV = weight_BNTS @ source.update_BNSV
    along_BNTS = weight_BNTS * (read_BNTV @ source.update_BNSV.transpose(-1, -2))
    return along_BNTS / read_BNTV.square().sum(dim=-1, keepdim=True)
