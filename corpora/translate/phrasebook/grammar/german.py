"""German morphology: declension, conjugation, contraction."""

from dataclasses import dataclass

CASES = ("nom", "acc", "dat", "gen")
# Endings by gender ("p" is the plural), in the order of CASES.
DER = {"m": ("er", "en", "em", "es"), "f": ("e", "e", "er", "er"), "n": ("es", "es", "em", "es"), "p": ("e", "e", "en", "er")}
EIN = {"m": ("", "en", "em", "es"), "f": ("e", "e", "er", "er"), "n": ("", "", "em", "es"), "p": ("e", "e", "en", "er")}
ARTICLE = {
    "m": ("der", "den", "dem", "des"),
    "f": ("die", "die", "der", "der"),
    "n": ("das", "das", "dem", "des"),
    "p": ("die", "die", "den", "der"),
}
WEAK = {"m": ("e", "en", "en", "en"), "f": ("e", "e", "en", "en"), "n": ("e", "e", "en", "en"), "p": ("en", "en", "en", "en")}
MIXED = {
    "m": ("er", "en", "en", "en"),
    "f": ("e", "e", "en", "en"),
    "n": ("es", "es", "en", "en"),
    "p": ("en", "en", "en", "en"),
}
STRONG = {
    "m": ("er", "en", "em", "en"),
    "f": ("e", "e", "er", "er"),
    "n": ("es", "es", "em", "en"),
    "p": ("e", "e", "en", "er"),
}
DER_WORDS = {"this": "dies", "which": "welch", "every": "jed"}
EIN_WORDS = {
    "a": "ein",
    "no": "kein",
    "1s": "mein",
    "2s": "dein",
    "2f": "Ihr",
    "3m": "sein",
    "3f": "ihr",
    "3n": "sein",
    "1p": "unser",
    "3p": "ihr",
}
PRONOUNS = {
    "1s": ("ich", "mich", "mir"),
    "2s": ("du", "dich", "dir"),
    "2f": ("Sie", "Sie", "Ihnen"),
    "3m": ("er", "ihn", "ihm"),
    "3f": ("sie", "sie", "ihr"),
    "3n": ("es", "es", "ihm"),
    "1p": ("wir", "uns", "uns"),
    "3p": ("sie", "sie", "ihnen"),
}
REFLEXIVE = {"1s": "mich", "2s": "dich", "1p": "uns"}
CONTRACTIONS = {
    "in dem": "im",
    "in das": "ins",
    "an dem": "am",
    "an das": "ans",
    "zu dem": "zum",
    "zu der": "zur",
    "bei dem": "beim",
    "von dem": "vom",
}
PERSONS = ("1s", "2s", "3s", "1p", "3p")
IRREGULAR = {
    "sein": ("bin", "bist", "ist", "sind", "sind"),
    "haben": ("habe", "hast", "hat", "haben", "haben"),
    "werden": ("werde", "wirst", "wird", "werden", "werden"),
    "wissen": ("weiß", "weißt", "weiß", "wissen", "wissen"),
    "mögen": ("mag", "magst", "mag", "mögen", "mögen"),
    "können": ("kann", "kannst", "kann", "können", "können"),
    "müssen": ("muss", "musst", "muss", "müssen", "müssen"),
    "wollen": ("will", "willst", "will", "wollen", "wollen"),
    "dürfen": ("darf", "darfst", "darf", "dürfen", "dürfen"),
    "sollten": ("sollte", "solltest", "sollte", "sollten", "sollten"),
    "möchten": ("möchte", "möchtest", "möchte", "möchten", "möchten"),
}
PRETERITE = {
    "sein": "war",
    "haben": "hatte",
    "können": "konnte",
    "müssen": "musste",
    "wollen": "wollte",
    "dürfen": "durfte",
    "kosten": "kostete",
    "geben": "gab",
    "wissen": "wusste",
}


def ending(table: dict[str, tuple[str, ...]], gender: str, case: str) -> str:
    """A cell of a declension table."""
    return table[gender][CASES.index(case)]


def determiner(word: str, gender: str, case: str) -> str:
    """`the`, `this`, `which`, `every`, `a`, `no` or the possessive of a person, declined; none is empty."""
    if word == "the":
        return ending(ARTICLE, gender, case)
    if word in DER_WORDS:
        return DER_WORDS[word] + ending(DER, gender, case)
    if word in EIN_WORDS and not (word == "a" and gender == "p"):
        return EIN_WORDS[word] + ending(EIN, gender, case)
    return ""


def attributive(stem: str, determined_by: str, gender: str, case: str) -> str:
    """An adjective before its noun: weak after `der`, mixed after `ein`, else strong."""
    if stem.endswith("el"):
        stem = stem[:-2] + "l"
    elif stem == "teuer":
        stem = "teur"
    if determined_by == "the" or determined_by in DER_WORDS:
        return stem.removesuffix("e") + ending(WEAK, gender, case)
    table = MIXED if determined_by in EIN_WORDS and not (determined_by == "a" and gender == "p") else STRONG
    return stem.removesuffix("e") + ending(table, gender, case)


