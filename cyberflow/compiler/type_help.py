"""Help for types written as in other places or languages: what was meant, and how it is said here. `type_notation`
finds them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cyberflow.diagnostics import Diagnostic, fix_name, nearest
from cyberflow.edits import Fix, Replacement, Rewrite
from cyberflow.language.type_words import Translation, translate_type
from cyberflow.schema.keywords import TYPES, WORDS
from cyberflow.source import Place


def looks_optional(notation: Any) -> bool:
    """Whether a type that cannot be read says that the value may be left out."""
    if isinstance(notation, str):
        return notation.endswith("?")
    return isinstance(notation, dict) and (notation.get("optional") is True or notation.get("required") is False)


def optional_help(place: Place, type: str = "…") -> str:
    """How the name that is declared at a place is made optional."""
    name = place.route[-1] if place.route and isinstance(place.route[-1], str) else "name"
    return f"what may be left out has a `?` after its name: `{str(name).removesuffix('?')}?: {type}`"


def name_help(found: Diagnostic, name: str, value: Any, place: Place, *, nested: bool) -> Diagnostic:
    """The finding that a member cannot be called so, with how a property of that name is declared all the same."""
    owner = str(place.route[-2]).removesuffix("?") if len(place.route) > 1 else ""
    way = None
    if nested:
        key = json.dumps(name, ensure_ascii=False)
        needed = "" if str(place.route[-1]).endswith("?") else f", required: [{key}, …]"
        way = f"`{owner}: {{type: object, properties: {{{key}: {_schema_text(value)}, …}}{needed}}}`"
    elif owner == "outputs":
        way = "`outputs: {schema: {file: outputs.json}}`"
    more = f"\nor keep it as a property of JSON Schema, which may have any name: {way}"
    return replace(found, help=f"{found.help}{more}") if way else found


def _schema_text(notation: Any) -> str:
    """How a type of one word is said inside JSON Schema."""
    if not isinstance(notation, str):
        return "{…}"
    if notation.endswith("[]"):
        return f"{{type: array, items: {_schema_text(notation[:-2])}}}"
    return json.dumps(WORDS[notation]).replace('"', "") if notation in WORDS else notation


def flag_help(place: Place, schema: Mapping[str, Any], key: str) -> str | None:
    """Help for `optional: true`, `required: false` and the like beside a type."""
    flag, word = schema.get(key), schema.get("type")
    if key not in ("optional", "required", "nullable") or not isinstance(flag, bool):
        return None
    if key == "nullable" and flag:
        return (
            f'for a value that may be null list both: `{{type: [{word}, "null"]}}`'
            if word
            else 'add `"null"` to its `type`'
        )
    if flag == (key == "optional"):
        return optional_help(place, str(word) if set(schema) == {key, "type"} else "…")
    return "take it away: what has no `?` after its name is required" if key != "nullable" else "take it away"


def meant_type(word: str, types: Iterable[str]) -> Translation | None:
    """The type in notation that a word means: itself, what another language calls so, or the nearest that there is."""
    if word.endswith("[]"):
        items = meant_type(word[:-2], types)
        return f"{items}[]" if isinstance(items, str) else None
    return word if word in (*TYPES, "any") else translate_type(word) or nearest(word, list_types(word, types))


def list_types(word: str, types: Iterable[str]) -> list[str]:
    """Every type in notation, as a list where the word is that of a list."""
    return [f"{name}{'[]' * word.count('[]')}" for name in (*types, *TYPES, "any")]


def schema_help(type: Translation | None) -> str:
    """How a type in notation is written inside JSON Schema."""
    from cyberflow.language.yaml.writing.blocks import flow_text

    return f"write `{flow_text(_to_schema(type or 'TYPE'))}`"


def _to_schema(type: Translation) -> Any:
    if not isinstance(type, str):
        return type
    if type.endswith("[]"):
        return {"type": "array", "items": _to_schema(type[:-2])}
    return True if type == "any" else {"type": type}


def fix_type_words(places: list[Place], word: str, known: Iterable[str]) -> Fix | None:
    """The fix of a type that does not exist, wherever it stands: the word of another language, or a slip; of one alone
    also a `?` that belongs to its name.
    """
    names, bare = list(known), word.removesuffix("?")
    name = places[0].route[-1] if places[0].route else None
    if bare != word and bare in names and isinstance(name, str) and not name.endswith("?") and len(places) == 1:
        edits = (Replacement(places[0].at_key(), name, f"{name}?"), Replacement(places[0], word, bare))
        return Fix(f"write `{name}?: {bare}`", edits)
    if (meant := translate_type(word)) and meant != word:
        return Fix("write the type as it is called here", tuple(Rewrite(one, json.dumps(meant)) for one in places))
    fix = fix_name(places[0], word, names)
    return fix and replace(fix, edits=tuple(replace(edit, place=one) for one in places for edit in fix.edits))


def fix_schema_word(place: Place, type: Translation | None) -> Fix | None:
    """The fix of a type in notation that stands inside JSON Schema."""
    return Fix("write the type as a schema", (Rewrite(place, json.dumps(_to_schema(type))),)) if type else None


def endless_type(way: tuple[str, ...], place: Place) -> Diagnostic:
    """Say that a type leads back to itself before it says anything."""
    message = f"the type `{way[0]}` is nothing but itself: {' → '.join(way)}"
    help = "say what it holds; a type may name itself below `properties` or `items`"
    return Diagnostic("bad-schema", message, place, help=help)
