"""What can be said: phrases, events and states, and the constructions they are put into."""

from collections.abc import Callable
from dataclasses import replace

from . import english, german
from .dice import Dice
from .lexicon import Adjective, Lexicon, Noun
from .syntax import Both, Clause, Comparison, Fixed, Modal, Name, Nominal, Phrase, Prepositional, Pronoun, Relative, Sentence

CAN, MUST, WANT = Modal("can", "können"), Modal("have to", "müssen"), Modal("want to", "wollen")
SHOULD, MAY, WOULD = Modal("should", "sollten"), Modal("be allowed to", "dürfen"), Modal("would like to", "möchten")
YET, JUST = Fixed("yet", "noch"), Fixed("just", "gerade")
ALREADY, NEVER = Fixed("already", "schon"), Fixed("never", "noch nie")
HOME, AT_HOME = Fixed("home", "nach Hause"), Fixed("at home", "zu Hause")
IT = Pronoun("3n")
DETERMINED = [("the", 4.0), ("a", 2.5), ("own", 2.0), ("this", 0.8), ("plural the", 0.6), ("plural", 0.8), ("number", 0.7)]


class Rules:
    """Draws sentences. Every method that ends in `_` names a construction; the rest builds parts."""

    def __init__(self, lexicon: Lexicon, dice: Dice) -> None:
        self.lexicon, self.dice = lexicon, dice
        self.constructions: dict[str, tuple[Callable[[], Sentence], float]] = {
            "habit": (self.habit_, 7),
            "now": (self.now_, 6),
            "past": (self.past_, 9),
            "perfect": (self.perfect_, 6),
            "future": (self.future_, 7),
            "modal": (self.modal_, 9),
            "state": (self.state_, 8),
            "liking": (self.liking_, 3),
            "question": (self.question_, 9),
            "wh": (self.wh_, 9),
            "imperative": (self.imperative_, 5),
            "place": (self.place_, 5),
            "motion": (self.motion_, 6),
            "compare": (self.compare_, 4),
            "clock": (self.clock_, 3),
            "price": (self.price_, 3),
            "date": (self.date_, 2),
            "weather": (self.weather_, 1),
            "body": (self.body_, 1),
            "belonging": (self.belonging_, 2),
            "existence": (self.existence_, 2),
            "subordinate": (self.subordinate_, 10),
            "report": (self.report_, 7),
            "relative": (self.relative_, 7),
            "infinitive": (self.infinitive_, 6),
            "coordination": (self.coordination_, 4),
        }

    def draw(self) -> Sentence:
        """A sentence of any construction."""
        return self.dice.weighted(list(self.constructions.values()))()

    # people

    def name(self) -> Name:
        """A person by first name or, now and then, by title and family name."""
        woman = self.dice.chance(0.5)
        ref = "3f" if woman else "3m"
        if self.dice.chance(0.2):
            return Name(self.dice.pick(self.lexicon.names["families"]), ref, "Mrs" if woman else "Mr")
        return Name(self.dice.pick(self.lexicon.names["women" if woman else "men"]), ref)

    def person(self) -> Nominal:
        """A person by what he or she is: `the baker`, `my sister`."""
        noun = self.dice.pick(self.lexicon.of_class("person", "kin"))
        if "kin" in noun.classes or ("owned" in noun.classes and self.dice.chance(0.7)):
            return Nominal(noun, self.dice.pick(["1s", "1s", "2s", "3m", "1p"]), noun.key in SEVERAL and self.dice.chance(0.2))
        return Nominal(noun, "the", self.dice.chance(0.2), self._adjective(noun, 0.15))

    def someone(self) -> Phrase:
        """Who does something."""
        match self.dice.weighted([("pronoun", 5.0), ("name", 3.0), ("person", 3.0), ("both", 0.5)]):
            case "pronoun":
                return Pronoun(self.dice.pick(["1s", "1s", "2s", "3m", "3f", "1p", "3p"]))
            case "name":
                return self.name()
            case "person":
                return self.person()
            case _:
                first, second = self.dice.shuffled(self.lexicon.names["women"] + self.lexicon.names["men"])[:2]
                return Both(Name(first, ""), Name(second, ""))

    def other(self, subject: Phrase, dative: bool, verb_classes: tuple[str, ...]) -> Phrase:
        """Whom it is done to: never who does it. `sie` in the accusative is always `her`."""
        if self.dice.chance(0.3):
            refs = [ref for ref in ("1s", "2s", "3m", "3f", *(["3p"] if dative else [])) if ref != subject.ref]
            blocked = {"1p": ("1s",), "1s": ("1p",)}.get(subject.ref, ())
            return Pronoun(self.dice.pick([ref for ref in refs if ref not in blocked]))
        if self.dice.chance(0.2):
            name = self.name()
            if name != subject and not isinstance(subject, Both):
                return name
        noun = self._different(self.lexicon.of_class(*verb_classes), subject)
        return self.nominal(noun, subject)

    def _different(self, nouns: list[Noun], subject: Phrase) -> Noun:
        taken = subject.noun if isinstance(subject, Nominal) else None
        return self.dice.pick([noun for noun in nouns if noun != taken])

    # things

    def _adjective(self, noun: Noun, probability: float) -> Adjective | None:
        fitting = self.lexicon.fitting(noun)
        return self.dice.pick(fitting) if fitting and self.dice.chance(probability) else None

    def nominal(self, noun: Noun, subject: Phrase, adjective: float = 0.25) -> Nominal:
        """A noun phrase with any determiner that goes with the noun."""
        quality = self._adjective(noun, adjective)
        # The sex of a child or an animal is not told, nor whose is whose among two.
        possessable = subject.ref != "3n" and not (isinstance(subject, Nominal) and subject.noun.gender == "n")
        if "kin" in noun.classes:
            return Nominal(noun, "own" if possessable else "1s", noun.key in SEVERAL and self.dice.chance(0.15))
        if noun.mass:
            bare = "food" in noun.classes or "drink" in noun.classes
            return Nominal(noun, "" if bare and self.dice.chance(0.6) else "the", adjective=quality)
        ownable = possessable and not {
            "person",
            "food",
            "place",
            "transit",
            "tale",
            "song",
            "film",
            "intelligible",
            "animal",
            "bill",
            "form",
        } & {*noun.classes} - {"owned"}
        if "owned" in noun.classes:
            ownable = possessable
        if "feast" in noun.classes:
            return Nominal(noun, "own" if ownable and self.dice.chance(0.6) else "the", adjective=None)
        choices = [pair for pair in DETERMINED if pair[0] != "own" or ownable]
        kind = self.dice.weighted(choices)
        if kind == "plural" and not {"food", "gift", "clothes", "readable", "animal", "thing"} & {*noun.classes}:
            kind = "a"
        if kind == "number":
            return Nominal(noun, "number", True, quality, count=2 + self.dice.below(5))
        plural = kind.startswith("plural")
        determiner = {"plural the": "the", "plural": "a"}.get(kind, kind)
        owner = None
        if determiner == "the" and ownable and self.dice.chance(0.15):
            owner = self.name()
            owner = None if owner == subject or owner.title or isinstance(subject, Both) else owner
        return (
            Nominal(noun, "the" if owner is None else "owned", plural, quality, owner=owner)
            if determiner == "the"
            else Nominal(noun, determiner, plural, quality)
        )

    def where(self) -> Prepositional:
        """Where something happens."""
        noun = self.lexicon.nouns[self.dice.pick(list(self.lexicon.places))]
        at, wo, _ = self.lexicon.places[noun.key]
        return Prepositional(at, wo, "dat", Nominal(noun, adjective=self._adjective(noun, 0.1)))

    def whither(self) -> Prepositional:
        """Where someone goes."""
        noun = self.lexicon.nouns[self.dice.pick([key for key in self.lexicon.places if key not in ("house", "flat")])]
        _, _, wohin = self.lexicon.places[noun.key]
        return Prepositional(
            "to", wohin, "dat" if wohin == "zu" else "acc", Nominal(noun, adjective=self._adjective(noun, 0.1))
        )

    def abroad(self, at: bool) -> Fixed:
        """A city or a country, as a place or as a goal."""
        en, de = self.dice.pick([*self.lexicon.proper["cities"].items(), *self.lexicon.proper["countries"].items()])
        return Fixed(f"in {en}", f"in {de}") if at else Fixed(f"to {en}", f"nach {de}")

    # time

    def time(self, kind: str) -> Fixed:
        """An adverbial of time: past, future, habit, now; or a weekday or a month in past and future."""
        if kind in ("past", "future") and self.dice.chance(0.25):
            en, de = self.dice.pick(list(self.lexicon.time["weekdays"].items()))
            en_part, de_part = self.dice.pick([("", ""), ("", ""), (" morning", "morgen"), (" evening", "abend")])
            return Fixed(f"on {en}{en_part}", f"am {de}{de_part}")
        if kind in ("past", "future") and self.dice.chance(0.12):
            en, de = self.dice.pick(list(self.lexicon.time["months"].items()))
            return Fixed(f"in {en}", f"im {de}")
        en, de = self.dice.pick(list(self.lexicon.time[kind].items()))
        return Fixed(en, de)

    def frequency(self) -> Fixed:
        """How often."""
        en, de = self.dice.pick(list(self.lexicon.time["frequency"].items()))
        return Fixed(en, de)

    def hour(self) -> Fixed:
        """At what time."""
        hour, minutes = 1 + self.dice.below(12), self.dice.pick([0, 0, 0, 30, 30, 15, 45, 5, 10, 20, 40, 50, 55])
        return Fixed(f"at {english.clock(hour, minutes)}", f"um {german.clock(hour, minutes)}")

    # what happens

    def event(self, subject: Phrase | None = None) -> Clause:
        """Someone does something; tense and time are still to be chosen."""
        subject = subject or self.someone()
        frame = self.dice.weighted(
            [
                ("transitive", 6.0),
                ("intransitive", 2.0),
                ("dative", 1.2),
                ("ditransitive", 1.5),
                ("prepositional", 2.2),
                ("motion", 1.4),
            ]
        )
        if frame == "motion":
            return self.motion(subject)
        if frame == "intransitive" and self.dice.chance(0.25):
            return self.pastime(subject)
        verb = self.dice.pick(list(self.lexicon.verbs[frame].values()))
        clause = Clause(subject, verb)
        match frame:
            case "transitive":
                clause = replace(clause, object=self._object(subject, verb.classes))
                if verb.key in ("buy", "bake", "cook", "order", "draw") and self.dice.chance(0.2):
                    kin = self.nominal(self._different(self.lexicon.of_class("kin", "owned"), subject), subject, 0)
                    clause = replace(clause, beneficiary=Prepositional("for", "für", "acc", kin))
                elif verb.key in ("buy", "read", "eat", "drink", "see", "meet", "find", "lose") and self.dice.chance(0.15):
                    clause = replace(clause, place=self.where())
            case "dative":
                clause = replace(clause, dative=self.other(subject, True, verb.classes))
            case "ditransitive":
                receiver = self.other(subject, True, ("kin", "owned", "person"))
                noun = self.dice.pick(self.lexicon.of_class(*verb.classes))
                clause = replace(clause, dative=receiver, object=self.nominal(noun, subject))
            case "prepositional":
                de, case = verb.preposition.split(" ")
                en_verb, en = verb.key.rsplit(" ", 1)
                noun = self._different(self._nouns(verb.classes), subject)
                about = Prepositional(en, de, case, self.nominal(noun, subject))
                clause = replace(clause, verb=replace(verb, en=replace(verb.en, infinitive=en_verb)), about=about)
            case _:
                if verb.key == "sleep" and self.dice.chance(0.6):
                    noun = self.lexicon.nouns[
                        self.dice.pick(["hotel", "bedroom", "living room", "garden", "hospital", "house"])
                    ]
                    clause = replace(clause, place=Prepositional(*self.lexicon.places[noun.key][:2], "dat", Nominal(noun)))
                elif "place-ok" in verb.classes and self.dice.chance(0.6):
                    clause = replace(clause, place=self.where())
                elif "progressive" in verb.classes and self.dice.chance(0.25):
                    friend = self.nominal(self._different(self.lexicon.of_class("kin", "owned"), subject), subject, 0)
                    clause = replace(clause, manner=Prepositional("with", "mit", "dat", friend))
        return clause

    def _nouns(self, classes: tuple[str, ...]) -> list[Noun]:
        named = [self.lexicon.nouns[key] for key in classes if key in self.lexicon.nouns]
        return self.lexicon.of_class(*classes) + [noun for noun in named if not any(key in noun.classes for key in classes)]

    def _object(self, subject: Phrase, classes: tuple[str, ...]) -> Phrase:
        if {"kin", "person"} & {*classes} and self.dice.chance(0.3):
            return self.other(subject, False, tuple(key for key in classes if key in ("kin", "person", "owned")))
        return self.nominal(self._different(self.lexicon.of_class(*classes), subject), subject)

    def pastime(self, subject: Phrase) -> Clause:
        """Someone plays a game or speaks a language."""
        if self.dice.chance(0.6):
            en, de = self.dice.pick(list(self.lexicon.proper["games"].items()))
            return Clause(
                subject,
                self.lexicon.verbs["special"]["play"],
                object=Fixed(en, de, "3p" if en == "cards" else "3n", indefinite=True),
            )
        en, de = self.dice.pick(list(self.lexicon.proper["tongues"].items()))
        return Clause(subject, self.lexicon.verbs["special"]["speak"], object=Fixed(en, de, indefinite=True))

    def motion(self, subject: Phrase) -> Clause:
        """Someone goes somewhere, by a vehicle or not."""
        verbs = self.lexicon.verbs["motion"]
        key = self.dice.pick(["go", "go", "run", "drive", "travel", "fly", "by", "by"])
        if key in ("travel", "fly"):
            return Clause(subject, verbs[key], goal=self.abroad(False))
        if key == "by":
            noun = self.dice.pick(list(self.lexicon.of_class("ride")))
            city = noun.key in ("train", "ship") or (noun.key in ("car", "bus") and self.dice.chance(0.5))
            article = german.determiner("the", noun.gender, "dat")
            manner = Fixed(f"by {noun.key}", f"mit {article} {noun.de}")
            verb = replace(verbs["drive"], key="go", en=verbs["go"].en)
            goal = self.abroad(False) if city else HOME if self.dice.chance(0.1) else self._far()
            return Clause(subject, verb, goal=goal, manner=manner)
        return Clause(
            subject, verbs[key], goal=HOME if self.dice.chance(0.15) else self._far() if key != "go" else self.whither()
        )

    def _far(self) -> Prepositional:
        while (goal := self.whither()).phrase.noun.classes[0] == "room":  # type: ignore[union-attr]
            pass
        return goal

    def condition(self, subject: Phrase | None = None) -> Clause:
        """Someone is, has, likes, needs, knows something, or lives somewhere."""
        subject = subject or self.someone()
        special = self.lexicon.verbs["special"]
        match self.dice.weighted([("be", 4.0), ("have", 3.0), ("stative", 4.0), ("live", 2.0), ("profession", 1.0)]):
            case "be":
                return Clause(subject, special["be"], predicate=self.quality(("person", "kin")))
            case "have":
                noun = self.dice.pick(self.lexicon.of_class(*special["have"].classes))
                thing = self.nominal(noun, subject)
                if "dwelling" in noun.classes or "vehicle" in noun.classes:
                    thing = replace(thing, determiner="a", plural=False, count=0, owner=None)
                if thing.determiner in ("own", "owned", "the", "this"):
                    thing = replace(thing, determiner="" if noun.mass else "a", owner=None)
                return Clause(subject, special["have"], object=thing)
            case "stative":
                verb = self.dice.pick(list(self.lexicon.verbs["stative"].values()))
                return Clause(subject, verb, object=self._object(subject, verb.classes))
            case "live":
                place = self.abroad(True) if self.dice.chance(0.5) else self._dwelling()
                return Clause(subject, special["live"], place=place)
            case _:
                single = subject if not subject.ref.endswith("p") and subject.ref != "2s" else Pronoun("3m")
                if single.ref == "3f" or (isinstance(single, Nominal)):
                    single = Pronoun("3m")
                noun = self.dice.pick([noun for noun in self.lexicon.of_class("worker") if noun.gender == "m"])
                return Clause(single, special["be"], predicate=Nominal(noun, "a", False, self.lexicon.adjectives["good"]))

    def _dwelling(self) -> Prepositional:
        noun = self.lexicon.nouns[self.dice.pick(["house", "flat", "city", "village"])]
        return Prepositional(
            "in", "in", "dat", Nominal(noun, self.dice.pick(["a", "this"]), adjective=self._adjective(noun, 0.7))
        )

    def quality(self, classes: tuple[str, ...]) -> Comparison:
        """An adjective for some kind of thing."""
        fitting = [word for word in self.lexicon.adjectives.values() if any(key in word.classes for key in classes)]
        return Comparison(self.dice.pick(fitting))

    def thing_is(self) -> Clause:
        """A thing has a quality."""
        noun = self.dice.pick(
            [n for n in self.lexicon.nouns.values() if self.lexicon.fitting(n) and not n.human and "worker" not in n.classes]
        )
        determiner = (
            "the" if noun.mass else self.dice.weighted([("the", 4.0), ("this", 2.0), ("1s", 1.0), ("2s", 1.0), ("plural", 1.5)])
        )
        if determiner in ("1s", "2s") and {"food", "drink", "place", "transit", "matter", "animal"} & {*noun.classes}:
            determiner = "the"
        owner = None
        if determiner == "the" and {"clothes", "vehicle", "dwelling", "luggage"} & {*noun.classes} and self.dice.chance(0.4):
            owner = Nominal(self.dice.pick(self.lexicon.of_class("kin", "owned")), self.dice.pick(["1s", "2s", "1p"]))
        plural = determiner == "plural"
        subject = Nominal(noun, "the" if plural else determiner, plural, owner=owner)
        return Clause(subject, self.lexicon.verbs["special"]["be"], predicate=self.quality_of(noun))

    def quality_of(self, noun: Noun) -> Comparison:
        """An adjective for a noun."""
        return Comparison(self.dice.pick(self.lexicon.fitting(noun)))

    # tense and modality

    def _timed(self, clause: Clause, kind: str, front: float = 0.3) -> Clause:
        clause = replace(clause, time=self.time(kind))
        return replace(clause, front="time") if self.dice.chance(front) else clause

    def _negated(self, clause: Clause, probability: float) -> Clause:
        countable = isinstance(clause.object, Nominal) and clause.object.count
        counted = (
            isinstance(clause.about, Prepositional)
            and isinstance(clause.about.phrase, Nominal)
            and (clause.about.phrase.count or clause.about.phrase.indefinite)
        )
        given = isinstance(clause.dative, Nominal) and (clause.dative.indefinite or clause.dative.count)
        extra = (clause.place is not None and clause.object is not None) or given
        if countable or counted or extra or clause.beneficiary or not self.dice.chance(probability):
            return clause
        return replace(clause, negated=True)

    def past(self, subject: Phrase | None = None, front: float = 0.3) -> Clause:
        """Something happened."""
        return self._timed(replace(self._negated(self.event(subject), 0.15), tense="past"), "past", front)

    def present(self, subject: Phrase | None = None, front: float = 0.3) -> Clause:
        """Something happens as a rule: it says how often."""
        clause = self.event(subject)
        if self.dice.chance(0.5):
            return replace(clause, frequency=self.frequency())
        return self._timed(clause, "habit", front)

    def progressive(self, subject: Phrase | None = None) -> Clause:
        """Something is happening now."""
        while (clause := self.event(subject)).verb.key in NOT_NOW:
            pass
        return replace(clause, tense="progressive")

    def perfect(self, subject: Phrase | None = None) -> Clause:
        """Something has happened already, just, never or not yet."""
        while (clause := self.event(subject)).verb.key in ("hurry", "speak", "look forward to", "study"):
            pass
        aspect = self.dice.pick([ALREADY, ALREADY, JUST, NEVER, YET])
        if aspect == YET and self._negated(clause, 1).negated is False:
            aspect = ALREADY
        return replace(clause, tense="perfect", aspect=aspect, negated=aspect == YET)

    def future(self, subject: Phrase | None = None, front: float = 0.3) -> Clause:
        """Something will happen."""
        return self._timed(replace(self._negated(self.event(subject), 0.12), tense="future"), "future", front)

    def modal(self, subject: Phrase | None = None, front: float = 0.3) -> Clause:
        """Someone can, has to, wants to, should, is allowed to, would like to do something, or could and so on."""
        clause = self.event(subject)
        if self.dice.chance(0.3):
            modal = self.dice.pick([CAN, MUST, WANT, MAY])
            clause = replace(clause, tense="past", modal=modal)
            return self._timed(self._negated(clause, 0.3), "past", front)
        modal = self.dice.pick([CAN, MUST, WANT, SHOULD, MAY, WOULD])
        clause = replace(clause, modal=modal)
        if modal != WOULD:
            clause = self._negated(clause, 0.25)
        return self._timed(clause, self.dice.pick(["future", "now"]), front) if self.dice.chance(0.4) else clause

    def fact(self, subject: Phrase | None = None) -> Clause:
        """Any clause that can stand under a conjunction."""
        choices = [self.past, self.modal, self.future]
        pick = self.dice.below(8)
        if pick < 3:
            return choices[pick](subject, 0)
        if pick == 3:
            return self.perfect(subject)
        if pick == 4:
            return self.progressive(subject)
        return self._negated(self.condition(subject), 0.15)

    # constructions

    def habit_(self) -> Sentence:
        """What someone does often, every day, in summer."""
        return Sentence(self.present())

    def now_(self) -> Sentence:
        """What someone is doing."""
        return Sentence(self.progressive())

    def past_(self) -> Sentence:
        """What someone did, or was, or had."""
        if self.dice.chance(0.2):
            while (clause := self.condition()).verb.key not in ("be", "have"):
                pass
            return Sentence(self._timed(replace(self._negated(clause, 0.15), tense="past"), "past"))
        return Sentence(self.past())

    def perfect_(self) -> Sentence:
        """What someone has already done."""
        return Sentence(self.perfect())

    def future_(self) -> Sentence:
        """What someone will do."""
        return Sentence(self.future())

    def modal_(self) -> Sentence:
        """What someone can or has to do."""
        return Sentence(self.modal())

    def state_(self) -> Sentence:
        """What is so."""
        return Sentence(self._negated(self.condition() if self.dice.chance(0.6) else self.thing_is(), 0.25))

    def liking_(self) -> Sentence:
        """What someone likes to do: `gern`."""
        while True:
            clause = self.event()
            definite = isinstance(clause.object, Nominal) and (
                not clause.object.indefinite or not (clause.object.plural or clause.object.noun.mass)
            )
            single = isinstance(clause.object, Pronoun | Name) or clause.dative is not None or clause.about is not None
            if not (definite or single or clause.verb.key in NOT_LIKED or clause.goal):
                break
        return Sentence(self._negated(replace(clause, gladly=True, beneficiary=None, place=None), 0.3))

    def _address(self) -> Name | None:
        """Who is asked: nobody, a friend, or someone by title, who then is `Sie`."""
        if not self.dice.chance(0.6):
            return None
        name = self.name()
        if name.title or self.dice.chance(0.4):
            return name
        return Name(self.dice.pick(self.lexicon.names["families"]), name.ref, "Mrs" if name.ref == "3f" else "Mr")

    def _asked(self, clause: Clause) -> Sentence:
        addressed = self._address() if clause.subject == Pronoun("2s") else None
        return Sentence(clause, "question", addressed=addressed)

    def _questioned(self) -> Phrase:
        return Pronoun("2s") if self.dice.chance(0.6) else self.someone()

    def question_(self) -> Sentence:
        """Yes or no?"""
        subject = self._questioned()
        makers = [self.past, self.modal, self.future, self.present]
        pick = self.dice.below(7)
        clause = makers[pick](subject, 0) if pick < 4 else [self.condition, self.progressive, self.perfect][pick - 4](subject)
        if clause.aspect and clause.aspect != ALREADY:
            clause = replace(clause, aspect=ALREADY)
        return self._asked(replace(clause, negated=False))

    def wh_(self) -> Sentence:
        """Who, what, whom, where, whither, when, why, how often, which, how many?"""
        subject = self._questioned()
        kind = self.dice.pick(
            ["who", "what", "whom", "dative", "where", "whither", "when", "why", "how often", "which", "how many", "clock"]
        )
        bare = self.dice.pick([self.past, self.modal, self.future])(subject, 0)
        bare = replace(bare, negated=False)
        match kind:
            case "who":
                clause = self.dice.pick([self.past, self.progressive, self.modal, self.condition])(Fixed("who", "wer", "3m"))
                while isinstance(clause.subject, Pronoun) or _owns(clause):
                    clause = self.dice.pick([self.progressive, self.modal, self.condition])(Fixed("who", "wer", "3m"))
                return Sentence(replace(clause, front="", negated=False), "question")
            case "what":
                verb = self.dice.pick([v for k, v in self.lexicon.verbs["transitive"].items() if k in WHAT])
                clause = self._tensed(Clause(subject, verb, object=Fixed("what", "was")))
                return self._asked(replace(clause, front="object"))
            case "whom" | "dative":
                frame = "transitive" if kind == "whom" else "dative"
                keys = (
                    "see",
                    "visit",
                    "meet",
                    "call",
                    "invite",
                    "pick up",
                    "help",
                    "thank",
                    "listen to",
                    "congratulate",
                    "photograph",
                    "look for",
                )
                verb = self.dice.pick([v for k, v in self.lexicon.verbs[frame].items() if k in keys])
                role = "object" if kind == "whom" else "dative"
                clause = Clause(subject, verb, front=role)
                clause = (
                    replace(clause, object=Fixed("whom", "wen"))
                    if kind == "whom"
                    else replace(clause, dative=Fixed("whom", "wem"))
                )
                return self._asked(self._tensed(clause))
            case "where":
                if self.dice.chance(0.4):
                    return self._asked(
                        Clause(subject, self.lexicon.verbs["special"]["live"], place=Fixed("where", "wo"), front="place")
                    )
                while bare.place is None:
                    bare = replace(self.past(subject, 0), negated=False)
                return self._asked(replace(bare, place=Fixed("where", "wo"), front="place"))
            case "whither":
                clause = replace(self.motion(subject), goal=Fixed("where", "wohin"), front="goal")
                return self._asked(self._tensed(clause))
            case "when":
                return self._asked(replace(bare, time=Fixed("when", "wann"), front="time"))
            case "why":
                return self._asked(replace(bare, reason=Fixed("why", "warum"), front="reason"))
            case "how often":
                clause = replace(self.event(subject), time=Fixed("how often", "wie oft"), front="time")
                return self._asked(clause)
            case "clock":
                verb = self.dice.pick([v for v in self.lexicon.verbs["intransitive"].values() if "clock" in v.classes])
                clause = Clause(subject, verb, time=Fixed("at what time", "um wie viel Uhr"), front="time")
                clause = self.dice.pick(
                    [replace(clause, tense="future"), replace(clause, modal=MUST), replace(clause, tense="past")]
                )
                return self._asked(clause)
            case _:
                verb = self.dice.pick([v for k, v in self.lexicon.verbs["transitive"].items() if k in WHAT and k != "drink"])
                noun = self.dice.pick([noun for noun in self.lexicon.of_class(*verb.classes) if not noun.mass])
                thing = Nominal(noun, kind, kind == "how many", self._adjective(noun, 0.1) if kind == "which" else None)
                return self._asked(self._tensed(Clause(subject, verb, object=thing, front="object")))

    def _tensed(self, clause: Clause) -> Clause:
        match self.dice.below(5):
            case 0:
                return replace(clause, tense="past", time=self.time("past"))
            case 1:
                return replace(clause, tense="past")
            case 2:
                return replace(clause, tense="future", time=self.time("future"))
            case 3:
                return replace(clause, modal=self.dice.pick([CAN, MUST, WANT, SHOULD, WOULD]))
            case _:
                progressive = clause.verb.key not in NOT_NOW
                return replace(clause, tense="progressive") if progressive else replace(clause, tense="past")

    def imperative_(self) -> Sentence:
        """Do it, please!"""
        while True:
            clause = self.event(Pronoun("2s"))
            personal = any(isinstance(part, Pronoun) for part in (clause.object, clause.dative))
            if clause.verb.key not in NOT_ORDERED and not (personal and clause.dative is None):
                break
        kind = "please" if self.dice.chance(0.6) else "imperative"
        clause = self._negated(clause, 0.2)
        return Sentence(clause, kind, addressed=self._address())

    def place_(self) -> Sentence:
        """Where things are, and where they are put: dative and accusative of the same prepositions."""
        special = self.lexicon.verbs["special"]
        thing = self.dice.pick(self.lexicon.of_class("standing", "lying"))
        lies = "lying" in thing.classes
        kind = self.dice.pick(["top", "inside", "under", "behind", "next to"])
        on = self.dice.pick(self.lexicon.of_class("inside" if kind == "inside" else "top"))
        en, de = {
            "top": ("on", "auf"),
            "inside": ("in", "in"),
            "under": ("under", "unter"),
            "behind": ("behind", "hinter"),
            "next to": ("next to", "neben"),
        }[kind]
        if on.key in ("carpet", "shelf") and kind != "top":
            on = self.lexicon.nouns["bed" if kind != "inside" else "cupboard"]
        if kind == "inside" and {"luggage", "device"} & {*thing.classes}:
            on = self.lexicon.nouns["cupboard"]
        if on == thing:
            on = self.lexicon.nouns["cupboard" if kind == "inside" else "table"]
        base = Nominal(on, self.dice.pick(["the", "the", "1s", "this"]), adjective=self._adjective(on, 0.2))
        if self.dice.chance(0.5):
            subject = Nominal(
                thing, self.dice.pick(["the", "the", "1s", "2s"]), self.dice.chance(0.2), self._adjective(thing, 0.2)
            )
            clause = Clause(subject, special["lie" if lies else "stand"], place=Prepositional(en, de, "dat", base))
            return Sentence(self._negated(clause, 0.2)) if self.dice.chance(0.7) else Sentence(clause, "question")
        subject = self.someone()
        clause = Clause(
            subject,
            special["lay" if lies else "put"],
            object=self.nominal(thing, subject),
            goal=Prepositional(en, de, "acc", base),
        )
        if self.dice.chance(0.25):
            clause = replace(clause, subject=Pronoun("2s"))
            if isinstance(clause.object, Nominal) and clause.object.determiner in ("3m", "3f", "3p"):
                clause = replace(clause, object=Nominal(thing))
            return Sentence(clause, "please", addressed=self._address())
        tensed = self.dice.pick(["past", "future", "modal"])
        if tensed == "modal":
            return Sentence(replace(clause, modal=self.dice.pick([CAN, MUST, SHOULD, WANT])))
        return Sentence(self._timed(replace(clause, tense=tensed), tensed))

    def motion_(self) -> Sentence:
        """Who goes where, by what, when."""
        clause = self.motion(self.someone())
        kind = self.dice.pick(["past", "future", "habit"])
        tense = {"habit": "present"}.get(kind, kind)
        return Sentence(self._timed(replace(self._negated(clause, 0 if kind == "habit" else 0.12), tense=tense), kind))

    def compare_(self) -> Sentence:
        """Bigger than, as big as, the biggest."""
        special = self.lexicon.verbs["special"]
        match self.dice.pick(["people", "people", "things", "best"]):
            case "people":
                subject, other = self.name(), self.person() if self.dice.chance(0.4) else self.name()
                if subject == other:
                    other = self._boss()
                word = self.lexicon.adjectives[
                    self.dice.pick(
                        [
                            "old",
                            "young",
                            "strong",
                            "clever",
                            "friendly",
                            "rich",
                            "lazy",
                            "happy",
                            "hard-working",
                            "nice",
                            "polite",
                            "tired",
                        ]
                    )
                ]
                clause = Clause(subject, special["be"], predicate=Comparison(word, other, self.dice.chance(0.35)))
            case "things":
                first = self.dice.pick(
                    [n for n in self.lexicon.nouns.values() if not n.human and len(self.lexicon.fitting(n)) > 2]
                )
                word = self.dice.pick(self.lexicon.fitting(first))
                kind = first.classes[0]
                second = self.dice.pick(
                    [n for n in self.lexicon.of_class(kind) if word in self.lexicon.fitting(n) and n != first] or [first]
                )
                left, right = ("this", "1s") if second == first else ("the", "the")
                if second == first and {"food", "drink", "place", "animal"} & {*first.classes}:
                    right = "2s"
                clause = Clause(
                    Nominal(first, left),
                    special["be"],
                    predicate=Comparison(word, Nominal(second, right), self.dice.chance(0.35)),
                )
            case _:
                noun = self.dice.pick(self.lexicon.of_class("place"))
                noun = noun if noun.key != "city" and self.lexicon.fitting(noun) else self.lexicon.nouns["restaurant"]
                where = self.dice.pick([self.lexicon.nouns["city"], self.lexicon.nouns["village"]])
                word = self.lexicon.adjectives[
                    self.dice.pick(["big", "old", "modern", "beautiful", "famous", "quiet", "small", "new"])
                ]
                best = Nominal(noun, "the", False, word, superlative=True)
                if noun.key in ("village", "beach", "lake", "forest"):
                    best = replace(best, noun=self.lexicon.nouns["museum"])
                best = replace(best, owner=Nominal(where, "this"))
                return Sentence(Clause(Fixed("this", "das"), special["be"], predicate=best))
        return Sentence(self._negated(clause, 0.15))

    def _boss(self) -> Nominal:
        """Someone to compare with."""
        return Nominal(self.lexicon.nouns["boss"], "1s")

    def clock_(self) -> Sentence:
        """What time it is, and what happens at what time."""
        special = self.lexicon.verbs["special"]
        hour = self.hour()
        if self.dice.chance(0.2):
            return Sentence(Clause(IT, special["be"], predicate=Fixed(hour.en[3:], hour.de[3:])))
        kind = self.dice.pick(["leave", "begin", "person", "person"])
        if kind == "leave":
            clause = Clause(
                Nominal(
                    self.dice.pick([n for n in self.lexicon.of_class("transit") if n.key not in ("taxi", "plane")]),
                    self.dice.pick(["the", "2s", "1p"]),
                ),
                special["leave"],
            )
        elif kind == "begin":
            clause = Clause(Nominal(self.dice.pick(self.lexicon.of_class("event", "film"))), special["begin"])
        else:
            verb = self.dice.pick([v for v in self.lexicon.verbs["intransitive"].values() if "clock" in v.classes])
            clause = Clause(self.someone(), verb)
        tense = (
            self.dice.pick(["past", "future", "modal"]) if kind == "person" else self.dice.pick(["present", "past", "future"])
        )
        clause = (
            replace(clause, modal=self.dice.pick([MUST, WANT, WOULD])) if tense == "modal" else replace(clause, tense=tense)
        )
        return Sentence(replace(clause, time=hour, front="time" if self.dice.chance(0.2) else ""))

    def price_(self) -> Sentence:
        """What things cost."""
        special = self.lexicon.verbs["special"]
        noun = self.dice.pick(self.lexicon.of_class("food", "clothes", "gift", "thing", "furniture", "drink"))
        small = bool({"food", "drink", "readable"} & {*noun.classes})
        plural = not noun.mass and self.dice.chance(0.25)
        subject = Nominal(noun, self.dice.pick(["the", "this"]), plural, self._adjective(noun, 0.25))
        tense = self.dice.pick(["present", "present", "past"])
        if self.dice.chance(0.3):
            what = Fixed("how much", "wie viel")
            return Sentence(Clause(subject, special["cost"], tense, object=what, front="object"), "question")
        euros, cents = 2 + self.dice.below(8) if small else 12 + self.dice.below(88), self.dice.pick([0, 0, 0, 50, 20, 90, 99])
        en = f"{english.number(euros)} euros" + (f" {english.number(cents)}" if cents else "")
        de = f"{german.number(euros)} Euro" + (f" {german.number(cents)}" if cents else "")
        return Sentence(Clause(subject, special["cost"], tense, object=Fixed(en, de)))

    def date_(self) -> Sentence:
        """On which day."""
        en, de = self.dice.pick(list(self.lexicon.time["months"].items()))
        day = 1 + self.dice.below(28)
        date = Fixed(f"on the {english.ordinal(day)} of {en}", f"am {german.ordinal(day)} {de}")
        tense = self.dice.pick(["past", "future"])
        if self.dice.chance(0.4):
            clause = Clause(
                Nominal(self.dice.pick(self.lexicon.of_class("event", "feast"))),
                self.lexicon.verbs["special"]["be"],
                tense,
                time=date,
            )
            if tense == "future":
                clause = replace(
                    clause,
                    verb=self.lexicon.verbs["special"]["begin"],
                    subject=Nominal(self.dice.pick(self.lexicon.of_class("event"))),
                )
        else:
            clause = replace(self.event(), tense=tense, time=date)
        return Sentence(replace(clause, front="time" if clause.verb.key != "be" and self.dice.chance(0.3) else ""))

    def weather(self) -> Clause:
        """It is raining; the weather is bad."""
        special = self.lexicon.verbs["special"]
        if self.dice.chance(0.5):
            clause = Clause(IT, special[self.dice.pick(["rain", "snow"])])
        else:
            word = self.lexicon.adjectives[self.dice.pick(["cold", "warm", "hot"])]
            clause = Clause(IT, special["be"], predicate=Comparison(word))
        match self.dice.below(4):
            case 0 if clause.verb.key != "be":
                return replace(clause, tense="progressive")
            case 0 | 1:
                return self._timed(replace(clause, tense="past"), "past", 0)
            case 2:
                return self._timed(replace(clause, tense="future"), "future", 0)
            case _:
                return self._timed(clause, "habit", 0) if clause.verb.key != "be" else self._timed(clause, "now", 0)

    def weather_(self) -> Sentence:
        """How the weather is."""
        clause = self.weather()
        return Sentence(replace(clause, front="time" if clause.time and self.dice.chance(0.4) else ""))

    def body_(self) -> Sentence:
        """Where it hurts."""
        noun = self.dice.pick(self.lexicon.of_class("body"))
        plural = noun.key in ("tooth", "hand", "foot", "knee") and self.dice.chance(0.7)
        clause = Clause(Nominal(noun, self.dice.pick(["1s", "1s", "3m", "2s"]), plural), self.lexicon.verbs["special"]["hurt"])
        return Sentence(self._timed(replace(clause, tense="past"), "past") if self.dice.chance(0.5) else clause)

    def belonging_(self) -> Sentence:
        """Whose it is."""
        noun = self.dice.pick(self.lexicon.of_class("thing", "clothes", "vehicle", "pet"))
        subject = Nominal(noun, self.dice.pick(["the", "this"]), self.dice.chance(0.3), self._adjective(noun, 0.4))
        owner = self.other(subject, True, ("kin", "owned", "worker"))
        verb = self.lexicon.verbs["special"]["belong"]
        if isinstance(owner, Nominal) and (owner.determiner in ("own", "a", "owned") or owner.count):
            owner = Nominal(owner.noun, "1s" if owner.noun.classes[-1] != "worker" else "the")
        clause = Clause(subject, verb, dative=owner)
        return Sentence(self._negated(clause, 0.25)) if self.dice.chance(0.7) else Sentence(clause, "question")

    def existence_(self) -> Sentence:
        """What there is."""
        noun = self.dice.pick(self.lexicon.of_class("place"))
        where = self.dice.pick(["city", "village"])
        if noun.key in ("city", "village"):
            noun = self.lexicon.nouns["hotel"]
        thing = Nominal(noun, self.dice.pick(["a", "a", "number"]), adjective=self._adjective(noun, 0.4))
        if thing.determiner == "number":
            thing = replace(thing, count=2 + self.dice.below(8), plural=True)
        there = Fixed("there", "es", "3p" if thing.plural else "3n")
        place = Prepositional("in", "in", "dat", Nominal(self.lexicon.nouns[where], self.dice.pick(["this", "1p"])))
        verb = self.lexicon.verbs["special"]["exist"]
        clause = Clause(there, verb, object=thing, place=place)
        negated = not thing.count and self.dice.chance(0.2)
        return Sentence(
            replace(clause, negated=negated), "statement" if negated else self.dice.pick(["statement", "statement", "question"])
        )

    def subordinate_(self) -> Sentence:
        """Because, if, although, when, while, before, until: verb last; fronted, the main clause inverts."""
        match self.dice.pick(["because", "because", "although", "if", "if", "when", "before", "while"]):
            case "because" | "although" as link:
                main = self.dice.pick([self.past, self.modal, self.future, self.condition])
                clause = main(None, 0) if main != self.condition else self.condition()
                under = (
                    self.weather()
                    if clause.tense == "present" and self.dice.chance(0.3)
                    else self.fact(self._again(clause.subject))
                )
                word = Fixed(link, {"because": "weil", "although": "obwohl"}[link])
            case "if":
                clause = (
                    self.future(None, 0)
                    if self.dice.chance(0.5)
                    else replace(self.event(), modal=self.dice.pick([CAN, MUST, SHOULD]))
                )
                under = self.condition(self._again(clause.subject))
                while under.verb.key not in ("be", "have", "need", "like"):
                    under = self.condition(under.subject)
                under = self._negated(under, 0.2)
                if self.dice.chance(0.3):
                    under = Clause(IT, self.lexicon.verbs["special"][self.dice.pick(["rain", "snow"])])
                clause, word = replace(clause, time=None, front=""), Fixed("if", "wenn")
            case "when":
                clause = replace(self._still(), tense="past")
                young = self._again(clause.subject)
                kind = self.dice.pick(["arrive", "come back", "wake up", "get up"])
                under = Clause(young, self.lexicon.verbs["intransitive"][kind], "past")
                word = Fixed("when", "als")
            case "before":
                clause = replace(self._still(), tense="past")
                verb = self.lexicon.verbs["intransitive"][
                    self.dice.pick(["go out", "fall asleep", "have breakfast", "arrive", "lie down"])
                ]
                under, word = Clause(self._again(clause.subject), verb, "past"), Fixed("before", "bevor")
            case _:
                clause = replace(self.progressive())
                under, word = self.progressive(self._again(clause.subject)), Fixed("while", "während")
        fronted = word.en not in ("because",) and self.dice.chance(0.4)
        return Sentence(clause, "statement", word, under, fronted)

    def _still(self) -> Clause:
        """Something that happens where one is."""
        while (clause := self.event()).goal is not None or "clock" in clause.verb.classes or clause.verb.key in NOT_ORDERED:
            pass
        return clause

    def _again(self, subject: Phrase) -> Phrase:
        """The same person as a pronoun, or somebody else."""
        natural = isinstance(subject, Nominal) and subject.noun.gender == "n" and not subject.plural
        if subject.ref == "3n" or natural or isinstance(subject, Fixed) or self.dice.chance(0.35):
            return self.someone()
        return Pronoun(subject.ref)

    def report_(self) -> Sentence:
        """That, whether and the question words under say, believe, hope, know, ask."""
        special, subject = self.lexicon.verbs["special"], self.someone()
        key = self.dice.pick(["say", "believe", "hope", "find-out", "ask", "not know"])
        clause = Clause(subject, special["find-out" if key == "not know" else key], negated=key == "not know")
        again = self._again(subject) if key != "ask" else None
        under = self.dice.pick([self.future, self.past])(again, 0) if key == "hope" else self.fact(again)
        if key not in ("ask", "not know"):
            return Sentence(clause, "statement", Fixed("that", "dass"), under)
        if self.dice.chance(0.5):
            return Sentence(clause, "statement", Fixed("whether", "ob"), under)
        under = self.wh_()
        while under.clause.tense == "progressive" or not under.clause.front:
            under = self.wh_()
        return Sentence(clause, "statement", None, under.clause)

    def relative_(self) -> Sentence:
        """A noun with a clause of its own, as subject or as object."""
        special = self.lexicon.verbs["special"]
        if self.dice.chance(0.5):
            noun = self.dice.pick(self.lexicon.of_class("person"))
            head = Nominal(noun, "the", self.dice.chance(0.25))
            case = self.dice.pick(["subject", "subject", "object", "dative"])
            if case == "subject":
                under = self.fact(Relative(head))
                while _owns(under) or under.subject != Relative(head):
                    under = self.fact(Relative(head))
            else:
                verb = (
                    self.lexicon.verbs["dative"][self.dice.pick(["help", "thank"])]
                    if case == "dative"
                    else self.lexicon.verbs["transitive"][self.dice.pick(["see", "meet", "call", "invite", "visit"])]
                )
                under = self._tensed(Clause(self.someone(), verb))
                under = replace(under, dative=Relative(head)) if case == "dative" else replace(under, object=Relative(head))
            full = replace(head, relative=replace(under, front=case))
            if self.dice.chance(0.6):
                return Sentence(Clause(full, special["be"], predicate=self.quality(("person",))))
            subject = self.someone()
            subject = Pronoun("1s") if subject.ref == "2s" else subject
            verb = self.lexicon.verbs["stative"][self.dice.pick(["know", "like"])]
            return Sentence(Clause(subject, verb, object=full))
        if self.dice.chance(0.25):
            noun = self.lexicon.nouns[self.dice.pick(["house", "flat", "city", "village"])]
            head = Nominal(noun)
            under = Clause(
                self.someone(), special["live"], place=Prepositional("in", "in", "dat", Relative(head)), front="place"
            )
        else:
            verb = self.dice.pick(
                [v for k, v in self.lexicon.verbs["transitive"].items() if k in WHAT and k not in ("eat", "drink")]
            )
            noun = self.dice.pick([n for n in self.lexicon.of_class(*verb.classes) if self.lexicon.fitting(n)])
            head = Nominal(noun, "the", not noun.mass and self.dice.chance(0.25))
            under = replace(self._tensed(Clause(self.someone(), verb, object=Relative(head))), front="object")
        full = replace(head, relative=under)
        return Sentence(Clause(full, special["be"], predicate=self.quality_of(noun)))

    def infinitive_(self) -> Sentence:
        """Try to do, start to do, go somewhere to do: the infinitive with zu, and um … zu."""
        subject = self.someone()
        special = self.lexicon.verbs["special"]
        if self.dice.chance(0.45):
            goal = self.motion(subject)
            while goal.goal == HOME or goal.verb.key in ("travel", "fly"):
                goal = self.motion(subject)
            verbs = {
                "supermarket": "buy",
                "market": "buy",
                "bakery": "buy",
                "station": "pick up",
                "airport": "pick up",
                "hospital": "visit",
                "library": "read",
                "restaurant": "eat",
                "café": "drink",
                "museum": "see",
                "kitchen": "cook",
                "zoo": "see",
                "city": "meet",
                "park": "meet",
                "garden": "feed",
                "office": "write",
                "bathroom": "clean",
            }
            place = (
                goal.goal.phrase.noun.key
                if isinstance(goal.goal, Prepositional) and isinstance(goal.goal.phrase, Nominal)
                else ""
            )
            verb = self.lexicon.verbs["transitive"][verbs.get(place, "meet")]
            classes = {
                "buy": ("food", "drink"),
                "pick up": ("kin", "owned"),
                "visit": ("kin", "owned"),
                "see": ("animal",) if place == "zoo" else ("picture",),
                "meet": ("kin", "owned"),
            }.get(verb.key, verb.classes)
            aim = Clause(subject, verb, object=self.nominal(self._different(self.lexicon.of_class(*classes), subject), subject))
            goal = replace(goal, purpose=aim)
            kind = self.dice.pick(["past", "future", "habit"])
            return Sentence(self._timed(replace(goal, tense={"habit": "present"}.get(kind, kind)), kind, 0.6))
        inner = self.event(subject)
        while inner.verb.key in NOT_TRIED:
            inner = self.event(subject)
        key = self.dice.pick(["try", "try", "forget", "start"])
        verb = self.lexicon.verbs["transitive"]["forget"] if key == "forget" else special[key]
        clause = Clause(subject, verb, infinitive=inner)
        match self.dice.below(3):
            case 0:
                return Sentence(self._timed(replace(clause, tense="past"), "past", 1))
            case 1:
                return Sentence(self._timed(replace(clause, tense="future"), "future", 1))
            case _:
                return Sentence(replace(clause, tense="past"))

    def coordination_(self) -> Sentence:
        """Two sentences joined: `and`, `but`, and `but it` that agrees with what it stands for."""
        if self.dice.chance(0.4):
            clause = self.thing_is()
            noun = clause.subject.noun  # type: ignore[union-attr]
            first, second = self.dice.shuffled(self.lexicon.fitting(noun) * 2)[:2]
            if clause.subject.ref == "3p" or first == second:
                return self.coordination_()
            pronoun = Fixed("it", {"m": "er", "f": "sie", "n": "es"}[noun.gender])
            clause = replace(clause, predicate=Comparison(first))
            other = Clause(pronoun, clause.verb, predicate=Comparison(second), negated=self.dice.chance(0.5))
            return Sentence(clause, joined=(Fixed("but", "aber"), Sentence(other)))
        link = self.dice.pick([Fixed("and", "und"), Fixed("but", "aber")])
        maker = self.dice.pick([self.past, self.future, self.modal, self.progressive])
        first = maker()
        second = maker()
        while second.subject == first.subject:
            second = maker()
        return Sentence(first, joined=(link, Sentence(second)))

    def long(self) -> Sentence:
        """Sentences that subordinate and then join."""
        first = self.dice.pick([self.subordinate_, self.report_, self.relative_, self.infinitive_])()
        second = self.dice.pick([self.subordinate_, self.report_])()
        third = self.dice.pick([self.subordinate_, self.report_, self.relative_, self.infinitive_])()
        end = replace(second, joined=(Fixed("and", "und"), third)) if self.dice.chance(0.5) else second
        return replace(first, joined=(self.dice.pick([Fixed("and", "und"), Fixed("but", "aber")]), end))


