"""From tables to a typed recipe: tables merged, faults explained by file, line, key and the nearest valid key."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from seqkit.errors import UserError, suggestion

Shape = type[BaseModel]
Built = TypeVar("Built", bound=BaseModel)


def build(shape: type[Built], values: Mapping[str, Any], source: str, places: Mapping[str, str]) -> Built:
    """A validated recipe.

    Args:
        source: what messages call the tables where no place is known.
        places: where each dotted key stands, as `r.toml:3` or `--set model.width`.

    Raises:
        UserError: one line a fault.
    """
    try:
        return shape(**with_kinds(shape, values))
    except ValidationError as error:
        raise UserError("\n".join(_explain(shape, fault, source, places) for fault in error.errors())) from None


def merge(shape: Shape | None, base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Merge tables; where the change names another kind of table, such as another family, keys only the old kind knows go."""
    merged = dict(base)
    for key, value in change.items():
        old = merged.get(key)
        if not (isinstance(value, Mapping) and isinstance(old, Mapping)):
            merged[key] = value
            continue
        name, kinds = alternatives(shape, key)
        kind = kinds.get(value.get(name)) if name else None
        if kind is not None and old.get(name) != value[name]:
            others = {known for other in kinds.values() for known in other.model_fields} - set(kind.model_fields)
            old = {known: setting for known, setting in old.items() if known not in others}
        merged[key] = merge(kind or table_of(shape, key), old, value)
    return merged


def with_kinds(shape: Shape, values: Mapping[str, Any]) -> dict[str, Any]:
    """The tables that come in kinds, each with its kind written out: the default one, if any, where none is named."""
    found = dict(values)
    for key, field in shape.model_fields.items():
        name, _ = alternatives(shape, key)
        if name and not field.is_required() and isinstance(found.get(key), dict):
            found[key] = {name: getattr(field.default, name)} | found[key]
    return found


def alternatives(shape: Shape | None, key: str) -> tuple[str, dict[Any, Shape]]:
    """For a table that comes in kinds: the key that names the kind, and the kinds by name; else `"", {}`."""
    field = shape.model_fields.get(key) if shape else None
    if field is None or not isinstance(field.discriminator, str):
        return "", {}
    name = field.discriminator
    members = get_args(field.annotation)
    return name, {kind: member for member in members for kind in get_args(member.model_fields[name].annotation)}


def table_of(shape: Shape | None, key: str) -> Shape | None:
    """The table at a key, if it has but one kind."""
    annotation = shape.model_fields[key].annotation if shape and key in shape.model_fields else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def entries_of(shape: Shape | None, key: str) -> Shape | None:
    """For a key that holds tables under names of one's own choice: what these tables are."""
    field = shape.model_fields.get(key) if shape else None
    kinds = get_args(field.annotation) if field and get_origin(field.annotation) is dict else ()
    return kinds[1] if kinds and isinstance(kinds[1], type) and issubclass(kinds[1], BaseModel) else None


def _explain(shape: Shape, fault: Any, source: str, places: Mapping[str, str]) -> str:
    """One pydantic error as `file:line: key: message`."""
    path, table, known = _walk(shape, fault["loc"])
    if fault["type"] in ("union_tag_invalid", "union_tag_not_found"):
        name, kinds = alternatives(table, path[-1])
        path, known = [*path, name], [*kinds]
    key = ".".join(path)
    place = places.get(key)
    if place is None:
        parents = [places[".".join(path[:n])] for n in range(len(path) - 1, 0, -1) if ".".join(path[:n]) in places]
        place = parents[0] if parents else source
    where = place if place.startswith("--set ") and place.endswith(key) else f"{place}: {key}"
    match fault["type"]:
        case "extra_forbidden":
            near = suggestion(path[-1], known)
            return f"{where}: unknown key{near or ''} (known: {', '.join(known)})"
        case "missing":
            return f"{where}: is missing"
        case "union_tag_not_found":
            return f"{where}: is missing (known: {', '.join(known)})"
        case "union_tag_invalid":
            tag = fault["ctx"]["tag"]
            return f"{where}: unknown {path[-1]} '{tag}'{suggestion(tag, known)} (known: {', '.join(known)})"
        case _:
            problem = str(fault["msg"]).removeprefix("Value error, ")
            return f"{where}: {problem[0].lower()}{problem[1:]}, not {fault['input']!r}"


def _walk(shape: Shape, loc: Sequence[Any]) -> tuple[list[str], Shape | None, list[str]]:
    """The dotted path of an error, the table that holds its last key, and the keys of that table.

    pydantic puts the chosen kind into the path of an error inside a table that comes in kinds; it is left out.
    """
    path: list[str] = []
    table: Shape | None = shape
    holder: Shape | None = shape
    parts = iter(loc)
    for part in parts:
        key = str(part)
        path.append(key)
        holder = table
        _, kinds = alternatives(table, key)
        if entries := entries_of(table, key):
            path += [str(name) for name in [next(parts, None)] if name is not None]
            table = entries
        else:
            table = kinds.get(next(parts, None)) if kinds else table_of(table, key)
    return path, holder, list(holder.model_fields) if holder else []
