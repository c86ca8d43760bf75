"""Corpora of running text, as streams: a card's, or the user's own file or folder. No more than a piece is ever in memory."""

import math
import platform
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from seqkit.data.card import TextCard
from seqkit.data.examples import Text
from seqkit.data.lines import Errors
from seqkit.data.pieces import read_pieces
from seqkit.data.shares import beginning_of
from seqkit.data.splitting import SPLITS, Extent, Part, SplitRule, Stream, divide, measure
from seqkit.errors import UserError

FILE_RULE = SplitRule(by="lines", train=0.9, dev=0.05, test=0.05)
FOLDER_RULE = SplitRule(by="documents", train=0.8, dev=0.1, test=0.1)
FOLDER_OF_DOCUMENTS = 10  # files; fewer are read as one text, since no split may be left without a file

_NAMES = {"train": "train", "dev": "dev", "valid": "dev", "validation": "dev", "test": "test"}


@dataclass(frozen=True)
class TextReading:
    """What was read for one split.

    Args:
        paths: the files, those of the whole corpus where they are not splits; none where Python carries the text.
        characters: as read: byte order marks and carriage returns are gone.
        lines: a last one without a line feed is one too.
        documents: files or records; a part of one counts.
        rule: how the split came about, in words.
        python: the version of the Python that carried the text; None for files.
    """

    paths: tuple[Path, ...]
    characters: int
    lines: int
    documents: int
    rule: str
    python: str | None = None

    def describe(self) -> str:
        """`1,003,854 characters, 35,526 lines, 1 document · input.txt · train 90 %, dev 10 % of the characters, in order`."""
        counts = f"{self.characters:,} characters, {self.lines:,} line{'s' * (self.lines > 1)}"
        counts += f", {self.documents:,} document{'s' * (self.documents > 1)}"
        files = f"{len(self.paths)} files" if len(self.paths) > 1 else "".join(path.name for path in self.paths)
        return f"{counts} · {files or f'Python {self.python}'} · {self.rule}"


@dataclass(frozen=True)
class TextCorpus:
    """Running text by split.

    Args:
        name: of the card, or the path of the user's own text.
        language: a BCP-47 tag; empty where nobody said.
        splits: `train`, `dev` and, where there is one, `test`; each call reads the split from its beginning.
        readings: what each split holds.
    """

    name: str
    language: str
    splits: dict[str, Callable[[], Iterator[Text]]]
    readings: dict[str, TextReading]

    @property
    def title(self) -> str:
        """As a report has it."""
        return self.name

    def describe(self) -> list[str]:
        """A line a split on what it holds."""
        return [f"{split:5} {reading.describe()}" for split, reading in self.readings.items()]

    def reduced(self, fraction: float) -> "TextCorpus":
        """The corpus with a fraction of its training text, from its beginning."""
        if fraction == 1 or "train" not in self.splits:
            return self
        characters = math.ceil(fraction * self.readings["train"].characters)
        return replace(self, splits=self.splits | {"train": beginning_of(self.splits["train"], characters)})


def load_texts(source: TextCard | Path, files: Mapping[str, Path] | None = None, *, errors: Errors = "strict") -> TextCorpus:
    """Open a corpus of running text: everything is read once to be checked, counted and split, and nothing is kept.

    The user's own text is a file, split in 90 % train, 5 % dev and 5 % test at the starts of lines, or a folder of `.txt` files
    (`.txt.gz` too). A folder that has `train.txt` and `dev.txt` (or `valid.txt`) and perhaps `test.txt` is taken as split;
    otherwise each file is a document, in the order of their names: with ten or more, whole files are assigned 80/10/10, fewer
    are split like one file.

    Args:
        source: a card, or the user's own file or folder.
        files: where a card's files lie, as `fetch` tells.
        errors: what to do about bytes that are not UTF-8.

    Raises:
        UserError: no text, a split that is missing or comes out empty, a file that cannot be read, or, as a `DataError` with
            file and line, invalid UTF-8.
    """
    if isinstance(source, TextCard):
        return _from_card(source, files or {}, errors)
    if not source.is_dir():
        return _divided(str(source), "", _in_turn([source], errors), FILE_RULE, (source,))
    return _from_folder(source, errors)


