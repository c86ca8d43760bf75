"""The values of ABC fields that have a grammar of their own: metre, unit length, key, number (ABC 2.1, 3.1)."""

import re
from fractions import Fraction

MODES = ("maj", "min", "m", "ion", "dor", "phr", "lyd", "mix", "aeo", "loc", "exp")
CLEFS = ("treble", "bass", "alto", "tenor", "perc", "none")
SETTINGS = ("clef", "middle", "transpose", "octave", "stafflines")
TONIC = re.compile("HP|Hp|none|[A-G][#b]?")
ACCIDENTAL = re.compile(r"(\^\^|\^|__|_|=)[A-Ga-g]")
NUMBER = re.compile("[1-9][0-9]{0,3}")


def parse_metre(value: str) -> Fraction | None:
    """`6/8`, `(2+3)/8`, `C`, `C|`; None for free metre, `none`.

    Raises:
        ValueError: something else.
    """
    match value:
        case "none":
            return None
        case "C" | "C|":
            return Fraction(1)
        case _:
            above, slash, below = value.partition("/")
            beats = above.removeprefix("(").removesuffix(")") if above.startswith("(") == above.endswith(")") else ""
            terms = [term.strip() for term in beats.split("+")]
            if not slash or not all(map(NUMBER.fullmatch, [*terms, below.strip()])):
                raise ValueError(f"M: no metre: '{value}'")
            return Fraction(sum(map(int, terms)), int(below))


def is_compound(value: str) -> bool:
    """Three eighths a beat: where some tuplets take another time."""
    return value in ("6/8", "9/8", "12/8")


def parse_unit(value: str) -> Fraction:
    """`1/8`: the length of a note without one.

    Raises:
        ValueError: something else.
    """
    above, slash, below = value.partition("/")
    if not NUMBER.fullmatch(above) or (slash and not NUMBER.fullmatch(below)):
        raise ValueError(f"L: no note length: '{value}'")
    return Fraction(int(above), int(below or 1))


def default_unit(metre: Fraction | None) -> Fraction:
    """Without L: a sixteenth in metres shorter than 3/4, else an eighth."""
    return Fraction(1, 16) if metre is not None and metre < Fraction(3, 4) else Fraction(1, 8)


def check_key(value: str) -> None:
    """`D`, `F#m`, `A mix`, `Bb dorian clef=bass`, `D exp ^f =c`, `HP`, `none`, or nothing.

    Raises:
        ValueError: something else.
    """
    tonic = TONIC.match(value)
    words = value[tonic.end() :].split() if tonic else value.split()
    if not all(_is_setting(word) or (tonic and _is_mode(word)) for word in words):
        raise ValueError(f"K: no key: '{value}'")


def check_number(value: str) -> None:
    """Of a tune in its collection.

    Raises:
        ValueError: not a whole number.
    """
    if not re.fullmatch("[0-9]{1,9}", value):
        raise ValueError(f"X: no number: '{value}'")


def _is_mode(word: str) -> bool:
    """By its first three letters; or an accidental of the scale."""
    return (word.isalpha() and word[:3].lower() in MODES) or bool(ACCIDENTAL.fullmatch(word))


def _is_setting(word: str) -> bool:
    """A clef, alone or named; or how to write and play the notes."""
    return word.rstrip("+-1234568").lower() in CLEFS or word.partition("=")[0] in SETTINGS
