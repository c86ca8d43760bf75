"""Corpora of pairs: a card's, in the direction wanted, or the user's own files; what was read, and what leaks."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seqkit.data.examples import Pair
from seqkit.data.grouping import assign_groups
from seqkit.data.lines import Errors
from seqkit.data.pair_card import PairCard
from seqkit.data.pair_rows import Row, aligned_rows, column_rows, dictionary_rows
from seqkit.data.shares import share_of
from seqkit.errors import DataError, UserError

_NAMES = {"train": "train", "dev": "dev", "devel": "dev", "val": "dev", "valid": "dev", "validation": "dev", "test": "test"}
_COLUMNS = ("tsv", "txt")
_ORDER = ("train", "dev", "test")


@dataclass(frozen=True)
class PairReading:
    """What was read for one split.

    Args:
        paths: the files, those of the whole corpus where they are not splits.
        pairs: how many were kept.
        empty: how many were dropped, because the source or the target was empty.
        duplicates: how many of the kept ones stand earlier in the split, both sides the same.
        source_words: runs of other characters than white space.
        target_words: of the targets.
        source_characters: code points, white space inside included.
        target_characters: of the targets.
        rule: how the split came about, in words.
    """

    paths: tuple[Path, ...]
    pairs: int
    empty: int
    duplicates: int
    source_words: int
    target_words: int
    source_characters: int
    target_characters: int
    rule: str

    def describe(self) -> str:
        """`29,000 pairs · 10.8 → 11.9 words, 71.5 → 61.1 characters a pair · 3 stand twice · train.de, train.en · …`."""
        words = f"{self.source_words / self.pairs:.1f} → {self.target_words / self.pairs:.1f} words"
        characters = f"{self.source_characters / self.pairs:.1f} → {self.target_characters / self.pairs:.1f} characters"
        odd = [f"{self.empty:,} with an empty side dropped"] if self.empty else []
        odd += [f"{self.duplicates:,} stand twice"] if self.duplicates else []
        files = ", ".join(path.name for path in self.paths)
        return " · ".join([f"{self.pairs:,} pairs", f"{words}, {characters} a pair", *odd, files, self.rule])


@dataclass(frozen=True)
class Leakage:
    """How much of a held-out split stands in the training split.

    Args:
        pairs: pairs that do, both sides the same.
        sources: pairs whose source does.
        targets: pairs whose target does.
        total: pairs held out.
    """

    pairs: int
    sources: int
    targets: int
    total: int

    def describe(self) -> str:
        """`1 of 1,014 pairs stands in train (source 1, target 3)`."""
        verb = "stands" if self.pairs == 1 else "stand"
        return f"{self.pairs:,} of {self.total:,} pairs {verb} in train (source {self.sources:,}, target {self.targets:,})"


@dataclass(frozen=True)
class PairCorpus:
    """Pairs by split.

    Args:
        name: of the card, or the path of the user's own data.
        source: the name of the source side, such as `de`.
        target: the name of the target side.
        splits: `train`, `dev`, `test` and further ones, those that there are.
        readings: what each split holds.
    """

    name: str
    source: str
    target: str
    splits: dict[str, list[Pair]]
    readings: dict[str, PairReading]

    @property
    def title(self) -> str:
        """As a report has it."""
        return f"{self.name}, {self.source} → {self.target}"

    def describe(self) -> list[str]:
        """A line a split on what was read, and on what of it stands in train."""
        lines = [f"{split}: {reading.describe()}" for split, reading in self.readings.items()]
        leaks = self.leakage().items()
        return lines + [f"{split}: {leak.describe()}" for split, leak in leaks if leak.sources or leak.targets]

    def reduced(self, fraction: float) -> "PairCorpus":
        """The corpus with a random fraction of its training pairs."""
        if fraction == 1 or "train" not in self.splits:
            return self
        return replace(self, splits=self.splits | {"train": share_of(self.splits["train"], fraction)})

    def leakage(self) -> dict[str, Leakage]:
        """For each held-out split what of it stands in train; nothing without a training split."""
        held_out = [split for split in self.splits if not split.startswith("train")]
        return {split: leakage(self.splits["train"], self.splits[split]) for split in held_out if "train" in self.splits}


def load_pairs(
    card: PairCard, files: Mapping[str, Path], direction: str | None = None, *, errors: Errors = "strict"
) -> PairCorpus:
    """Read a card's corpus in one direction; how it is split does not depend on the direction.

    Args:
        files: where the card's files lie, as `fetch` tells; splits without a file are left out.
        direction: such as `de-en`; None for the first side to the second.
        errors: what to do about bytes that are not UTF-8.

    Raises:
        UserError: an unknown direction, no pairs, files that do not fit together, or, as a `DataError`, a fault named by line.
    """
    source, target = card.sides_of(direction)
    if card.split is not None:
        parts = _divided(card, files, (source, target), errors)
    else:
        parts = {split: part for split in card.splits() if (part := _published(card, files, split, (source, target), errors))}
    splits = {split: pairs for split, (pairs, _) in parts.items()}
    return PairCorpus(card.name, source, target, splits, {split: reading for split, (_, reading) in parts.items()})


def load_own_pairs(files: Mapping[str, Sequence[Path]], *, swap: bool = False, errors: Errors = "strict") -> PairCorpus:
    """Read the user's own data: for each split one file of two columns parted by a TAB, or two aligned files.

    Args:
        files: the source comes first, as a column or as a file.
        swap: read them the other way round.

    Raises:
        UserError: a split with more than two files, no pairs, different numbers of lines, or, as a `DataError`, a fault named
            by line.
    """
    splits: dict[str, list[Pair]] = {}
    readings: dict[str, PairReading] = {}
    names = ("source", "target")
    for split, paths in files.items():
        if not 1 <= len(paths) <= 2:
            raise UserError(f"{split}: {len(paths)} files; give one of two columns, or two that are aligned")
        names = _side_names(paths) if len(paths) == 2 else names
        splits[split], readings[split] = read_pairs(*paths, swap=swap, errors=errors)
    source, target = reversed(names) if swap else names
    return PairCorpus(str(next(iter(files.values()))[0].parent), source, target, splits, readings)


def read_pairs(
    path: Path, aligned: Path | None = None, *, swap: bool = False, errors: Errors = "strict"
) -> tuple[list[Pair], PairReading]:
    """The pairs of a file of two columns, source TAB target, or of two aligned files, the first of which is the source.

    Raises:
        UserError: as `load_own_pairs`.
    """
    if aligned is None:
        rows, paths = column_rows(path, [[1], [2]], errors=errors), (path,)
    else:
        rows, paths = aligned_rows((path, aligned), errors=errors), (path, aligned)
    return _kept(_swapped(rows) if swap else rows, paths, "split as given")


def find_pair_files(folder: Path, direction: str | None = None) -> dict[str, tuple[Path, ...]]:
    """The files of a folder by split: `train.tsv` alone, or `train.de` and `train.en`; `.gz` may be added to each.

    `devel`, `val`, `valid` and `validation` mean dev; further splits begin with `test_` or `train_`. Other files, hidden ones
    and folders are passed over.

    Args:
        direction: which of two aligned files is the source: `de-en`.

    Raises:
        UserError: no such folder, no such files, two files for one place, or aligned files whose direction is not told.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}")
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        split, side = _split_and_side(path)
        if split and path.is_file():
            if before := found.setdefault(split, {}).get(side):
                raise UserError(f"{folder}: {before.name!r} and {path.name!r} could both be {split}; keep one")
            found[split][side] = path
    if not found:
        raise UserError(f"{folder}: no train, dev or test files (for example train.tsv, or train.de and train.en)")
    order = [*(split for split in _ORDER if split in found), *(split for split in found if split not in _ORDER)]
    return {split: _in_direction(folder, split, found[split], direction) for split in order}


