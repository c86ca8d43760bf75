"""How the score on dev and the speed of a training run are written for people."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DevScore:
    """The score that training maximises, as shown.

    Args:
        name: `F1`, `nats/character`.
        factor: what the score is multiplied by to be read: 100 for a fraction, −1 for a loss.
        digits: decimals.
        unit: what training counts: `words`, `characters`.
    """

    name: str
    factor: float = 100.0
    digits: int = 1
    unit: str = "words"

    @property
    def is_loss(self) -> bool:
        """Whether less is better."""
        return self.factor < 0

    @property
    def label(self) -> str:
        """Of an axis: `dev F1, %`, `nats/character`."""
        return self.name if self.is_loss else f"dev {self.name}, %"

    def text(self, score: float) -> str:
        """The score as a person reads it."""
        return f"{self.factor * score:.{self.digits}f}"
