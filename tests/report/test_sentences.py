from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.report.report import Sentence, Span
from seqkit.report.sentences import mistakes, mistakes_by_kind, pieces, runs

TOKENS = tuple("abcdefgh")


def sentence(gold: list[Span], predicted: list[Span]) -> Sentence:
    return Sentence(TOKENS, tuple(gold), tuple(predicted), tuple(0.5 for _ in predicted))


@pytest.mark.parametrize(
    ("gold", "predicted", "kinds"),
    [
        ([Span(0, 2, "PER")], [Span(0, 2, "PER")], []),
        ([Span(0, 2, "PER")], [], ["missed"]),
        ([], [Span(0, 2, "PER")], ["spurious"]),
        ([Span(0, 2, "PER")], [Span(0, 2, "ORG")], ["type"]),
        ([Span(0, 2, "PER")], [Span(1, 3, "PER")], ["boundary"]),
        ([Span(0, 2, "PER")], [Span(1, 3, "ORG")], ["boundary and type"]),
        ([Span(0, 2, "PER")], [Span(2, 3, "PER")], ["missed", "spurious"]),
        ([Span(0, 4, "PER")], [Span(0, 1, "PER"), Span(2, 4, "PER")], ["boundary", "spurious"]),
        ([Span(0, 1, "PER"), Span(2, 4, "PER")], [Span(0, 4, "PER")], ["boundary", "missed"]),
    ],
)
def test_kinds(gold: list[Span], predicted: list[Span], kinds: list[str]) -> None:
    assert [mistake.kind for mistake in mistakes(sentence(gold, predicted))] == kinds


@st.composite
def flat(draw: st.DrawFn) -> list[Span]:
    cuts = sorted(draw(st.sets(st.integers(0, len(TOKENS)), max_size=6)))
    spans = [Span(start, end, draw(st.sampled_from(["PER", "ORG"]))) for start, end in pairwise(cuts)]
    return draw(st.permutations([span for span in spans if draw(st.booleans())]))


@given(flat(), flat())
def test_pieces_are_the_sentence(gold: list[Span], predicted: list[Span]) -> None:
    made = pieces(sentence(gold, predicted))
    assert "".join(piece.text for piece in made) == " ".join(TOKENS)
    for side, spans in (("gold", gold), ("predicted", predicted)):
        texts: dict[Span, str] = {}
        for piece in made:
            span = getattr(piece, side)
            if span:
                texts[span] = texts.get(span, "") + piece.text
        assert texts == {span: " ".join(TOKENS[span.start : span.end]) for span in spans}
        assert sum(getattr(piece, f"{side}_ends") for piece in made) == len(spans)
    assert "".join(text for text, _ in runs(sentence(gold, predicted))) == " ".join(TOKENS)


@given(flat(), flat())
def test_every_entity_is_right_or_in_one_mistake(gold: list[Span], predicted: list[Span]) -> None:
    found = mistakes(sentence(gold, predicted))
    right = set(gold) & set(predicted)
    assert sorted(map(repr, (m.gold for m in found if m.gold))) == sorted(map(repr, set(gold) - right))
    assert sorted(map(repr, (m.predicted for m in found if m.predicted))) == sorted(map(repr, set(predicted) - right))


def test_a_long_sentence_is_cut_down_to_its_mistakes() -> None:
    tokens = tuple(f"w{at}" for at in range(100_000))
    right = Span(10, 11, "PER")
    far = Sentence(tokens, (right, Span(50_000, 50_001, "PER")), (right,))
    text = "".join(piece.text for piece in pieces(far))
    assert text.startswith("… ")
    assert text.endswith(" … ")
    assert " w50000 " in text
    assert "w10 " not in text
    assert len(text) < 1000


def test_many_mistakes_are_counted_not_listed() -> None:
    tokens = tuple("x" for _ in range(50_000))
    every = Sentence(tokens, tuple(Span(at, at + 1, "PER") for at in range(0, 50_000, 2)), ())
    assert mistakes_by_kind(every)[-1] == ("more", ["24992 others"])
