"""The abstract sentence and how each language reads it.

One structure says who does what to whom, when and how; `English` and `German` turn it into words. Both are functions of the
structure alone, so that a structure has one reading in each language.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from . import english, german
from .lexicon import Adjective, Noun, Verb


@dataclass(frozen=True)
class Pronoun:
    """A personal pronoun."""

    ref: str


@dataclass(frozen=True)
class Name:
    """A person by name, with a title where there is one: `Mr`, `Mrs`."""

    name: str
    ref: str
    title: str = ""


@dataclass(frozen=True)
class Both:
    """Two people."""

    first: "Phrase"
    second: "Phrase"
    ref: str = "3p"


@dataclass(frozen=True)
class Fixed:
    """Words that do not inflect, as seen by both languages: a language, a game, a price, a question word."""

    en: str
    de: str
    ref: str = "3n"
    indefinite: bool = False


@dataclass(frozen=True)
class Relative:
    """The pronoun of a relative clause; it takes number and gender from its head and case from its clause."""

    head: "Nominal"

    @property
    def ref(self) -> str:
        """Its referent in English."""
        return self.head.ref


@dataclass(frozen=True)
class Nominal:
    """A noun with all that stands around it; `own` stands for a possessive that refers to the subject."""

    noun: Noun
    determiner: str = "the"
    plural: bool = False
    adjective: Adjective | None = None
    superlative: bool = False
    count: int = 0
    owner: "Phrase | None" = None
    relative: "Clause | None" = None

    @property
    def ref(self) -> str:
        """Its referent in English, by natural sex."""
        return "3p" if self.plural else f"3{self.noun.sex}"

    @property
    def gender(self) -> str:
        """Its gender in German, p in the plural."""
        return "p" if self.plural else self.noun.gender

    @property
    def indefinite(self) -> bool:
        """Whether a negation turns it into `kein`."""
        return self.determiner in ("a", "") and not self.count


Phrase = Pronoun | Name | Both | Fixed | Relative | Nominal


@dataclass(frozen=True)
class Prepositional:
    """A preposition in each language, and what follows."""

    en: str
    de: str
    case: str
    phrase: Phrase


Adjunct = Fixed | Prepositional


@dataclass(frozen=True)
class Comparison:
    """An adjective as a predicate: as it is, `than` or `as … as` another."""

    adjective: Adjective
    than: Phrase | None = None
    equal: bool = False


@dataclass(frozen=True)
class Modal:
    """A modal: English words before the infinitive, German infinitive."""

    en: str
    de: str


@dataclass(frozen=True)
class Clause:
    """One clause. Tense is present, progressive, past, perfect, future; `front` names the part that stands first."""

    subject: Phrase
    verb: Verb
    tense: str = "present"
    modal: Modal | None = None
    negated: bool = False
    dative: Phrase | None = None
    object: Phrase | None = None
    beneficiary: Prepositional | None = None
    about: Prepositional | None = None
    time: Fixed | None = None
    frequency: Fixed | None = None
    aspect: Fixed | None = None
    gladly: bool = False
    manner: Adjunct | None = None
    place: Adjunct | None = None
    goal: Adjunct | None = None
    reason: Fixed | None = None
    predicate: "Comparison | Phrase | None" = None
    infinitive: "Clause | None" = None
    purpose: "Clause | None" = None
    front: str = ""


@dataclass(frozen=True)
class Sentence:
    """A main clause with what is joined to it.

    Args:
        kind: statement, question, imperative or please.
        subordinate: a clause under a conjunction, `because` and the like; None is an indirect question word in `front`.
        fronted: the subordinate clause comes first.
        joined: another sentence after `and`, `but`, `or`.
        addressed: who is spoken to; a title makes the address polite.
    """

    clause: Clause
    kind: str = "statement"
    conjunction: Fixed | None = None
    subordinate: Clause | None = None
    fronted: bool = False
    joined: "tuple[Fixed, Sentence] | None" = None
    addressed: Name | None = None


def asks_subject(clause: Clause) -> bool:
    """Whether a question asks for its own subject: `who`, `which train`."""
    subject = clause.subject
    if isinstance(subject, Fixed):
        return subject.en in ("who", "what")
    return isinstance(subject, Nominal) and subject.determiner in ("which", "how many")


def _finish(words: list[str], mark: str) -> str:
    text = re.sub(r"(?: ,)+", ",", " ".join(word for word in words if word)).strip(" ,")
    return text[0].upper() + text[1:] + mark


def _mark(sentence: Sentence) -> str:
    return {"question": "?", "imperative": "!"}.get(sentence.kind, ".")


class English:
    """Reads a sentence in English."""

    def read(self, sentence: Sentence) -> str:
        """The sentence, with its capital and its full stop."""
        words = self._sentence(sentence)
        if sentence.addressed:
            words += [",", self._phrase(sentence.addressed, "", "")]
        return _finish(words, _mark(sentence))

    def _sentence(self, sentence: Sentence) -> list[str]:
        main = self._main(sentence.clause, sentence.kind)
        if sentence.subordinate:
            link = sentence.conjunction.en if sentence.conjunction else ""
            under = [link, *self.clause(sentence.subordinate)]
            if sentence.fronted:
                main = [*under, ",", *main]
            elif link == "although":
                main += [",", *under]
            else:
                main += under
        if sentence.joined:
            link, other = sentence.joined
            main += [",", link.en, *self._sentence(other)]
        return main

    def _main(self, clause: Clause, kind: str) -> list[str]:
        if kind in ("imperative", "please"):
            words = [] if kind == "imperative" else ["please"]
            return [
                *words,
                "do not" if clause.negated else "",
                clause.verb.en.infinitive,
                *self._rest(clause, clause.subject.ref),
            ]
        return self.clause(clause, inverted=kind == "question")

    def clause(self, clause: Clause, inverted: bool = False) -> list[str]:
        """The words of a finite clause; a question inverts subject and operator unless it asks for the subject."""
        ref = clause.subject.ref
        operator, verb = self._verbs(clause, ref)
        front = getattr(clause, clause.front) if clause.front else None
        inverted = inverted and not asks_subject(clause)
        if not operator and (inverted or (clause.negated)):
            operator = self._do(clause, ref)
            verb = [self._base(clause), *verb[1:]]
        subject = "" if clause.front == "subject" else self._phrase(clause.subject, "nom", ref)
        first = self._any(front, "nom" if clause.front == "subject" else "acc", ref) if front else ""
        negation = ("no" if clause.verb.key == "exist" else "not") if clause.negated else ""
        middle = [clause.frequency.en if clause.frequency else ""]
        if clause.aspect and clause.aspect.en != "yet":
            middle.append(clause.aspect.en)
        if operator == "can" and negation and not inverted:
            operator, negation = "cannot", ""
        head = [operator, subject, negation] if inverted else [subject, operator, negation]
        return [first, *head, *middle, *verb, *self._rest(clause, ref)]

    @staticmethod
    def _do(clause: Clause, ref: str) -> str:
        if clause.tense == "past":
            return "did"
        return "does" if english.third(ref) else "do"

    @staticmethod
    def _base(clause: Clause) -> str:
        if clause.modal:
            return clause.modal.en.split(" ")[0]
        return "like" if clause.gladly else clause.verb.en.infinitive

    @staticmethod
    def _verbs(clause: Clause, ref: str) -> tuple[str, list[str]]:
        """The operator, if there is one, and the rest of the verb."""
        verb, past = clause.verb.en, clause.tense == "past"
        if clause.modal:
            first, *rest = clause.modal.en.split(" ")
            if first in ("have", "want"):
                form = english.Verb(first, "had" if first == "have" else "")
                return "", [form.past(ref) if past else form.present(ref), *rest, verb.infinitive]
            operator = {"can": "could" if past else "can", "be": english.be(ref, past)}.get(first, first)
            return operator, [*rest, verb.infinitive]
        if clause.tense == "future":
            return "will", [verb.infinitive]
        if clause.tense == "progressive":
            return english.be(ref, False), [verb.ing]
        if clause.tense == "perfect":
            return ("has" if english.third(ref) else "have"), [verb.participle]
        if verb.infinitive.split(" ")[0] == "be":
            return verb.past(ref) if past else verb.present(ref), []
        if clause.gladly:
            return "", [english.Verb("like").present(ref), "to", verb.infinitive]
        return "", [verb.past(ref) if past else verb.present(ref)]

    def _rest(self, clause: Clause, ref: str) -> list[str]:
        """All that follows the verb."""
        words: list[str] = []
        for role in ("dative", "object", "predicate", "beneficiary", "about", "goal", "place", "manner"):
            part = getattr(clause, role)
            if clause.negated and clause.verb.key == "exist" and isinstance(part, Nominal):
                part = replace(part, determiner="no")
            if part is not None and role != clause.front:
                words.append(self._any(part, "acc", ref))
        if clause.infinitive:
            words += ["to", clause.infinitive.verb.en.infinitive, *self._rest(clause.infinitive, ref)]
        if clause.time and clause.front != "time":
            words.append(clause.time.en)
        if clause.aspect and clause.aspect.en == "yet":
            words.append("yet")
        if clause.purpose:
            words += ["to", clause.purpose.verb.en.infinitive, *self._rest(clause.purpose, ref)]
        return words

    def _any(self, part: Any, case: str, ref: str) -> str:
        if isinstance(part, Prepositional):
            return f"{part.en} {self._phrase(part.phrase, 'acc', ref, after_preposition=True)}"
        if isinstance(part, Comparison):
            word = part.adjective.key
            if part.than is None:
                return word
            other = self._phrase(part.than, "acc", ref)
            return f"as {word} as {other}" if part.equal else f"{english.compare(word)[0]} than {other}"
        return self._phrase(part, case, ref)

    def _phrase(self, phrase: Phrase, case: str, ref: str, after_preposition: bool = False) -> str:
        match phrase:
            case Pronoun():
                return english.PRONOUNS[phrase.ref][0 if case == "nom" else 1]
            case Name():
                return f"{phrase.title} {phrase.name}".strip()
            case Both():
                return f"{self._phrase(phrase.first, case, ref)} and {self._phrase(phrase.second, case, ref)}"
            case Fixed():
                return phrase.en
            case Relative():
                if not phrase.head.noun.human:
                    return "which" if after_preposition else "that"
                return "who" if case == "nom" else "whom"
            case Nominal():
                return self._nominal(phrase, ref)

    def _nominal(self, phrase: Nominal, ref: str) -> str:
        adjective = phrase.adjective.key if phrase.adjective else ""
        if phrase.superlative:
            adjective = english.compare(adjective)[1]
        noun = phrase.noun.english(phrase.plural)
        words = [adjective, noun]
        match phrase.determiner:
            case "no":
                determiner = ""
            case "a":
                determiner = "" if phrase.plural else english.article(adjective or noun)
            case "own":
                determiner = english.POSSESSIVES[ref]
            case "this":
                determiner = "these" if phrase.plural else "this"
            case "number":
                determiner = english.number(phrase.count)
            case word:
                determiner = english.POSSESSIVES.get(word, word)
        if isinstance(phrase.owner, Name):
            determiner = f"{self._phrase(phrase.owner, 'nom', ref)}’s"
        words = [determiner, *words]
        if isinstance(phrase.owner, Nominal):
            words += ["of", self._nominal(phrase.owner, ref)]
        if phrase.relative:
            words += self.clause(phrase.relative)
        return " ".join(word for word in words if word)


class German:
    """Reads a sentence in German, and notes the words it used and which of them stand together.

    Args:
        words: the lexemes, by kind and key.
        links: pairs of a verb and its object or an adjective and its noun.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self.links: list[tuple[str, str]] = []
        self._polite = False

    def read(self, sentence: Sentence) -> str:
        """The sentence, with its capital and its full stop."""
        self._polite = bool(sentence.addressed and sentence.addressed.title)
        words = self._sentence(sentence)
        if sentence.addressed:
            words += [",", self._phrase(sentence.addressed, "nom", "")]
        return _finish(words, _mark(sentence))

    def _ref(self, ref: str) -> str:
        return "2f" if ref == "2s" and self._polite else ref

    def _sentence(self, sentence: Sentence) -> list[str]:
        under: list[str] = []
        if sentence.subordinate:
            link = sentence.conjunction.de if sentence.conjunction else ""
            subordinate = sentence.subordinate
            if link == "während":  # which says by itself that both go on at once
                subordinate = replace(subordinate, tense="present")
            under = [link, *self.clause(subordinate, "last")]
        if sentence.fronted:
            main = [*under, ",", *self.clause(sentence.clause, "first")]
        else:
            order = {"imperative": "imperative", "please": "please", "question": "question"}.get(sentence.kind, "second")
            main = self.clause(sentence.clause, order)
            if under:
                main += [",", *under, ","]
        if sentence.joined:
            link, other = sentence.joined
            comma = "," if link.de == "aber" else ""
            main += [comma, link.de, *self._sentence(other)]
        return main

    def clause(self, clause: Clause, order: str) -> list[str]:
        """The words of a clause with its finite verb first, second or last, or as an infinitive with `zu`."""
        # Es gibt stays in the singular, whatever there is.
        ref = "3n" if clause.verb.key == "exist" else self._ref(clause.subject.ref)
        verb = clause.verb.de
        self.words.append(f"verb {clause.verb.key}")
        finite, tail = self._verbs(clause, ref)
        front = clause.front
        if order == "second" or (order == "question" and asks_subject(clause)):
            front = front or "subject"
        first = [self._part(clause, front, ref)] if front else []
        middle = self._middle(clause, ref, front, with_subject=order not in ("imperative", "please", "zu"))
        if order in ("imperative", "please"):
            return self._imperative(clause, ref, middle, order == "please")
        after = self._after(clause, ref)
        if order == "last":
            joined = [verb.particle + finite] if tail == [verb.particle] and verb.particle else [*tail, finite]
            return [*first, *middle, *joined, *after]
        if order == "zu":
            return [*middle, verb.with_zu, *after]
        return [*first, finite, *middle, *tail, *after]

    def _imperative(self, clause: Clause, ref: str, middle: list[str], please: bool) -> list[str]:
        verb = clause.verb.de
        start = [verb.infinitive, "Sie"] if ref == "2f" else [verb.imperative]
        pronouns = len(self._pronouns(clause, ref, ""))
        polite = ["bitte"] if please else []
        return [*start, *middle[:pronouns], *polite, *middle[pronouns:], verb.particle, *self._after(clause, ref)]

    def _after(self, clause: Clause, ref: str) -> list[str]:
        """Infinitives, which follow the whole clause."""
        words: list[str] = []
        if clause.infinitive:
            words += [",", *self.clause(replace(clause.infinitive, subject=clause.subject), "zu"), ","]
        if clause.purpose:
            words += [", um", *self.clause(replace(clause.purpose, subject=clause.subject), "zu"), ","]
        return words

    @staticmethod
    def _verbs(clause: Clause, ref: str) -> tuple[str, list[str]]:
        """The finite verb and the words of the verb at the end of the clause."""
        verb = clause.verb.de
        past = clause.tense in ("past", "perfect")
        if clause.modal:
            modal = clause.modal.de
            return german.past(modal, ref) if past else german.agree(modal, "", ref), [verb.joined]
        if clause.tense == "future":
            return german.agree("werden", "", ref), [verb.joined]
        if past and verb.has_preterite and clause.tense == "past":
            return verb.past(ref), []
        if past:
            return german.agree(verb.auxiliary, "", ref), [verb.participle]
        return verb.present(ref), [verb.particle] if verb.particle else []

    def _pronouns(self, clause: Clause, ref: str, front: str) -> list[str]:
        words = [german.REFLEXIVE.get(ref, "sich")] if clause.verb.de.reflexive else []
        for role, case in (("object", "acc"), ("dative", "dat")):
            part = getattr(clause, role)
            if isinstance(part, Pronoun) and front != role:
                words.append(self._phrase(part, case, ref))
        return words

    def _middle(self, clause: Clause, ref: str, front: str, with_subject: bool) -> list[str]:
        """The middle field: pronouns, time, what is known, negation, manner, place, what is new, predicate."""
        words: list[str] = []
        if with_subject and front != "subject":
            words.append(self._phrase(clause.subject, "nom", ref))
        words += self._pronouns(clause, ref, front)
        has = {
            role
            for role in ("time", "dative", "object", "manner", "place", "goal", "about")
            if getattr(clause, role) and role != front
        }

        def put(role: str) -> None:
            if role in has and not isinstance(getattr(clause, role), Pronoun):
                words.append(self._part(clause, role, ref, role == "object" and clause.negated and not clause.gladly))

        counted = isinstance(clause.object, Nominal) and clause.object.count > 0
        new = counted or (isinstance(clause.object, Nominal | Fixed) and clause.object.indefinite)
        no = clause.negated and new and not clause.gladly and front != "object"
        put("time")
        if clause.tense == "progressive":
            words.append("gerade")
        if clause.frequency:
            words.append(clause.frequency.de)
        aspect = clause.aspect.de if clause.aspect else ""
        if isinstance(clause.dative, Nominal) and clause.dative.indefinite:
            words.append(aspect)
            aspect = ""
        put("dative")
        if not new:
            put("object")
        words.append(aspect)
        predicate_new = isinstance(clause.predicate, Nominal) and clause.predicate.indefinite
        if clause.negated and not no and not predicate_new:
            words.append("nicht")
        if clause.gladly:
            words.append("gern")
        put("manner")
        put("place")
        if new:
            put("object")
        if clause.beneficiary:
            words.append(self._any(clause.beneficiary, "acc", ref))
        put("about")
        put("goal")
        if clause.predicate is not None and front != "predicate":
            words.append(self._any(clause.predicate, "nom", ref, clause.negated))
        return words

    def _part(self, clause: Clause, role: str, ref: str, negated: bool = False) -> str:
        part = getattr(clause, role)
        noun = part.phrase if isinstance(part, Prepositional) else part
        if isinstance(noun, Relative):
            noun = noun.head
        if role in ("object", "about", "dative") and isinstance(noun, Nominal):
            self.links.append((f"verb {clause.verb.key}", f"noun {noun.noun.key}"))
        return self._any(part, {"object": "acc", "dative": "dat"}.get(role, "nom"), ref, negated)

    def _any(self, part: Any, case: str, ref: str, negated: bool = False) -> str:
        if isinstance(part, Prepositional):
            phrase = self._phrase(part.phrase, part.case, ref)
            contractible = isinstance(part.phrase, Nominal) and part.phrase.determiner == "the" and not part.phrase.relative
            return german.contract(part.de, phrase) if contractible else f"{part.de} {phrase}"
        if isinstance(part, Comparison):
            self.words.append(f"adjective {part.adjective.key}")
            if part.than is None:
                return part.adjective.de
            other = self._phrase(part.than, "nom", ref)
            return f"so {part.adjective.de} wie {other}" if part.equal else f"{part.adjective.comparative} als {other}"
        return self._phrase(part, case, ref, negated)

    def _phrase(self, phrase: Phrase, case: str, ref: str, negated: bool = False) -> str:
        match phrase:
            case Pronoun():
                return german.PRONOUNS[self._ref(phrase.ref)][german.CASES.index(case)]
            case Name():
                title = {"Mr": "Herr" if case == "nom" else "Herrn", "Mrs": "Frau"}.get(phrase.title, "")
                return f"{title} {phrase.name}".strip()
            case Both():
                return f"{self._phrase(phrase.first, case, ref)} und {self._phrase(phrase.second, case, ref)}"
            case Fixed():
                return (
                    f"{'keine' if phrase.ref == '3p' else 'kein'} {phrase.de}" if negated and phrase.indefinite else phrase.de
                )
            case Relative():
                if phrase.head.plural and case == "dat":
                    return "denen"
                return german.ending(german.ARTICLE, phrase.head.gender, case)
            case Nominal():
                return self._nominal(phrase, case, ref, negated)

    def _nominal(self, phrase: Nominal, case: str, ref: str, negated: bool) -> str:
        self.words.append(f"noun {phrase.noun.key}")
        determiner = "no" if negated and phrase.indefinite else phrase.determiner
        if determiner == "own":
            determiner = ref
        determiner = self._ref(determiner)
        adjective = ""
        by = "" if isinstance(phrase.owner, Name) else determiner
        if phrase.adjective:
            self.words.append(f"adjective {phrase.adjective.key}")
            self.links.append((f"adjective {phrase.adjective.key}", f"noun {phrase.noun.key}"))
            stem = phrase.adjective.superlative if phrase.superlative else phrase.adjective.de
            adjective = german.attributive(stem, by, phrase.gender, case)
        first = german.determiner(determiner, phrase.gender, case)
        if determiner == "number":
            first = german.number(phrase.count)
        elif determiner == "how many":
            first = "wie viele"
        if isinstance(phrase.owner, Name):
            first = german.genitive_name(self._phrase(phrase.owner, "gen", ref))
        words = [first, adjective, phrase.noun.german(case, phrase.plural)]
        if isinstance(phrase.owner, Nominal):
            words.append(self._nominal(phrase.owner, "gen", ref, False))
        if phrase.relative:
            words += [",", *self.clause(phrase.relative, "last"), ","]
        return " ".join(word for word in words if word)
