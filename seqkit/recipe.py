"""A recipe: strict TOML to a typed configuration, with overrides, rivals and a fingerprint."""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field, ValidationError

from seqkit.config import Config
from seqkit.data.home import packaged
from seqkit.data.vocabulary import VocabularyConfig
from seqkit.errors import UserError, suggestion
from seqkit.models.tagger import RecurrentTaggerConfig, TaggerConfig, TransformerTaggerConfig
from seqkit.tasks.ner.augment import AugmentConfig
from seqkit.training.loop import TrainConfig

TASKS = ("ner",)
DEFAULTS = {"ner": "ner/newsdesk"}
FAMILIES: dict[str, type[BaseModel]] = {
    "rnn": RecurrentTaggerConfig,
    "lstm": RecurrentTaggerConfig,
    "gru": RecurrentTaggerConfig,
    "transformer": TransformerTaggerConfig,
}


class CompareConfig(Config):
    """What `seqkit compare` sets against the recipe.

    Args:
        match: `parameters` resizes each rival's width to within 2 % of the recipe's parameters; `none` takes rivals as given.
        seeds: each system is trained once with each.
        rivals: by name, what differs from the recipe, as tables or dotted keys.
    """

    match: Literal["parameters", "none"] = "parameters"
    seeds: tuple[int, ...] = Field(default=(1, 2, 3), min_length=1)
    rivals: dict[str, dict[str, Any]] = Field(default_factory=dict)


class Recipe(Config):
    """One task, one corpus, one model: everything a run needs but the seed's luck.

    Args:
        about: one line for `seqkit recipes list`.
        corpus: a card's name, as `ner/wnut17`.
    """

    task: Literal["ner"]
    about: str = ""
    corpus: str
    tokenizer: VocabularyConfig = VocabularyConfig()
    augment: AugmentConfig = AugmentConfig()
    model: TaggerConfig = RecurrentTaggerConfig()
    train: TrainConfig = TrainConfig()
    compare: CompareConfig = CompareConfig()

    def to_dict(self) -> dict[str, Any]:
        """Every value, defaults included."""
        return self.model_dump(mode="json")

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change whenever anything that shapes the trained model does."""
        shaping = {key: value for key, value in self.to_dict().items() if key not in ("about", "compare")}
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:12]

    def rival(self, name: str) -> "Recipe":
        """The recipe with one rival's differences applied."""
        return _build(_override(self.to_dict(), self.compare.rivals[name]), f"compare.rivals.{name}", {})

    def seeded(self, seed: int) -> "Recipe":
        """The recipe with another seed."""
        return self.model_copy(update={"train": self.train.model_copy(update={"seed": seed})})

    def resized(self, **model: float) -> "Recipe":
        """The recipe with other sizes in `[model]`."""
        return _build(_override(self.to_dict(), {"model": model}), "resized", {})


def recipe_names() -> list[str]:
    """The recipes that come with seqkit, as `task/name`."""
    folder = packaged("recipes")
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("*/*.toml"))


def recipe_path(name: str) -> Path:
    """The file of a recipe: a path ending in .toml, `task/name`, or a task alone for its default recipe.

    Raises:
        UserError: no such recipe; suggests the nearest.
    """
    if name.endswith(".toml"):
        if Path(name).is_file():
            return Path(name)
        raise UserError(f"{name}: no such recipe file")
    known = recipe_names()
    found = DEFAULTS.get(name, name)
    if found not in known:
        near = suggestion(name, [*known, *TASKS])
        raise UserError(f"unknown recipe '{name}'{near} (known: {', '.join([*TASKS, *known])})")
    return packaged("recipes") / f"{found}.toml"


