"""What types mention: named types, and files of schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyberflow.compiler.json_schema import is_boxed
from cyberflow.compiler.lookup.entities import Entity, Keys, Mention, value_mention
from cyberflow.compiler.lookup.texts import file_mentions
from cyberflow.language.files import Files
from cyberflow.language.project.load import Project
from cyberflow.language.project.routes import value_at
from cyberflow.schema.keywords import WORDS, holds
from cyberflow.schema.well_formed import is_schema
from cyberflow.source import Place

_DEEPEST = 40


def type_mentions(notation: Any, place: Place, files: Files) -> Iterator[Mention]:
    """The named types and files in a type as it is written."""
    if isinstance(notation, str):
        word = notation.replace("[]", "")
        if word and word not in WORDS:
            yield value_mention(Entity("type", word), place)
    elif isinstance(notation, dict) and len(place.route) < _DEEPEST:
        if is_boxed(notation):
            yield from _box_mentions(notation["schema"], place.at("schema"), files)
        elif is_schema(notation):
            yield from _schema_mentions(notation, place, files)
        else:
            for key, value in notation.items():
                yield from type_mentions(value, place.at(key), files)


def _box_mentions(content: Any, place: Place, files: Files) -> Iterator[Mention]:
    if isinstance(content, dict) and set(content) == {"file"}:
        name, at = content["file"], place.at("file")
        if isinstance(name, str):
            yield from file_mentions(files, name, at.within(0, len(name)), at)
    else:
        yield from _schema_mentions(content, place, files)


def _schema_mentions(schema: Any, place: Place, files: Files) -> Iterator[Mention]:
    if isinstance(schema, str) or (isinstance(schema, dict) and is_boxed(schema)):
        yield from type_mentions(schema, place, files)
    elif isinstance(schema, dict) and len(place.route) < _DEEPEST:
        reference = schema.get("$ref")
        if isinstance(reference, str) and not reference.startswith("#"):
            yield value_mention(Entity("type", reference), place.at("$ref"))
        for key, value in schema.items():
            for step, part in _subschemas(key, value):
                yield from _schema_mentions(part, place.at(key, *step), files)


def _subschemas(key: str, value: Any) -> Iterator[tuple[Keys, Any]]:
    match holds(key):
        case "schema":
            yield (), value
        case "list" if isinstance(value, list):
            yield from (((index,), item) for index, item in enumerate(value))
        case "map" if isinstance(value, dict):
            yield from (((name,), item) for name, item in value.items())


def member_place(project: Project, place: Place, keys: Keys) -> Place | None:
    """Where the member that `keys` lead to is declared, in the type at a place; None where no text names it."""
    found: Place | None = place
    for key in keys:
        found = _member(project, found, key) if found is not None else None
    return found


def _member(project: Project, place: Place, key: str | int) -> Place | None:
    notation, place = _follow_names(project, place)
    if isinstance(key, int):
        if isinstance(notation, str):
            return place
        return place.at("items") if isinstance(notation, dict) and "items" in notation else None
    if not isinstance(notation, dict):
        return None
    if isinstance(listed := notation.get("properties"), dict) and key in listed:
        return place.at("properties", key)
    written = next((one for one in (key, f"{key}?") if one in notation), None)
    return place.at(written) if written is not None and not is_schema(notation) else None


def _follow_names(project: Project, place: Place) -> tuple[Any, Place]:
    """The notation at a place, with names of types followed to where these are declared, and boxes opened."""
    seen: set[Place] = set()
    while place not in seen:
        seen.add(place)
        notation = value_at(_data(project, place.path), place.route)
        name = notation.replace("[]", "") if isinstance(notation, str) else None
        if isinstance(notation, dict) and isinstance(notation.get("$ref"), str):
            name = notation["$ref"]
        if name in project.types:
            place = project.types[name].place
        elif isinstance(notation, dict) and is_boxed(notation):
            place = place.at("schema")
        else:
            return notation, place
    return None, place


def _data(project: Project, path: str) -> Mapping[str, Any]:
    data = getattr(project.files.documents.get(path), "data", None)
    return data if isinstance(data, dict) else {}
