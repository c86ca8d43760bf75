"""`[model]` of a translator."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from seqkit.architecture.causal import CausalRecurrentConfig, CausalTransformerConfig
from seqkit.architecture.encoders import Init, RecurrentConfig, TransformerConfig
from seqkit.architecture.families import TransformerFamily
from seqkit.config import Config


class RecurrentDecoderConfig(CausalRecurrentConfig):
    """A recurrent decoder and its bridge to the source.

    Args:
        bridge: `final`: the encoder's last state starts the decoder, and nothing else is known (Sutskever et al. 2014);
            `context`: a summary at every step (Cho et al. 2014); `matrix`: matrices of fixed size, attention-free;
            `attention`: a softmax over source positions (Luong et al. 2015).
        reads: where the source is read: after every layer, so that the layers above can remember what was read, or above the
            `last` one only. A summary, which no question changes, is read before the first layer and above the last.
        heads: of the matrices.
        key_width: rows of a matrix: so many things can be kept apart under one head.
        value_width: columns of a matrix; of an attention, features of keys and values, all heads together.
        delta: `matrix` writes the difference to what is stored; False adds.
        decay: `matrix` may fade.
        both_ways: half of the heads of a `matrix` write from the source's end to its start.
        initialise: start the decoder from the encoder's last state.
    """

    renamed: ClassVar[Mapping[str, str]] = {"handover": "initialise"}

    bridge: Literal["final", "context", "matrix", "attention"] = "matrix"
    reads: Literal["every", "last"] = "every"
    heads: int = Field(default=4, ge=1)
    key_width: int = Field(default=16, ge=1)
    value_width: int = Field(default=48, ge=1)
    delta: bool = True
    decay: bool = True
    both_ways: bool = False
    initialise: bool = True

    def reading_places(self) -> list[int]:
        """Before which layers the source is read; `layers` is above the last."""
        match self.bridge:
            case "final":
                return []
            case "context":
                return [0, self.layers]
            case "matrix" | "attention":
                return [self.layers] if self.reads == "last" else list(range(1, self.layers + 1))

    @field_validator("both_ways")
    @classmethod
    def _each_way_has_heads(cls, both_ways: bool, info: ValidationInfo) -> bool:
        if both_ways and info.data.get("heads") == 1:
            raise ValueError("should be false with one head: each way takes half of them")
        return both_ways

    @field_validator("initialise")
    @classmethod
    def _final_starts_from_it(cls, initialise: bool, info: ValidationInfo) -> bool:
        if not initialise and info.data.get("bridge") == "final":
            raise ValueError('should be true with bridge = "final": the decoder would know nothing of the source')
        return initialise


class TranslatorParts(Config):
    """What a translator has whatever its family.

    Args:
        embedding_width: features of a symbol; 0 takes the body's width.
        tied: predict with the target embeddings themselves (Press & Wolf 2017); with one vocabulary for both languages, they
            read the source too.
        input_dropout: on embeddings.
        output_dropout: on the decoder's output.
        dropout: between layers.
        label_smoothing: share of the probability that training spreads over all symbols (Szegedy et al. 2016).
    """

    embedding_width: int = Field(default=0, ge=0)
    tied: bool = True
    input_dropout: float = Field(default=0.15, ge=0, lt=1)
    output_dropout: float = Field(default=0.15, ge=0, lt=1)
    dropout: float = Field(default=0.15, ge=0, lt=1)
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)


class RecurrentTranslatorConfig(TranslatorParts, RecurrentDecoderConfig):
    """`[model]` of a recurrent translator.

    Args:
        width: features of each decoder layer.
        encoder_layers: of the encoder; `layers` are the decoder's.
        encoder_widening: features of the encoder's output, both directions together, as a multiple of `width`.
        reverse: read the source backwards (Sutskever et al. 2014).
    """

    family: Literal["rnn", "lstm", "gru"] = "lstm"  # pyright: ignore[reportIncompatibleVariableOverride] # frozen, so it may be narrower
    encoder_layers: int = Field(default=1, ge=1, le=16)
    encoder_widening: float = Field(default=1.0, gt=0)
    bidirectional: bool = True
    reverse: bool = False

    def encoder(self) -> RecurrentConfig:
        """Of the source."""
        return RecurrentConfig(
            family=self.family,
            layers=self.encoder_layers,
            width=max(2 * round(self.width * self.encoder_widening / 2), 2),
            bidirectional=self.bidirectional,
            dropout=self.dropout,
            locked=self.locked,
            init=self.init,
            longest=self.longest,
        )


class TransformerTranslatorConfig(TranslatorParts, TransformerFamily):
    """`[model]` of a Transformer translator.

    Args:
        layers: of the encoder, and as many of the decoder.
        feedforward: features of the inner layer as a multiple of `width`.
        projections: as `TransformerConfig`'s; attention to the source sets in sooner from larger weights.
    """

    family: Literal["transformer"] = "transformer"
    layers: int = Field(default=3, ge=1, le=48)
    width: int = Field(default=256, ge=4)
    heads: int = Field(default=4, ge=1)
    feedforward: float = Field(default=2.0, gt=0)
    attention_dropout: float = Field(default=0.0, ge=0, lt=1)
    projections: Init = "glorot"

    def encoder(self) -> TransformerConfig:
        """Of the source."""
        return TransformerConfig(positions="rotary", **self._common())

    def decoder(self) -> CausalTransformerConfig:
        """Of the target; it looks back to the start."""
        return CausalTransformerConfig(window=0, **self._common())

    def _common(self) -> dict[str, Any]:
        shared = ("layers", "width", "heads", "feedforward", "dropout", "attention_dropout", "projections")
        return {name: getattr(self, name) for name in shared}


AnyTranslatorConfig = RecurrentTranslatorConfig | TransformerTranslatorConfig


TranslatorConfig = Annotated[AnyTranslatorConfig, Field(discriminator="family")]
