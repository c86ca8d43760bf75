"""Numbered lines of text from files and pipes, decoded with care.

A line ends at a line feed and nowhere else: U+2028, U+0085 and form feeds are text, so the line count is that of `wc -l`.
"""

import codecs
import gzip
import zlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import BinaryIO, Literal, cast

from seqkit.errors import DataError, UserError

Errors = Literal["strict", "replace"]
"""What to do about bytes that are not UTF-8: refuse them, or read each as U+FFFD."""

Lines = Generator[tuple[int, str], None, None]
"""Numbered lines; `close()` closes the file before its end."""

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)  # UTF-32-LE begins as UTF-16-LE does
_GZIP_MAGIC = b"\x1f\x8b"


def read_lines(source: Path | BinaryIO, *, errors: Errors = "strict", name: str | None = None) -> Lines:
    """The lines of a file or stream with their numbers, counted from 1.

    A byte order mark at the start and one carriage return at the end of each line are dropped; a path that ends in
    `.gz` is read through gzip. Only one line is held at a time, and each comes as soon as a pipe delivers it.

    Args:
        source: a path, or an open binary stream, which stays open.
        errors: `replace` reads what is not UTF-8 as U+FFFD.
        name: what messages call the source; by default the path, and `-` for a stream.

    Raises:
        UserError: the path is missing or a directory (raised at the call), or cannot be opened or read.
        DataError: invalid UTF-8, UTF-16 or a damaged gzip file; raised when the line is reached.
    """
    if not isinstance(source, Path):
        return _decoded(source, errors, name or "-")
    place = name or str(source)
    check_file(source, place)
    return _from_path(source, errors, place)


def check_file(path: Path, place: str) -> None:
    """Refuse what is not a file.

    Raises:
        UserError: the path is missing, a directory, or no path at all.
    """
    try:
        path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _refusal(place, error) from None
    if path.is_dir():
        raise UserError(f"{place}: a directory, not a file")


def open_bytes(path: Path, place: str) -> BinaryIO:
    """The bytes of a file, read through gzip where its name ends in `.gz`.

    Raises:
        UserError: it cannot be opened.
    """
    try:
        return cast("BinaryIO", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")
    except OSError as error:
        raise _refusal(place, error) from None


def read_bytes(read: Callable[[int], bytes], size: int, place: str, number: int) -> bytes:
    """What `read(size)` gives.

    Args:
        number: the line that is reached, for the message.

    Raises:
        DataError: a damaged gzip file.
        UserError: the disk refuses.
    """
    try:
        return read(size)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(place, number, f"damaged gzip file ({error})") from None
    except OSError as error:
        raise _refusal(place, error) from None


def invalid_utf8(place: str, number: int, byte: int) -> DataError:
    """What to tell the user about a byte, counted from 1, that is not UTF-8."""
    return DataError(place, number, f"invalid UTF-8 at byte {byte}; use --encoding-errors replace to read on")


def refuse_foreign(first: bytes, place: str) -> None:
    """Name the two encodings that are most often met by mistake.

    Args:
        first: how the file begins.

    Raises:
        DataError: it begins like UTF-16 text, or like gzip data.
    """
    if first.startswith(_UTF16_MARKS):
        raise DataError(place, 1, "UTF-16 text, not UTF-8; convert it, for example with iconv -f UTF-16 -t UTF-8")
    if first.startswith(_GZIP_MAGIC):
        raise DataError(place, 1, "gzip data; give the file a name that ends in .gz")


def _refusal(place: str, error: Exception) -> UserError:
    if isinstance(error, FileNotFoundError):
        return UserError(f"{place}: no such file")
    return UserError(f"{place}: cannot be read ({getattr(error, 'strerror', None) or error})")


def _from_path(path: Path, errors: Errors, place: str) -> Lines:
    with open_bytes(path, place) as stream:
        yield from _decoded(stream, errors, place)


def _decoded(stream: BinaryIO, errors: Errors, place: str) -> Lines:
    for number, raw in _raw_lines(stream, place):
        if number == 1:
            refuse_foreign(raw, place)
        try:
            line = raw.decode("utf-8", errors)
        except UnicodeDecodeError as error:
            raise invalid_utf8(place, number, error.start + 1) from None
        if number == 1:
            line = line.removeprefix("\ufeff")
        yield number, line.removesuffix("\n").removesuffix("\r")


def _raw_lines(stream: BinaryIO, place: str) -> Iterator[tuple[int, bytes]]:
    number = 1
    while raw := read_bytes(stream.readline, -1, place, number):
        yield number, raw
        number += 1
