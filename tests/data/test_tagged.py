"""Tagged sentences from every format."""

import json
import os
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from seqkit.data import tagged as tagged_module
from seqkit.data.examples import Span, Tagged
from seqkit.data.formats import Format
from seqkit.data.schemes import Scheme, iob2, spans
from seqkit.data.tagged import Reading, load_tagged, read_unlabelled
from seqkit.errors import DataError

MIRROR = os.environ.get("SEQKIT_CORPORA_MIRROR")


@pytest.fixture
def load(tmp_path: Path):
    def _load(content: str | bytes, format: Format | None = None, **options) -> tuple[list[Tagged], Reading]:
        path = tmp_path / "x.conll"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_tagged(path, format, **options)

    return _load


def json_lines(*objects: object) -> str:
    return "".join(json.dumps(item) + "\n" for item in objects)


def entities(sentence: Tagged) -> list[tuple[str, str]]:
    return [(" ".join(sentence.tokens[span.start : span.end]), span.label) for span in spans(sentence.tags)]


# One sentence in every scheme: [Ada Lovelace PER] met [Bob PER] [Eve PER] in [New York LOC]; only IO cannot part Bob and Eve.
TOKENS = ["Ada", "Lovelace", "met", "Bob", "Eve", "in", "New", "York"]
SCHEMES = {
    Scheme.IOB1: "I-PER I-PER O I-PER B-PER O I-LOC I-LOC",
    Scheme.IOB2: "B-PER I-PER O B-PER B-PER O B-LOC I-LOC",
    Scheme.BIOES: "B-PER E-PER O S-PER S-PER O B-LOC E-LOC",
    Scheme.BILOU: "B-PER L-PER O U-PER U-PER O B-LOC L-LOC",
    Scheme.IO: "I-PER I-PER O I-PER I-PER O I-LOC I-LOC",
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("separator", ["\t", " "])
def test_every_scheme_gives_its_entities_in_iob2(load, scheme: Scheme, separator: str):
    rows = zip(TOKENS, SCHEMES[scheme].split(), strict=True)
    sentences, reading = load("".join(f"{token}{separator}{tag}\n" for token, tag in rows))
    bob_eve = [("Bob Eve", "PER")] if scheme is Scheme.IO else [("Bob", "PER"), ("Eve", "PER")]
    assert [entities(sentence) for sentence in sentences] == [[("Ada Lovelace", "PER"), *bob_eve, ("New York", "LOC")]]
    assert (reading.scheme, reading.entities, reading.labels) == (scheme, len(bob_eve) + 2, ("LOC", "PER"))
    assert (reading.sentences, reading.tokens, reading.repaired) == (1, 8, 0)


def test_orphans_are_repaired_and_counted(load):
    sentences, reading = load("a\tB-X\nb\tI-X\nc\tI-Y\n\nd\tI-X\n\ne\tB-X\n\nf\tB-Y\n")
    assert [sentence.tags for sentence in sentences] == [("B-X", "I-X", "B-Y"), ("B-X",), ("B-X",), ("B-Y",)]
    assert (reading.entities, reading.repaired) == (5, 2)
    assert "5 entities of 2 types; 2 invalid transitions repaired" in reading.describe()


@given(
    st.lists(st.lists(st.sampled_from(["O", "B-X", "I-X", "E-X", "S-X", "B-Y", "I-Y", "E-Y", "S-Y"]), min_size=1), min_size=1)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_entity_ever_vanishes(tmp_path: Path, tags: list[list[str]]):
    """Each B- and S- opens an entity, and so do the others after O: at least as many must come out, in any soup of tags."""
    path = tmp_path / "soup.conll"
    path.write_text("".join("".join(f"w\t{tag}\n" for tag in sentence) + "\n" for sentence in tags))
    try:
        sentences, reading = load_tagged(path)
    except DataError:  # E- without any B-
        assume(False)
        return
    sure = sum(
        tag[0] in "BS" or (tag != "O" and before == "O")
        for sentence in tags
        for before, tag in zip(["O", *sentence], sentence, strict=False)
    )
    assert reading.entities == sum(len(spans(sentence.tags)) for sentence in sentences) >= sure


def test_an_entity_lost_in_conversion_is_refused(load, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tagged_module, "to_iob2", lambda tags, scheme: (("O",) * len(tags), 0))
    with pytest.raises(DataError, match=r"x\.conll:3: 1 entities became 0"):
        load("a\tO\n\nb\tB-X\n")


def test_all_outside_is_allowed_but_said(load):
    _, reading = load("a\tO\nb\tO\n")
    assert (reading.entities, reading.labels, reading.scheme) == (0, (), Scheme.IOB2)
    assert "no entities: every tag is O" in reading.describe()


def test_conll_2003_documents(load):
    first = "-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\nfell VBD B-VP O\n\n. . O O\n\n"
    content = first + "-DOCSTART- -X- O O\nHm UH O O\n-DOCSTART-\nHo UH O O\n"
    sentences, reading = load(content)
    assert [(sentence.tokens, sentence.document) for sentence in sentences] == [
        (("EU", "fell"), "1"), ((".",), "1"), (("Hm",), "2"), (("Ho",), "3"),
    ]  # fmt: skip
    assert reading.entities == 1


def test_hashtags_are_no_comments(load):
    sentences, _ = load("#ner\tB-X\n# \tO\n\n# # #\tO\n")
    assert [sentence.tokens for sentence in sentences] == [("#ner", "# "), ("# # #",)]


def test_multiconer_comments_and_hashes(load):
    sentences, _ = load("# id a4\tdomain=en\nada _ _ B-PER\n# _ _ O\n\n# id b5\tdomain=en\n# _ _ O\n")
    assert [sentence.tokens for sentence in sentences] == [("ada", "#"), ("#",)]


def test_blank_lines_may_hold_tabs_and_spaces(load):
    sentences, _ = load("\n\t\na\tO\n\t\nb\tO\n  \n \t \nc\tO")
    assert [sentence.tokens for sentence in sentences] == [("a",), ("b",), ("c",)]


def test_empty_tokens_are_kept_and_counted(load):
    sentences, reading = load("a b\tO\n\tB-X\n \tI-X\n\u00a0\tO\n\ufffd\tO\n")
    assert sentences[0].tokens == ("a b", "\ufffd", "\ufffd", "\ufffd", "\ufffd")
    assert (reading.empty_tokens, reading.entities) == (3, 1)
    assert "3 empty tokens read as U+FFFD" in reading.describe()


CONLLU = (
    "# newdoc id = d1\n# text = Don't go\n1-2\tDon't" + "\t_" * 8 + "\n"
    "1\tDo\tdo\tAUX\tVB\t_\t0\troot\t_\t_\n2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\t_\n"
    "2.1\tgo" + "\t_" * 8 + "\n3\t#\tgo\tSYM\tNFP\t_\t1\txcomp\t_\t_\n\n"
    "# newdoc\n1\tB-X\tx\tX\tFW\t_\t0\troot\t_\t_\n\n"
)


def test_conllu_skips_ranges_and_empty_nodes(load):
    sentences, reading = load(CONLLU)
    assert sentences == [
        Tagged(("Do", "n't", "#"), ("AUX", "PART", "SYM"), "d1"),
        Tagged(("B-X",), ("X",), "2"),
    ]
    assert (reading.scheme, reading.labels) == (Scheme.TAGS, ("AUX", "PART", "SYM", "X"))
    assert reading.describe().endswith("CoNLL-U, tag in column 4 (upos); 2 sentences, 4 tokens, 4 labels")
    other, _ = load(CONLLU, Format.named("conllu:xpos"))
    assert other[0].tags == ("VB", "RB", "NFP")


def test_uner_has_documents_inner_spaces_and_hash_tokens(load):
    content = "# newdoc id = a\n# text = 1 000 #\n1\t1 000\tO\t-\tx\n2\t#\tI-PER\t-\tx\n\n# x\ty\tz\n1\tb\tB-LOC\t-\t\n\n"
    sentences, reading = load(content)
    assert sentences == [Tagged(("1 000", "#"), ("O", "B-PER"), "a"), Tagged(("b",), ("B-LOC",), "a")]
    assert reading.repaired == 1 or reading.scheme is Scheme.IOB1  # one opening of each kind: a tie means IOB2


def test_labels_or_entities_as_asked(load):
    plain = "a\tDET\nb\tNOUN\n"
    assert load(plain)[1].scheme is Scheme.TAGS
    assert load(plain, tags="labels")[0][0].tags == ("DET", "NOUN")
    with pytest.raises(DataError, match=r"x\.conll:1: 'DET' is a plain label, not an entity tag"):
        load(plain, tags="entities")
    assert load("a\tI-X\n", tags="labels")[0][0].tags == ("I-X",)
    assert load("a\tO\nb\tB-X\n", tags="entities")[1].entities == 1


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_marks_do_not_matter(load, ending: str, mark: str):
    sentences, _ = load(mark + ending.join(["a\u2028b\tB-X", "c\x85\tI-X", "", "d\tO", ""]))
    assert sentences == [Tagged(("a\u2028b", "c\x85"), ("B-X", "I-X")), Tagged(("d",), ("O",))]


@pytest.mark.timeout(20)
def test_a_pipe_can_be_loaded_though_it_is_read_once():
    read_end, write_end = os.pipe()
    os.write(write_end, b"a\tB-X\n\nb\tO\n")
    os.close(write_end)
    sentences, _ = load_tagged(Path(f"/dev/fd/{read_end}"))
    os.close(read_end)
    assert len(sentences) == 2


# JSON lines


def test_json_spans_become_tags(load):
    text = "Ada Lovelace's 👍🏽 café, New York!"
    marked = [("New York", "LOC"), ("Ada Lovelace", "PER"), ("café", "creative work")]
    given = [{"start": text.index(what), "end": text.index(what) + len(what), "label": label} for what, label in marked]
    sentences, reading = load(json_lines({"text": text, "entities": given, "document": 7, "other": 1}))
    assert entities(sentences[0]) == [("Ada Lovelace", "PER"), ("café", "creative work"), ("New York", "LOC")]
    assert sentences[0].tokens == ("Ada", "Lovelace", "'s", "👍🏽", "café", ",", "New", "York", "!")
    assert sentences[0].document == "7"
    assert (reading.entities, reading.format, reading.scheme) == (3, Format("jsonl"), Scheme.IOB2)


def test_a_word_is_cut_where_an_entity_ends_inside_it(load):
    given = [{"start": 0, "end": 3, "label": "A"}, {"start": 3, "end": 5, "label": "B"}, {"start": 5, "end": 8, "label": "B"}]
    sentences, reading = load(json_lines({"text": "foobarbaz.", "entities": given}))
    assert sentences[0].tokens == ("foo", "ba", "rba", "z", ".")
    assert sentences[0].tags == ("B-A", "B-B", "B-B", "O", "O")
    assert reading.entities == 3


def test_an_entity_may_begin_and_end_with_spaces(load):
    sentences, _ = load(json_lines({"text": "a  bc  d", "entities": [{"start": 1, "end": 6, "label": "X"}]}))
    assert sentences[0].tags == ("O", "B-X", "O")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_every_span_comes_out_as_one_entity_with_its_text(tmp_path: Path, text: str, data: st.DataObject):
    places = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    given = [
        {"start": start, "end": end, "label": "X"}
        for start, end in zip(places[::2], places[1::2], strict=False)
        if text[start:end].strip()
    ]
    path = tmp_path / "x.jsonl"
    path.write_text(json_lines({"text": text, "entities": given}, {"text": "end", "entities": []}))
    sentences, reading = load_tagged(path)
    assert reading.entities == len(given)
    found = ["".join(sentences[0].tokens[span.start : span.end]) for span in spans(sentences[0].tags)]
    assert found == ["".join(text[item["start"] : item["end"]].split()) for item in given]


def test_json_tokens_with_tags(load):
    sentences, reading = load(json_lines({"tokens": ["a", " ", "c"], "tags": ["S-X", "O", "S-Y"]}, {"tokens": [], "tags": []}))
    assert sentences == [Tagged(("a", "\ufffd", "c"), ("B-X", "O", "B-Y"))]
    assert (reading.scheme, reading.empty_tokens, reading.sentences) == (Scheme.BIOES, 1, 1)


def test_a_text_of_several_sentences_stays_one(load):
    sentences, _ = load(json_lines({"text": "One. Two.\nThree.", "entities": []}, {"text": " ", "entities": []}) + "\n")
    assert len(sentences) == 1


# Reading what is to be tagged


def unlabelled(content: str, format: Format | None = None) -> list[tagged_module.Unlabelled]:
    return list(read_unlabelled(BytesIO(content.encode()), format))


COLUMN_INPUTS = [
    "a\n\nb\nc\n",
    "a\n\n\n\nb",
    "\n \na\tX\n\t\nb\tY\n\n\n",
    "-DOCSTART- -X- O\n\na b O\n\n-DOCSTART- -X- O\nc d O\n",
    "# text = a\n1\ta\tO\t-\t-\n\n# text = b\n1\tb\tO\t-\t-\n\n\n",
    CONLLU,
    "a\tO\nb\nc\tx\ty\n",
    "",
    "\n",
    "# _ O\nb _ O\n",
]


@pytest.mark.parametrize("content", COLUMN_INPUTS)
def test_all_lines_come_back_in_order(content: str):
    sentences = unlabelled(content)
    given = content.split("\n")
    assert [line for sentence in sentences for line in sentence.lines] == (given if given[-1] else given[:-1])
    for sentence in sentences:
        assert len(sentence.rows) == len(sentence.tokens)
        assert all(token in sentence.lines[row] for token, row in zip(sentence.tokens, sentence.rows, strict=True))


@pytest.mark.parametrize(
    ("content", "tokens"),
    [
        (COLUMN_INPUTS[0], [("a",), ("b", "c")]),
        (COLUMN_INPUTS[3], [("a",), ("c",)]),
        (COLUMN_INPUTS[4], [("a",), ("b",)]),
        (CONLLU, [("Do", "n't", "#"), ("B-X",)]),
        (COLUMN_INPUTS[6], [("a", "b", "c")]),
        (COLUMN_INPUTS[9], [("#", "b")]),
        ("a b\nc d\n", [("a", "c")]),
        ("New York\tO\n\tO\n", [("New York", "\ufffd")]),
    ],
)
def test_only_the_token_column_is_needed(content: str, tokens: list[tuple[str, ...]]):
    assert [sentence.tokens for sentence in unlabelled(content) if sentence.tokens] == tokens


def test_the_column_asked_for_is_read():
    assert unlabelled("1 a x\n2 b y\n", Format.named("conll:token=3"))[0].tokens == ("x", "y")
    with pytest.raises(DataError, match=r"^-:2: no column 3"):
        unlabelled("1 a x\n2 b\n", Format.named("conll:token=3"))


def test_json_to_be_tagged_keeps_offsets_and_lines():
    text = "Ada left. Bob, too."
    sentences = unlabelled("\n" + json_lines({"text": text}, {"tokens": ["a", "b"]}, {"text": ""}))
    assert [len(sentence.lines) for sentence in sentences] == [1, 1, 1, 1]
    assert [sentence.text for sentence in sentences] == [None, text, None, ""]
    assert [text[word.start : word.end] for word in sentences[1].words] == list(sentences[1].tokens)
    assert sentences[2].tokens == ("a", "b")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["a\tO\n\n", "b\tO\n\n", "\n", "c\n\n"], [("a",), ("b",), (), ("c",)]),
        (["# text = a\n1\ta\tO\t-\t-\n\n", "1\tb\tO\t-\t-\n\n"], [("a",), ("b",)]),
        (['{"text": "a"}\n', '{"text": "b"}\n'], [("a",), ("b",)]),
    ],
)
def test_sentences_come_out_of_a_pipe_as_they_go_in(parts: list[str], expected: list[tuple[str, ...]]):
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as stream:
        sentences = read_unlabelled(stream)
        for part, tokens in zip(parts, expected, strict=True):
            os.write(write_end, part.encode())
            assert next(sentences).tokens == tokens
        os.close(write_end)
        assert list(sentences) == []


