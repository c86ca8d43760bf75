"""The card of a corpus of pairs: sentences and their translations, spellings and pronunciations, lemmas and forms."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from seqkit.config import Config
from seqkit.data.any_card import AnyCard, CardFile, FileKey, Strict, matching
from seqkit.data.splitting import SPLITS, Split, adds_up, in_words, nonzero_shares
from seqkit.errors import UserError, suggestion

Side = Annotated[str, matching(r"[a-z0-9_]+", "a word in lower case, such as 'en' or 'lemma'")]
PairSplit = Annotated[str, matching(r"train|dev|test|(train|test)_[a-z0-9_]+", "train, dev, test, train_… or test_…")]
Column = Annotated[int, Field(ge=1)]


class PairCounts(Strict):
    """What one split of pairs holds; those with an empty side, which are dropped, are not counted."""

    pairs: int = Field(ge=1)


class PairSplitRule(Config):
    """How pairs that come without splits are assigned.

    Args:
        train: its share of the pairs.
        dev: its share.
        test: its share; 0 means that there is no test split.
        together: the sides that may not stand in two splits: pairs that are alike on one of them, but for capitals,
            punctuation and spaces, all go to one split, and so do those that are alike to these.
    """

    model_config = ConfigDict(strict=True)

    train: float = Field(gt=0, lt=1)
    dev: float = Field(gt=0, lt=1)
    test: float = Field(default=0.0, ge=0, lt=1)
    together: list[Side] = Field(min_length=1)

    _adds_up = field_validator("test")(adds_up)

    def shares(self) -> dict[Split, Fraction]:
        """The share of each split that there is."""
        return nonzero_shares(self.train, self.dev, self.test)

    def __str__(self) -> str:
        """In words, as for a report."""
        return f"{in_words(self.shares())}; no {' and no '.join(self.together)} stands in two splits"


class PairCard(AnyCard[FileKey]):
    """A corpus of pairs; each of its two or more sides can be the source, and each the target.

    Files are called after splits (`train`, `dev`, `test`, further ones `test_…` or smaller training sets `train_…`), in the
    format `lines` after split and side (`train-de`); with a `split` rule by any other name, and are read in turn.

    Args:
        format: `tsv`: columns parted by one TAB; `lines`: a file for each side, line n of one belongs to line n of the other;
            `dictionary`: a word, a space and its pronunciation, as the CMU dictionary has them.
        sides: names of the sides, language tags where they differ in language. In a file of columns, the first side is the
            first column unless `columns` says otherwise.
        columns: for each side of a `tsv` the columns, counted from 1, that hold it; several are joined by a space.
        split: how files that are no splits are split; None where they are splits.
    """

    format: Literal["tsv", "lines", "dictionary"]
    annotation: Literal["pairs"]
    sides: list[Side]
    columns: dict[Side, Annotated[list[Column], Field(min_length=1)]] = Field(default_factory=dict)
    split: PairSplitRule | None = None
    counts: dict[PairSplit, PairCounts] = Field(default_factory=dict)

    @field_validator("sides")
    @classmethod
    def _are_two_or_more(cls, sides: list[Side], info: ValidationInfo) -> list[Side]:
        if len(sides) < 2 or len(set(sides)) < len(sides):
            raise ValueError("should be two or more different names")
        if info.data.get("format") == "dictionary" and len(sides) != 2:
            raise ValueError("should be two for a dictionary, the word and its pronunciation")
        return sides

    @field_validator("columns")
    @classmethod
    def _are_those_of_the_sides(cls, columns: dict[Side, list[Column]], info: ValidationInfo) -> dict[Side, list[Column]]:
        sides: list[str] = info.data.get("sides", [])
        if columns and info.data.get("format") != "tsv":
            raise ValueError("only go with the format tsv")
        if columns and sides and set(columns) != set(sides):
            raise ValueError(f"should name the sides: {', '.join(sides)}")
        return columns

    @field_validator("split")
    @classmethod
    def _every_split_has_its_files(cls, rule: PairSplitRule | None, info: ValidationInfo) -> PairSplitRule | None:
        files: dict[str, CardFile] = info.data.get("files", {})
        sides: list[str] = info.data.get("sides", [])
        if rule is None:
            _check_names(list(files), sides if info.data.get("format") == "lines" else [])
        elif info.data.get("format") == "lines":
            raise ValueError("does not go with the format lines")
        elif named := set(files) & set(SPLITS):
            raise ValueError(f"does not go with a file that is a split, as '{min(named)}' is")
        elif sides and not set(rule.together) <= set(sides):
            raise ValueError(f"'{min(set(rule.together) - set(sides))}' is no side")
        return rule

    @field_validator("counts")
    @classmethod
    def _counts_match(cls, counts: dict[PairSplit, PairCounts], info: ValidationInfo) -> dict[PairSplit, PairCounts]:
        if {"files", "split"} <= info.data.keys():
            known = _splits(info.data["files"], info.data["split"])
            if not set(counts) <= set(known):
                raise ValueError(f"{min(set(counts) - set(known))} is counted but is no split")
        return counts

    def splits(self) -> list[str]:
        """The splits, in the order of the card."""
        return _splits(self.files, self.split)

    def directions(self) -> list[str]:
        """Every direction that `sides_of` reads; the first is that of the first side to the second."""
        return [f"{source}-{target}" for source, target in permutations(self.sides, 2)]

    def sides_of(self, direction: str | None = None) -> tuple[str, str]:
        """The source and the target of a direction such as `de-en`.

        Raises:
            UserError: the corpus has no such direction; the message names those that it has.
        """
        known = self.directions()
        if direction is None:
            direction = known[0]
        if direction not in known:
            near = suggestion(direction, known)
            raise UserError(f"{self.name} has no direction '{direction}'{near} (it has: {', '.join(known)})")
        source, _, target = direction.partition("-")
        return source, target

    def side_columns(self) -> list[list[int]]:
        """For each side its columns in a file, counted from 1."""
        return [self.columns.get(side, [number]) for number, side in enumerate(self.sides, start=1)]


def _check_names(files: Sequence[str], sides: Sequence[str]) -> None:
    """Raises ValueError for a file that is called after no split, and for a side that lacks a file."""
    splits = dict.fromkeys(key.partition("-")[0] for key in files)
    wanted = [f"{split}-{side}" for split in splits for side in sides] or list(splits)
    if unknown := next((split for split in splits if split not in SPLITS and not split.startswith(("train_", "test_"))), None):
        raise ValueError(f"is missing: '{unknown}' is no split (train, dev, test, train_… or test_…)")
    if missing := set(wanted) - set(files):
        raise ValueError(f"is missing, and so is the file '{min(missing)}'")
    if more := set(files) - set(wanted):
        raise ValueError(f"is missing: '{min(more)}' is no file of a split{' and a side' if sides else ''}")


def _splits(files: dict[str, CardFile], rule: PairSplitRule | None) -> list[str]:
    return list(rule.shares()) if rule else list(dict.fromkeys(key.partition("-")[0] for key in files))
