"""Running text from files in pieces of bounded size, so that neither a long file nor a long line has to fit in memory."""

import codecs
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

from seqkit.data.lines import Errors, check_file, invalid_utf8, open_bytes, read_bytes, refuse_foreign

PIECE = 1 << 20  # bytes read at a time; a piece holds fewer than twice as many

Pieces = Generator[str, None, None]
"""Pieces of text; `close()` closes the file before its end."""


def read_pieces(path: Path, *, errors: Errors = "strict", size: int = PIECE) -> Pieces:
    """The text of a file, in pieces that end after a line feed where one is near and never inside a character.

    A byte order mark at the start and one carriage return before each line feed are dropped; a path that ends in `.gz` is
    read through gzip. Nothing else is changed: joined, the pieces are the file.

    Args:
        errors: `replace` reads what is not UTF-8 as U+FFFD.
        size: bytes to read at a time.

    Raises:
        UserError: the path is missing or a directory (raised at the call), or cannot be opened or read.
        DataError: invalid UTF-8, UTF-16 or a damaged gzip file; raised when the piece is reached.
    """
    check_file(path, str(path))
    return _from_path(path, errors, size)


def _from_path(path: Path, errors: Errors, size: int) -> Pieces:
    with open_bytes(path, str(path)) as stream:
        yield from _decoded(stream, errors, str(path), size)


def _decoded(stream: BinaryIO, errors: Errors, place: str, size: int) -> Pieces:
    chunk = read_bytes(stream.read, max(size, 4), place, 1)  # 4: the longest byte order mark
    refuse_foreign(chunk, place)
    data = chunk.removeprefix(codecs.BOM_UTF8)
    line, column = 1, len(chunk) - len(data)  # lines and bytes of this line before `data`
    while data:
        end = _whole_lines(data) if chunk else len(data)
        try:
            text, used = codecs.utf_8_decode(data[:end], errors, not chunk)
        except UnicodeDecodeError as error:
            feed = data[: error.start].rfind(b"\n")  # -1: still on the line of `column`
            byte = error.start - feed + (column if feed < 0 else 0)
            raise invalid_utf8(place, line + data.count(b"\n", 0, error.start), byte) from None
        if text:
            yield text.replace("\r\n", "\n")
        feed = data.rfind(b"\n", 0, used)
        line += data.count(b"\n", 0, used)
        column = used - feed - 1 if feed >= 0 else column + used
        chunk = read_bytes(stream.read, size, place, line) if chunk else b""
        data = data[used:] + chunk


def _whole_lines(data: bytes) -> int:
    """How much of `data` to decode now: up to its last line feed; without one all, but for a carriage return at its end."""
    return data.rfind(b"\n") + 1 or len(data) - data.endswith(b"\r")