def noun(nominative: str, gender: str, genitive: str, plural: str, case: str, many: bool) -> str:
    """A noun's form; weak masculines, whose genitive ends in -n, show it in every oblique case."""
    if many:
        return plural + ("n" if case == "dat" and plural[-1] not in "ns" else "")
    weak = gender == "m" and genitive.endswith("n") and genitive != nominative
    return genitive if case == "gen" or (weak and case != "nom") else nominative


def compared(stem: str) -> list[str]:
    """Positive, comparative and superlative stem of a regular adjective."""
    return [stem, stem.removesuffix("e") + "er", stem.removesuffix("e") + "st"]


def person(ref: str) -> str:
    """The person of the verb for a referent: `3f` is `3s`, the polite `2f` conjugates as `3p`."""
    return {"2f": "3p", "3m": "3s", "3f": "3s", "3n": "3s"}.get(ref, ref)


def agree(infinitive: str, third: str, ref: str) -> str:
    """The present of a verb from its infinitive and its third person singular."""
    who = person(ref)
    if infinitive in IRREGULAR:
        return IRREGULAR[infinitive][PERSONS.index(who)]
    if who == "3s":
        return third
    if who == "2s":
        stem = third.removesuffix("t")
        return stem + ("t" if stem[-1] in "sßzx" else "st")
    return infinitive if who.endswith("p") else infinitive.removesuffix("n").removesuffix("e") + "e"


def past(infinitive: str, ref: str) -> str:
    """The preterite of the few verbs that use it."""
    stem, who = PRETERITE[infinitive], person(ref)
    suffix = {"1s": "", "2s": "st", "3s": "", "1p": "en", "3p": "en"}[who]
    return stem + (suffix.removeprefix("e") if stem.endswith("e") else suffix)


@dataclass(frozen=True)
class Verb:
    """A German verb by its principal parts."""

    infinitive: str
    third: str
    participle: str
    auxiliary: str = "haben"
    particle: str = ""
    reflexive: bool = False

    @classmethod
    def parse(cls, parts: str) -> "Verb":
        """Read `auf|stehen, steht auf, ist aufgestanden`."""
        infinitive, third, perfect = parts.split(", ")
        reflexive = infinitive.startswith("sich ")
        particle, bar, base = infinitive.removeprefix("sich ").partition("|")
        auxiliary, participle = perfect.split(" ")
        helper = "sein" if auxiliary == "ist" else "haben"
        return cls(base if bar else particle, third.split(" ")[0], participle, helper, particle if bar else "", reflexive)

    def present(self, ref: str) -> str:
        """The finite form without its prefix."""
        return agree(self.infinitive, self.third, ref)

    def past(self, ref: str) -> str:
        """The preterite, where the verb has it."""
        return past(self.infinitive, ref)

    @property
    def has_preterite(self) -> bool:
        """Whether its past is told in the preterite."""
        return self.infinitive in PRETERITE and self.participle != "gegeben"

    @property
    def joined(self) -> str:
        """The infinitive in one word."""
        return self.particle + self.infinitive

    @property
    def with_zu(self) -> str:
        """The infinitive with zu, inside a separable verb."""
        return f"{self.particle}zu{self.infinitive}" if self.particle else f"zu {self.infinitive}"

    @property
    def imperative(self) -> str:
        """The imperative to one person."""
        stem = self.infinitive.removesuffix("n").removesuffix("e")
        changed = self.third.removesuffix("t")
        if changed not in (stem, f"{stem}e") and "ä" not in changed:
            return changed
        return stem + ("e" if self.third.endswith("et") or self.infinitive.endswith("rn") else "")


def contract(preposition: str, phrase: str) -> str:
    """A preposition before a phrase with a definite article: `in dem Park` is `im Park`."""
    article, _, rest = phrase.partition(" ")
    return f"{CONTRACTIONS.get(f'{preposition} {article}', f'{preposition} {article}')} {rest}".strip()


def genitive_name(name: str) -> str:
    """The genitive of a proper name."""
    return name + ("’" if name[-1] in "sxzß" else "s")


UNITS = ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf"]
TENS = {20: "zwanzig", 30: "dreißig", 40: "vierzig", 50: "fünfzig", 60: "sechzig", 70: "siebzig", 80: "achtzig", 90: "neunzig"}


def number(value: int) -> str:
    """A cardinal below 100, as it is counted."""
    if value <= 12:
        return UNITS[value]
    if value < 20:
        return {16: "sech", 17: "sieb"}.get(value, UNITS[value - 10]) + "zehn"
    unit = value % 10
    return (("ein" if unit == 1 else UNITS[unit]) + "und" if unit else "") + TENS[value - unit]


def ordinal(value: int) -> str:
    """An ordinal below 32, in the weak dative of a date."""
    return {1: "ersten", 3: "dritten", 7: "siebten", 8: "achten"}.get(value) or number(value) + (
        "ten" if value < 20 else "sten"
    )


def clock(hour: int, minutes: int) -> str:
    """The time of day as it is spoken; half an hour counts towards the next hour."""
    following = number(hour % 12 + 1)
    if minutes == 0:
        return f"{'ein' if hour == 1 else number(hour)} Uhr"
    if minutes == 30:
        return f"halb {following}"
    distance, word, base = (minutes, "nach", number(hour)) if minutes < 30 else (60 - minutes, "vor", following)
    return f"{'Viertel' if distance == 15 else number(distance)} {word} {base}"
