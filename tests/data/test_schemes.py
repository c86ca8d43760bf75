from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.examples import Span
from seqkit.data.schemes import Scheme, detect_scheme, invalid_transitions, iob2, spans, to_iob2
from seqkit.errors import UserError

LABELS = ["PER", "LOC", "creative-work"]
IOB2_TAGS = ["O", *(f"{prefix}-{label}" for prefix in "BI" for label in LABELS)]


@st.composite
def sentences(draw: st.DrawFn) -> tuple[list[Span], int]:
    """Entities that do not overlap, and the length of their sentence."""
    entities: list[Span] = []
    position = 0
    for _ in range(draw(st.integers(0, 6))):
        position += draw(st.integers(0, 2))
        size = draw(st.integers(1, 4))
        entities.append(Span(position, position + size, draw(st.sampled_from(LABELS))))
        position += size
    return entities, position + draw(st.integers(0, 2))


def touches(entities: list[Span], index: int) -> bool:
    """Whether the entity stands directly after one of its own type."""
    before, entity = entities[index - 1], entities[index]
    return index > 0 and before.end == entity.start and before.label == entity.label


def write(entities: list[Span], length: int, prefixes: Callable[[list[Span], int], str]) -> list[str]:
    """Tags from a rule that spells out the prefixes of one entity, token by token."""
    tags = ["O"] * length
    for index, entity in enumerate(entities):
        letters = prefixes(entities, index)
        tags[entity.start : entity.end] = [f"{letter}-{entity.label}" for letter in letters]
    return tags


def size(entities: list[Span], index: int) -> int:
    return entities[index].end - entities[index].start


WRITERS: dict[Scheme, Callable[[list[Span], int], str]] = {
    Scheme.IOB1: lambda e, i: ("B" if touches(e, i) else "I") + "I" * (size(e, i) - 1),
    Scheme.IOB2: lambda e, i: "B" + "I" * (size(e, i) - 1),
    Scheme.BIOES: lambda e, i: "S" if size(e, i) == 1 else "B" + "I" * (size(e, i) - 2) + "E",
    Scheme.BILOU: lambda e, i: "U" if size(e, i) == 1 else "B" + "I" * (size(e, i) - 2) + "L",
    Scheme.IO: lambda e, i: "I" * size(e, i),
}


@pytest.mark.parametrize("scheme", [Scheme.IOB1, Scheme.IOB2, Scheme.BIOES, Scheme.BILOU])
@given(sentence=sentences())
def test_every_scheme_gives_back_the_entities_it_was_written_from(scheme: Scheme, sentence: tuple[list[Span], int]) -> None:
    entities, length = sentence
    tags, repaired = to_iob2(write(entities, length, WRITERS[scheme]), scheme)
    assert tags == iob2(entities, length)
    assert spans(tags) == spans(tags, strict=True) == entities
    assert repaired == invalid_transitions(tags) == 0


@given(sentence=sentences())
def test_io_merges_touching_entities_of_one_type_and_only_those(sentence: tuple[list[Span], int]) -> None:
    entities, length = sentence
    merged: list[Span] = []
    for index, entity in enumerate(entities):
        if touches(entities, index):
            merged[-1] = Span(merged[-1].start, entity.end, entity.label)
        else:
            merged.append(entity)
    tags, repaired = to_iob2(write(entities, length, WRITERS[Scheme.IO]), Scheme.IO)
    assert spans(tags) == merged
    assert repaired == 0


CORPUS = [
    ([Span(0, 2, "PER"), Span(2, 3, "PER"), Span(4, 7, "LOC")], 8),
    ([Span(1, 2, "creative-work"), Span(2, 4, "LOC")], 4),
    ([], 3),
]


@pytest.mark.parametrize("scheme", list(WRITERS))
def test_detects_each_scheme(scheme: Scheme) -> None:
    assert detect_scheme(write(*sentence, WRITERS[scheme]) for sentence in CORPUS) is scheme


@given(sentence=sentences())
def test_detection_then_conversion_never_loses_an_entity(sentence: tuple[list[Span], int]) -> None:
    entities, length = sentence
    for scheme in (Scheme.IOB1, Scheme.IOB2, Scheme.BIOES, Scheme.BILOU):
        written = write(entities, length, WRITERS[scheme])
        assert spans(to_iob2(written, detect_scheme([written]))[0]) == entities


def test_a_few_orphans_do_not_turn_iob2_into_iob1() -> None:
    clean = ["B-PER", "I-PER", "O", "B-LOC"]
    orphan = ["O", "I-LOC", "O", "O"]
    sequences = [clean] * 20 + [orphan] * 3
    assert detect_scheme(sequences) is Scheme.IOB2
    assert sum(to_iob2(tags, Scheme.IOB2)[1] for tags in sequences) == 3
    assert detect_scheme([clean] * 2 + [["O", "I-LOC"]] * 20) is Scheme.IOB1


def test_iob1_of_the_original_paper_is_not_iob2() -> None:
    touching = ["I-NP", "I-NP", "B-NP", "O", "I-VP"]
    assert detect_scheme([touching]) is Scheme.IOB1
    assert to_iob2(touching, Scheme.IOB1) == (("B-NP", "I-NP", "B-NP", "O", "B-VP"), 0)


