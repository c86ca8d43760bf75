"""A corpus card: what a corpus is, where its files come from, what may be done with it, what is odd about it.

A card is data, `corpora/<task>/<name>/corpus.toml`; a new corpus in a known format needs a card and no Python.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from seqkit.data.any_card import AnyCard, CardFile, FileKey, Inside, Strict, Text
from seqkit.data.home import packaged
from seqkit.data.pair_card import PairCard, PairCounts, PairSplitRule
from seqkit.data.splitting import SPLITS, Split, SplitRule
from seqkit.errors import DataError, UserError, suggestion

CARD = "corpus.toml"


class Counts(Strict):
    """What one split of labelled sentences holds; a reader that counts otherwise has lost or invented something."""

    sentences: int = Field(ge=1)
    tokens: int | None = Field(default=None, ge=1)
    entities: int | None = Field(default=None, ge=0)


class TextCounts(Strict):
    """What one split of running text holds."""

    characters: int = Field(ge=1)
    lines: int = Field(ge=1)
    documents: int = Field(default=1, ge=1)


class TaggedCard(AnyCard[Split]):
    """A corpus of labelled sentences, a file for each split.

    Args:
        format: how the files are parsed: `conll`, `conllu`, `uner`, `jsonl`.
        annotation: `entities` are spans in a tagging scheme; `labels` are one plain label a token.
        names: by type of entity, lists of names among the packaged corpora, for augmentation: a name a line.
    """

    format: Text
    annotation: Literal["entities", "labels"]
    names: dict[Text, Inside] = Field(default_factory=dict)
    counts: dict[Split, Counts] = Field(default_factory=dict)

    @field_validator("files")
    @classmethod
    def _has_files(cls, files: dict[Split, CardFile]) -> dict[Split, CardFile]:
        if not files:
            raise ValueError("is missing: a corpus needs a file")
        return files

    @field_validator("counts")
    @classmethod
    def _counts_match(cls, counts: dict[Split, Counts], info: ValidationInfo) -> dict[Split, Counts]:
        files, annotation = info.data.get("files"), info.data.get("annotation")
        for split, count in counts.items():
            if files is not None and split not in files:
                raise ValueError(f"{split} is counted but has no file")
            if annotation is not None and (count.entities is None) == (annotation == "entities"):
                raise ValueError(f"{split} {'has no' if count.entities is None else 'has'} count of entities")
        return counts


class TextCard(AnyCard[FileKey]):
    """A corpus of running text.

    Args:
        module: a module of Python that holds the text, instead of files.
        split: how files that are no splits, read in the order of the card, are split; None where they are splits.
    """

    format: Literal["text"]
    annotation: Literal["text"]
    module: Literal["pydoc_data.topics"] | None = None
    split: SplitRule | None = None
    counts: dict[Split, TextCounts] = Field(default_factory=dict)

    @field_validator("module")
    @classmethod
    def _has_one_source(cls, module: str | None, info: ValidationInfo) -> str | None:
        if "files" in info.data and bool(info.data["files"]) == (module is not None):
            raise ValueError("is missing: a corpus needs files or a module" if module is None else "needs no files")
        return module

    @field_validator("split")
    @classmethod
    def _every_split_has_text(cls, rule: SplitRule | None, info: ValidationInfo) -> SplitRule | None:
        named = set(info.data.get("files", {}))
        if rule is None and ("files" in info.data and not {"train", "dev"} <= named <= set(SPLITS)):
            raise ValueError("is missing: the files are not called train, dev and test")
        if rule is not None and named & set(SPLITS):
            raise ValueError("does not go with a file that is a split")
        return rule

    @field_validator("counts")
    @classmethod
    def _counts_match(cls, counts: dict[Split, TextCounts], info: ValidationInfo) -> dict[Split, TextCounts]:
        rule: SplitRule | None = info.data.get("split")
        splits = set(rule.shares() if rule else info.data.get("files", counts))
        if "split" in info.data and not set(counts) <= splits:
            raise ValueError(f"{min(set(counts) - splits)} is counted but is no split")
        return counts


Card = TaggedCard | TextCard | PairCard

_Kind = TypeVar("_Kind", TaggedCard, TextCard, PairCard)
_KINDS: dict[type[Card], str] = {TaggedCard: "labelled sentences", TextCard: "running text", PairCard: "pairs of texts"}
_SHAPES: dict[object, type[Card]] = {"text": TextCard, "pairs": PairCard}


def load_card(path: Path) -> Card:
    """Read one card.

    Raises:
        UserError: one line `corpus.toml:LINE: key: message` for each fault.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(path, None, "is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        place = re.fullmatch(r"(.*) \(at line (\d+), column \d+\)", str(error))
        raise DataError(path, int(place[2]) if place else None, place[1] if place else str(error)) from error
    lines = key_lines(text)
    annotation = values.get("annotation")
    shape = _SHAPES.get(annotation, TaggedCard) if isinstance(annotation, str) else TaggedCard
    try:
        card = shape.model_validate(values)
    except ValidationError as error:
        raise UserError("\n".join(_explain(fault, path, shape, lines) for fault in error.errors())) from None
    folder = path.resolve().parent
    if card.name != f"{folder.parent.name}/{folder.name}":
        where = f"{folder.parent.name}/{folder.name}"
        raise DataError(path, lines.get("name"), f"name: should be its folder, '{where}', not '{card.name}'")
    return card


def card_names() -> list[str]:
    """The corpora that come with seqkit, as `task/name`, without reading their cards."""
    folder = packaged("corpora")
    return sorted(path.parent.relative_to(folder).as_posix() for path in folder.glob(f"*/*/{CARD}"))


def find_card(name: str) -> Card:
    """The card called `task/name`, or `name` alone where only one task has it.

    Raises:
        UserError: no such corpus, or several; suggests the nearest.
    """
    known = card_names()
    found = [full for full in known if name in (full, PurePosixPath(full).name)]
    if len(found) > 1:
        raise UserError(f"corpus '{name}' could be any of: {', '.join(found)}")
    if not found:
        near = suggestion(name, [*known, *(PurePosixPath(full).name for full in known)])
        raise UserError(f"unknown corpus '{name}'{near} (known: {', '.join(known)})")
    return load_card(packaged("corpora") / found[0] / CARD)


def card_of(wanted: type[_Kind], name: str) -> _Kind:
    """As `find_card`, for a corpus of one kind.

    Raises:
        UserError: no such corpus, several, or one of another kind.
    """
    card = find_card(name)
    if not isinstance(card, wanted):
        raise UserError(f"corpus '{card.name}' is {_KINDS[type(card)]}, not {_KINDS[wanted]}")
    return card


def all_cards() -> list[Card]:
    """Every card that comes with seqkit, by name."""
    return [load_card(packaged("corpora") / name / CARD) for name in card_names()]


def key_lines(text: str) -> dict[str, int]:
    """The line where each dotted key of a TOML text first stands, tables included; `[a.b]` is a line of `a` too."""
    # A citation may hold lines such as `title = {…}`: blank out multi-line strings, keeping their line breaks.
    hidden = re.sub(r'"{3}.*?"{3}|\'{3}.*?\'{3}', lambda found: '""' + "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    lines: dict[str, int] = {}
    table: list[str] = []
    for number, line in enumerate(hidden.split("\n"), start=1):
        if header := re.match(r"\s*\[([\w.-]+)\]", line):
            table = keys = header[1].split(".")
        elif pair := re.match(r"\s*([\w.-]+)\s*=", line):
            keys = [*table, *pair[1].split(".")]
        else:
            continue
        for depth in range(1, len(keys) + 1):
            lines.setdefault(".".join(keys[:depth]), number)
    return lines


def _explain(fault: Any, path: Path, shape: type[Card], lines: Mapping[str, int]) -> str:
    """One pydantic error as `corpus.toml:LINE: key: message`."""
    keys = [str(key) for key in fault["loc"] if key != "[key]"]
    nearest = next((lines[key] for n in range(len(keys), 0, -1) if (key := ".".join(keys[:n])) in lines), None)
    match fault["type"]:
        case "extra_forbidden":
            counts = {TaggedCard: Counts, TextCard: TextCounts, PairCard: PairCounts}[shape]
            rule = PairSplitRule if shape is PairCard else SplitRule
            tables: dict[str, type[Strict] | type[SplitRule] | type[PairSplitRule]]
            tables = {"files": CardFile, "counts": counts, "split": rule}
            known = list((shape if len(keys) == 1 else tables[keys[0]]).model_fields)
            message = f"unknown key{suggestion(keys[-1], known)} (known: {', '.join(known)})"
        case "missing":
            message = "is missing"
        case "value_error":
            message = str(fault["ctx"]["error"])
        case _:
            message = f"{fault['msg'][0].lower()}{fault['msg'][1:]}"
    return str(DataError(path, nearest, f"{'.'.join(keys)}: {message}"))
