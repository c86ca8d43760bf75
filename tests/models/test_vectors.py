"""Pretrained word vectors in every shape they are published in."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from seqkit.data.vocabulary import Vocabulary, VocabularyConfig
from seqkit.errors import DataError, UserError
from seqkit.models.vectors import load_vectors, read_vectors

WORDS = ["the", "Zürich", "a_b", ",", "été"]
WIDTH = 5
VECTORS = np.random.default_rng(0).normal(size=(len(WORDS), WIDTH)).astype(np.float32)


def text(words=WORDS, vectors=VECTORS, *, header: bool = False) -> bytes:
    lines = [f"{len(words)} {vectors.shape[1]}"] if header else []
    lines += [" ".join([word, *map(repr, vector.tolist())]) for word, vector in zip(words, vectors, strict=True)]
    return ("\n".join(lines) + "\n").encode()


def binary(words=WORDS, vectors=VECTORS, *, newline: bool = True) -> bytes:
    rows = [
        word.encode() + b" " + vector.astype("<f4").tobytes() + b"\n" * newline
        for word, vector in zip(words, vectors, strict=True)
    ]
    return f"{len(words)} {vectors.shape[1]}\n".encode() + b"".join(rows)


FORMATS = {
    "glove": text(),
    "word2vec text": text(header=True),
    "word2vec binary": binary(),
    "binary without line ends": binary(newline=False),
    "CRLF": text().replace(b"\n", b"\r\n"),
    "trailing blanks": text(header=True).replace(b"\n", b" \n"),
}


def written(folder: Path, content: bytes, *, packed: bool = False) -> Path:
    path = folder / ("vectors.gz" if packed else "vectors")
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_reads_the_same(name: str, packed: bool, tmp_path: Path):
    rows = list(read_vectors(written(tmp_path, FORMATS[name], packed=packed)))
    assert [word for word, _ in rows] == WORDS
    np.testing.assert_array_equal(np.stack([vector for _, vector in rows]), VECTORS)


@pytest.mark.parametrize("packed", [False, True])
def test_wide_vectors_with_long_numbers_are_still_text(packed: bool, tmp_path: Path):
    wide = np.random.default_rng(1).normal(size=(3, 1000))  # 20 KB a line
    for header in (False, True):
        rows = list(read_vectors(written(tmp_path, text(WORDS[:3], wide, header=header), packed=packed)))
        assert [word for word, _ in rows] == WORDS[:3]
        np.testing.assert_allclose(rows[2][1], wide[2].astype(np.float32))


def test_words_with_inner_spaces(tmp_path: Path):
    words = ["of the", "at name@domain.com", "x"]
    for header in (False, True):
        content = text(["first", *words], VECTORS[:4], header=header)
        assert [word for word, _ in read_vectors(written(tmp_path, content))] == ["first", *words]
    content = text(words, VECTORS[:3], header=True)
    assert [word for word, _ in read_vectors(written(tmp_path, content))] == words


# Faults


@pytest.mark.parametrize(("header", "line"), [(False, 3), (True, 4)])
def test_a_line_with_too_few_numbers_is_named(header: bool, line: int, tmp_path: Path):
    lines = text(header=header).split(b"\n")
    lines[line - 1] = b" ".join(lines[line - 1].split(b" ")[:-2])
    with pytest.raises(DataError, match=rf"vectors:{line}: has 3 numbers where 5 were expected"):
        list(read_vectors(written(tmp_path, b"\n".join(lines))))


@pytest.mark.parametrize("broken", [b"0.1.2", b"", b"abc", b"1,5", b"--1"])
def test_a_broken_number_is_named(broken: bytes, tmp_path: Path):
    lines = text().split(b"\n")
    parts = lines[2].split(b" ")
    parts[2] = broken
    lines[2] = b" ".join(parts)
    with pytest.raises(DataError, match=r"vectors:3: holds something that is not a number"):
        list(read_vectors(written(tmp_path, b"\n".join(lines))))


def test_a_truncated_text_is_named(tmp_path: Path):
    content = text()
    end = content.rindex(b"\n", 0, -1)
    with pytest.raises(DataError, match=r"vectors:5: has 1 numbers where 5"):
        list(read_vectors(written(tmp_path, content[: content.index(b" ", content.index(b" ", end) + 1)])))


@pytest.mark.parametrize("cut", [1, 10, 25, 60])
def test_a_truncated_binary_is_named(cut: int, tmp_path: Path):
    with pytest.raises(DataError, match=r"vectors: ends within vector \d of 5"):
        list(read_vectors(written(tmp_path, binary(newline=False)[:-cut])))


@pytest.mark.parametrize("name", FORMATS)
def test_a_compressed_file_cut_short_is_named(name: str, tmp_path: Path):
    path = written(tmp_path, FORMATS[name], packed=True)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"vectors.gz: "):
        list(read_vectors(path))
    path.write_bytes(b"not gzip at all")
    with pytest.raises(DataError, match=r"vectors.gz: "):
        list(read_vectors(path))
    path.write_bytes(whole[:30] + bytes(byte ^ 255 for byte in whole[30:60]) + whole[60:])
    with pytest.raises(DataError, match=r"vectors.gz"):
        list(read_vectors(path))


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(UserError, match="No such file"):
        list(read_vectors(tmp_path / "absent"))
    with pytest.raises(UserError, match="directory"):
        list(read_vectors(tmp_path))


# Into a table


def table_of(words: list[str], width: int = WIDTH) -> tuple[Vocabulary, torch.nn.Embedding]:
    vocabulary = Vocabulary.fit(VocabularyConfig(), [words])
    return vocabulary, torch.nn.Embedding(vocabulary.sizes["words"], width)


def row(vocabulary: Vocabulary, table: torch.nn.Embedding, word: str) -> np.ndarray:
    return table.weight[vocabulary.encode([word]).word_U[0]].detach().numpy()


@pytest.mark.parametrize("name", FORMATS)
def test_known_words_take_their_vectors_and_others_stay(name: str, tmp_path: Path):
    vocabulary, table = table_of(["The", "zürich", "other", "ÉTÉ"])
    before = table.weight.detach().clone()
    assert load_vectors(written(tmp_path, FORMATS[name]), vocabulary, table) == 3
    for word, place in (("the", 0), ("Zürich", 1), ("été", 4)):
        np.testing.assert_array_equal(row(vocabulary, table, word), VECTORS[place])
    other = vocabulary.encode(["other"]).word_U[0]
    assert torch.equal(table.weight[other], before[other])
    assert torch.equal(table.weight[0], before[0])
    assert table.weight.requires_grad


@pytest.mark.parametrize("order", [1, -1])
def test_the_words_own_spelling_wins_over_other_casings(order: int, tmp_path: Path):
    vocabulary, table = table_of(["apple"])
    words = ["Apple", "apple", "APPLE"][::order]
    assert load_vectors(written(tmp_path, text(words, VECTORS[:3])), vocabulary, table) == 1
    np.testing.assert_array_equal(row(vocabulary, table, "apple"), VECTORS[1])


def test_another_width_says_which_setting_to_change(tmp_path: Path):
    vocabulary, table = table_of(["the"], width=7)
    with pytest.raises(UserError, match=r"vectors: vectors have 5 numbers; set model.words.word_width = 5"):
        load_vectors(written(tmp_path, text()), vocabulary, table)
