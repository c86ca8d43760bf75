"""`[model]` of a tagger."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from seqkit.architecture.encoders import RecurrentConfig, TransformerConfig
from seqkit.config import Config


class WordConfig(Config):
    """Sizes of the four views; 0 leaves a view out.

    Args:
        chars: `cnn` (Ma & Hovy 2016) or `lstm` (Lample et al. 2016) over the characters.
        unknown: a training word seen c times becomes unknown with probability unknown / (unknown + c), so that the rest of the
            model learns to do without it (after Kiperwasser & Goldberg 2016).
        vectors: a file of pretrained word vectors, GloVe or word2vec, text or binary; it sets `word_width`.
    """

    word_width: int = Field(default=64, ge=0)
    char_width: int = Field(default=24, ge=1)
    chars: Literal["cnn", "lstm", "none"] = "cnn"
    char_output: int = Field(default=64, ge=2)
    char_window: int = Field(default=3, ge=1)
    affix_width: int = Field(default=24, ge=0)
    shape_width: int = Field(default=16, ge=0)
    unknown: float = Field(default=0.5, ge=0)
    vectors: str = ""


class TaggerParts(Config):
    """What a tagger has whatever its family.

    Args:
        output: `crf` scores whole tag sequences and never yields an illegal one; `softmax` scores each token alone.
        input_dropout: on word vectors.
        output_dropout: on the encoder's output.
        ensemble_size: so many encoders, trained side by side from different starts, their scores averaged in prediction (deep
            ensembles, Lakshminarayanan et al. 2017). Costs as much more in every way.
        outside_bias: choose on dev how much decoding takes from the score of `O`. Likelihood says nothing when a model is half
            sure; F1 is highest when anything above half of the best reachable F1 is named (Lipton et al. 2014).
        label_shift: so many times the log-ratio of how often each type is named in dev and in train is added to the scores of
            the tags that open it, in prediction: for a dev closer than train to the text that the tagger is for. 1 corrects
            as Saerens et al. (2002) do; more suits a model that is too sure of itself.
    """

    renamed: ClassVar[Mapping[str, str]] = {"lean": "outside_bias", "shift": "label_shift", "members": "ensemble_size"}

    words: WordConfig = WordConfig()
    output: Literal["crf", "softmax"] = "crf"
    input_dropout: float = Field(default=0.3, ge=0, lt=1)
    output_dropout: float = Field(default=0.3, ge=0, lt=1)
    ensemble_size: int = Field(default=1, ge=1, le=16)
    outside_bias: bool = False
    label_shift: float = Field(default=0.0, ge=0)


class RecurrentTaggerConfig(TaggerParts, RecurrentConfig):
    """`[model]` of a recurrent tagger."""


class TransformerTaggerConfig(TaggerParts, TransformerConfig):
    """`[model]` of a Transformer tagger."""


TaggerConfig = Annotated[RecurrentTaggerConfig | TransformerTaggerConfig, Field(discriminator="family")]


AnyTaggerConfig = RecurrentTaggerConfig | TransformerTaggerConfig
