"""Bad input: one line that names file and line, whatever the file holds."""

import json
import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqkit.data.formats import Format
from seqkit.data.tagged import load_tagged, read_unlabelled
from seqkit.errors import DataError, UserError


def refused(folder: Path, content: str | bytes, format: str | None = None, **options) -> str:
    """The message, without the folder, of the error that loading the content must raise."""
    path = folder / "bad.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as error:
        load_tagged(path, Format.named(format) if format else None, **options)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message.removeprefix(f"{folder}/")


ROW = "1\tAda\t_\tPROPN\tNNP\t_\t_\t_\t_\t_\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "bad.txt: holds no sentences"),
        ("\n\n\t\n  \n", "bad.txt: holds no sentences"),
        ("\ufeff\r\n\r\n", "bad.txt: holds no sentences"),
        ("a\tO\nb\nc\tO\n", "bad.txt:2: token 'b' has no tag: 1 of 2 columns"),
        ("a\tO\nb\t\nc\tO\n", "bad.txt:2: token 'b' has no tag: column 2 is empty"),
        ("a O\nb O\n\nc O x\n", "bad.txt:4: 3 columns where the rest have 2"),
        ("a x O\nb O\n", "bad.txt:2: token 'b' has no tag: 2 of 3 columns"),
        ("# id 1\nada _ _ O\n# hm O\n\n# id 2\nb _ _ O\nc _ _ O\n", "bad.txt:3: token '#' has no tag: 3 of 4 columns"),
        ("a\nb\n\nc\n", "bad.txt:1: token 'a' has no tag: the rows hold no tag column"),
        ("a\tB-X\nb\tI-X\n\nc\tO\nd\tQ-X\n", "bad.txt:5: tags that fit no scheme beside 'B-X', 'I-X': 'Q-X'"),
        ("a\tB-X\nb\tPER\n", "bad.txt:2: tags that fit no scheme beside 'B-X': 'PER'"),
        ("a\tB-X\n\nb\tB-X\nc\tS-X\nd\tU-X\n", "bad.txt:4: tags of both BIOES and BILOU: 'S-X', 'U-X'"),
        ("a\tB-X\nb\tB-\n", "bad.txt:2: tags that fit no scheme beside 'B-X': 'B-'"),
        ("a\tO\nb\0\tO\n", "bad.txt:2: a NUL character at character 2; use --encoding-errors replace to read on"),
        (b"a\tO\n\nb\xff\tO\n", "bad.txt:3: invalid UTF-8 at byte 2; use --encoding-errors replace to read on"),
        ("a\tO\n".encode("utf-16"), "bad.txt:1: UTF-16 text, not UTF-8; convert it, for example with iconv -f UTF-16 -t UTF-8"),
        (ROW * 9 + "x\tb" + "\t_" * 8 + "\n", "bad.txt:10: 'x' is not the number of a token"),
        (ROW + "2\tb" + "\t_" * 8 + "\n", "bad.txt:2: token 'b' has no tag: column 4 is empty"),
        (ROW * 9 + "2\tb\n", "bad.txt:10: token 'b' has no tag: 2 of 10 columns"),
        ("x" * 1_000_000 + "\nb\tO\nc\tO\n", f"bad.txt:1: token '{'x' * 40}…' has no tag: 1 of 2 columns"),
    ],
)  # fmt: skip
def test_bad_columns(tmp_path: Path, content: str | bytes, message: str):
    assert refused(tmp_path, content) == message


def test_a_column_that_is_not_there(tmp_path: Path):
    assert refused(tmp_path, "a O\n", "conll:tag=3") == "bad.txt: column 3 asked for, but the rows have 2"
    assert refused(tmp_path, "a\tO\n", "uner") == "bad.txt:1: 'a' is not the number of a token"
    assert refused(tmp_path, "a O\n", "jsonl").startswith("bad.txt:1: broken JSON at character 1")


def spanned(text: object, *entities: object) -> str:
    return json.dumps({"text": text, "entities": list(entities)})