WHAT = (
    "buy",
    "sell",
    "read",
    "write",
    "cook",
    "bake",
    "order",
    "find",
    "lose",
    "pack",
    "eat",
    "drink",
    "draw",
    "repair",
    "translate",
    "look for",
    "sign",
)
NOT_NOW = (
    "see",
    "hear",
    "find",
    "lose",
    "forget",
    "miss",
    "meet",
    "understand",
    "use",
    "wake up",
    "fall asleep",
    "arrive",
    "come back",
    "lend",
    "turn on",
    "turn off",
    "sit down",
    "solve",
    "invite",
    "go out",
    "get up",
    "know",
    "like",
)
SEVERAL = ("brother", "sister", "son", "daughter", "uncle", "aunt", "friend", "colleague", "neighbour")
NOT_LIKED = (
    "get up",
    "forget",
    "lose",
    "miss",
    "find",
    "complain about",
    "hurry",
    "fall asleep",
    "wake up",
    "arrive",
    "come back",
    "sit down",
    "lie down",
    "get changed",
    "cry",
    "look for",
    "close",
    "open",
    "turn on",
    "turn off",
    "take off",
    "put on",
    "fill in",
    "sign",
    "hide",
    "follow",
    "use",
    "solve",
    "wait",
)
NOT_ORDERED = (
    "complain about",
    "see",
    "lose",
    "miss",
    "forget",
    "fall asleep",
    "understand",
    "find",
    "cry",
    "dream of",
    "arrive",
    "speak",
    "meet",
    "study",
    "look forward to",
    "laugh",
    "hear",
    "travel",
)
NOT_TRIED = (
    "lose",
    "miss",
    "forget",
    "see",
    "hear",
    "dream of",
    "look forward to",
    "arrive",
    "come back",
    "cry",
    "hurry",
    "wait",
    "drive",
    "go",
    "travel",
    "wake up",
)


def _owns(clause: Clause) -> bool:
    """Whether a clause has a possessive that refers to its subject."""
    parts = [
        clause.object,
        clause.dative,
        *(p.phrase for p in (clause.about, clause.beneficiary, clause.manner) if isinstance(p, Prepositional)),
    ]
    return any(isinstance(part, Nominal) and part.determiner == "own" for part in parts)
