"""Finding and naming the layout of a file."""

from pathlib import Path

import pytest

from seqkit.data.formats import CONLLU, KNOWN, UNER, Format, detect_format, settle
from seqkit.errors import DataError, UserError

CONLL_2003 = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n# CD B-NP O\n1 CD I-NP O\n"
CONLLU_TEXT = (
    "# sent_id = 1\n# text = Don't go\n1-2\tDon't" + "\t_" * 8 + "\n"
    "1\tDo\tdo\tAUX\tVB\t_\t0\troot\t_\t_\n2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\t_\n"
    "2.1\tgo" + "\t_" * 8 + "\n3\tgo\tgo\tVERB\tVB\t_\t1\txcomp\t_\t_\n\n"
)
UNER_TEXT = "# newdoc id = a\n# text = Ada B\n1\tAda B\tB-PER\t-\tx\n2\tleft\tO\t-\tx\n\n# text = Hm\n1\tHm\tO\t-\tx\n\n"
GERMEVAL = "#\tspiegel.de [2005]\n1\tSchartau\tB-PER\tO\n2\tsagte\tO\tO\n\n#\tbild.de [2006]\n1\tBerlin\tB-LOC\tO\n\n"
MULTICONER = "# id a4\tdomain=en\nthe _ _ O\n# _ _ O\nada _ _ B-PER\n\n# id b5\tdomain=en\nboo _ _ O\n\n"


def columns(separator: str, token: int, tag: int, count: int, **options: bool) -> Format:
    return Format("columns", separator, token, tag, columns=count, **options)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a\tO\nb\tB-X\n", columns("\t", 0, 1, 2)),
        ("a O\nb B-X\n", columns(" ", 0, 1, 2)),
        ("a   O\nb     B-X \n", columns(" ", 0, 1, 2)),
        (CONLL_2003, columns(" ", 0, 3, 4)),
        (CONLLU_TEXT, CONLLU),
        (UNER_TEXT, UNER),
        (GERMEVAL, columns("\t", 1, 3, 4, comments=True, numbered=True)),
        (MULTICONER, columns(" ", 0, 3, 4, comments=True)),
        ("a\nb\n\nc\n", columns("\t", 0, -1, 1)),
        ("New York\tB-LOC\nis\tO\nfar away\tO\n", columns("\t", 0, 1, 2)),
        ("#wow\tO\n# \tO\n#\tO\n\n#again\tO\n", columns("\t", 0, 1, 2)),
        ("\n \t\n\t\na\tO\n\t\nb\tO\n", columns("\t", 0, 1, 2)),
        ("\ufeffa\tO\r\nb\tO\r\n", columns("\t", 0, 1, 2)),
        ("a\tO\nb\nc\tO\nd\tO\tX\n", columns("\t", 0, 1, 2)),
        ('{"text": "a", "entities": []}\n', Format("jsonl")),
        ('\n  { "text": "a"}\n', Format("jsonl")),
        ("{\tO\n}\tO\n", columns("\t", 0, 1, 2)),
        ("1\tO\n2\tO\n", columns("\t", 0, 1, 2)),
        ("1\tNUM\tO\n2\tNUM\tO\nthe\tDET\tO\n", columns("\t", 0, 2, 3)),
        ("1990\tNUM\tO\n2000\tNUM\tO\n", columns("\t", 0, 2, 3)),
    ],
)
def test_detected(tmp_path: Path, content: str, expected: Format):
    path = tmp_path / "x"
    path.write_text(content, newline="")
    assert detect_format(path) == expected


def test_only_the_head_of_a_file_is_read(tmp_path: Path):
    path = tmp_path / "x.conll"
    path.write_bytes(b"a\tO\n" * 5000 + b"\xff\n")
    assert detect_format(path) == columns("\t", 0, 1, 2)


def test_errors_replace_reads_on(tmp_path: Path):
    path = tmp_path / "x.conll"
    path.write_bytes(b"\xff\tO\n")
    assert detect_format(path, errors="replace") == columns("\t", 0, 1, 2)
    with pytest.raises(DataError, match=r"x\.conll:1: invalid UTF-8 at byte 1"):
        detect_format(path)


