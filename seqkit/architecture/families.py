"""The families a model may belong to, and what changing its size asks of each."""

from seqkit.config import Config

FAMILIES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "mingru": "minGRU", "transformer": "Transformer"}
"""As they are written for people, by the name that configurations know."""


class RecurrentFamily(Config):
    """Base of configurations of recurrent models."""

    @property
    def width_step(self) -> int:
        """Widths are multiples of it: two directions share them."""
        return 2

    @property
    def filler(self) -> str | None:
        """The size that can take what whole widths leave over of a number of parameters; None if there is none."""
        return None


class TransformerFamily(Config):
    """Base of configurations of Transformers."""

    @property
    def width_step(self) -> int:
        """Widths are multiples of it: heads share them, and rotations turn features in twos."""
        return 2 * self.heads  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType] # each has a default of its own

    @property
    def filler(self) -> str | None:
        """The size that can take what whole widths leave over of a number of parameters: of the layers between attentions."""
        return "feedforward"