def leakage(train: Iterable[Pair], held_out: Sequence[Pair]) -> Leakage:
    """How much of `held_out` stands in `train`, compared as it is written."""
    pairs = set(train)
    sources, targets = {pair.source for pair in pairs}, {pair.target for pair in pairs}
    return Leakage(
        pairs=sum(pair in pairs for pair in held_out),
        sources=sum(pair.source in sources for pair in held_out),
        targets=sum(pair.target in targets for pair in held_out),
        total=len(held_out),
    )


def variants(pairs: Iterable[Pair]) -> dict[str, tuple[str, ...]]:
    """For each source, in order, all its different targets, in order."""
    found: dict[str, dict[str, None]] = {}
    for pair in pairs:
        found.setdefault(pair.source, {})[pair.target] = None
    return {source: tuple(targets) for source, targets in found.items()}


# Cards


def _published(
    card: PairCard, files: Mapping[str, Path], split: str, sides: tuple[str, str], errors: Errors
) -> tuple[list[Pair], PairReading] | None:
    """A split that has files of its own; None where they are not at hand."""
    keys = [f"{split}-{side}" for side in sides] if card.format == "lines" else [split]
    if not set(keys) <= set(files):
        return None
    paths = tuple(files[key] for key in keys)
    rows = aligned_rows(paths, errors=errors) if card.format == "lines" else _chosen(card, paths[0], sides, errors)
    return _kept(rows, paths, "as published")


