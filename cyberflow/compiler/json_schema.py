"""Reads one JSON Schema among the declarations: keywords are checked, names of types become references, and each
reference is followed once all is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Protocol

from cyberflow.compiler.refs import Ref, parse_ref
from cyberflow.compiler.type_help import fix_schema_word, flag_help, list_types, meant_type, schema_help
from cyberflow.diagnostics import Label, did_you_mean, fix_name
from cyberflow.edits import Fix, Rewrite
from cyberflow.language.model import NAME
from cyberflow.language.project.routes import value_at
from cyberflow.late import dataclass
from cyberflow.schema.keywords import TYPES, holds
from cyberflow.schema.references import SchemaDocument
from cyberflow.schema.well_formed import check_keyword, find_stray_fields, is_schema, marker_of
from cyberflow.source import Place


class NotationReader(Protocol):
    """What is around the JSON Schema: the notation, whose types may stand in it by name."""

    @property
    def types(self) -> Mapping[str, Any]: ...

    def lower_word(self, word: str, place: Place) -> Any: ...

    def lower_box(self, content: Any, place: Place) -> Any: ...

    def refer(self, name: str) -> dict[str, Any]: ...

    def within_bounds(self, place: Place) -> Any: ...

    def add_unknown_type(self, word: str, place: Place, known: list[str]) -> None: ...

    def add(
        self,
        rule: str,
        message: str,
        place: Place,
        *,
        help: str | None = None,
        labels: tuple[Label, ...] = (),
        fix: Fix | None = None,
    ) -> None: ...


def is_boxed(notation: Mapping[str, Any]) -> bool:
    """Whether a mapping is `{schema: …}` around a JSON Schema, a boolean or the name of a file."""
    return set(notation) == {"schema"} and isinstance(notation["schema"], (dict, bool))


@dataclass(eq=False)
class DocumentReader:
    """Reads one document. `free`: a keyword that nobody knows is kept, unless it is a slip of a known one."""

    notation: NotationReader
    free: bool = False
    has_local_refs: bool = False
    _references: list[tuple[dict[str, Any], Place]] = field(default_factory=list)

    def read(self, schema: Any, place: Place) -> Any:
        lowered = self._schema(schema, place)
        if self._references:
            self._follow(lowered)
        return lowered

    def _schema(self, schema: Any, place: Place) -> Any:
        if isinstance(schema, bool):
            return schema
        if isinstance(schema, dict):
            with self.notation.within_bounds(place) as within:
                return self._read_keywords(schema, place) if within else {}
        if isinstance(schema, str) and schema.replace("[]", "") in self.notation.types:
            return self.notation.lower_word(schema, place)
        word, types = str(schema), self.notation.types
        meant = meant_type(word, types)
        if isinstance(meant, str) and meant.replace("[]", "") in types:
            help, fix = did_you_mean(word, [meant]), fix_name(place, word, list_types(word, types))
        else:
            help, fix = schema_help(meant), fix_schema_word(place, meant)
        self.notation.add("bad-schema", "inside JSON Schema a type is written as a schema", place, help=help, fix=fix)
        return {}

    def _read_keywords(self, schema: Mapping[str, Any], place: Place) -> Any:
        if not self.free and is_boxed(schema):
            return self.notation.lower_box(schema["schema"], place.at("schema"))
        if not self.free and is_schema(schema) and (strange := find_stray_fields(schema, self.notation.types)):
            labels = (Label(place.at(marker_of(schema)).at_key(), "this key makes it JSON Schema"),)
            help = flag_help(place, schema, strange[0]) or strange[1].help
            self.notation.add("bad-schema", strange[1].message, place.at(strange[0]).at_key(), help=help, labels=labels)
            return {}
        made: dict[str, Any] = {}
        for key, value in schema.items():
            if self._is_sound(schema, key, place):
                made[key] = self._value(key, value, place.at(key))
        if "$ref" in made:
            self._references.append((made, place.at("$ref")))
        return made

    def _is_sound(self, schema: Mapping[str, Any], key: str, place: Place) -> bool:
        value = schema[key]
        if key == "type" and isinstance(value, str) and value not in TYPES and value in self.notation.types:
            help, edits = f"write `{value}` alone, or `{{$ref: {value}}}`", (Rewrite(place, json.dumps(value)),)
            fix = Fix(f"write `{value}`", edits) if set(schema) == {"type"} else None
            message = f"`{value}` is a type of the project, not of JSON Schema"
            self.notation.add("bad-schema", message, place.at(key), help=help, fix=fix)
            return False
        problem = check_keyword(key, value, free=self.free)
        if problem is None:
            return True
        at = place.at(key, *problem.below)
        at = at.at_key() if problem.about_key else at
        flag = flag_help(place, schema, key)
        word = key if problem.about_key else value_at(schema, (key, *problem.below))
        fix = fix_name(at, str(word), problem.known) if problem.known and not flag else None
        self.notation.add("bad-schema", problem.message, at, help=flag or problem.help, fix=fix)
        return False

    def _value(self, key: str, value: Any, place: Place) -> Any:
        match holds(key):
            case "schema":
                return self._schema(value, place)
            case "list":
                return [self._schema(item, place.at(index)) for index, item in enumerate(value)]
            case "map":
                return {name: self._schema(item, place.at(name)) for name, item in value.items()}
        return value

    def _follow(self, root: Any) -> None:
        document = SchemaDocument(root)
        definitions = root.get("$defs", {}) if isinstance(root, dict) else {}
        for schema, place in self._references:
            reference = schema["$ref"]
            if document.resolve(schema) is not None:
                self.has_local_refs = True
            elif reference in self.notation.types:
                schema.update(self.notation.refer(reference))
            elif isinstance(parse_ref(reference), Ref):
                help = "write a type such as `string` here, and set the ref in the `inputs` of a step"
                self.notation.add("bad-ref", "a declared type cannot come from a step", place, help=help)
                del schema["$ref"]
            elif not reference.startswith("#") and not NAME.fullmatch(reference):
                help = "copy what it names below `$defs` of this schema, and write `$ref: '#/$defs/NAME'`"
                self.notation.add("bad-schema", f"`{reference}` is outside this schema", place, help=help)
                del schema["$ref"]
            else:
                known = [*(f"#/$defs/{name}" for name in definitions), *self.notation.types]
                self.notation.add_unknown_type(reference, place, known)
                del schema["$ref"]
