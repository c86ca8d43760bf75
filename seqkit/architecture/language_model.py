"""`[model]` of a language model."""

from typing import Annotated

from pydantic import Field

from seqkit.architecture.causal import CausalRecurrentConfig, CausalTransformerConfig
from seqkit.config import Config


class LanguageModelParts(Config):
    """What a language model has whatever its family.

    Args:
        embedding_width: features of a symbol; 0 takes the body's width.
        tied: predict with the embeddings themselves (Press & Wolf 2017, Inan et al. 2017); where the body's width is another,
            its output is projected to theirs first.
        embedding_dropout: share of the vocabulary that is not read at all in a piece (Gal & Ghahramani 2016).
        input_dropout: on embeddings.
        output_dropout: on the body's output.
        locked: one mask for all tokens of a piece on input and output, and between recurrent layers (Gal & Ghahramani 2016).
    """

    embedding_width: int = Field(default=0, ge=0)
    tied: bool = True
    embedding_dropout: float = Field(default=0.0, ge=0, lt=1)
    input_dropout: float = Field(default=0.0, ge=0, lt=1)
    output_dropout: float = Field(default=0.0, ge=0, lt=1)
    locked: bool = True


class RecurrentLanguageModelConfig(LanguageModelParts, CausalRecurrentConfig):
    """`[model]` of a recurrent language model."""


class TransformerLanguageModelConfig(LanguageModelParts, CausalTransformerConfig):
    """`[model]` of a Transformer language model."""

    locked: bool = False


AnyLanguageModelConfig = RecurrentLanguageModelConfig | TransformerLanguageModelConfig


LanguageModelConfig = Annotated[AnyLanguageModelConfig, Field(discriminator="family")]
