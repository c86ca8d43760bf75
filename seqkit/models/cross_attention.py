"""Attention of a decoder over an encoder's output (Vaswani et al. 2017, section 3.2.3).

Axes: B sentences, S source tokens, T target tokens, N heads, E features of a head, D features of a token.
"""

from collections.abc import Mapping

from torch import Tensor, nn

from seqkit.architecture.encoders import Init
from seqkit.models.attention import attention, attention_weights
from seqkit.models.bridges import Source, by_source
from seqkit.models.transformer import Turning, projection, rotate, turn


class CrossAttention(nn.Module):
    """Queries from the target; keys and values of the source, made once.

    Args:
        rotary: turn queries and keys to their places (Su et al. 2021), so that a target token knows from the start which
            source tokens stand where it does.
        init: `projections` of `TransformerConfig`.
    """

    def __init__(self, source_width: int, width: int, heads: int, rotary: bool, init: Init) -> None:
        super().__init__()
        self.heads = heads
        self.rotary = rotary
        self.query = projection(init, width, width)
        self.key_value = projection(init, source_width, width, parts=2)
        self.output_projection = projection(init, width, width)

    def write(self, source: Source) -> dict[str, Tensor]:
        """Keys, values, and which rows are real."""
        key_BSD, value_BSD = self.key_value(source.x_BSX).chunk(2, dim=-1)
        key_BNSE = self._by_head(key_BSD)
        return {
            "key": rotate(key_BNSE) if self.rotary else key_BNSE,
            "value": self._by_head(value_BSD),
            "real": source.real(),
        }

    def read(self, x_BTD: Tensor, memory: Mapping[str, Tensor], turning: Turning | None) -> Tensor:
        """y_BTD.

        Args:
            turning: of each target token's place, where `rotary`.
        """
        query_BTD = self._turned(self.query(x_BTD), turning)
        query_BNTE = self._by_head(by_source(query_BTD, memory))
        out_BNTE = attention(query_BNTE, memory["key"], memory["value"], memory["real"][:, None, None])
        return self.output_projection(out_BNTE.transpose(1, 2).reshape(x_BTD.shape))

    def weights(self, x_BTD: Tensor, memory: Mapping[str, Tensor], turning: Turning | None) -> Tensor:
        """weight_BTS: where each target token looks, the mean over heads."""
        query_BNTE = self._by_head(self._turned(self.query(x_BTD), turning))
        return attention_weights(query_BNTE, memory["key"], memory["real"][:, None, None]).mean(dim=1)

    def _turned(self, query_BTD: Tensor, turning: Turning | None) -> Tensor:
        if turning is None:
            return query_BTD
        query_BNTE = turn(self._by_head(query_BTD), *turning).to(query_BTD.dtype)
        return query_BNTE.transpose(1, 2).flatten(2)

    def _by_head(self, x_BSD: Tensor) -> Tensor:
        return x_BSD.unflatten(-1, (self.heads, -1)).transpose(1, 2)
