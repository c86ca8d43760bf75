"""Lines of files and pipes."""

import gzip
import io
import os
import threading
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.lines import read_lines
from seqkit.errors import DataError, UserError


def lines_of(content: bytes, **options) -> list[str]:
    numbered = list(read_lines(io.BytesIO(content), **options))
    assert [number for number, _ in numbered] == list(range(1, len(numbered) + 1))
    return [line for _, line in numbered]


def test_only_a_line_feed_ends_a_line():
    text = "a\u2028b\u2029c\x85d\fe\vf\x1cg\rh"
    assert lines_of((text + "\nnext\n").encode()) == [text, "next"]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\n\nb", ["a", "", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\r\r\nb\r", ["a\r", "b"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),
        (b"\xef\xbb\xbf", [""]),
        (b"a\0b\n", ["a\0b"]),
    ],
)
def test_line_ends_marks_and_nul(content: bytes, lines: list[str]):
    assert lines_of(content) == lines


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]))))
def test_what_is_joined_by_line_feeds_comes_back(lines: list[str]):
    content = "".join(f"{line}\n" for line in lines).encode()
    expected = [lines[0].removeprefix("\ufeff"), *lines[1:]] if lines else []
    assert lines_of(content) == expected


def test_a_file_and_its_gzip_read_the_same(tmp_path: Path):
    content = "\ufeffÅse\r\n北京\n".encode()
    plain, packed = tmp_path / "a.txt", tmp_path / "a.txt.gz"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    assert list(read_lines(plain)) == list(read_lines(packed)) == [(1, "Åse"), (2, "北京")]


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"ab\xe5\x8c"])
def test_invalid_utf8_names_line_and_byte(bad: bytes):
    with pytest.raises(DataError) as error:
        lines_of(b"good\n" + bad + b"\n", name="x.txt")
    position = 3 if bad.startswith(b"ab") else 1
    assert str(error.value) == f"x.txt:2: invalid UTF-8 at byte {position}; use --encoding-errors replace to read on"
    replaced = lines_of(b"good\n" + bad + b"\nmore\n", errors="replace")
    assert len(replaced) == 3
    assert "\ufffd" in replaced[1]


@given(st.binary())
def test_replace_reads_anything_and_keeps_the_line_count(content: bytes):
    if content.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"\x1f\x8b")):
        return
    assert len(lines_of(content, errors="replace")) == content.count(b"\n") + (not content.endswith(b"\n") and content != b"")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("errors", ["strict", "replace"])
def test_utf16_is_named(encoding: str, errors: str):
    with pytest.raises(DataError, match=r"^-:1: UTF-16 text.*iconv"):
        lines_of("\ufeffa\tO\n".encode(encoding), errors=errors)


def test_gzip_without_its_name_is_named():
    with pytest.raises(DataError, match=r"^-:1: gzip data"):
        lines_of(gzip.compress(b"a"))


@pytest.mark.parametrize("damage", ["cut", "not gzip", "flipped"])
def test_a_damaged_gzip_file_is_named(tmp_path: Path, damage: str):
    packed = bytearray(gzip.compress(os.urandom(3000).hex().encode()))
    if damage == "flipped":
        packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "a.gz"
    path.write_bytes({"cut": bytes(packed[:-20]), "not gzip": b"plain text", "flipped": bytes(packed)}[damage])
    with pytest.raises(DataError, match=r"a\.gz:1: damaged gzip file"):
        list(read_lines(path))


def test_a_missing_path_and_a_directory_are_refused_at_the_call(tmp_path: Path):
    with pytest.raises(UserError, match="nowhere: no such file"):
        read_lines(tmp_path / "nowhere")
    with pytest.raises(UserError, match="a directory, not a file"):
        read_lines(tmp_path)


@pytest.mark.timeout(20)
def test_each_line_of_a_pipe_comes_at_once():
    """No line waits for the next one to be written."""
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as stream:
        lines = read_lines(stream)
        for number, line in enumerate(["one", "two", "three"], start=1):
            os.write(write_end, f"{line}\n".encode())
            assert next(lines) == (number, line)
        os.write(write_end, b"no end")
        os.close(write_end)
        assert list(lines) == [(4, "no end")]


@pytest.mark.timeout(20)
def test_a_named_pipe_is_a_file(tmp_path: Path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"a\nb\n",))
    writer.start()
    assert list(read_lines(path)) == [(1, "a"), (2, "b")]
    writer.join()


def test_memory_is_bounded_by_the_longest_line(tmp_path: Path):
    path = tmp_path / "long.txt.gz"
    path.write_bytes(gzip.compress((b"x" * 99_999 + b"\n") * 60))
    tracemalloc.start()
    total = sum(len(line) for _, line in read_lines(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 60 * 99_999
    assert peak < 1_500_000


def test_a_line_of_a_megabyte_is_a_line():
    assert lines_of(b"y" * 1_000_000 + b"\nz") == ["y" * 1_000_000, "z"]