def test_long_entities_are_no_evidence_for_iob1() -> None:
    assert detect_scheme([["B-PER", "I-PER", "I-PER", "I-PER", "B-PER", "I-PER"]]) is Scheme.IOB2


def test_iob1_counts_a_needless_b() -> None:
    assert to_iob2(["B-PER", "B-PER", "O", "B-LOC"], Scheme.IOB1) == (("B-PER", "B-PER", "O", "B-LOC"), 2)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["DET", "NOUN", "-LRB-", "PRP$"], Scheme.TAGS),
        (["O", "O"], Scheme.IOB2),
        ([], Scheme.IOB2),
        (["S-PER", "O"], Scheme.BIOES),
        (["U-PER", "O"], Scheme.BILOU),
        (["B-PER", "O"], Scheme.IOB2),
        (["I-PER", "O"], Scheme.IO),
    ],
)
def test_detects_from_little(tags: list[str], expected: Scheme) -> None:
    assert detect_scheme([tags]) is expected


@pytest.mark.parametrize(
    ("tags", "named"),
    [
        (["B-PER", "X-PER", "O"], "'X-PER'"),
        (["B-PER", "LOC", "O"], "'LOC'"),
        (["B-PER", "I-", "O"], "'I-'"),
        (["B-PER", "E-PER", "U-LOC"], "'E-PER', 'U-LOC'"),
        (["I-PER", "E-PER", "O"], "'E-PER'"),
        (["B", "I", "O"], "'B', 'I'"),
        (["b-PER", "B-LOC"], "'b-PER'"),
    ],
)
def test_tags_that_fit_no_scheme_are_named(tags: list[str], named: str) -> None:
    with pytest.raises(UserError, match=named):
        detect_scheme([tags])


def test_a_tag_of_another_scheme_is_refused() -> None:
    with pytest.raises(UserError, match="'S-PER'"):
        to_iob2(["S-PER"], Scheme.IOB2)
    with pytest.raises(UserError, match="'NOUN'"):
        spans(["NOUN"])
    assert to_iob2(["NOUN", "B"], Scheme.TAGS) == (("NOUN", "B"), 0)


def test_long_lists_of_odd_tags_are_cut_short() -> None:
    with pytest.raises(UserError, match="and 12 more") as caught:
        detect_scheme([["B-PER", *(f"tag{i}" for i in range(20))]])
    assert "\n" not in str(caught.value)


def test_orphans_open_an_entity_for_conlleval_and_nothing_when_strict() -> None:
    tags = ["I-PER", "I-PER", "O", "B-LOC", "I-PER", "I-PER", "I-LOC", "B-PER"]
    assert spans(tags) == [
        Span(0, 2, "PER"), Span(3, 4, "LOC"), Span(4, 6, "PER"), Span(6, 7, "LOC"), Span(7, 8, "PER")
    ]  # fmt: skip
    assert spans(tags, strict=True) == [Span(3, 4, "LOC"), Span(7, 8, "PER")]
    assert invalid_transitions(tags) == 3


@given(tags=st.lists(st.sampled_from(IOB2_TAGS), max_size=12))
def test_repair_keeps_every_lenient_entity_and_counts_each_invalid_transition(tags: list[str]) -> None:
    repaired, count = to_iob2(tags, Scheme.IOB2)
    assert count == invalid_transitions(tags)
    assert invalid_transitions(repaired) == 0
    assert spans(repaired, strict=True) == spans(repaired) == spans(tags)
    assert set(spans(tags, strict=True)) <= set(spans(tags))


@pytest.mark.parametrize(
    ("tags", "iob", "places"),
    [
        (["B-PER", "O"], ["B-PER", "O"], 1),
        (["O", "E-PER"], ["O", "B-PER"], 1),
        (["B-PER", "I-LOC", "E-LOC"], ["B-PER", "B-LOC", "I-LOC"], 1),
        (["S-PER", "I-PER", "E-PER"], ["B-PER", "B-PER", "I-PER"], 1),
        (["B-PER", "I-PER"], ["B-PER", "I-PER"], 1),
        (["B-PER", "E-PER", "E-PER"], ["B-PER", "I-PER", "B-PER"], 1),
    ],
)
def test_broken_bioes_is_repaired_and_counted(tags: list[str], iob: list[str], places: int) -> None:
    assert to_iob2(tags, Scheme.BIOES) == (tuple(iob), places)


def test_iob2_refuses_overlaps_and_entities_outside_the_sentence() -> None:
    with pytest.raises(UserError, match="overlaps"):
        iob2([Span(0, 2, "PER"), Span(1, 3, "LOC")], 3)
    for outside in (Span(2, 4, "PER"), Span(1, 1, "PER"), Span(-1, 1, "PER")):
        with pytest.raises(UserError, match="does not fit"):
            iob2([outside], 3)


@given(tags=st.lists(st.sampled_from(IOB2_TAGS), max_size=12))
def test_spans_agree_with_seqeval(tags: list[str]) -> None:
    from seqeval.metrics.sequence_labeling import get_entities
    from seqeval.scheme import IOB2, Entities

    lenient = [Span(start, end + 1, label) for label, start, end in get_entities(tags)]
    assert spans(tags) == lenient
    (strict,) = Entities([tags], IOB2).entities
    assert spans(tags, strict=True) == [Span(entity.start, entity.end, entity.tag) for entity in strict]
