"""Attention maps of one recorded pass.

Axes: B sequences, N heads, T tokens, S source tokens or tokens looked at.
"""

import torch
from torch import Tensor

from seqkit.models.bridges import AttentionBridge, Memory
from seqkit.models.causal_transformer import CausalBlock
from seqkit.models.decoder import Reading
from seqkit.models.inspection.recording import Calls
from seqkit.models.transformer import TransformerBlock


@torch.no_grad()
def self_attention(block: TransformerBlock | CausalBlock, calls: Calls) -> Tensor:
    """weight_BNTS: where each token looks in its own text, head by head; rows sum to 1."""
    x_BTD = block.attention_norm(calls[block].given[0])
    if isinstance(block, TransformerBlock):
        return block.weights(x_BTD, calls[block].given[1])
    _, cache, places, _ = calls[block].given
    return block.weights(x_BTD, cache, places)


@torch.no_grad()
def cross_attention(reader: CausalBlock | Reading, calls: Calls) -> Tensor | None:
    """weight_BTS: where each token looks in the source, the mean over heads; None where it reads it otherwise."""
    memory: Memory = calls[reader].given[-1]
    if isinstance(reader, CausalBlock):
        _, _, places, _ = calls[reader].given
        return reader.look.weights(calls[reader.look.query].given[0], memory, places.turn) if reader.look else None
    return reader.bridge.weights(calls[reader].given[0], memory) if isinstance(reader.bridge, AttentionBridge) else None
