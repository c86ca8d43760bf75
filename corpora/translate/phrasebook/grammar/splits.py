"""How the sentences are parted: training, development, test, unseen combinations, greater length."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .dice import Dice
from .lexicon import Lexicon
from .rules import Rules
from .syntax import English, German, Sentence

SEED = 20
DRAWN, TRAIN, DEV, TEST, NOVEL, LONG = 40_000, 24_000, 500, 500, 500, 300
LONGEST = 16  # tokens of a training sentence, on either side; every sentence of test_long has more on both
HELD_OUT = 60  # combinations of each kind
# Verbs of which the English forms stand in too many sentences, or in two words.
TOO_COMMON = tuple(
    f"verb {key}" for key in ("be", "have", "exist", "lie", "stand", "lay", "put", "belong", "find-out", "believe")
)


@dataclass(frozen=True)
class Pair:
    """A sentence in both languages and the combinations it is made of."""

    en: str
    de: str
    links: tuple[tuple[str, str], ...]

    @property
    def line(self) -> str:
        """Its line in a file."""
        return f"{self.en}\t{self.de}\n"

    @property
    def lengths(self) -> tuple[int, int]:
        """Its tokens in English and German."""
        return len(tokens(self.en)), len(tokens(self.de))


def tokens(text: str) -> list[str]:
    """Words and punctuation marks."""
    return re.findall(r"[\w’-]+|[^\w\s]", text)


def read(sentence: Sentence) -> Pair:
    """A sentence as a pair."""
    german = German()
    de = german.read(sentence)
    return Pair(English().read(sentence), de, tuple(german.links))


def distinct(pairs: list[Pair]) -> list[Pair]:
    """The pairs whose English has one German and whose German has one English, each once."""
    seen = list(dict.fromkeys((pair.en, pair.de) for pair in pairs))
    english, german = Counter(en for en, _ in seen), Counter(de for _, de in seen)
    by_text = {(pair.en, pair.de): pair for pair in reversed(pairs)}
    return [by_text[text] for text in seen if english[text[0]] == 1 and german[text[1]] == 1]


class Combinations:
    """The pairs of words that training never sees in one sentence: a verb and its object, an adjective and its noun."""

    def __init__(self, lexicon: Lexicon, pairs: list[Pair], dice: Dice) -> None:
        counts = Counter(link for pair in pairs for link in dict.fromkeys(pair.links))
        self.chosen: list[tuple[str, str]] = []
        for kind in ("verb", "adjective"):
            common = [link for link, count in counts.items() if link[0].startswith(kind) and 6 <= count <= 60]
            plain = [link for link in common if all(word.count(" ") == 1 for word in link) and link[0] not in TOO_COMMON]
            used: Counter[str] = Counter()
            chosen: list[tuple[str, str]] = []
            for link in dice.shuffled(plain):
                # No word is held out so often that training hardly shows it.
                if used[link[0]] < 3 and used[link[1]] < 1 and len(chosen) < HELD_OUT:
                    used.update(link)
                    chosen.append(link)
            self.chosen += chosen
        self._forms = [(set(forms(lexicon, first)), set(forms(lexicon, second))) for first, second in self.chosen]

    def together(self, pair: Pair) -> bool:
        """Whether both words of a held-out combination stand anywhere in the English sentence."""
        words = {word.lower() for word in tokens(pair.en)}
        return any(not words.isdisjoint(first) and not words.isdisjoint(second) for first, second in self._forms)

    def combined(self, pair: Pair) -> bool:
        """Whether a held-out combination stands in the sentence as a verb with its object or an adjective with its noun."""
        return any(link in pair.links for link in self.chosen)


def forms(lexicon: Lexicon, word: str) -> list[str]:
    """The English forms of `verb KEY`, `adjective KEY` or `noun KEY`."""
    kind, key = word.split(" ", 1)
    if kind == "noun":
        return list(dict.fromkeys([key, lexicon.nouns[key].en_plural]))
    if kind == "adjective":
        return [key]
    verb = next(verbs[key].en for verbs in lexicon.verbs.values() if key in verbs)
    return list(dict.fromkeys([verb.infinitive, verb.present("3m"), verb.past("3m"), verb.participle, verb.ing]))


def make(seed: int = SEED) -> tuple[dict[str, list[Pair]], list[tuple[str, str]]]:
    """Every split, and the combinations that training does not have."""
    lexicon, dice = Lexicon(), Dice(seed)
    rules = Rules(lexicon, dice)
    drawn = [read(rules.draw()) for _ in range(DRAWN)]
    drawn += [read(rules.long()) for _ in range(LONG * 8)]
    pairs = dice.shuffled(distinct(drawn))
    short = [pair for pair in pairs if max(pair.lengths) <= LONGEST]
    combinations = Combinations(lexicon, short, dice)
    novel = [pair for pair in short if combinations.combined(pair) and combinations.together(pair)]
    seen = [pair for pair in short if not combinations.together(pair) and not combinations.combined(pair)]
    train, rest = seen[:TRAIN], seen[TRAIN:]
    english = {token for pair in train for token in tokens(pair.en)}
    german = {token for pair in train for token in tokens(pair.de)}

    def familiar(candidates: list[Pair]) -> list[Pair]:
        return [pair for pair in candidates if english.issuperset(tokens(pair.en)) and german.issuperset(tokens(pair.de))]

    held = familiar(rest)
    long = [pair for pair in pairs if min(pair.lengths) > LONGEST and not combinations.together(pair)]
    splits = {
        "train": train,
        "dev": held[:DEV],
        "test": held[DEV : DEV + TEST],
        "test_novel": familiar(novel)[:NOVEL],
        "test_long": familiar(long)[:LONG],
    }
    return splits, combinations.chosen


def write(folder: Path, seed: int = SEED) -> None:
    """Write the files of the corpus: a split a file, and the combinations held out."""
    splits, held_out = make(seed)
    for name, pairs in splits.items():
        (folder / f"{name}.tsv").write_bytes("".join(pair.line for pair in pairs).encode("utf-8"))
    text = "".join(f"{first}\t{second}\n" for first, second in held_out)
    (folder / "held_out.tsv").write_bytes(text.encode("utf-8"))
