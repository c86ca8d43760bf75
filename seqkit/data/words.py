"""Raw text to words and sentences by rule, for any language, with exact character offsets.

The rules are those of the Penn Treebank where they matter for tagging (contractions, abbreviations), kept apart from any
language model: a word is found by one regular expression whose every part is possessive or bounded, so the time is
linear in the text whatever it holds. Chinese and Japanese come out as single characters, Thai as whole runs.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Word:
    """A word and where it stands: `line[start:end] == text`, offsets in code points."""

    text: str
    start: int
    end: int


def split_words(text: str) -> list[Word]:
    """The words of a text in order; together they cover every character that is no whitespace, none twice."""
    return [Word(text[start:end], start, end) for start, end in _bounds(text)]


def cut_words(words: Sequence[Word], places: Collection[int]) -> list[Word]:
    """The words with a cut at each character offset of `places` that falls inside one."""
    pieces: list[Word] = []
    pending = sorted(places, reverse=True)
    for word in words:
        start = word.start
        while pending and pending[-1] < word.end:
            place = pending.pop()
            if place > start:
                pieces.append(Word(word.text[start - word.start : place - word.start], start, place))
                start = place
        pieces.append(word if start == word.start else Word(word.text[start - word.start :], start, word.end))
    return pieces


def split_sentences(words: list[Word], text: str) -> list[list[Word]]:
    """The words of a text, sentence by sentence; nothing is lost.

    A sentence ends after `.`, `!`, `?` or `…` and the closing quotes and brackets that touch it, where white space and
    then a capital, a letter of a script without case, or an opening quote or bracket follow; after `。！？` and their like
    wherever they stand. Full stops of abbreviations and initials belong to their words and so never end one; nor does
    the full stop of a short number (`3. Oktober`). When in doubt the sentence goes on.

    Args:
        words: as `split_words(text)` gives them.
        text: the text itself.
    """
    sentences: list[list[Word]] = []
    start = 0
    ended = surely = False
    for index, word in enumerate(words):
        touches = index > 0 and words[index - 1].end == word.start
        if word.text in _STOPS or word.text in _SURE_STOPS or word.text.startswith(".."):
            surely = word.text in _SURE_STOPS or (ended and surely)
            ended = surely or not (index > start and word.text == "." and _SHORT_NUMBER.fullmatch(words[index - 1].text))
        elif not (ended and touches and word.text in _CLOSING):
            if ended and (surely or (not touches and _may_open(text[word.start]))):
                sentences.append(words[start:index])
                start = index
            ended = surely = False
    return [*sentences, words[start:]] if words else []


_STOPS = frozenset(".!?…‼⁇⁈⁉")
_SURE_STOPS = frozenset("。！？｡．؟۔।॥")
_CLOSING = frozenset("\"'”’»›)]}」』）】》〉")
_OPENING = frozenset("\"'“‘„«‹([{「『（【《〈¿¡")
_SHORT_NUMBER = re.compile(r"\d{1,2}")


def _may_open(character: str) -> bool:
    return character in _OPENING or (character.isalpha() and not character.islower())


def _marks() -> str:
    """Every combining mark (categories Mn, Mc, Me), as the inside of a regular expression's character class."""
    first_mark, last_mark = 0x300, 0x1F000  # those of plane 14 are added by hand
    codes = [code for code in range(first_mark, last_mark) if unicodedata.category(chr(code))[0] == "M"]
    ends = [code for code, following in pairwise([*codes, -1]) if following != code + 1]
    starts = [code for before, code in pairwise([-1, *codes]) if before != code - 1]
    ranges = (f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))
    return "".join(ranges) + "\U000e0100-\U000e01ef"


# Insides of character classes. Planes 2 and 3 hold Han only.
_HAN = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303b\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
_MARK = _marks()
_JOINER = "\u00ad\u200c\u200d\u2060"  # soft hyphen, zero-width (non-)joiner, word joiner: part of the word they stand in
_HYPHEN = "-\u2010\u2011"
_PICTOGRAPH = "\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_EMOJI_PART = f"{_MARK}\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"  # variation selectors, skin tones, tags of flags
_URL_STOP = f'\\s<>"“”{_HAN}\u3000-\u303f\uff00-\uff65'
_URL_NOT_LAST = ".,;:!?'’)\\]}…"

