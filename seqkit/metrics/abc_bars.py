"""Whether the bars of a tune add up to its metre."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass
class Bars:
    """Adds up lengths between bar lines.

    Where a section starts or ends, a pickup and the bar that completes it share a measure: there a bar may be shorter.

    Args:
        metre: None for free metre, whose bars are not counted.
        unit: the length of a note without one.
        compound: three eighths a beat.
    """

    metre: Fraction | None = None
    unit: Fraction = Fraction(1, 8)
    compound: bool = False
    total: int = 0
    full: int = 0
    length: Fraction = Fraction(0)
    edge: bool = True

    def close(self, *, edge: bool) -> None:
        """A bar line, an edge if it ends a section."""
        if not self.length:
            self.edge = self.edge or edge
            return
        if self.metre is not None:
            self.total += 1
            self.full += self.length == self.metre or (self.length < self.metre and (edge or self.edge))
        self.edge, self.length = edge, Fraction(0)