def _divided(
    card: PairCard, files: Mapping[str, Path], sides: tuple[str, str], errors: Errors
) -> dict[str, tuple[list[Pair], PairReading]]:
    """The splits that the card's rule makes."""
    rule = card.split
    assert rule is not None
    paths = tuple(files[key] for key in card.files)
    rows = [row for path in paths for row in _rows(card, path, errors)]
    if not rows:
        raise UserError(f"{card.name}: holds no pairs")
    together = [card.sides.index(side) for side in rule.together]
    source, target = (card.sides.index(side) for side in sides)
    assigned = assign_groups([[row[place] for place in together] for row in rows], rule.shares())
    parts: dict[str, tuple[list[Pair], PairReading]] = {}
    for split in rule.shares():
        chosen = [(row[source], row[target]) for row, its in zip(rows, assigned, strict=True) if its == split]
        if not chosen:
            raise UserError(f"{card.name}: too few pairs: the {split} split comes out empty ({rule})")
        parts[split] = _kept(chosen, paths, str(rule))
    return parts


def _rows(card: PairCard, path: Path, errors: Errors) -> Iterator[Row]:
    if card.format == "dictionary":
        return dictionary_rows(path, errors=errors)
    return column_rows(path, card.side_columns(), errors=errors)


def _chosen(card: PairCard, path: Path, sides: tuple[str, str], errors: Errors) -> Iterator[Row]:
    source, target = (card.sides.index(side) for side in sides)
    return ((row[source], row[target]) for row in _rows(card, path, errors))


# Own files


def _side_names(paths: Sequence[Path]) -> tuple[str, str]:
    """`de` and `en` of `train.de` and `train.en`."""
    first, second = (path.name.removesuffix(".gz").rpartition(".")[2] for path in paths)
    return (first, second) if first != second else ("source", "target")


def _split_and_side(path: Path) -> tuple[str, str]:
    """`train` and `de` of `train.de.gz`; the side is empty for a file of columns, the split for any other file."""
    stem, _, ending = path.name.lower().removesuffix(".gz").rpartition(".")
    split = stem if re.fullmatch(r"(train|test)_\w+", stem) else _NAMES.get(stem, "")
    return split, "" if ending in _COLUMNS else ending


def _in_direction(folder: Path, split: str, files: Mapping[str, Path], direction: str | None) -> tuple[Path, ...]:
    if list(files) == [""]:
        return (files[""],)
    names = ", ".join(path.name for path in files.values())
    if "" in files or len(files) == 1:
        raise UserError(f"{folder}: {split} should be one file of two columns or two aligned files, not {names}")
    for source, target in ((one, other) for one in files for other in files if one != other):
        if f"{source}-{target}" == direction:
            return files[source], files[target]
    sides = list(files)
    known = f"{sides[0]}-{sides[1]} or {sides[1]}-{sides[0]}"
    raise UserError(f"{folder}: {names}: which is the source? Give the direction, such as {known}, not {direction}")


def _swapped(rows: Iterable[Row]) -> Iterator[Row]:
    return ((target, source) for source, target in rows)


# Both


def _kept(rows: Iterable[Row], paths: tuple[Path, ...], rule: str) -> tuple[list[Pair], PairReading]:
    """The pairs of which no side is empty."""
    pairs: list[Pair] = []
    empty = 0
    for source, target in rows:
        if source and target:
            pairs.append(Pair(source, target))
        else:
            empty += 1
    if not pairs:
        place = " and ".join(map(str, paths))
        raise DataError(place, None, f"all {empty:,} pairs have an empty side" if empty else "is empty; it holds no pairs")
    reading = PairReading(
        paths=paths,
        pairs=len(pairs),
        empty=empty,
        duplicates=len(pairs) - len(set(pairs)),
        source_words=sum(len(pair.source.split()) for pair in pairs),
        target_words=sum(len(pair.target.split()) for pair in pairs),
        source_characters=sum(len(pair.source) for pair in pairs),
        target_characters=sum(len(pair.target) for pair in pairs),
        rule=rule,
    )
    return pairs, reading
