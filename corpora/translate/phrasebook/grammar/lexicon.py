"""The dictionary: `lexicon.toml` as typed entries."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from . import english, german


@dataclass(frozen=True)
class Noun:
    """A noun in both languages; `key` is its English singular, an empty `plural` marks a mass noun."""

    key: str
    de: str
    gender: str
    genitive: str
    plural: str
    classes: tuple[str, ...]
    en_plural: str

    @property
    def mass(self) -> bool:
        """Whether it has no plural and goes without an article."""
        return not self.plural

    @property
    def human(self) -> bool:
        """Whether it is `who` in English."""
        return "person" in self.classes or "kin" in self.classes

    @property
    def sex(self) -> str:
        """Which pronoun English uses for it: m, f or n. German uses its gender."""
        if self.key == "girl":
            return "f"
        return self.gender if self.human else "n"

    def german(self, case: str, plural: bool) -> str:
        """Its German form."""
        return german.noun(self.de, self.gender, self.genitive, self.plural, case, plural)

    def english(self, plural: bool) -> str:
        """Its English form."""
        return self.en_plural if plural else self.key


@dataclass(frozen=True)
class Adjective:
    """An adjective in both languages."""

    key: str
    de: str
    comparative: str
    superlative: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Verb:
    """A verb in both languages; `classes` says what it takes, `preposition` is `auf acc` and the like."""

    key: str
    de: german.Verb
    en: english.Verb
    classes: tuple[str, ...]
    preposition: str = ""


def _noun(key: str, entry: str, plurals: dict[str, str]) -> Noun:
    forms, _, classes = entry.partition(" : ")
    article, rest = forms.split(" ", 1)
    nominative, genitive, plural = (form.strip() for form in rest.split(","))
    gender = {"der": "m", "die": "f", "das": "n"}[article]
    many = "" if plural == "-" else plural
    return Noun(key, nominative, gender, genitive, many, tuple(classes.split()), plurals.get(key) or english.plural(key))


def _adjective(key: str, entry: str) -> Adjective:
    forms, _, classes = entry.partition(" : ")
    positive, comparative, superlative = forms.split(", ") if "," in forms else german.compared(forms)
    return Adjective(key, positive, comparative, superlative, tuple(classes.split()))


def _verb(key: str, entry: list[str], irregular: dict[str, str]) -> Verb:
    parts, *preposition, classes = entry
    infinitive = SPELT.get(key, key)
    past, participle = irregular.get(infinitive.split(" ")[0], " ").split(" ")
    conjugated = english.Verb(infinitive, past, participle)
    return Verb(key, german.Verb.parse(parts), conjugated, tuple(classes.split()), preposition[0] if preposition else "")


# Two German verbs for one English: the key tells them apart, the English does not.
SPELT = {"find-out": "know", "lay": "put", "stand": "be", "lie": "be", "believe": "think", "exist": "be", "belong": "belong to"}


class Lexicon:
    """Every word of the phrasebook."""

    def __init__(self, path: Path = Path(__file__).with_name("lexicon.toml")) -> None:
        with path.open("rb") as file:
            data = tomllib.load(file)
        irregular, plurals = data["english"]["verbs"], data["english"]["plurals"]
        self.nouns = {key: _noun(key, entry, plurals) for key, entry in data["nouns"].items()}
        self.adjectives = {key: _adjective(key, entry) for key, entry in data["adjectives"].items()}
        self.verbs = {
            frame: {key: _verb(key, entry, irregular) for key, entry in verbs.items()} for frame, verbs in data["verbs"].items()
        }
        self.places = {key: tuple(entry.split(" | ")) for key, entry in data["places"].items()}
        self.time: dict[str, dict[str, str]] = data["time"]
        self._classes: dict[tuple[str, ...], list[Noun]] = {}
        self._fitting: dict[str, list[Adjective]] = {}
        self.names: dict[str, list[str]] = {key: data["names"][key] for key in ("women", "men", "families")}
        self.proper: dict[str, dict[str, str]] = {
            key: data["names"][key] for key in ("cities", "countries", "games", "tongues")
        }

    def of_class(self, *classes: str) -> list[Noun]:
        """The nouns of any of some classes, in the order of the dictionary."""
        if classes not in self._classes:
            self._classes[classes] = [noun for noun in self.nouns.values() if any(name in noun.classes for name in classes)]
        return self._classes[classes]

    def fitting(self, noun: Noun) -> list[Adjective]:
        """The adjectives that may stand with a noun."""
        if noun.key not in self._fitting:
            fits = [word for word in self.adjectives.values() if any(name in noun.classes for name in word.classes)]
            self._fitting[noun.key] = fits
        return self._fitting[noun.key]