# Abbreviations that own their full stop: always, or only before a number.
_ABBREVIATION = (
    "Mr Mrs Ms Mx Dr Prof St Sen Rep Gov Gen Col Lt Sgt Capt Cmdr Adm Rev Hon Pres Jr Sr Messrs Mt Ft Inc Ltd Co Corp Bros "
    "Ave Blvd Sra Dra Hr Fr vs etc approx ca al bzw usw evt"
).replace(" ", "|")
_BEFORE_NUMBER = "[Nn]os?|[Nn]r|[Vv]ol|[Ff]ig|pp?|kl|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
_TOP_DOMAIN = "com|org|net|edu|gov|info|io|co|ai|app|dev|tv|me|ly|gl|uk|de|fr|es|it|nl|se|dk|no|pt|br|eu|ch|at|au|ca|jp|cn"

# One alternative a kind of word, the first that fits wins; no quantifier is both unbounded and free to back up far.
_LETTER = f"(?:(?![{_HAN}])[^\\W\\d_])"
_RUN = f"(?![{_JOINER}])(?:[^\\W{_HAN}]|[{_MARK}{_JOINER}])++"
_MORE = f"(?:(?:[{_HYPHEN}'’]|(?<=\\d)[.,:](?=\\d)){_RUN})*+"
_WORDS = re.compile(
    "|".join(
        (
            f"(?i:https?://|ftp://|www\\.)[^{_URL_STOP}]*[^{_URL_STOP}{_URL_NOT_LAST}]",
            "\\w[\\w.+%-]{0,63}+@(?:[A-Za-z0-9-]{1,63}+\\.){1,8}[A-Za-z]{2,24}",
            f"(?:[A-Za-z0-9][A-Za-z0-9-]{{0,62}}+\\.){{1,4}}(?:{_TOP_DOMAIN})\\b(?:/[^{_URL_STOP}{_URL_NOT_LAST}]*+)?",
            f"(?<!\\w)@\\w++|[#＃][\\w{_MARK}]++",
            "[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{2}",
            f"[{_PICTOGRAPH}](?:[{_EMOJI_PART}]|\u200d[{_PICTOGRAPH}])*+",
            "\\.{2,}+",
            f"(?P<dotted>(?:(?:{_LETTER}\\.){{2,}}+(?:{_LETTER}\\b)?+|Ph\\.D\\.?){_MORE})",
            f"(?:{_ABBREVIATION})\\.|(?:{_BEFORE_NUMBER})\\.(?=\\s?\\d)",
            f"{_LETTER}\\.(?=\\s{{0,2}}(?P<after_initial>{_LETTER}\\.?))",
            f"['’](?i:s|m|d|re|ve|ll)(?![{_HYPHEN}'’\\w])",
            f"(?P<word>{_RUN}{_MORE})",
            f"\\S[{_MARK}]*+",
        )
    )
)
_CLITICS = {"'s", "'m", "'d", "'re", "'ve", "'ll", "n't"}


def _bounds(text: str) -> Iterator[tuple[int, int]]:
    for match in _WORDS.finditer(text):
        start, end = match.span()
        kind = match.lastgroup
        if kind is None:
            yield start, end
        elif kind == "after_initial":
            cut = end if _is_initial(match[0], match["after_initial"]) else end - 1
            yield start, cut
            if cut < end:
                yield cut, end
        elif "'" in match[0] or "’" in match[0]:
            yield from _contraction(text, start, end)
        else:
            yield start, end


def _contraction(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut English clitics off the end, at most two: wouldn't've is would n't 've, O'Brien stays whole."""
    cuts = [end]
    for _ in range(2):
        tails = (text[max(start, cuts[-1] - size) : cuts[-1]].replace("’", "'").lower() for size in (3, 2))
        tail = next((tail for tail in tails if tail in _CLITICS), "")
        if not tail or cuts[-1] - len(tail) == start:
            break
        cuts.append(cuts[-1] - len(tail))
    return pairwise([start, *reversed(cuts)])


def _is_initial(letter: str, following: str) -> bool:
    """Whether a letter with a full stop is an initial: capitals on both sides; `I.` only before another initial."""
    return letter[0].isupper() and following[0].isupper() and (letter != "I." or following.endswith("."))
