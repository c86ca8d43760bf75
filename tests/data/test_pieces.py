import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.lines import read_lines
from seqkit.data.pieces import read_pieces
from seqkit.errors import DataError, UserError

SOUP = st.lists(
    st.sampled_from(["\n", "\r", "\r\n", "\ufeff", "\0", "\u2028", "\x85", "\f", "a", "b c", "ä", "語", "🎈"]), max_size=40
).map("".join)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pieces")


@given(text=SOUP, size=st.integers(1, 9), mark=st.booleans())
def test_the_pieces_joined_are_the_text(folder: Path, text: str, size: int, mark: bool) -> None:
    content = (b"\xef\xbb\xbf" if mark else b"") + text.encode()
    (folder / "a.txt").write_bytes(content)
    pieces = list(read_pieces(folder / "a.txt", size=size))
    whole = content.decode().removeprefix("\ufeff")
    assert "".join(pieces) == whole.replace("\r\n", "\n")
    assert all(pieces)
    assert all(len(piece.encode()) <= 2 * size + 6 for piece in pieces)


@given(
    content=st.lists(st.sampled_from([b"\n", b"a", "ä".encode(), b"\xe8\xaa", b"\xff", b"\r\n"])).map(b"".join),
    size=st.integers(1, 9),
)
def test_bytes_that_are_not_utf8_are_named_or_replaced_as_for_lines(folder: Path, content: bytes, size: int) -> None:
    path = folder / "b.txt"
    path.write_bytes(content)
    by_line = [line for _, line in read_lines(path, errors="replace")]
    text = "".join(read_pieces(path, errors="replace", size=size))
    assert text.removesuffix("\n").split("\n") == (by_line or [""])
    assert refusal(lambda: list(read_pieces(path, size=size))) == refusal(lambda: [line for _, line in read_lines(path)])


def refusal(read: Callable[[], list[str]]) -> str:
    try:
        read()
    except DataError as error:
        return str(error)
    return ""


def test_a_piece_ends_with_a_line_where_one_is_near(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\ntwo\nthree\n")
    assert list(read_pieces(tmp_path / "a.txt", size=6)) == ["one\n", "two\n", "three\n"]


def test_gzip_is_read_and_damage_named(tmp_path: Path) -> None:
    content = gzip.compress("ä\r\nb".encode() * 1000)
    (tmp_path / "a.txt.gz").write_bytes(content)
    assert "".join(read_pieces(tmp_path / "a.txt.gz", size=100)) == "ä\nb" * 1000
    (tmp_path / "a.txt.gz").write_bytes(content[:-4])
    with pytest.raises(DataError, match="damaged gzip file"):
        list(read_pieces(tmp_path / "a.txt.gz"))


@pytest.mark.parametrize(
    ("content", "message"), [("a".encode("utf-16"), "UTF-16"), (gzip.compress(b"a", mtime=0), "ends in .gz")]
)
def test_foreign_files_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(read_pieces(tmp_path / "a.txt", size=1))


def test_a_missing_path_and_a_directory_are_refused_at_the_call(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_pieces(tmp_path / "none.txt")
    with pytest.raises(UserError, match="a directory"):
        read_pieces(tmp_path)
