"""Pretrained word vectors from GloVe or word2vec files, text or binary, into a tagger's word table."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from seqkit.data.vocabulary import Vocabulary
from seqkit.errors import DataError, UserError

Row = tuple[str, np.ndarray]


def read_vectors(path: Path) -> Iterator[Row]:
    """Words and their vectors, one by one; the format is told from the file.

    Text has a word and its numbers a line, with (word2vec) or without (GloVe) a first line of two integers; binary has that
    first line, then each word, a space and little-endian float32.

    Raises:
        DataError: names the file and line, or word, at fault.
    """
    try:
        file: BinaryIO = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[assignment]  # noqa: SIM115
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    try:
        with file:
            yield from _rows(path, file)
    except (OSError, EOFError, zlib.error) as error:  # a compressed file cut short or altered
        raise DataError(path, None, f"cannot be read to its end ({error})") from error


def load_vectors(path: Path, vocabulary: Vocabulary, table: torch.nn.Embedding) -> int:
    """Put the vectors of the vocabulary's words into its table; returns how many were found.

    A word takes the vector of its own spelling or, failing that, of any other casing.

    Raises:
        UserError: the width differs from the table's, or the file is at fault.
    """
    rows = {word: row for row, word in enumerate(vocabulary.words, start=1)}
    exact: set[int] = set()
    found: set[int] = set()
    for word, vector in read_vectors(path):
        row = rows.get(word.lower())
        if row is None or row in exact:
            continue
        if len(vector) != table.embedding_dim:
            raise UserError(f"{path}: vectors have {len(vector)} numbers; set model.words.word_width = {len(vector)}")
        with torch.no_grad():
            table.weight[row] = torch.from_numpy(vector.astype(np.float32)).to(table.weight)
        found.add(row)
        if word == word.lower():
            exact.add(row)
    return len(found)


def _rows(path: Path, file: BinaryIO) -> Iterator[Row]:
    header = file.readline().split()
    if len(header) != 2 or not all(part.isdigit() for part in header):
        file.seek(0)
        yield from _text(path, file, len(header) - 1, 1)
        return
    count, width = int(header[0]), int(header[1])
    start = file.tell()
    first = file.readline(64 * (width + 2)).split()  # a word and numbers, 64 characters each at most
    file.seek(start)
    if len(first) > width and _numbers(first[-width:]):
        yield from _text(path, file, width, 2)
    else:
        yield from _binary(path, file, count, width)


def _numbers(parts: list[bytes]) -> bool:
    try:
        [float(part) for part in parts]
    except ValueError:
        return False
    return True


def _text(path: Path, file: BinaryIO, width: int, line_number: int) -> Iterator[Row]:
    for number, line in enumerate(file, start=line_number):
        parts = line.rstrip().split(b" ")
        if len(parts) <= width:
            raise DataError(path, number, f"has {len(parts) - 1} numbers where {width} were expected")
        try:
            vector = np.array([float(part) for part in parts[-width:]], dtype=np.float32)
        except ValueError as error:
            raise DataError(path, number, "holds something that is not a number") from error
        # Some published files have words with inner spaces.
        yield b" ".join(parts[:-width]).decode("utf-8", "replace"), vector


def _binary(path: Path, file: BinaryIO, count: int, width: int) -> Iterator[Row]:
    for number in range(count):
        word = bytearray()
        while (char := file.read(1)) not in (b" ", b""):
            word += char
        content = file.read(4 * width)
        if len(content) < 4 * width:
            raise DataError(path, None, f"ends within vector {number + 1} of {count}")
        yield word.lstrip(b"\n").decode("utf-8", "replace"), np.frombuffer(content, dtype="<f4")