def load_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe and apply `--set` overrides such as `model.width=256`.

    Raises:
        UserError: names the file, the line and the key, or the override, and the nearest valid key.
    """
    path = recipe_path(name)
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # of the encoding or of TOML
        raise UserError(f"{path}: {error}") from error
    places = {key: f"{path}:{line}" for key, line in key_lines(text).items()}
    for override in overrides:
        key, value = parse_override(override)
        change: dict[str, Any] = value if not key else {key[-1]: value}
        for part in reversed(key[:-1]):
            change = {part: change}
        values = _override(values, change)
        shown = f"--set {'.'.join(key)}"
        tables = {".".join(key[:length]): shown for length in range(1, len(key))}
        places = tables | places | {".".join(key): shown}
    return _build(values, str(path), places)


def parse_override(override: str) -> tuple[list[str], Any]:
    """`model.width=256` as its key and its TOML value; a bare word is a string."""
    key, equals, value = override.partition("=")
    key, value = key.strip(), value.strip()
    if not equals or not re.fullmatch(r"[\w-]+(\.[\w-]+)*", key):
        raise UserError(f"--set {override}: expected KEY=VALUE, as in --set model.width=256")
    try:
        return key.split("."), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError as error:
        if re.fullmatch(r"[A-Za-z_][\w./-]*", value):
            return key.split("."), value
        raise UserError(f"--set {override}: '{value}' is not a TOML value (text with spaces needs quotes)") from error


def key_lines(text: str) -> dict[str, int]:
    """The line of each dotted key of a TOML text, tables included."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = header[1].strip()
            lines[table] = number
        elif pair := re.match(r"\s*([\w.-]+)\s*=", line):
            lines[f"{table}.{pair[1]}" if table else pair[1]] = number
    return lines


def _override(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Merge tables; where the change names another family, the base's keys that only other families know are dropped."""
    merged = dict(base)
    family = change.get("family")
    if family in FAMILIES and base.get("family") != family:
        others = {key for config in FAMILIES.values() for key in config.model_fields} - {*FAMILIES[family].model_fields}
        merged = {key: value for key, value in base.items() if key not in others}
    for key, value in change.items():
        old = merged.get(key)
        merged[key] = _override(old, value) if isinstance(value, Mapping) and isinstance(old, Mapping) else value
    return merged


def _build(values: dict[str, Any], source: str, places: Mapping[str, str]) -> Recipe:
    if isinstance(values.get("model"), dict):
        values = values | {"model": {"family": "lstm"} | values["model"]}
    try:
        recipe = Recipe(**values)
    except ValidationError as error:
        raise UserError("\n".join(_explain(fault, source, places) for fault in error.errors())) from None
    for name in recipe.compare.rivals if source != "resized" and not source.startswith("compare.") else ():
        try:
            recipe.rival(name)
        except UserError as error:
            raise UserError(
                "\n".join(f"{places.get(f'compare.rivals.{name}', source)}: {line}" for line in str(error).split("\n"))
            ) from None
    return recipe


def _explain(fault: Any, source: str, places: Mapping[str, str]) -> str:
    """One pydantic error as `file:line: key: message`."""
    # pydantic puts the chosen family into the path of a union's error.
    path = [str(part) for part in fault["loc"] if str(part) not in FAMILIES]
    if fault["type"] == "union_tag_invalid":
        path.append("family")
    key = ".".join(path)
    place = places.get(key)
    if place is None:
        parents = [places[".".join(path[:n])] for n in range(len(path) - 1, 0, -1) if ".".join(path[:n]) in places]
        place = parents[0] if parents else source
    shown = place if place.startswith("--set ") and place.endswith(key) else f"{place}: {key}"
    match fault["type"]:
        case "extra_forbidden":
            known = _known_keys(path[:-1], fault["loc"])
            near = suggestion(path[-1], known)
            return f"{shown}: unknown key{near or ''} (known: {', '.join(known)})"
        case "missing":
            return f"{shown}: is missing"
        case "union_tag_invalid":
            tag = fault["ctx"]["tag"]
            return f"{shown}: unknown family '{tag}'{suggestion(tag, [*FAMILIES])} (known: {', '.join(FAMILIES)})"
        case _:
            return f"{shown}: {str(fault['msg'])[0].lower()}{str(fault['msg'])[1:]}, not {fault['input']!r}"


def _known_keys(path: Sequence[str], loc: Sequence[Any]) -> list[str]:
    """The keys of the table at a path."""
    here: type[BaseModel] = Recipe
    family = next((str(part) for part in loc if str(part) in FAMILIES), "lstm")
    for part in path:
        annotation = here.model_fields[part].annotation if part in here.model_fields else None
        if part == "model" and here is Recipe:
            here = FAMILIES[family]
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            here = annotation
        else:
            return [str(value) for value in get_args(annotation)]
    return list(here.model_fields)
