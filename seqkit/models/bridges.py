"""What a decoder can know of the source: one way of writing it down and one of reading it a bridge.

Axes: B sentences, S source tokens, T target tokens, X features of the source, E features of its ends, D features of the
decoder, O features read, N heads, K features of a key, V features of a value.

A bridge writes once a source and is read at every target step. `SummaryBridge` and `MatrixBridge` hold a fixed number of
features however long the source is; `AttentionBridge` holds a row a source token.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, normalize, silu

from seqkit.models.attention import attention
from seqkit.models.delta_memory import delta_write
from seqkit.models.recurrent import gather_time, reversal

Memory = Mapping[str, Tensor]
"""Batch-first tensors by name; part of `State.memory`."""


class Source(NamedTuple):
    """What an encoder makes of padded sources.

    Args:
        x_BSX: its output, and with it the embeddings it read.
        length_B: real tokens.
        ends_BE: its output where it ended: at the last token, and where it reads backwards at the first.
    """

    x_BSX: Tensor
    length_B: Tensor
    ends_BE: Tensor

    def real(self) -> Tensor:
        """real_BS: which tokens are not padding."""
        return is_real(self.length_B, self.x_BSX.shape[1])


def is_real(length_B: Tensor, steps: int) -> Tensor:
    """real_BS: which of so many tokens are not padding."""
    return torch.arange(steps, device=length_B.device) < length_B[:, None]


def by_source(h_BTD: Tensor, memory: Memory) -> Tensor:
    """The steps of all sequences of a source one after the other, since no read depends on another: a row a source."""
    return h_BTD.reshape(len(next(iter(memory.values()))), -1, h_BTD.shape[-1])


class Bridge(Protocol):
    """From a source to what is read of it."""

    output_width: int

    def write(self, source: Source) -> dict[str, Tensor]:
        """The memory of each source; padding leaves no trace."""
        ...

    def read(self, h_BTD: Tensor, memory: Memory) -> Tensor:
        """o_BTO of `output_width` features for decoder states; no step depends on another."""
        ...


class SummaryBridge(nn.Module):
    """One vector for the whole source, the same at every step (Cho et al. 2014): the encoder's states where it ended."""

    def __init__(self, ends_width: int, width: int) -> None:
        super().__init__()
        self.output_width = width
        self.summarise = nn.Linear(ends_width, width)

    def write(self, source: Source) -> dict[str, Tensor]:
        """`summary`: one vector a source."""
        return {"summary": torch.tanh(self.summarise(source.ends_BE))}

    def read(self, h_BTD: Tensor, memory: Memory) -> Tensor:
        """The summary, whatever the state."""
        return memory["summary"][:, None].expand(-1, h_BTD.shape[1], -1)


class AttentionBridge(nn.Module):
    """A softmax over source positions (Luong et al. 2015, `general`, with the scale of Vaswani et al. 2017)."""

    def __init__(self, source_width: int, decoder_width: int, width: int) -> None:
        super().__init__()
        self.output_width = width
        self.query = nn.Linear(decoder_width, width, bias=False)
        self.key = nn.Linear(source_width, width, bias=False)
        self.value = nn.Linear(source_width, width, bias=False)

    def write(self, source: Source) -> dict[str, Tensor]:
        """Keys, values, and which rows are real."""
        return {"key": self.key(source.x_BSX), "value": self.value(source.x_BSX), "real": source.real()}

    def read(self, h_BTD: Tensor, memory: Memory) -> Tensor:
        """A weighted mean of values."""
        key_BSO, value_BSO = memory["key"], memory["value"]
        mask_B1S = memory["real"][:, None]
        query_BTO = self.query(h_BTD)
        return attention(query_BTO, key_BSO, value_BSO, mask_B1S)

    def weights(self, h_BTD: Tensor, memory: Memory) -> Tensor:
        """weight_BTS: where each step looks."""
        score_BTS = self.query(h_BTD) @ memory["key"].transpose(1, 2) * self.output_width**-0.5
        return score_BTS.masked_fill(~memory["real"][:, None], -torch.inf).softmax(dim=-1)


class Writes(NamedTuple):
    """What source tokens ask a `MatrixBridge` to write, in the order of writing, head by head.

    Args:
        key_BNSK: of length 1.
        value_BNSV: what is to be found under it.
        beta_BNS: β, how much of the value is written, from 0 to 1; 0 for padding.
        log_decay_BNS: g, the logarithm of what is kept of all that was written before.
    """

    key_BNSK: Tensor
    value_BNSV: Tensor
    beta_BNS: Tensor
    log_decay_BNS: Tensor

    def kept(self) -> Tensor:
        """kept_BNS: the part of each write that has not faded at the end of the source."""
        return (self.log_decay_BNS.sum(dim=2, keepdim=True) - self.log_decay_BNS.cumsum(dim=2)).exp()


