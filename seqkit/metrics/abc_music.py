"""The music of a tune in ABC 2.1, line by line: what stands where it may, and how long it lasts.

One pass from left to right; every character is looked at a bounded number of times.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from seqkit.metrics.abc_bars import Bars
from seqkit.metrics.abc_fields import check_key, check_number, is_compound, parse_metre, parse_unit

PITCHES = "ABCDEFGabcdefg"
SHORTHANDS = ".~HLMPTuv"  # decorations of one sign, for the note after it
SIGNS = "OS"  # coda and segno, which may stand anywhere
NAMED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789()<>.+-~^/")  # in a !decoration!
INLINE_FIELDS = "IKLMNPQRUVmr"
# More is no music, though the standard sets no bounds; they also keep sums of fractions small.
MOST_DIGITS, MOST_SLASHES, MOST_OCTAVES, MOST_BAR_SIGNS = 3, 4, 5, 6
# Notes whose time a tuplet takes (ABC 2.1, 4.13); 0: three in a compound metre, else two.
TUPLET_TIME = {2: 3, 3: 2, 4: 3, 5: 0, 6: 2, 7: 0, 8: 3, 9: 0}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is no tune; line and column count from 1."""

    line: int
    column: int
    reason: str


class Cursor:
    """A place in a line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    @property
    def next(self) -> str:
        """The next character, empty at the end."""
        return self.text[self.place : self.place + 1]

    def starts(self, *prefixes: str) -> bool:
        """What comes next, without moving."""
        return self.text.startswith(prefixes, self.place)

    def take(self, some: str) -> str:
        """Move past a run of some characters."""
        start = self.place
        while self.place < len(self.text) and self.text[self.place] in some:
            self.place += 1
        return self.text[start : self.place]

    def take_one(self, some: str) -> str:
        """Move past one of some characters, if it comes next."""
        found = self.next if self.next in some else ""
        self.place += len(found)
        return found

    def take_to(self, closing: str) -> str | None:
        """Move past the next closing character; None, at the end of the line, if there is none."""
        start, stop = self.place, self.text.find(closing, self.place)
        self.place = len(self.text) if stop < 0 else stop + 1
        return None if stop < 0 else self.text[start:stop]


@dataclass
class Pending:
    """What was opened or announced, and where, as line and column.

    Args:
        note: the length of the last note of the bar, of which more may be said.
        tied: that note has a tie.
        broken: the factor of the note to come, after `>` or `<`.
        tuplet: notes to come, and the factor of each.
        decoration: a note is to follow it.
        slurs: not yet closed.
    """

    note: Fraction | None = None
    tied: bool = False
    broken: tuple[tuple[int, int], Fraction] | None = None
    tuplet: tuple[tuple[int, int], int, Fraction] | None = None
    decoration: tuple[int, int] | None = None
    slurs: list[tuple[int, int]] = field(default_factory=list)


class Music:
    """Reads lines and fields in their order.

    Args:
        faults: where new ones are put.
    """

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        self.bars = Bars()
        self.notes = 0
        self._line = 1
        self._pending = Pending()

    def read_field(self, letter: str, value: str, line: int, column: int) -> None:
        """A field of the header, the body or a line of music: what it changes, or why it cannot."""
        value = value.strip()
        try:
            match letter:
                case "M":
                    self.bars.metre, self.bars.compound = parse_metre(value), is_compound(value)
                case "L":
                    self.bars.unit = parse_unit(value)
                case "K":
                    check_key(value)
                case "X":
                    check_number(value)
                case "P":
                    self.bars.edge = True
                case _:
                    pass
        except ValueError as error:
            self.faults.append(Fault(line, column, str(error)))

    def read_line(self, line: int, text: str) -> None:
        """A line of music."""
        self._line = line
        cursor = Cursor(text)
        cursor.take(" \t`")
        while cursor.next not in ("", "%"):
            self._read_element(cursor)
            cursor.take(" \t`")
        self._require_decorated()

    def finish(self) -> None:
        """The tune ends: nothing may be open."""
        self.bars.close(edge=True)
        self._end_bar()
        for place in self._pending.slurs:
            self.faults.append(Fault(*place, "a slur without its ')'"))

    def _fault(self, cursor: Cursor, reason: str, start: int | None = None) -> None:
        self.faults.append(Fault(self._line, (cursor.place if start is None else start) + 1, reason))

    def _read_element(self, cursor: Cursor) -> None:
        """The next sign of music; always moves."""
        sign, start = cursor.next, cursor.place
        if cursor.starts("|", ":", "[|", ".|"):
            self._read_bar_line(cursor)
        elif sign in SIGNS:
            cursor.place += 1
        elif sign == "[":
            self._read_bracket(cursor)
        elif sign in "^_=zxZXy" or sign in PITCHES:
            self._read_note(cursor)
        elif sign == "(":
            self._read_parenthesis(cursor)
        elif sign in "<>":
            self._read_broken_rhythm(cursor)
        elif sign == "{":
            self._read_grace_notes(cursor)
        elif sign in SHORTHANDS or sign == "!":
            self._read_decoration(cursor)
        else:
            cursor.place += 1
            self._read_sign(cursor, sign, start)

    def _read_sign(self, cursor: Cursor, sign: str, start: int) -> None:
        """The signs of one character, already moved past."""
        pending = self._pending
        match sign:
            case '"':
                if cursor.take_to('"') is None:
                    self._fault(cursor, "a quote is not closed on its line", start)
            case ")":
                if not pending.slurs:
                    self._fault(cursor, "')' closes no slur", start)
                else:
                    pending.slurs.pop()
            case "-":
                if pending.note is None or pending.tied:
                    self._fault(cursor, "a tie without a note before it", start)
                pending.tied = True
            case "\\":
                cursor.take(" \t")
                if cursor.next not in ("", "%"):
                    self._fault(cursor, "'\\' not at the end of a line", start)
            case _:
                self._fault(cursor, f"{sign!r} is not music", start)

    def _read_note(self, cursor: Cursor) -> None:
        """A note, a rest, a rest of whole bars, or a space."""
        kind = cursor.take_one("zxZXy")
        if not kind and not self._read_pitch(cursor):
            return
        units = self._read_length(cursor)
        if kind == "y":
            return
        if kind in ("Z", "X"):
            self.bars.close(edge=True)
            self._end_bar()
            return
        self.notes += not kind
        self._add_note(units)

    def _read_pitch(self, cursor: Cursor) -> bool:
        """Accidental, letter and octave; False, with a fault, if there is no letter."""
        start = cursor.place
        accidental = cursor.take("^") or cursor.take("_") or cursor.take_one("=")
        letter = cursor.take_one(PITCHES)
        octaves = cursor.take(",'") if letter else ""
        if len(accidental) > 2 or len(octaves) > MOST_OCTAVES:
            self._fault(cursor, "no such note", start)
        elif not letter:
            self._fault(cursor, f"'{accidental}' without a note after it", start)
        return bool(letter)

    def _read_length(self, cursor: Cursor) -> Fraction:
        """`3`, `3/2`, `/2`, `//`: a multiple of the unit."""
        start = cursor.place
        above, slashes = cursor.take("0123456789"), cursor.take("/")
        below = cursor.take("0123456789") if slashes else ""
        longest = max(len(above), len(below))
        if longest > MOST_DIGITS or len(slashes) > (1 if below else MOST_SLASHES):
            self._fault(cursor, "no such note length", start)
            return Fraction(1)
        if "0" in (above[:1], below[:1]):
            self._fault(cursor, "a note length of 0 or with a 0 before it", start)
            return Fraction(1)
        return Fraction(int(above or 1), int(below or 2 ** len(slashes)))

    def _add_note(self, units: Fraction) -> None:
        """A note, rest or chord of so many units takes its time."""
        pending = self._pending
        if pending.tuplet:
            place, left, factor = pending.tuplet
            units *= factor
            pending.tuplet = (place, left - 1, factor) if left > 1 else None
        if pending.broken:
            units *= pending.broken[1]
        pending.note, pending.tied, pending.broken, pending.decoration = units, False, None, None
        self.bars.length += units * self.bars.unit

    def _read_bracket(self, cursor: Cursor) -> None:
        """`[K:G]`, `[1` or `[CEG]`."""
        start = cursor.place
        cursor.place += 1
        letter = cursor.next
        if letter and letter in INLINE_FIELDS and cursor.text[cursor.place + 1 : cursor.place + 2] == ":":
            cursor.place += 2
            value = cursor.take_to("]")
            if value is None:
                self._fault(cursor, "'[' is not closed on its line", start)
            else:
                self.read_field(letter, value, self._line, start + 4)
        elif letter and letter in "123456789":
            self._read_ending(cursor)
        else:
            self._read_chord(cursor, start)

    def _read_chord(self, cursor: Cursor, start: int) -> None:
        """The notes after `[`, at once; the first one's length counts."""
        lengths: list[Fraction] = []
        cursor.take(" " + SHORTHANDS)
        while cursor.next and (cursor.next in "^_=" or cursor.next in PITCHES):
            if self._read_pitch(cursor):
                lengths.append(self._read_length(cursor))
            cursor.take_one("-")
            cursor.take(" " + SHORTHANDS)
        if not cursor.take_one("]"):
            self._fault(cursor, f"{cursor.next!r} in a chord" if cursor.next else "'[' is not closed on its line")
        elif not lengths:
            self._fault(cursor, "a chord without notes", start)
        if lengths:
            self.notes += 1
            self._add_note(lengths[0] * self._read_length(cursor))

    def _read_grace_notes(self, cursor: Cursor) -> None:
        """`{gf}` or `{/g}`, which take no time."""
        start, notes = cursor.place, 0
        cursor.place += 1
        cursor.take_one("/")
        while cursor.next and (cursor.next in "^_= " or cursor.next in PITCHES):
            if not cursor.take(" ") and self._read_pitch(cursor):
                self._read_length(cursor)
                notes += 1
        if not cursor.take_one("}"):
            self._fault(cursor, f"{cursor.next!r} among grace notes" if cursor.next else "'{' is not closed on its line")
        elif not notes:
            self._fault(cursor, "no grace notes in '{}'", start)

    def _read_parenthesis(self, cursor: Cursor) -> None:
        """A slur, or a tuplet `(3`, `(3:2`, `(3:2:4`, `(3::2`."""
        start = (self._line, cursor.place + 1)
        cursor.place += 1
        if not (digits := cursor.take("0123456789")):
            self._pending.slurs.append(start)
            return
        time, count = "", ""
        if cursor.take_one(":"):
            time = cursor.take("123456789")
            count = cursor.take("123456789") if cursor.take_one(":") else ""
        if len(digits + time + count) > MOST_DIGITS or int(digits) not in TUPLET_TIME:
            self.faults.append(Fault(*start, f"no such tuplet: ({digits[:8]}"))
            return
        if self._pending.tuplet:
            self.faults.append(Fault(*start, "a tuplet in a tuplet"))
        notes = int(digits)
        taken = int(time or 0) or TUPLET_TIME[notes] or (3 if self.bars.compound else 2)
        self._pending.tuplet = (start, int(count or notes), Fraction(taken, notes))

    def _read_broken_rhythm(self, cursor: Cursor) -> None:
        """`>` lengthens the note before it by half and halves the next one, `<` the reverse; `>>` by three quarters."""
        start, sign = cursor.place, cursor.next
        times = len(cursor.take(sign))
        pending = self._pending
        if times > 3 or pending.note is None or pending.tied or pending.broken:
            self._fault(cursor, f"'{sign}' is not between two notes", start)
            return
        short = Fraction(1, 2**times)
        before, after = (2 - short, short) if sign == ">" else (short, 2 - short)
        self.bars.length += pending.note * (before - 1) * self.bars.unit
        pending.broken = ((self._line, start + 1), after)

    def _read_decoration(self, cursor: Cursor) -> None:
        """`.`, `~`, `T` and the like before a note, or `!name!`, which may stand anywhere."""
        start = cursor.place
        if cursor.take_one(SHORTHANDS):
            self._pending.decoration = self._pending.decoration or (self._line, start + 1)
            return
        cursor.place += 1
        name = cursor.take_to("!")
        if not name or not NAMED.issuperset(name):
            self._fault(cursor, "no decoration between '!' and '!'", start)

    def _read_bar_line(self, cursor: Cursor) -> None:
        """Any run of `|`, `:` and thick `[` or `]` that has a `|` in it, or two dots; then an ending's number, if any."""
        start = cursor.place
        cursor.take_one(".")
        while (cursor.next and cursor.next in "|:") or (cursor.next == "]" and cursor.place > start) or cursor.starts("[|"):
            cursor.place += 1
        signs = cursor.text[start : cursor.place]
        if ("|" not in signs and signs != "::") or len(signs) > MOST_BAR_SIGNS:
            self._fault(cursor, f"no bar line: '{signs[:8]}'", start)
        self._end_bar()
        self.bars.close(edge=signs not in ("|", ".|"))
        if cursor.next and cursor.next in "123456789":
            self._read_ending(cursor)

    def _read_ending(self, cursor: Cursor) -> None:
        """The numbers of first, second … endings: `1`, `1,3`, `1-3`."""
        start = cursor.place
        numbers = cursor.take("0123456789,-")
        if not all(part.isdigit() for part in numbers.replace("-", ",").split(",")):
            self._fault(cursor, f"no ending: '{numbers[:8]}'", start)
        if self.bars.length:
            self._fault(cursor, "an ending starts inside a bar", start)
        self.bars.edge = True

    def _end_bar(self) -> None:
        """What must be complete before a bar line."""
        pending = self._pending
        if pending.broken:
            self.faults.append(Fault(*pending.broken[0], "a broken rhythm without its second note"))
        if pending.tuplet:
            place, left, _ = pending.tuplet
            self.faults.append(Fault(*place, f"a tuplet that lacks {left} of its notes"))
        self._require_decorated()
        pending.note, pending.tied, pending.broken, pending.tuplet = None, False, None, None

    def _require_decorated(self) -> None:
        if self._pending.decoration:
            self.faults.append(Fault(*self._pending.decoration, "a decoration without its note"))
            self._pending.decoration = None