def load_split_texts(files: Mapping[str, Path], *, errors: Errors = "strict") -> TextCorpus:
    """Open the user's own text with a file for each split, whichever there are.

    Raises:
        UserError: as `load_texts`.
    """
    return _as_split(str(next(iter(files.values())).parent), "", files, errors, "split as given")


def _from_card(card: TextCard, files: Mapping[str, Path], errors: Errors) -> TextCorpus:
    if card.split is None:
        return _as_split(card.name, card.language, files, errors, "as published")
    if card.module is not None:
        module, python = card.module, platform.python_version()
        return _divided(card.name, card.language, lambda: _topics(module), card.split, (), python)
    paths = tuple(files[key] for key in card.files)
    return _divided(card.name, card.language, _in_turn(paths, errors), card.split, paths)


def _from_folder(folder: Path, errors: Errors) -> TextCorpus:
    paths = sorted(path for path in folder.iterdir() if _stem(path) and path.is_file())
    if not paths:
        raise UserError(f"{folder}: no .txt files in it")
    if found := _named_splits(folder, paths):
        return _as_split(str(folder), "", found, errors, f"the files {', '.join(path.name for path in found.values())}")
    rule = FOLDER_RULE if len(paths) >= FOLDER_OF_DOCUMENTS else FILE_RULE
    return _divided(str(folder), "", _in_turn(paths, errors), rule, tuple(paths))


def _stem(path: Path) -> str:
    """A text file's name without `.txt` or `.txt.gz`, in small letters; empty for other and for hidden files."""
    name = path.name.lower()
    return next((name.removesuffix(end) for end in (".txt", ".txt.gz") if name.endswith(end) and name[0] != "."), "")


def _named_splits(folder: Path, paths: list[Path]) -> dict[str, Path]:
    """The files that are called after splits; empty if none is."""
    found: dict[str, Path] = {}
    for path in paths:
        split = _NAMES.get(_stem(path))
        if split in found:
            raise UserError(f"{folder}: {found[split].name!r} and {path.name!r} could both be {split}; keep one")
        if split is not None:
            found[split] = path
    if found and not {"train", "dev"} <= set(found):
        missing = "train.txt" if "train" not in found else "dev.txt (or valid.txt)"
        raise UserError(f"{folder}: has {next(iter(found.values())).name!r} but no {missing}")
    return {split: found[split] for split in SPLITS if split in found}


def _as_split(name: str, language: str, files: Mapping[str, Path], errors: Errors, rule: str) -> TextCorpus:
    """A corpus with a file for each split."""
    splits: dict[str, Callable[[], Iterator[Text]]] = {}
    readings: dict[str, TextReading] = {}
    for split, path in files.items():
        stream = splits[split] = _in_turn([path], errors)
        part = Part(stream, _measured(stream))
        if not part.extent.characters:
            raise UserError(f"{path}: is empty; {name} has no {split} text")
        readings[split] = _reading(part, (path,), rule)
    return TextCorpus(name, language, splits, readings)


def _divided(
    name: str, language: str, stream: Stream, rule: SplitRule, paths: tuple[Path, ...], python: str | None = None
) -> TextCorpus:
    """A corpus that is split by a rule."""
    parts = divide(stream, rule, name)
    return TextCorpus(
        name,
        language,
        {split: part.texts for split, part in parts.items()},
        {split: _reading(part, paths, str(rule), python) for split, part in parts.items()},
    )


def _reading(part: Part, paths: tuple[Path, ...], rule: str, python: str | None = None) -> TextReading:
    extent = part.extent
    return TextReading(paths, extent.characters, extent.lines, extent.documents, rule, python)


def _measured(stream: Stream) -> Extent:
    with closing(stream()) as texts:
        return measure(texts)


def _in_turn(paths: tuple[Path, ...] | list[Path], errors: Errors) -> Stream:
    """Files one after another, each a document."""

    def texts() -> Generator[Text, None, None]:
        for path in paths:
            with closing(read_pieces(path, errors=errors)) as pieces:
                for number, piece in enumerate(pieces):
                    yield Text(piece, number == 0, path.name)

    return texts


def _topics(module: str) -> Generator[Text, None, None]:
    """The topics of `pydoc_data.topics`, in the order of their names."""
    topics: dict[str, str] = import_module(module).topics
    for name in sorted(topics):
        if topics[name]:
            yield Text(topics[name], True, name)
