"""Entity tagging schemes: reading entities from IOB2 tags, and turning every other scheme into IOB2.

A tag is `O` or a prefix, a hyphen and a type; the type may itself hold hyphens (`B-creative-work`). On a corpus:

    IOB1    I- everywhere; B- only where an entity touches one of the same type before it (Ramshaw and Marcus 1995)
    IOB2    B- opens every entity, I- continues it
    BIOES   as IOB2, but E- closes an entity of several tokens and S- marks one of a single token
    BILOU   the same with L- and U- (Ratinov and Roth 2009)
    IO      I- only: entities of one type that touch are one entity
    TAGS    no entity prefixes at all: part-of-speech tags
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

from seqkit.data.examples import Span
from seqkit.errors import UserError

OUTSIDE = "O"


class Scheme(StrEnum):
    """How a corpus writes its tags."""

    IOB1 = "IOB1"
    IOB2 = "IOB2"
    BIOES = "BIOES"
    BILOU = "BILOU"
    IO = "IO"
    TAGS = "TAGS"


_PREFIXES = {
    Scheme.IOB1: "BI",
    Scheme.IOB2: "BI",
    Scheme.BIOES: "BIES",
    Scheme.BILOU: "BILU",
    Scheme.IO: "I",
}
_ANY_PREFIX = "BIESLU"
_END_AS_BIOES = {"L": "E", "U": "S"}


@lru_cache(maxsize=4096)
def split_tag(tag: str) -> tuple[str, str]:
    """`(prefix, type)` of an entity tag, cut at the first hyphen: `("B", "creative-work")`; `("O", "")` outside.

    Anything else, a plain tag or a prefix without a type, comes back as `("", tag)`.
    """
    if tag == OUTSIDE:
        return OUTSIDE, ""
    prefix, _, label = tag.partition("-")
    return (prefix, label) if len(prefix) == 1 and prefix in _ANY_PREFIX and label else ("", tag)


def spans(tags: Sequence[str], *, strict: bool = False) -> list[Span]:
    """The entities of one sentence's IOB2 tags, left to right.

    An I- that continues nothing (at the start, after O, after another type) opens an entity, as in conlleval;
    with `strict` it opens nothing, and neither do the I- that follow it. An entity before it ends either way.

    Raises:
        UserError: a tag is not IOB2.
    """
    found: list[Span] = []
    start, open_label = 0, ""
    for position, tag in enumerate((*tags, OUTSIDE)):
        prefix, label = _iob2_parts(tag)
        if prefix == "I" and label == open_label:
            continue
        if open_label:
            found.append(Span(start, position, open_label))
        opens = prefix == "B" or (prefix == "I" and not strict)
        start, open_label = position, label if opens else ""
    return found


def iob2(entities: Iterable[Span], length: int) -> tuple[str, ...]:
    """The IOB2 tags of a sentence of `length` tokens: the inverse of `spans`.

    Raises:
        UserError: two entities overlap, or one is empty or reaches outside the sentence.
    """
    tags = [OUTSIDE] * length
    for entity in entities:
        if not 0 <= entity.start < entity.end <= length:
            raise UserError(f"entity {entity.start}–{entity.end} ({entity.label}) does not fit in {length} tokens")
        if any(tag != OUTSIDE for tag in tags[entity.start : entity.end]):
            raise UserError(f"entity {entity.start}–{entity.end} ({entity.label}) overlaps another")
        tags[entity.start] = f"B-{entity.label}"
        tags[entity.start + 1 : entity.end] = [f"I-{entity.label}"] * (entity.end - entity.start - 1)
    return tuple(tags)


def may_follow(last: str | None, tag: str) -> bool:
    """Whether IOB2 allows a tag after another, or first (None): `I-X` only after `B-X` or `I-X`.

    Tags without the prefix `I-`, such as parts of speech, may stand anywhere.
    """
    return not tag.startswith("I-") or last in (f"B-{tag[2:]}", tag)


def invalid_transitions(tags: Sequence[str]) -> int:
    """How many I- of one sentence's IOB2 tags continue nothing (the tag before is not B- or I- of that type).

    Raises:
        UserError: a tag is not IOB2.
    """
    pairs = zip((OUTSIDE, *tags), tags, strict=False)
    return sum(_iob2_parts(tag)[0] == "I" and _iob2_parts(before)[1] != _iob2_parts(tag)[1] for before, tag in pairs)


def detect_scheme(sequences: Iterable[Sequence[str]]) -> Scheme:
    """The scheme of a corpus, judged from all its tag sequences (one a sentence) together.

    E- or S- mean BIOES, L- or U- BILOU, I- without any B- IO (an IOB1 corpus without touching entities reads the same).
    IOB1 and IOB2 share their prefixes, so the openings decide: entities that do not touch one of their own type
    open with B- in IOB2 and with I- in IOB1. The more frequent opening wins, IOB2 on a tie: the few orphan I- that
    real IOB2 corpora hold are then repaired, and counted, by `to_iob2`. A wrong guess between the two would change
    that count only, never an entity. Sentences that are all O are IOB2.

    Raises:
        UserError: the tags fit no scheme: an unknown prefix, only some tags with a prefix, a prefix without a type,
            prefixes of two schemes, or E- and L- without any B- (IOE). The message lists the odd ones.
    """
    tags: Counter[str] = Counter()
    fresh: Counter[str] = Counter()
    for sequence in sequences:
        tags.update(sequence)
        fresh.update(_openings(sequence))
    with_prefix = {tag: split_tag(tag)[0] for tag in tags if tag != OUTSIDE and split_tag(tag)[0]}
    plain = sorted(tag for tag in tags if tag != OUTSIDE and tag not in with_prefix)
    if not with_prefix:
        if plain and set(plain) <= set(_ANY_PREFIX) and OUTSIDE in tags:
            raise UserError(f"{_some(plain)}: prefix without an entity type; write B-TYPE and I-TYPE")
        return Scheme.TAGS if plain else Scheme.IOB2
    if plain:
        raise UserError(f"tags that fit no scheme beside {_some(sorted(with_prefix))}: {_some(plain)}")
    return _scheme_of_prefixes(with_prefix, fresh)


def to_iob2(tags: Sequence[str], scheme: Scheme) -> tuple[tuple[str, ...], int]:
    """One sentence's tags in IOB2, and how many places broke the rules of `scheme` and were repaired.

    No entity is dropped: what continues nothing opens an entity (`I-PER` after `O` becomes `B-PER`), and an entity
    left open ends where something else begins. Each such place counts once. Plain tags come back as they are.

    Raises:
        UserError: a tag does not belong to `scheme`.
    """
    if scheme is Scheme.TAGS:
        return tuple(tags), 0
    written: list[str] = []
    repaired = 0
    previous, open_label = OUTSIDE, ""
    for tag in (*tags, OUTSIDE):
        role, label = _role(tag, scheme)
        continues = role in "IE" and label == open_label
        repaired += _breaks_rule(scheme, previous, role, continues, touches=label == open_label)
        written.append(OUTSIDE if role == OUTSIDE else f"I-{label}" if continues else f"B-{label}")
        previous, open_label = role, label if role in "BI" else ""
    return tuple(written[:-1]), repaired


def _iob2_parts(tag: str) -> tuple[str, str]:
    """`split_tag` for IOB2 tags only."""
    prefix, label = split_tag(tag)
    if prefix not in ("O", "B", "I"):
        raise UserError(f"not an IOB2 tag: {tag!r}")
    return prefix, label


def _role(tag: str, scheme: Scheme) -> tuple[str, str]:
    """Prefix, in the letters of BIOES, and type of a tag that must belong to `scheme`."""
    prefix, label = split_tag(tag)
    if prefix != OUTSIDE and (not prefix or prefix not in _PREFIXES[scheme]):
        raise UserError(f"not a tag of {scheme}: {tag!r}")
    return _END_AS_BIOES.get(prefix, prefix), label


def _breaks_rule(scheme: Scheme, previous: str, role: str, continues: bool, touches: bool) -> bool:
    """Whether `scheme` forbids `role` after `previous`; `touches`: an open entity of the same type stands before."""
    match scheme:
        case Scheme.IOB1:
            return role == "B" and not touches
        case Scheme.IOB2:
            return role == "I" and not continues
        case Scheme.BIOES | Scheme.BILOU:
            left_open = previous in "BI" and not continues
            return left_open or (role in "IE" and not continues)
        case Scheme.IO | Scheme.TAGS:
            return False


def _openings(tags: Sequence[str]) -> list[str]:
    """The prefixes that open an entity not directly after one of its type: where IOB1 and IOB2 differ."""
    labels = [split_tag(tag)[1] for tag in tags]
    before = ["", *labels]
    return [split_tag(tag)[0] for tag, label, last in zip(tags, labels, before, strict=False) if label and label != last]


def _scheme_of_prefixes(with_prefix: dict[str, str], fresh: Counter[str]) -> Scheme:
    """The scheme of tags that all carry a prefix; `fresh` counts how entities open (see `_openings`)."""
    prefixes = set(with_prefix.values())
    bioes, bilou = prefixes & set("ES"), prefixes & set("LU")
    if bioes and bilou:
        odd = sorted(tag for tag, prefix in with_prefix.items() if prefix in bioes | bilou)
        raise UserError(f"tags of both BIOES and BILOU: {_some(odd)}")
    if prefixes & set("EL") and "B" not in prefixes:
        odd = sorted(tag for tag, prefix in with_prefix.items() if prefix in "EL")
        raise UserError(f"tags that end an entity but none that begins one with B- (IOE is not handled): {_some(odd)}")
    if bioes or bilou:
        return Scheme.BIOES if bioes else Scheme.BILOU
    if "B" not in prefixes:
        return Scheme.IO
    return Scheme.IOB1 if fresh["I"] > fresh["B"] else Scheme.IOB2


def _some(tags: Sequence[str], limit: int = 8) -> str:
    """The first few tags, quoted, for a message."""
    listed = ", ".join(repr(tag) for tag in tags[:limit])
    return listed if len(tags) <= limit else f"{listed} and {len(tags) - limit} more"