def entity(start: object, end: object, label: object = "X") -> dict[str, object]:
    return {"start": start, "end": end, "label": label}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "a"', "broken JSON at character 13 (Expecting ',' delimiter)"),
        ('{"text": "a", "entities": []} x', "broken JSON at character 31 (Extra data)"),
        ("[]", "not a JSON object: one {…} a line is expected"),
        ("7", "not a JSON object: one {…} a line is expected"),
        ('{"text": ' + "[" * 100_000, "JSON that cannot be read (a number too long or brackets nested too deep)"),
        ('{"text": ' + "9" * 10_000 + "}", "JSON that cannot be read (a number too long or brackets nested too deep)"),
        ("{}", "the object needs 'text' and 'entities', or 'tokens' and 'tags'; it has nothing"),
        ('{"text": "a"}', "the object needs 'text' and 'entities', or 'tokens' and 'tags'; it has 'text'"),
        ('{"tokens": ["a"]}', "the object needs 'text' and 'entities', or 'tokens' and 'tags'; it has 'tokens'"),
        (spanned(7), "'text' is not a string"),
        (spanned(None), "'text' is not a string"),
        ('{"text": "a", "entities": {}}', "'entities' is not a list"),
        (spanned("abc", [0, 1, "X"]), "an entity is not an object with 'start', 'end' and 'label'"),
        (spanned("abc", {"start": 0, "end": 1}), "an entity is not an object with 'start', 'end' and 'label'"),
        (spanned("abc", entity(0, 4)), "entity 0–4 is empty or outside the text of 3 characters"),
        (spanned("abc", entity(-1, 2)), "entity -1–2 is empty or outside the text of 3 characters"),
        (spanned("abc", entity(2, 2)), "entity 2–2 is empty or outside the text of 3 characters"),
        (spanned("abc", entity(2, 1)), "entity 2–1 is empty or outside the text of 3 characters"),
        (spanned("a  c", entity(1, 3)), "entity 1–3 covers white space only"),
        (spanned("abc", entity(0, 2), entity(1, 3)), "entities 0–2 and 1–3 overlap"),
        (spanned("abc", entity(0, 2), entity(0, 2)), "entities 0–2 and 0–2 overlap"),
        (spanned("abc", entity(0, 1.0)), "'start' or 'end' of an entity is not a whole number"),
        (spanned("abc", entity(False, 1)), "'start' or 'end' of an entity is not a whole number"),
        (spanned("abc", entity(False, True)), "'start' or 'end' of an entity is not a whole number"),
        (spanned("abc", entity("0", "1")), "'start' or 'end' of an entity is not a whole number"),
        (spanned("abc", entity(0, 1, "")), "the label of entity 0–1 is not a printable string"),
        (spanned("abc", entity(0, 1, "a\tb")), "the label of entity 0–1 is not a printable string"),
        (spanned("abc", entity(0, 1, "a\ud800")), "the label of entity 0–1 is not a printable string"),
        (spanned("abc", entity(0, 1, 3)), "the label of entity 0–1 is not a printable string"),
        (spanned("a\0"), "a NUL character at character 2; use --encoding-errors replace to read on"),
        (spanned("a\ud800"), "half of a surrogate pair at character 2; use --encoding-errors replace to read on"),
        ('{"tokens": ["a", "b"], "tags": ["O"]}', "2 tokens but 1 tags"),
        ('{"tokens": "ab", "tags": ["O", "O"]}', "'tokens' is not a list"),
        ('{"tokens": ["a", 1], "tags": ["O", "O"]}', "item 2 of 'tokens' is not a string"),
        ('{"tokens": ["a"], "tags": [0]}', "item 1 of 'tags' is not a string"),
        ('{"tokens": ["a\\tb"], "tags": ["O"]}', "item 1 of 'tokens' holds a TAB or a line break"),
        ('{"tokens": ["a"], "tags": [" "]}', "an empty tag"),
        ('{"text": "a", "entities": [], "document": []}', "'document' is neither a string nor a whole number"),
        ('{"tokens": ["a"], "tags": ["O"]}', "text with spans and tokens with tags in one file"),
    ],
)
def test_bad_json(tmp_path: Path, line: str, message: str):
    first = '{"text": "fine", "entities": []}\n' if "in one file" in message else "\n"
    assert refused(tmp_path, first + line + "\n", "jsonl") == f"bad.txt:2: {message}"


def test_replace_reads_on(tmp_path: Path):
    path = tmp_path / "bad.txt"
    path.write_bytes(b"a\xff\0\tB-X\n\xffb\tO\n")
    sentences, reading = load_tagged(path, errors="replace")
    assert sentences[0].tokens == ("a\ufffd\ufffd", "\ufffdb")
    assert reading.entities == 1
    path.write_text(spanned("a\ud800\0", entity(0, 3)))
    sentences, reading = load_tagged(path, errors="replace")
    assert "".join(sentences[0].tokens) == "a\ufffd\ufffd"
    assert reading.entities == 1


def test_a_missing_path_and_a_directory(tmp_path: Path):
    with pytest.raises(UserError, match="nowhere: no such file"):
        load_tagged(tmp_path / "nowhere")
    with pytest.raises(UserError, match="a directory, not a file"):
        load_tagged(tmp_path)
    with pytest.raises(UserError, match="nowhere: no such file"):
        list(read_unlabelled(tmp_path / "nowhere"))


def test_a_token_of_a_megabyte_needs_a_few_megabytes(tmp_path: Path):
    path = tmp_path / "long.conll"
    path.write_text("y" * 1_000_000 + "\tB-X\n" + "\u2028z\tI-X\n")
    tracemalloc.start()
    sentences, reading = load_tagged(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reading.entities == 1
    assert len(sentences[0].tokens[0]) == 1_000_000
    assert peak < 8_000_000


def test_unlabelled_input_is_read_a_sentence_at_a_time():
    stream = BytesIO(b"word\tO\n\n" * 50_000)
    tracemalloc.start()
    count = sum(len(sentence.tokens) for sentence in read_unlabelled(stream))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 50_000
    assert peak < 500_000


PIECES = [b"a", b"1", b"\t", b" ", b"\n", b"\n", b"\r", b"#", b"# ", b"-DOCSTART-", b"B-X", b"I-X", b"O", b"O", b"{", b"}",
          b'"', b"[", b'{"text": "ab", "entities": []}', b'"tokens"', b":", b"\xff", b"\0", b"\xef\xbb\xbf", b"1-2", b"_",
          b"\xe2\x80\xa8"]  # fmt: skip
SOUP = st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)
NAMES = st.sampled_from([None, "conll", "conll:token=2", "conllu", "uner", "jsonl"])


@given(SOUP, NAMES, st.sampled_from(["strict", "replace"]), st.booleans())
@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_soup_is_read_or_refused_in_one_line(tmp_path: Path, content: bytes, name: str | None, errors: str, labelled: bool):
    path = tmp_path / "soup"
    path.write_bytes(content)
    format = Format.named(name) if name else None
    message = ""
    try:
        if labelled:
            sentences = load_tagged(path, format, errors=errors)[0]
        else:
            sentences = list(read_unlabelled(path, format, errors=errors))
        assert all(token.strip() and "\0" not in token for sentence in sentences for token in sentence.tokens)
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    assert message.startswith(str(path)) or not message
