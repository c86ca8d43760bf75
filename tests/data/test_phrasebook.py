"""The phrasebook: its files are what its grammar writes, its splits are what they say, its morphology is German and English."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from seqkit.data.home import packaged

FOLDER = packaged("corpora") / "translate" / "phrasebook"
SPLITS = ("train", "dev", "test", "test_novel", "test_long")


def lines(name: str) -> list[tuple[str, str]]:
    text = (FOLDER / f"{name}.tsv").read_text(encoding="utf-8")
    return [(first, second) for first, second in (line.split("\t") for line in text.removesuffix("\n").split("\n"))]


def tokens(text: str) -> list[str]:
    return re.findall(r"[\w’-]+|[^\w\s]", text)


@pytest.fixture(scope="module")
def pairs() -> dict[str, list[tuple[str, str]]]:
    return {name: lines(name) for name in SPLITS}


@pytest.fixture
def grammar(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(FOLDER))

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"grammar.{name}")

    return load


def test_the_script_writes_the_committed_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-B", str(FOLDER / "generate.py"), str(tmp_path)], check=True)
    for name in (*SPLITS, "held_out"):
        assert (tmp_path / f"{name}.tsv").read_bytes() == (FOLDER / f"{name}.tsv").read_bytes(), name


def test_sizes(pairs: dict[str, list[tuple[str, str]]]) -> None:
    card = tomllib.loads((FOLDER / "corpus.toml").read_text(encoding="utf-8"))
    assert {name: len(split) for name, split in pairs.items()} == {
        name: count["pairs"] for name, count in card["counts"].items()
    }
    assert len(pairs["train"]) >= 20_000
    assert sum((FOLDER / f"{name}.tsv").stat().st_size for name in SPLITS) < 4_000_000


def test_every_sentence_stands_once_and_has_one_translation(pairs: dict[str, list[tuple[str, str]]]) -> None:
    every = [pair for split in pairs.values() for pair in split]
    assert len({en for en, _ in every}) == len({de for _, de in every}) == len(every)


def test_spelling(pairs: dict[str, list[tuple[str, str]]]) -> None:
    shape = re.compile(r"[A-ZÄÖÜ][\wäöüÄÖÜß’-]*(,? [\wäöüÄÖÜßé’-]+)*[.?!]")
    for split in pairs.values():
        for pair in split:
            assert all(shape.fullmatch(side) for side in pair), pair


def test_german_commas(pairs: dict[str, list[tuple[str, str]]]) -> None:
    for split in pairs.values():
        for _, de in split:
            bare = re.search(r"(?<!,)(?<!aber)(?<!und) (dass|weil|ob|obwohl|bevor|während|wenn) ", de)
            assert not bare, de


def forms(data: dict, word: str) -> set[str]:
    """The English forms of a word from the bare dictionary, regular ones by rule and rather too many."""
    kind, key = word.split(" ", 1)
    if kind == "adjective":
        return {key}
    irregular = data["english"]["plurals" if kind == "noun" else "verbs"].get(key, "").split()
    stem, last = key.removesuffix("e"), key[-1]
    regular = {key, key + "s", key + "es", re.sub("y$", "ies", key)}
    if kind == "verb":
        regular |= {stem + "ed", stem + "ing", stem + last + "ed", key + last + "ing", re.sub("y$", "ied", key)}
    return {*irregular, *regular}


def test_held_out_combinations_are_only_in_test_novel(pairs: dict[str, list[tuple[str, str]]]) -> None:
    data = tomllib.loads((FOLDER / "grammar" / "lexicon.toml").read_text(encoding="utf-8"))
    held_out = [(forms(data, first), forms(data, second)) for first, second in lines("held_out")]
    assert len(held_out) >= 80

    def together(sentence: str) -> bool:
        words = {word.lower() for word in tokens(sentence)}
        return any(words & first and words & second for first, second in held_out)

    for name in ("train", "dev", "test", "test_long"):
        assert not [en for en, _ in pairs[name] if together(en)], name
    assert all(together(en) for en, _ in pairs["test_novel"])
    seen = {word.lower() for en, _ in pairs["train"] for word in tokens(en)}
    assert all(seen & first and seen & second for first, second in held_out)


def test_long_sentences_are_longer_than_all_of_training(pairs: dict[str, list[tuple[str, str]]]) -> None:
    for side in (0, 1):
        longest = max(len(tokens(pair[side])) for pair in pairs["train"])
        assert min(len(tokens(pair[side])) for pair in pairs["test_long"]) > longest


def test_no_word_is_new_in_a_test(pairs: dict[str, list[tuple[str, str]]]) -> None:
    for side in (0, 1):
        known = {word for pair in pairs["train"] for word in tokens(pair[side])}
        for name in SPLITS[1:]:
            assert {word for pair in pairs[name] for word in tokens(pair[side])} <= known, name


def test_lexemes(grammar) -> None:
    lexicon = grammar("lexicon").Lexicon()
    verbs = [verb for frame in lexicon.verbs.values() for verb in frame.values()]
    german = {noun.de for noun in lexicon.nouns.values()} | {word.de for word in lexicon.adjectives.values()}
    german |= {verb.de.joined for verb in verbs}
    english = {*lexicon.nouns, *lexicon.adjectives} | {verb.en.infinitive for verb in verbs}
    assert min(len(german), len(english)) >= 300


DECLENSION = {
    "der alte Mann, den alten Mann, dem alten Mann, des alten Mannes": ("man", "the", False),
    "ein alter Mann, einen alten Mann, einem alten Mann, eines alten Mannes": ("man", "a", False),
    "alte Männer, alte Männer, alten Männern, alter Männer": ("man", "a", True),
    "keine alten Männer, keine alten Männer, keinen alten Männern, keiner alten Männer": ("man", "no", True),
    "die alte Frau, die alte Frau, der alten Frau, der alten Frau": ("woman", "the", False),
    "meine alte Frau, meine alte Frau, meiner alten Frau, meiner alten Frau": ("woman", "1s", False),
    "das alte Haus, das alte Haus, dem alten Haus, des alten Hauses": ("house", "the", False),
    "unser altes Haus, unser altes Haus, unserem alten Haus, unseres alten Hauses": ("house", "1p", False),
    "dieser alte Junge, diesen alten Jungen, diesem alten Jungen, dieses alten Jungen": ("boy", "this", False),
    "die alten Kinder, die alten Kinder, den alten Kindern, der alten Kinder": ("child", "the", True),
    "welches alte Auto, welches alte Auto, welchem alten Auto, welches alten Autos": ("car", "which", False),
}


@pytest.mark.parametrize("table", DECLENSION)
def test_declension(grammar, table: str) -> None:
    german, syntax, lexicon = grammar("german"), grammar("syntax"), grammar("lexicon").Lexicon()
    noun, determiner, plural = DECLENSION[table]
    phrase = syntax.Nominal(lexicon.nouns[noun], determiner, plural, lexicon.adjectives["old"])
    assert ", ".join(syntax.German()._phrase(phrase, case, "1s") for case in german.CASES) == table


def test_strong_adjectives(grammar) -> None:
    german = grammar("german")
    assert [german.attributive("heiß", "", "m", case) for case in german.CASES] == ["heißer", "heißen", "heißem", "heißen"]
    assert [german.attributive("frisch", "", "f", case) for case in german.CASES] == [
        "frische",
        "frische",
        "frischer",
        "frischer",
    ]
    assert [german.attributive("dunkel", "", "n", case) for case in german.CASES] == [
        "dunkles",
        "dunkles",
        "dunklem",
        "dunklen",
    ]
    assert german.attributive("teuer", "the", "f", "nom") == "teure"


CONJUGATION = {
    "read": "lese liest liest lesen lesen",
    "be": "bin bist ist sind sind",
    "have": "habe hast hat haben haben",
    "work": "arbeite arbeitest arbeitet arbeiten arbeiten",
    "eat": "esse isst isst essen essen",
    "wash": "wasche wäschst wäscht waschen waschen",
    "invite": "lade lädst lädt laden laden",
    "take": "nehme nimmst nimmt nehmen nehmen",
    "feed": "füttere fütterst füttert füttern füttern",
    "dance": "tanze tanzt tanzt tanzen tanzen",
    "like": "mag magst mag mögen mögen",
    "drive": "fahre fährst fährt fahren fahren",
}


@pytest.mark.parametrize("key", CONJUGATION)
def test_conjugation(grammar, key: str) -> None:
    verbs = {key: verb for frame in grammar("lexicon").Lexicon().verbs.values() for key, verb in frame.items()}
    assert " ".join(verbs[key].de.present(ref) for ref in ("1s", "2s", "3m", "1p", "3p")) == CONJUGATION[key]


def test_separable_verbs_and_imperatives(grammar) -> None:
    verbs = {key: verb.de for frame in grammar("lexicon").Lexicon().verbs.values() for key, verb in frame.items()}
    assert [verbs[key].with_zu for key in ("open", "get up", "read")] == ["aufzumachen", "aufzustehen", "zu lesen"]
    assert [verbs[key].imperative for key in ("read", "give", "take", "wash", "wait", "help", "feed", "go", "open", "eat")] == (
        ["lies", "gib", "nimm", "wasch", "warte", "hilf", "füttere", "geh", "mach", "iss"]
    )


@pytest.mark.parametrize(
    ("hour", "minutes", "german", "english"),
    [
        (2, 30, "halb drei", "half past two"),
        (12, 30, "halb eins", "half past twelve"),
        (1, 0, "ein Uhr", "one o’clock"),
        (2, 45, "Viertel vor drei", "a quarter to three"),
        (12, 15, "Viertel nach zwölf", "a quarter past twelve"),
        (5, 10, "zehn nach fünf", "ten past five"),
        (12, 55, "fünf vor eins", "five to one"),
    ],
)
def test_clock(grammar, hour: int, minutes: int, german: str, english: str) -> None:
    assert (grammar("german").clock(hour, minutes), grammar("english").clock(hour, minutes)) == (german, english)


def test_numbers(grammar) -> None:
    german, english = grammar("german"), grammar("english")
    assert [german.number(n) for n in (1, 16, 17, 21, 30, 67, 99)] == (
        ["eins", "sechzehn", "siebzehn", "einundzwanzig", "dreißig", "siebenundsechzig", "neunundneunzig"]
    )
    assert [english.ordinal(n) for n in (1, 2, 3, 12, 20, 21, 28)] == (
        ["first", "second", "third", "twelfth", "twentieth", "twenty-first", "twenty-eighth"]
    )


def test_expected_sentences(grammar) -> None:
    """Structures built by hand, against pairs written by hand."""
    syntax, rules, lexicon = grammar("syntax"), grammar("rules"), grammar("lexicon").Lexicon()
    S, C, N, P = syntax.Sentence, syntax.Clause, syntax.Nominal, syntax.Pronoun
    F, Prep, Name, Comparison = syntax.Fixed, syntax.Prepositional, syntax.Name, syntax.Comparison
    noun, adjective = lexicon.nouns, lexicon.adjectives
    verb = {key: entry for frame in lexicon.verbs.values() for key, entry in frame.items()}
    me, you, he, she, we, they = (P(ref) for ref in ("1s", "2s", "3m", "3f", "1p", "3p"))
    anna, klein = Name("Anna", "3f"), Name("Klein", "3m", "Mr")
    the_window, a_book = N(noun["window"]), N(noun["book"], "a")
    opens = C(me, verb["open"], object=the_window)
    park = N(noun["park"])
    yesterday, tomorrow = F("yesterday", "gestern"), F("tomorrow", "morgen")
    because, that = F("because", "weil"), F("that", "dass")
    go = C(we, verb["go"], goal=Prep("to", "in", "acc", park))
    man = N(noun["man"])
    relative = syntax.Relative(man)

    def with_(clause, **changes):
        return syntax.replace(clause, **changes)

    expected = [
        (S(with_(opens, frequency=F("often", "oft"))), "I often open the window.", "Ich mache oft das Fenster auf."),
        (S(with_(opens, tense="progressive")), "I am opening the window.", "Ich mache gerade das Fenster auf."),
        (S(with_(opens, tense="past")), "I opened the window.", "Ich habe das Fenster aufgemacht."),
        (S(with_(opens, tense="past", negated=True)), "I did not open the window.", "Ich habe das Fenster nicht aufgemacht."),
        (S(with_(opens, tense="future")), "I will open the window.", "Ich werde das Fenster aufmachen."),
        (S(with_(opens, modal=rules.CAN)), "I can open the window.", "Ich kann das Fenster aufmachen."),
        (
            S(with_(opens, modal=rules.MUST, negated=True)),
            "I do not have to open the window.",
            "Ich muss das Fenster nicht aufmachen.",
        ),
        (
            S(with_(opens, modal=rules.MAY, tense="past")),
            "I was allowed to open the window.",
            "Ich durfte das Fenster aufmachen.",
        ),
        (S(with_(opens, subject=you), "please"), "Please open the window.", "Mach bitte das Fenster auf."),
        (
            S(with_(opens, subject=you), "imperative", addressed=klein),
            "Open the window, Mr Klein!",
            "Machen Sie das Fenster auf, Herr Klein!",
        ),
        (
            S(with_(opens, subject=you, modal=rules.CAN), "question", addressed=klein),
            "Can you open the window, Mr Klein?",
            "Können Sie das Fenster aufmachen, Herr Klein?",
        ),
        (
            S(C(she, verb["say"]), "statement", that, with_(opens, subject=she, tense="progressive")),
            "She says that she is opening the window.",
            "Sie sagt, dass sie gerade das Fenster aufmacht.",
        ),
        (
            S(C(me, verb["try"], "past", infinitive=opens)),
            "I tried to open the window.",
            "Ich habe versucht, das Fenster aufzumachen.",
        ),
        (
            S(with_(go, tense="past", time=yesterday, front="time")),
            "Yesterday we went to the park.",
            "Gestern sind wir in den Park gegangen.",
        ),
        (
            S(with_(go, tense="future", time=tomorrow)),
            "We will go to the park tomorrow.",
            "Wir werden morgen in den Park gehen.",
        ),
        (
            S(C(he, verb["sleep"], "progressive", place=Prep("in", "in", "dat", park))),
            "He is sleeping in the park.",
            "Er schläft gerade im Park.",
        ),
        (
            S(
                C(we, verb["go"], "past", goal=rules.HOME),
                "statement",
                because,
                C(we, verb["be"], "past", predicate=Comparison(adjective["tired"])),
            ),
            "We went home because we were tired.",
            "Wir sind nach Hause gegangen, weil wir müde waren.",
        ),
        (
            S(with_(go, tense="future"), "statement", F("if", "wenn"), C(rules.IT, verb["rain"]), True),
            "If it rains, we will go to the park.",
            "Wenn es regnet, werden wir in den Park gehen.",
        ),
        (S(C(he, verb["have"], object=N(noun["dog"], "a"), negated=True)), "He does not have a dog.", "Er hat keinen Hund."),
        (
            S(C(he, verb["drink"], gladly=True, negated=True, object=N(noun["tea"], ""))),
            "He does not like to drink tea.",
            "Er trinkt nicht gern Tee.",
        ),
        (
            S(C(they, verb["drink"], gladly=True, object=N(noun["milk"], "", adjective=adjective["cold"]))),
            "They like to drink cold milk.",
            "Sie trinken gern kalte Milch.",
        ),
        (
            S(C(anna, verb["give"], "past", dative=N(noun["child"]), object=a_book)),
            "Anna gave the child a book.",
            "Anna hat dem Kind ein Buch gegeben.",
        ),
        (
            S(C(anna, verb["help"], "past", dative=N(noun["brother"], "own"))),
            "Anna helped her brother.",
            "Anna hat ihrem Bruder geholfen.",
        ),
        (S(C(he, verb["call"], "progressive", object=she)), "He is calling her.", "Er ruft sie gerade an."),
        (S(C(me, verb["rest"], modal=rules.WANT)), "I want to rest.", "Ich will mich ausruhen."),
        (S(C(you, verb["hurry"]), "please"), "Please hurry.", "Beeil dich bitte."),
        (S(C(you, verb["live"], place=F("where", "wo"), front="place"), "question"), "Where do you live?", "Wo wohnst du?"),
        (
            S(C(you, verb["go"], "past", goal=F("where", "wohin"), front="goal"), "question"),
            "Where did you go?",
            "Wohin bist du gegangen?",
        ),
        (
            S(C(F("who", "wer", "3m"), verb["read"], "progressive", object=N(noun["book"])), "question"),
            "Who is reading the book?",
            "Wer liest gerade das Buch?",
        ),
        (
            S(C(you, verb["help"], "past", dative=F("whom", "wem"), front="dative"), "question"),
            "Whom did you help?",
            "Wem hast du geholfen?",
        ),
        (
            S(
                C(me, verb["find-out"], negated=True),
                "statement",
                None,
                C(she, verb["live"], place=F("where", "wo"), front="place"),
            ),
            "I do not know where she lives.",
            "Ich weiß nicht, wo sie wohnt.",
        ),
        (
            S(C(N(noun["cup"]), verb["stand"], place=Prep("on", "auf", "dat", N(noun["table"])))),
            "The cup is on the table.",
            "Die Tasse steht auf dem Tisch.",
        ),
        (
            S(C(she, verb["lay"], "past", object=N(noun["book"]), goal=Prep("on", "auf", "acc", N(noun["table"])))),
            "She put the book on the table.",
            "Sie hat das Buch auf den Tisch gelegt.",
        ),
        (
            S(C(anna, verb["be"], predicate=Comparison(adjective["old"], klein))),
            "Anna is older than Mr Klein.",
            "Anna ist älter als Herr Klein.",
        ),
        (
            S(C(anna, verb["be"], predicate=Comparison(adjective["strong"], klein, True))),
            "Anna is as strong as Mr Klein.",
            "Anna ist so stark wie Herr Klein.",
        ),
        (
            S(
                C(
                    with_(man, relative=C(relative, verb["sleep"], "progressive", front="subject")),
                    verb["be"],
                    predicate=Comparison(adjective["tired"]),
                )
            ),
            "The man who is sleeping is tired.",
            "Der Mann, der gerade schläft, ist müde.",
        ),
        (
            S(
                C(
                    with_(man, relative=C(we, verb["help"], "past", dative=relative, front="dative")),
                    verb["be"],
                    predicate=Comparison(adjective["old"]),
                )
            ),
            "The man whom we helped is old.",
            "Der Mann, dem wir geholfen haben, ist alt.",
        ),
        (
            S(C(N(noun["car"], owner=N(noun["brother"], "1s")), verb["be"], predicate=Comparison(adjective["new"]))),
            "The car of my brother is new.",
            "Das Auto meines Bruders ist neu.",
        ),
        (
            S(C(N(noun["bicycle"], "owned", owner=anna), verb["be"], predicate=Comparison(adjective["red"]))),
            "Anna’s bicycle is red.",
            "Annas Fahrrad ist rot.",
        ),
        (
            S(C(me, verb["have"], "past", object=N(noun["apple"], "number", True, count=3))),
            "I had three apples.",
            "Ich hatte drei Äpfel.",
        ),
        (
            S(C(me, verb["eat"], "perfect", aspect=rules.YET, negated=True, object=N(noun["apple"], "a"))),
            "I have not eaten an apple yet.",
            "Ich habe noch keinen Apfel gegessen.",
        ),
        (
            S(with_(go, tense="past", purpose=C(we, verb["pick up"], object=N(noun["son"], "own")))),
            "We went to the park to pick up our son.",
            "Wir sind in den Park gegangen, um unseren Sohn abzuholen.",
        ),
    ]
    for sentence, english, german in expected:
        assert (syntax.English().read(sentence), syntax.German().read(sentence)) == (english, german)
