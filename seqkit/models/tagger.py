"""A sequence tagger: word vectors, an encoder of either family, and a CRF or softmax over tags.

Axes: B sentences, T tokens, U distinct words of a batch, D features, K tags.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from seqkit.config import Config
from seqkit.models.build import build_encoder
from seqkit.models.crf import CRF, legal_iob2
from seqkit.models.dropout import Dropout
from seqkit.models.recurrent import RecurrentConfig
from seqkit.models.transformer import TransformerConfig
from seqkit.models.words import WordConfig, WordEncoder, WordTensors


class TaggerParts(Config):
    """What a tagger has whatever its family.

    Args:
        output: `crf` scores whole tag sequences and never yields an illegal one; `softmax` scores each token alone.
        input_dropout: on word vectors.
        output_dropout: on the encoder's output.
    """

    words: WordConfig = WordConfig()
    output: Literal["crf", "softmax"] = "crf"
    input_dropout: float = Field(default=0.3, ge=0, lt=1)
    output_dropout: float = Field(default=0.3, ge=0, lt=1)


class RecurrentTaggerConfig(TaggerParts, RecurrentConfig):
    """`[model]` of a recurrent tagger."""


class TransformerTaggerConfig(TaggerParts, TransformerConfig):
    """`[model]` of a Transformer tagger."""


TaggerConfig = Annotated[RecurrentTaggerConfig | TransformerTaggerConfig, Field(discriminator="family")]


class Tagger(nn.Module):
    """Scores, trains and decodes the tags of padded sentences.

    Args:
        sizes: rows of the word tables, as `Vocabulary.sizes`.
        tags: the K tags, in the order of the output.
    """

    def __init__(
        self, config: RecurrentTaggerConfig | TransformerTaggerConfig, sizes: dict[str, int], tags: Sequence[str]
    ) -> None:
        super().__init__()
        self.words = WordEncoder(config.words, sizes)
        self.input_dropout = Dropout(config.input_dropout, locked=True)
        self.encoder = build_encoder(config, self.words.output_width)
        self.output_dropout = Dropout(config.output_dropout, locked=True)
        self.emit = nn.Linear(self.encoder.output_width, len(tags))
        self.crf = CRF(*legal_iob2(tags)) if config.output == "crf" else None

    def forward(self, x_BTD: Tensor, length_B: Tensor) -> Tensor:
        """emission_BTK from word vectors x_BTD."""
        y_BTD = self.encoder(self.input_dropout(x_BTD), length_B)
        return self.emit(self.output_dropout(y_BTD)).float()

    def loss(
        self, words: WordTensors, place_BT: Tensor, length_B: Tensor, tag_BT: Tensor, *, precision: torch.dtype
    ) -> tuple[Tensor, int]:
        """Negative log-likelihood in nats, summed over the tokens, and the number of tokens.

        Args:
            precision: of the matrix products; bfloat16 runs them under autocast, the CRF stays in float32.
        """
        device = place_BT.device.type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=precision == torch.bfloat16):
            emission_BTK = self(self.words(words, place_BT), length_B)
        tokens = int(length_B.sum())
        if self.crf is not None:
            return -self.crf.log_likelihood(emission_BTK, tag_BT, length_B).sum(), tokens
        real_BT = torch.arange(place_BT.shape[1], device=place_BT.device) < length_B[:, None]
        return nn.functional.cross_entropy(emission_BTK[real_BT], tag_BT[real_BT], reduction="sum"), tokens

    def decode(self, emission_BTK: Tensor, length_B: Tensor) -> Tensor:
        """tag_BT: the best sequence under the CRF, or each token's best tag."""
        if self.crf is not None:
            return self.crf.decode(emission_BTK, length_B)[0]
        return emission_BTK.argmax(dim=-1)