@pytest.mark.parametrize("content", ["", "\n", "\n \t\n\n", "\ufeff", "-DOCSTART- -X- -X- O\n\n"])
def test_a_file_without_sentences_is_refused(tmp_path: Path, content: str):
    path = tmp_path / "x.conll"
    path.write_text(content)
    with pytest.raises(DataError, match=r"x\.conll: holds no sentences$"):
        detect_format(path)


def test_a_json_array_is_named(tmp_path: Path):
    path = tmp_path / "x.json"
    path.write_text('[{"text": "a"}]\n')
    with pytest.raises(DataError, match="JSON array; write one object a line"):
        detect_format(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("jsonl", Format("jsonl")),
        ("uner", UNER),
        ("conllu", CONLLU),
        ("conllu:upos", CONLLU),
        ("conllu:xpos", Format("conllu", "\t", 1, 4, True, 10, True)),
        ("conllu:tag=10", Format("conllu", "\t", 1, 9, True, 10, True)),
        ("conll", Format("columns")),
        ("conll:token=2,tag=4", Format("columns", token_column=1, tag_column=3)),
        ("conll:tag=1,token=2", Format("columns", token_column=1, tag_column=0)),
    ],
)
def test_named(name: str, expected: Format):
    assert Format.named(name) == expected


NONSENSE = ["", "CONLL", "conl", "conll:", "conll:,", "conll:token", "conll:token=0", "conll:token=-1", "conll:token=x",
            "conll:token=2,token=3", "conll:word=1", "conll:token=2,tag=2", "conll:tag=1", "conll:tag=²", "conll:tag=1000",
            "uner:tag=3", "jsonl:x", "conllu:form", "conllu:tag=11", "conllu:tag=2", "conll tag=2"]  # fmt: skip


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_refused_with_the_known_names(name: str):
    with pytest.raises(UserError) as error:
        Format.named(name)
    message = str(error.value)
    assert message.startswith(f"format {name!r} is not known")
    assert all(known in message for known in KNOWN)
    assert "\n" not in message


def test_a_near_name_is_suggested():
    with pytest.raises(UserError, match="did you mean 'conllu'"):
        Format.named("conlu")


def numbered(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.split("\n")[:-1], start=1))


def test_settling_fills_in_what_the_name_leaves_open():
    assert settle(Format.named("conll:tag=2"), numbered("a NN O\nb NN O\n"), "x") == columns(" ", 0, 1, 3)
    assert settle(Format.named("conll:token=2,tag=3"), numbered(GERMEVAL), "x") == columns(
        "\t", 1, 2, 4, comments=True, numbered=True
    )
    assert settle(Format.named("conll"), numbered(CONLLU_TEXT), "x") == CONLLU
    assert settle(UNER, numbered("a\tO\n"), "x") == UNER
    assert not settle(Format.named("conll:token=2"), numbered("a\tb\n"), "x").has_tags


def test_a_column_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="x: column 4 asked for, but the rows have 2"):
        settle(Format.named("conll:tag=4"), numbered("a O\n"), "x")


@pytest.mark.parametrize(
    ("format", "words"),
    [
        (columns("\t", 0, 1, 2), "CoNLL columns, TAB, token in column 1, tag in column 2"),
        (columns(" ", 0, 3, 4), "CoNLL columns, space, token in column 1, tag in column 4"),
        (columns("\t", 0, -1, 1), "CoNLL columns, TAB, token in column 1, no tags"),
        (Format.named("conll"), "CoNLL columns, token in column 1, tag in the last column"),
        (UNER, "UNER columns, token in column 2, tag in column 3"),
        (Format.named("conllu:xpos"), "CoNLL-U, tag in column 5 (xpos)"),
        (Format.named("jsonl"), "JSON lines"),
    ],
)
def test_described(format: Format, words: str):
    assert format.describe() == words
