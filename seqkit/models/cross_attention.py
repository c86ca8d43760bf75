"""Attention of a decoder over an encoder's output (Vaswani et al. 2017, section 3.2.3).

Axes: B sentences, S source tokens, T target tokens, N heads, E features of a head, D features of a token.
"""

from collections.abc import Mapping

from torch import Tensor, nn

from seqkit.models.attention import attention, attention_weights
from seqkit.models.bridges import Source, by_source


class CrossAttention(nn.Module):
    """Queries from the target; keys and values of the source, made once."""

    def __init__(self, source_width: int, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(source_width, 2 * width)
        self.leave = nn.Linear(width, width)

    def write(self, source: Source) -> dict[str, Tensor]:
        """Keys, values, and which rows are real."""
        key_BSD, value_BSD = self.key_value(source.x_BSX).chunk(2, dim=-1)
        return {"key": self._by_head(key_BSD), "value": self._by_head(value_BSD), "real": source.real()}

    def read(self, x_BTD: Tensor, memory: Mapping[str, Tensor]) -> Tensor:
        """y_BTD."""
        query_BNTE = self._by_head(by_source(self.query(x_BTD), memory))
        mask_B11S = memory["real"][:, None, None]
        out_BNTE = attention(query_BNTE, memory["key"], memory["value"], mask_B11S)
        return self.leave(out_BNTE.transpose(1, 2).reshape(x_BTD.shape))

    def weights(self, x_BTD: Tensor, memory: Mapping[str, Tensor]) -> Tensor:
        """weight_BTS: where each target token looks, the mean over heads."""
        query_BNTE = self._by_head(self.query(x_BTD))
        return attention_weights(query_BNTE, memory["key"], memory["real"][:, None, None]).mean(dim=1)

    def _by_head(self, x_BSD: Tensor) -> Tensor:
        return x_BSD.unflatten(-1, (self.heads, -1)).transpose(1, 2)