# Whatever can be written can be read

TOKEN = st.text(st.characters(exclude_categories=["Cs", "Zs"], exclude_characters="\t\n\r\0\ufeff"), min_size=1).filter(
    str.strip
)


@given(st.lists(st.lists(TOKEN, min_size=1, max_size=6), min_size=1, max_size=5), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_round_trip_of_columns(tmp_path: Path, sentences: list[list[str]], data: st.DataObject):
    def tags(length: int) -> tuple[str, ...]:
        ends = sorted(data.draw(st.sets(st.integers(0, length))))
        return iob2([Span(a, b, data.draw(st.sampled_from("XY"))) for a, b in zip(ends[::2], ends[1::2], strict=False)], length)

    original = [Tagged(tuple(tokens), tags(len(tokens))) for tokens in sentences]
    path = tmp_path / "x.conll"
    rows = ("".join(f"{token}\t{tag}\n" for token, tag in zip(s.tokens, s.tags, strict=True)) for s in original)
    path.write_bytes("\n".join(rows).encode())
    assert load_tagged(path, Format("columns", columns=2, tag_column=1))[0] == original


# Real corpora: the numbers their authors state

COUNTS = [
    ("ner/wnut17/wnut17train.conll", 3394, 1975, 6),
    ("ner/wnut17/emerging.dev.conll", 1009, 836, 6),
    ("ner/wnut17/emerging.test.annotated", 1287, 1079, 6),
    ("ner/broad_twitter/btc.train", 6338, 8779, 3),
    ("ner/broad_twitter/btc.dev", 1001, 1730, 3),
    ("ner/broad_twitter/btc.test", 2001, 4376, 3),
    ("ner/ncbi_disease/train.tsv.gz", 5432, 5145, 1),
    ("ner/ncbi_disease/devel.tsv", 923, 787, 1),
    ("ner/ncbi_disease/test.tsv", 940, 960, 1),
    ("ner/ud_english_ewt/en_ewt-ud-dev.conllu.gz", 2001, 0, 17),
    ("ner/ud_english_ewt/en_ewt-ud-test.conllu.gz", 2077, 0, 17),
    ("ner/uner/German-PUD/de_pud-ud-test.iob2", 1000, None, 3),
    ("ner/wnut17/submissions/arcada.gz", 1287, None, 6),
]


@pytest.mark.skipif(not MIRROR, reason="SEQKIT_CORPORA_MIRROR is not set")
@pytest.mark.parametrize(("name", "sentences", "gold", "labels"), COUNTS)
def test_real_corpora_have_the_published_counts(name: str, sentences: int, gold: int | None, labels: int):
    found, reading = load_tagged(Path(MIRROR or "") / name)
    assert (len(found), len(reading.labels)) == (sentences, labels)
    assert reading.entities == sum(tag.startswith("B-") for sentence in found for tag in sentence.tags)
    assert gold is None or reading.entities == gold