class MatrixBridge(nn.Module):
    """A matrix a head, written by the gated delta rule and read by a query: attention-free, its size fixed.

    Keys and queries are normalised silu projections, so a read is a linear map of what was stored under like keys; the read is
    normalised and gated by the state that asks (Yang, Kautz & Hatamizadeh 2024).

    Args:
        delta: write the difference to what is stored already; False adds every value to it, as linear attention does.
        decay: let what was written fade.
        both_ways: let the latter half of the heads write from the source's end to its start: what is written last fades least
            and is not overwritten.
    """

    def __init__(
        self,
        source_width: int,
        decoder_width: int,
        *,
        heads: int,
        keys: int,
        values: int,
        delta: bool,
        decay: bool,
        both_ways: bool,
    ) -> None:
        super().__init__()
        self.heads, self.delta = heads, delta
        self.backwards = heads // 2 if both_ways else 0
        self.output_width = heads * values
        self.key = nn.Linear(source_width, heads * keys, bias=False)
        self.value = nn.Linear(source_width, heads * values, bias=False)
        self.beta = nn.Linear(source_width, heads)
        self.decay = nn.Linear(source_width, heads) if decay else None
        self.query = nn.Linear(decoder_width, heads * keys, bias=False)
        self.gate = nn.Linear(decoder_width, heads * values)
        self.norm = nn.RMSNorm(values, eps=1e-5)
        with torch.no_grad():
            for gate, open_at in (self.beta, 0.82), (self.decay, 0.98):
                if gate is not None:
                    gate.weight.mul_(0.1)
                    gate.bias.fill_(torch.logit(torch.tensor(open_at)))

    def write(self, source: Source) -> dict[str, Tensor]:
        """`state`: heads × keys × values features a source."""
        key_BNSK, value_BNSV, beta_BNS, log_decay_BNS = writes = self.writes(source.x_BSX, source.length_B)
        with torch.autocast(source.x_BSX.device.type, enabled=False):
            if self.delta:
                return {"state": delta_write(key_BNSK, value_BNSV, beta_BNS, log_decay_BNS)}
            weight_BNS1 = (beta_BNS * writes.kept())[..., None]
            return {"state": (weight_BNS1 * key_BNSK).transpose(-1, -2) @ value_BNSV}

    def writes(self, x_BSX: Tensor, length_B: Tensor) -> "Writes":
        """What each source token asks to be written; padding comes last in either order."""
        real_B1S = is_real(length_B, x_BSX.shape[1])[:, None]
        order_BS = reversal(length_B, x_BSX.shape[1]) if self.backwards else None

        def written_by(layer: nn.Linear) -> Tensor:
            return self._by_head(self._in_order(layer(x_BSX), order_BS))

        key_BNSK = unit(written_by(self.key))
        value_BNSV = written_by(self.value).to(key_BNSK.dtype)
        beta_BNS = written_by(self.beta).squeeze(-1).to(key_BNSK.dtype).sigmoid() * real_B1S
        log_decay_BNS = torch.zeros_like(beta_BNS)
        if self.decay is not None:
            log_decay_BNS = logsigmoid(written_by(self.decay).squeeze(-1).to(key_BNSK.dtype)) * real_B1S
        return Writes(key_BNSK, value_BNSV, beta_BNS, log_decay_BNS)

    def ask(self, h_BTD: Tensor) -> Tensor:
        """query_BNTK: what each decoder state asks for."""
        return unit(self._by_head(self.query(h_BTD)))

    def read(self, h_BTD: Tensor, memory: Memory) -> Tensor:
        """RMSNorm(q S) ∘ silu(gate)."""
        state_BNKV = memory["state"]
        query_BNTK = self.ask(h_BTD)
        with torch.autocast(h_BTD.device.type, enabled=False):
            read_BNTV = self.norm(query_BNTK @ state_BNKV)
        return read_BNTV.transpose(1, 2).flatten(2) * silu(self.gate(h_BTD))

    def _by_head(self, x_BSY: Tensor) -> Tensor:
        return x_BSY.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _in_order(self, x_BSY: Tensor, order_BS: Tensor | None) -> Tensor:
        """Features of all heads, those of the backward heads in the order given."""
        if order_BS is None:
            return x_BSY
        forward_BSY, backward_BSY = x_BSY.unflatten(-1, (self.heads, -1)).tensor_split([self.heads - self.backwards], dim=2)
        return torch.cat([forward_BSY.flatten(2), gather_time(backward_BSY.flatten(2), order_BS)], dim=-1)


def unit(x_BNSK: Tensor) -> Tensor:
    """silu, then length 1; in float32 at least."""
    return normalize(silu(x_BNSK.to(torch.promote_types(x_BNSK.dtype, torch.float32))), dim=-1)
