"""English morphology: inflection, do-support, articles."""

from dataclasses import dataclass

VOWELS = "aeiou"
PRONOUNS = {
    "1s": ("I", "me"),
    "2s": ("you", "you"),
    "2f": ("you", "you"),
    "3m": ("he", "him"),
    "3f": ("she", "her"),
    "3n": ("it", "it"),
    "1p": ("we", "us"),
    "3p": ("they", "them"),
}
POSSESSIVES = {"1s": "my", "2s": "your", "2f": "your", "3m": "his", "3f": "her", "3n": "its", "1p": "our", "3p": "their"}
COMPARED = {"good": ("better", "best"), "bad": ("worse", "worst")}
POLYSYLLABIC = {
    "beautiful",
    "expensive",
    "modern",
    "delicious",
    "famous",
    "polite",
    "hard-working",
    "tired",
    "important",
    "difficult",
    "interesting",
    "boring",
    "nervous",
    "satisfied",
    "comfortable",
}
NOT_DOUBLED = ("ow", "aw", "ew", "ay", "oy", "ix", "ax", "en", "er", "it")
DOUBLED_ANYWAY = ("get", "forget", "begin", "put", "sit", "run", "swim", "travel")


def sibilant(word: str) -> bool:
    """Whether -s needs a vowel before it."""
    return word.endswith(("s", "x", "z", "ch", "sh"))


def plural(noun: str) -> str:
    """The regular plural."""
    if noun.endswith("y") and noun[-2] not in VOWELS:
        return noun[:-1] + "ies"
    return noun + ("es" if sibilant(noun) else "s")


def article(following: str) -> str:
    """`a` or `an`, by the next word."""
    silent = following.startswith("hour")
    return "an" if silent or (following[0] in VOWELS and not following.startswith(("uni", "use", "euro"))) else "a"


def _doubles(stem: str) -> bool:
    if stem in DOUBLED_ANYWAY:
        return True
    short = len(stem) > 2 and stem[-1] not in VOWELS + "wxy" and stem[-2] in VOWELS and stem[-3] not in VOWELS
    return short and sum(a in VOWELS and b not in VOWELS for a, b in zip(stem, stem[1:] + "t", strict=False)) == 1


def with_suffix(stem: str, suffix: str) -> str:
    """A stem before -ed, -er, -est: `stopped`, `baked`, `tidied`."""
    if stem.endswith("e"):
        return stem + suffix[1:]
    if stem.endswith("y") and stem[-2] not in VOWELS:
        return stem[:-1] + "i" + suffix
    return stem + (stem[-1] if _doubles(stem) else "") + suffix


def compare(adjective: str) -> tuple[str, str]:
    """Comparative and superlative."""
    if adjective in COMPARED:
        return COMPARED[adjective]
    if adjective in POLYSYLLABIC:
        return f"more {adjective}", f"most {adjective}"
    return with_suffix(adjective, "er"), with_suffix(adjective, "est")


def be(ref: str, past: bool) -> str:
    """`be`, the one verb that agrees in more than -s."""
    if past:
        return "was" if ref == "1s" or third(ref) else "were"
    return "am" if ref == "1s" else "is" if third(ref) else "are"


def third(ref: str) -> bool:
    """Whether a referent is a third person singular."""
    return ref in ("3m", "3f", "3n")


@dataclass(frozen=True)
class Verb:
    """An English verb, of which the first word inflects: `look for`."""

    infinitive: str
    irregular_past: str = ""
    irregular_participle: str = ""

    def _inflect(self, form: str) -> str:
        return " ".join([form, *self.infinitive.split(" ")[1:]])

    @property
    def _first(self) -> str:
        return self.infinitive.split(" ")[0]

    def present(self, ref: str) -> str:
        """The simple present."""
        stem = self._first
        if stem == "be":
            return self._inflect(be(ref, False))
        return self._inflect({"have": "has", "go": "goes"}.get(stem) or plural(stem)) if third(ref) else self.infinitive

    def past(self, ref: str) -> str:
        """The simple past."""
        if self._first == "be":
            return self._inflect(be(ref, True))
        return self._inflect(self.irregular_past or with_suffix(self._first, "ed"))

    @property
    def participle(self) -> str:
        """The past participle."""
        return self._inflect(self.irregular_participle or with_suffix(self._first, "ed"))

    @property
    def ing(self) -> str:
        """The present participle."""
        stem = self._first
        if stem == "lie":
            return self._inflect("lying")
        if stem.endswith("e") and stem not in ("be", "see"):
            return self._inflect(stem[:-1] + "ing")
        return self._inflect(stem + (stem[-1] if _doubles(stem) else "") + "ing")


NUMBERS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = {20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety"}
ORDINALS = {1: "first", 2: "second", 3: "third", 5: "fifth", 8: "eighth", 9: "ninth", 12: "twelfth"}


def number(value: int) -> str:
    """A cardinal below 100."""
    if value < 20:
        return NUMBERS[value]
    unit = value % 10
    return TENS[value - unit] + (f"-{NUMBERS[unit]}" if unit else "")


def ordinal(value: int) -> str:
    """An ordinal below 32."""
    if value in ORDINALS:
        return ORDINALS[value]
    if value > 20 and value % 10:
        return f"{TENS[value - value % 10]}-{ordinal(value % 10)}"
    word = number(value)
    return (word[:-1] + "ie" if word.endswith("y") else word) + "th"


def clock(hour: int, minutes: int) -> str:
    """The time of day as it is spoken."""
    if minutes == 0:
        return f"{number(hour)} o’clock"
    if minutes == 30:
        return f"half past {number(hour)}"
    distance, word, base = (minutes, "past", hour) if minutes < 30 else (60 - minutes, "to", hour % 12 + 1)
    return f"{'a quarter' if distance == 15 else number(distance)} {word} {number(base)}"
