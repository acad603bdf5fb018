"""Types as written to types as sent: words, `T[]`, nested notation, named types and JSON Schema become one normal form
of JSON Schema 2020-12.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cyberflow.compiler.interface import Field, FieldSet
from cyberflow.compiler.queries.lookalikes import SHOWN, has_unread_declaration, labels_for_repeats
from cyberflow.compiler.refs import Ref, parse_ref
from cyberflow.compiler.type_help import flag_help, looks_optional, optional_help, schema_help
from cyberflow.diagnostics import Diagnostic, Label, did_you_mean
from cyberflow.language.files import Files
from cyberflow.language.model import NAME
from cyberflow.language.project.decode import bad_name, describe_kind
from cyberflow.language.project.load import Definition
from cyberflow.language.project.secret_literals import type_literals
from cyberflow.language.yaml.document import parse_yaml
from cyberflow.schema.text import Schema, object_schema
from cyberflow.schema.well_formed import TYPES, check_keyword, find_stray_fields, is_schema, marker_of
from cyberflow.source import Place

_WORDS: dict[str, Schema] = {**{word: {"type": word} for word in TYPES if word != "null"}, "any": {}}
_DEFS = "#/$defs/"
_LARGEST, _DEEPEST, _MOST = 500_000, 100, 50_000
_PER_TYPE = 16
"""The least that a type takes, in characters: `{"type":"null"}` and a comma."""
_TOO_DEEP = "types are nested too deeply here"
_TOO_MANY = f"this type comes to more than {_MOST:,} types when it is written out"
_SUBSCHEMAS = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_SUBSCHEMAS_ALSO = ("unevaluatedProperties", "unevaluatedItems")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "dependentSchemas")


@dataclass
class TypeReader:
    """Reads the notation of one project; what is wrong with it is in `problems`."""

    types: Mapping[str, Definition[Any]]
    files: Files
    problems: list[Diagnostic] = field(default_factory=list)
    _resolved: dict[str, Schema] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _recursive: dict[str, Schema] = field(default_factory=dict)
    _strange: dict[str, tuple[int, list[Place]]] = field(default_factory=dict)
    _depth: int = 0
    _written: int = 0

    def read_fields(self, notation: Mapping[str, Any], place: Place) -> FieldSet:
        """Read the top of `inputs`, `outputs` or `secrets`: names to types."""
        if set(notation) == {"schema"} and isinstance(notation["schema"], dict) and set(notation["schema"]) == {"file"}:
            return self._fields_of_file(notation["schema"]["file"], place.at("schema", "file"))
        before = len(self.problems)
        fields = {one.name: one for one in self._fields(notation, place)}
        return FieldSet(fields, known=all(problem.rule != "bad-name" for problem in self.problems[before:]))

    def read_secrets(self, notation: Mapping[str, Any], place: Place) -> FieldSet:
        """Read `secrets`: a mapping, or a list of names that are text."""
        listed = {name: place.at(index) for index, name in enumerate(notation) if notation[name] is True}
        typed = {}
        for name, value in notation.items():
            literal = None if value is True else next(type_literals(value, self.types), None)
            typed[name] = "string" if value is True or literal is not None else value
            if literal is not None:
                self._add_literal_secret(name, place.at(name, *literal))
        read = self.read_fields(typed, place)
        return FieldSet(
            {name: replace(one, place=listed.get(name, one.place)) for name, one in read.fields.items()}, read.known
        )

    def _add_literal_secret(self, name: str, place: Place) -> None:
        message, note = f"the type of the secret `{name}` is a literal", "this is in git for ever"
        help = "write a type such as `string`; the value is given when the chain runs"
        self.problems.append(Diagnostic("secret-in-source", message, place, note=note, help=help))

    def read_named_type(self, name: str, definition: Definition[Any]) -> None:
        """Read a named type for its findings; whoever uses it finds it read."""
        if name in _WORDS:
            help = "choose another name: a type of that name is built in"
            self._add("bad-name", f"`{name}` is a type already", definition.place.at_key(), help=help)
        self.read_type(name, definition.place)

    def read_type(self, notation: Any, place: Place) -> Schema:
        """Read one type. What cannot be read is reported and says nothing, so that no rule speaks of it again."""
        if self._open:
            return self._read_notation(notation, place)
        outer, self._recursive = self._recursive, {}
        self._written = 0 if not self._depth and self._written <= _MOST else self._written
        schema = self._read_notation(notation, place)
        if self._recursive:
            schema = {**schema, "$defs": {**schema.get("$defs", {}), **self._recursive}}
        self._recursive = outer
        return schema

    def _fields(self, notation: Mapping[str, Any], place: Place) -> list[Field]:
        fields = []
        for written, value in notation.items():
            name, at = written.removesuffix("?"), place.at(written)
            if not NAME.fullmatch(name):
                self.problems.append(bad_name(name, at.at_key()))
                continue
            schema = self.read_type(value, at)
            optional = written.endswith("?") or "default" in schema or looks_optional(value)
            fields.append(Field(name, schema, not optional, at))
        return fields

    def _fields_of_file(self, name: Any, place: Place) -> FieldSet:
        schema, at = self._load_file(name, place)
        if schema is None:
            return FieldSet(known=False)
        normal = self.read_type(schema, at)
        if not isinstance(normal.get("properties"), dict):
            self._add("bad-schema", f"`{name}` lists no `properties`", place, help="names to types belong at the top")
            return FieldSet(known=False)
        needed, definitions = normal.get("required", []), normal.get("$defs")
        fields = {}
        for key, value in normal["properties"].items():
            own = {**value, "$defs": definitions} if definitions else value
            fields[key] = Field(key, own, key in needed and "default" not in value, at.at("properties", key))
        return FieldSet(fields)

    def _load_file(self, name: Any, place: Place) -> tuple[Any, Place]:
        if not isinstance(name, str):
            self._add("wrong-type", "a file is named by a text", place, help="write `{schema: {file: out.json}}`")
            return None, place
        path = self.files.find(name, place)
        text = path if isinstance(path, Diagnostic) else self.files.read_text(path, place)
        if isinstance(text, Diagnostic):
            self.problems.append(text)
            return None, place
        document = parse_yaml(text, str(path))
        self.files.documents[document.path] = document
        self.problems.extend(document.problems)
        return document.data, Place(document.path)

    def _read_notation(self, notation: Any, place: Place) -> Schema:
        return self._descend(place, lambda: self._dispatch_notation(notation, place))

    def _descend(self, place: Place, read: Callable[[], Schema]) -> Schema:
        """Read what is one level down, within bounds; the first level beyond them is a finding."""
        self._depth += 1
        self._written += 1
        schema: Schema = {}
        if self._depth > _DEEPEST:
            self._add_once(_TOO_DEEP, place, "let fewer types name one another in a row")
        elif self._written > _MOST:
            self._add_once(_TOO_MANY, place, "each `$ref` is written out where it stands; let fewer of them meet")
        else:
            schema = read()
        self._depth -= 1
        return schema

    def _add_once(self, message: str, place: Place, help: str) -> None:
        if not any(problem.message == message for problem in self.problems):
            self._add("bad-schema", message, place, help=help)

    def _dispatch_notation(self, notation: Any, place: Place) -> Schema:
        if isinstance(notation, str):
            return self._read_word(notation, place)
        if isinstance(notation, dict):
            if set(notation) == {"schema"} and isinstance(notation["schema"], dict) and "file" in notation["schema"]:
                schema, at = self._load_file(notation["schema"]["file"], place.at("schema", "file"))
                return self._normalize_schema(schema, at) if isinstance(schema, dict) else {}
            if is_schema(notation):
                return self._normalize_schema(notation, place)
            return object_schema({one.name: (one.schema, one.required) for one in self._fields(notation, place)})
        owner = f"`{str(place.route[-1]).removesuffix('?')}`" if place.route else "this file"
        message = f"{owner} has no type" if notation is None else f"{describe_kind(notation)} is not a type"
        help = "write a type such as `string`; `any` allows everything"
        self._add("bad-schema", message, place.at_key() if notation is None else place, help=help)
        return {}

    def _read_word(self, word: str, place: Place) -> Schema:
        if word.endswith("[]"):
            return {"type": "array", "items": self._read_word(word[:-2], place)}
        if word in _WORDS:
            return dict(_WORDS[word])
        if word in self.types:
            return self._inline_type(word)
        self._add_unknown_type(word, place, [*_WORDS, *self.types])
        return {}

    def _add_unknown_type(self, word: str, place: Place, known: Collection[str]) -> None:
        """One finding for all uses of a name: it is misspelt, or missing, where it should be declared."""
        index, places = self._strange.setdefault(word, (len(self.problems), []))
        if place in places or len(places) > SHOWN or has_unread_declaration(word, "types", self.files.documents):
            return
        places.append(place)
        if len(places) > 1:
            self.problems[index] = replace(self.problems[index], labels=labels_for_repeats(places))
            return
        bare = word.removesuffix("?")
        help = optional_help(place, bare) if bare != word and bare in known else did_you_mean(word, known)
        self._add("bad-schema", f"there is no type `{word}`", place, help=help or "declare it under `types`")

    def _inline_type(self, name: str) -> Schema:
        if name in self._open or name in self._recursive:
            self._recursive.setdefault(name, {})
            return {"$ref": _DEFS + name}
        if name not in self._resolved or _DEFS in json.dumps(self._resolved[name]):
            definition = self.types[name]
            self._open.append(name)
            schema = self._read_notation(definition.body, definition.place)
            self._open.pop()
            if name in self._recursive:
                self._recursive[name] = schema
                schema = {"$ref": _DEFS + name}
            self._resolved[name] = schema
        text = json.dumps(self._resolved[name])
        self._written += len(text) // _PER_TYPE
        if len(text) > _LARGEST:
            self._resolved[name], text = {}, "{}"
            help = "types are written out where they are named; name fewer of them in one another"
            if not any(problem.message.endswith("is too large") for problem in self.problems):
                self._add("bad-schema", f"`{name}` is too large", self.types[name].place.at_key(), help=help)
        return json.loads(text)  # type: ignore[no-any-return]

    def _normalize_schema(
        self, schema: Mapping[str, Any], place: Place, definitions: Mapping[str, Any] | None = None
    ) -> Schema:
        """Normalise JSON Schema: check its keywords, inline what is not recursive."""
        own = schema.get("$defs")
        definitions = {**(definitions or {}), **(own if isinstance(own, dict) else {})}
        if "$ref" in schema:
            return self._resolve_reference(schema, place, definitions)
        if is_schema(schema) and (strange := find_stray_fields(schema, self.types)):
            labels = (Label(place.at(marker_of(schema)).at_key(), "this key makes it JSON Schema"),)
            help = flag_help(place, schema, strange[0]) or strange[1].help
            self._add("bad-schema", strange[1].message, place.at(strange[0]).at_key(), help=help, labels=labels)
            return {}
        made: Schema = {}
        for key, value in schema.items():
            if key in ("$defs", "$schema", "$id"):
                continue
            if key == "type" and isinstance(value, str) and value not in TYPES and value in self.types:
                help = f"write `{value}` alone, or `{{$ref: {value}}}`"
                message = f"`{value}` is a type of the project, not of JSON Schema"
                self._add("bad-schema", message, place.at(key), help=help)
            elif problem := check_keyword(key, value):
                at = place.at(key).at_key() if problem.about_key else place.at(key, *problem.below)
                self._add("bad-schema", problem.message, at, help=flag_help(place, schema, key) or problem.help)
            else:
                made[key] = self._normalize_keyword(key, value, place.at(key), definitions)
        return made

    def _normalize_keyword(self, key: str, value: Any, place: Place, definitions: Mapping[str, Any]) -> Any:
        if key in _NAMED:
            return {name: self._normalize_subschema(one, place.at(name), definitions) for name, one in value.items()}
        if key in _LISTS:
            return [self._normalize_subschema(one, place.at(index), definitions) for index, one in enumerate(value)]
        if key in (*_SUBSCHEMAS, *_SUBSCHEMAS_ALSO):
            return self._normalize_subschema(value, place, definitions)
        return value

    def _normalize_subschema(self, schema: Any, place: Place, definitions: Mapping[str, Any]) -> Any:
        if isinstance(schema, bool):
            return schema
        if isinstance(schema, dict):
            return self._descend(place, lambda: self._normalize_schema(schema, place, definitions))
        help = schema_help(str(schema), self.types)
        self._add("bad-schema", "inside JSON Schema a type is written as a schema", place, help=help)
        return {}

    def _resolve_reference(self, schema: Mapping[str, Any], place: Place, definitions: Mapping[str, Any]) -> Schema:
        reference = schema["$ref"]
        beside = {key: value for key, value in schema.items() if key not in ("$ref", "$defs")}
        if isinstance(reference, str) and reference in self.types:
            target = self._inline_type(reference)
        elif isinstance(reference, str) and reference.removeprefix(_DEFS) in definitions:
            target = self._inline_definition(reference.removeprefix(_DEFS), place, definitions)
        elif isinstance(parse_ref(reference), Ref):
            help = "write a type such as `string` here, and set the ref in the `inputs` of a step"
            self._add("bad-ref", "a declared type cannot come from a step", place.at("$ref"), help=help)
            return {}
        else:
            known = [*(_DEFS + name for name in definitions), *self.types]
            self._add_unknown_type(str(reference), place.at("$ref"), known)
            return {}
        return {"allOf": [target, self._normalize_schema(beside, place, definitions)]} if beside else target

    def _inline_definition(self, name: str, place: Place, definitions: Mapping[str, Any]) -> Schema:
        marker = f"#{name}"
        if marker in self._open or name in self._recursive:
            self._recursive.setdefault(name, {})
            return {"$ref": _DEFS + name}
        self._open.append(marker)
        made = self._normalize_subschema(definitions[name], place.at("$ref"), definitions)
        self._open.pop()
        if name in self._recursive:
            self._recursive[name] = made if isinstance(made, dict) else {}
            return {"$ref": _DEFS + name}
        return made if isinstance(made, dict) else {}

    def _add(
        self, rule: str, message: str, place: Place, *, help: str | None = None, labels: tuple[Label, ...] = ()
    ) -> None:
        self.problems.append(Diagnostic(rule, message, place, help=help, labels=labels))
