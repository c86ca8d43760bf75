"""Is a text a tune in ABC notation? The subset of ABC 2.1 in which collections of folk tunes are written.

A header of fields, X first, a title among them, K last; then notes, rests, chords, chord symbols, tuplets, broken rhythm, ties,
slurs, grace notes, decorations, bar lines, endings, fields between lines and in them, continued lines, comments. Not in the
subset: voices overlaid with &, macros, redefined symbols, old decorations between + signs. Stricter than the standard, which
would have much ignored: an unknown sign is a fault, and so is a tune without a note.
"""

from dataclasses import dataclass

from seqkit.metrics.abc_fields import default_unit
from seqkit.metrics.abc_music import Fault, Music

BODY_FIELDS = "IKLMNPQRTUVWmrsw"


@dataclass(frozen=True, slots=True)
class Check:
    """What was found in a text.

    Args:
        faults: why it is no tune, in the order they were met.
        bars: those with music in them, under a metre.
        full_bars: those that add up to the metre; at the start and end of a section, where a pickup and the bar that completes
            it share a measure, they may be shorter. No part of validity: collections have many that do not.
    """

    faults: tuple[Fault, ...]
    bars: int
    full_bars: int

    @property
    def valid(self) -> bool:
        """No faults."""
        return not self.faults

    @property
    def full_share(self) -> float | None:
        """The share of bars that add up; None where there are none."""
        return self.full_bars / self.bars if self.bars else None


def check_tune(text: str) -> Check:
    """Read one tune; time grows with its length."""
    tune = _Tune()
    lines = [line.removesuffix("\r").rstrip(" \t") for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, start=1):
        tune.read(number, line)
    tune.finish(len(lines))
    return Check(tuple(tune.faults), tune.music.bars.total, tune.music.bars.full)


def split_tunes(text: str) -> list[str]:
    """The tunes of a collection: what stands between empty lines, comments alone left out."""
    tunes: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.strip():
            tunes[-1].append(line)
        elif tunes[-1]:
            tunes.append([])
    return ["\n".join(lines) + "\n" for lines in tunes if any(not line.startswith("%") for line in lines)]


class _Tune:
    """Header, then body."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.music = Music(self.faults)
        self._fields = ""  # of the header, in their order
        self._in_body = False
        self._ended = False

    def read(self, number: int, line: str) -> None:
        """One line without its end."""
        if line.startswith("%"):
            return
        if self._ended:
            self._fault(number, "text after the empty line that ends a tune")
            self._ended = False
        if not line:
            self._ended = bool(self._fields) or self._in_body
            return
        letter, value = (line[0], line[2:]) if line[1:2] == ":" and line[0].isascii() and line[0].isalpha() else ("", "")
        if self._in_body:
            self._read_body(number, line, letter, value)
        elif letter:
            self._read_header(number, letter, value)
        else:
            self._fault(number, "music before the header has ended with K:" if self._fields else "a tune starts with X:")
            self._start_body()
            self._read_body(number, line, "", "")

    def finish(self, last: int) -> None:
        """The end of the text."""
        if not self._in_body:
            self._fault(max(last, 1), "the header does not end with K:" if self._fields else "there is no tune")
        elif not self.music.notes:
            self._fault(last, "there are no notes")
        self.music.finish()

    def _read_header(self, number: int, letter: str, value: str) -> None:
        if not self._fields and letter != "X":
            self._fault(number, "a tune starts with X:")
        elif letter == "X" and self._fields:
            self._fault(number, "X: in the middle of a tune")
        elif letter == "K" and "T" not in self._fields:
            self._fault(number, "there is no title, T:")
        self._fields += letter
        self.music.read_field(letter, _without_comment(value), number, 3)
        if letter == "K":
            self._start_body()

    def _start_body(self) -> None:
        self._in_body = True
        if "L" not in self._fields:
            self.music.bars.unit = default_unit(self.music.bars.metre)

    def _read_body(self, number: int, line: str, letter: str, value: str) -> None:
        if letter and letter in BODY_FIELDS:
            self.music.read_field(letter, _without_comment(value), number, 3)
        elif letter == "X":
            self._fault(number, "X: in the middle of a tune")
        else:
            self.music.read_line(number, line)

    def _fault(self, number: int, reason: str) -> None:
        self.faults.append(Fault(number, 1, reason))


def _without_comment(value: str) -> str:
    return value.partition("%")[0]
