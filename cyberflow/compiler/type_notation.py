"""Types as written to types as sent: words, `T[]`, nested notation, named types and JSON Schema become one normal form
of JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from typing import Any

from cyberflow.compiler.interface import Field, FieldSet, Member, read_members
from cyberflow.compiler.json_schema import DocumentReader, is_boxed
from cyberflow.compiler.queries.lookalikes import SHOWN, has_unread_declaration, labels_for_repeats
from cyberflow.compiler.type_help import endless_type, fix_type_words, optional_help
from cyberflow.diagnostics import Diagnostic, Label, did_you_mean
from cyberflow.edits import Fix
from cyberflow.language.files import Files
from cyberflow.language.model import NAME
from cyberflow.language.project.load import Definition
from cyberflow.language.project.naming import describe_kind
from cyberflow.language.project.secret_literals import type_literals
from cyberflow.language.type_words import type_word_help
from cyberflow.language.yaml.document import parse_yaml
from cyberflow.late import dataclass
from cyberflow.schema.endless import endless
from cyberflow.schema.keywords import WORDS
from cyberflow.schema.normal_form import DEEPEST, MOST, ObjectSchema, SchemaTooLarge, normal_form
from cyberflow.schema.references import SchemaDocument
from cyberflow.schema.well_formed import is_schema
from cyberflow.source import Place

_TYPE = "cyberflow:types/"
"""The base of references between documents: a named type, or one JSON Schema among the declarations."""
_TOO_DEEP = "types are nested too deeply here"
_TOO_MANY = f"this type comes to more than {MOST:,} types when it is written out"


@dataclass
class TypeReader:
    """Reads the notation of one project; what is wrong with it is in `problems`. A type is first lowered to plain JSON
    Schema, whose references lead to documents, and then brought into normal form.
    """

    types: Mapping[str, Definition[Any]]
    files: Files
    problems: list[Diagnostic] = field(default_factory=list)
    _documents: dict[str, SchemaDocument] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)
    _read: dict[str, ObjectSchema] = field(default_factory=dict)  # types without mistakes, by what is written
    _strange: dict[str, tuple[int, list[Place]]] = field(default_factory=dict)
    _unknown: int = 0
    _depth: int = 0
    _written: int = 0

    def read_fields(self, notation: Mapping[str, Any], place: Place) -> FieldSet:
        """Read the top of `inputs`, `outputs` or `secrets`: names to types."""
        if is_boxed(notation) and _names_file(notation["schema"]):
            return self._fields_of_file(notation["schema"]["file"], place.at("schema", "file"))
        return self._read_names(notation, place, {})

    def _read_names(self, notation: Mapping[str, Any], place: Place, listed: Mapping[str, Place]) -> FieldSet:
        before = len(self.problems)
        fields = {one.name: one for one in self._fields(notation, place, listed)}
        return FieldSet(fields, known=all(problem.rule != "bad-name" for problem in self.problems[before:]))

    def read_secrets(self, notation: Mapping[str, Any], place: Place) -> FieldSet:
        """Read `secrets`: a mapping, or a list of names that are text."""
        untyped = ((index, name) for index, name in enumerate(notation) if notation[name] is True)
        listed = {name: place.at(index) for index, name in untyped}
        typed = {}
        for name, value in notation.items():
            literal = None if value is True else next(type_literals(value, self.types), None)
            typed[name] = "string" if value is True or literal is not None else value
            if literal is not None:
                self._add_literal_secret(name, place.at(name, *literal))
        return self._read_names(typed, place, listed) if listed else self.read_fields(typed, place)

    def _add_literal_secret(self, name: str, place: Place) -> None:
        message, note = f"the type of the secret `{name}` is a literal", "this is in git for ever"
        help = "write a type such as `string`; the value is given when the chain runs"
        self.problems.append(Diagnostic("secret-in-source", message, place, note=note, help=help))

    def read_named_type(self, name: str, definition: Definition[Any]) -> None:
        """Read a named type for its findings; whoever uses it finds it read."""
        if name in WORDS:
            help = "choose another name: a type of that name is built in"
            self.add("bad-name", f"`{name}` is a type already", definition.place.at_key(), help=help)
        self.read_type(name, definition.place)

    def read_type(self, notation: Any, place: Place) -> ObjectSchema:
        """Read one type. What cannot be read is reported and says nothing, so that no rule speaks of it again."""
        if isinstance(notation, str) and notation in WORDS:
            return WORDS[notation]
        written = repr(notation)
        if written not in self._read:
            self._written, before = 0, (len(self.problems), self._unknown)
            self._read[written] = self._normalize(self.lower(notation, place), place)
            if (len(self.problems), self._unknown) != before or "file" in written:
                return self._read.pop(written)
        return self._read[written]

    def _normalize(self, lowered: Any, place: Place) -> ObjectSchema:
        try:
            made = normal_form(self._unwrap(lowered), self._documents.get)
        except SchemaTooLarge as problem:
            self._add_bound(place, deep=problem.deep)
            return {}
        if way := endless(made):
            named = self.types.get(way[0])
            self.problems.append(endless_type(way, named.place.at_key() if named else place))
            return {}
        if isinstance(made, dict):
            return made
        return {} if made else {"not": {}}

    def _unwrap(self, lowered: Any) -> Any:
        """A document that stands alone is its own root: what leads to its root leads to what is made of it."""
        reference = lowered.get("$ref", "") if isinstance(lowered, dict) else ""
        return self._documents[reference].root if reference.endswith("#") and reference in self._documents else lowered

    def _fields(self, notation: Mapping[str, Any], place: Place, listed: Mapping[str, Place]) -> Iterator[Field]:
        for one in self._members(notation, place, listed):
            schema = self.read_type(one.notation, one.place)
            yield Field(one.name, schema, not one.optional and "default" not in schema, one.place)

    def _members(self, notation: Mapping[str, Any], place: Place, listed: Mapping[str, Place] | None) -> list[Member]:
        members, problems = read_members(notation, place, listed)
        self.problems.extend(problems)
        for written in [one for one in notation if problems and not NAME.fullmatch(one.removesuffix("?"))]:
            self.lower(notation[written], place.at(written))
        return members

    def _fields_of_file(self, name: Any, place: Place) -> FieldSet:
        schema, at = self._load_file(name, place)
        if schema is None:
            return FieldSet(known=False)
        whole = self._normalize(self._lower_document(schema, at, free=True), at)
        listed, needed, definitions = whole.get("properties"), whole.get("required", []), whole.get("$defs")
        fields = {}
        for key, value in (listed or {}).items():
            own = {} if value is True else {"not": {}} if value is False else value
            own = {**own, "$defs": definitions} if definitions else own
            if not key.startswith("$"):
                fields[key] = Field(key, own, key in needed and "default" not in own, at.at("properties", key))
        return FieldSet(fields, known=listed is not None, whole=whole)

    def _load_file(self, name: Any, place: Place) -> tuple[Any, Place]:
        if not isinstance(name, str):
            self.add("wrong-type", "a file is named by a text", place, help="write `{schema: {file: out.json}}`")
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

    def lower(self, notation: Any, place: Place) -> Any:
        """Turn what is written into plain JSON Schema, within bounds; the first level beyond them is a finding."""
        with self.within_bounds(place) as within:
            return self._lower_notation(notation, place) if within else {}

    @contextmanager
    def within_bounds(self, place: Place) -> Iterator[bool]:
        """Go one level down, and say whether that is still within bounds."""
        self._depth += 1
        self._written += 1
        within = self._depth <= DEEPEST and self._written <= MOST
        if not within:
            self._add_bound(place, deep=self._depth > DEEPEST)
        yield within
        self._depth -= 1

    def _add_bound(self, place: Place, *, deep: bool) -> None:
        message = _TOO_DEEP if deep else _TOO_MANY
        help = "let fewer types name one another in a row"
        if not deep:
            help = "each `$ref` is written out where it stands; let fewer of them meet"
        if not any(problem.message == message for problem in self.problems):
            self.add("bad-schema", message, place, help=help)

    def _lower_notation(self, notation: Any, place: Place) -> Any:
        if isinstance(notation, str):
            return self.lower_word(notation, place)
        if isinstance(notation, dict):
            if is_boxed(notation):
                return self.lower_box(notation["schema"], place.at("schema"))
            if is_schema(notation):
                return self._lower_document(notation, place)
            return self._lower_members(notation, place)
        owner = f"`{str(place.route[-1]).removesuffix('?')}`" if place.route else "this file"
        message = f"{owner} has no type" if notation is None else f"{describe_kind(notation)} is not a type"
        help = "write a type such as `string`; `any` allows everything"
        self.add("bad-schema", message, place.at_key() if notation is None else place, help=help)
        return {}

    def lower_box(self, content: Any, place: Place) -> Any:
        """Lower what stands in `{schema: …}`: a file, a boolean, or JSON Schema in which unknown keywords are free."""
        if _names_file(content):
            content, place = self._load_file(content["file"], place.at("file"))
            if content is None:
                return {}
        return self._lower_document(content, place, free=True)

    def _lower_document(self, schema: Any, place: Place, *, free: bool = False) -> Any:
        """A JSON Schema with references of its own is a document of its own."""
        reader = DocumentReader(self, free=free)
        lowered = reader.read(schema, place)
        if not reader.has_local_refs:
            return lowered
        reference = f"{_TYPE}{len(self._documents)}#"
        self._documents[reference] = SchemaDocument(lowered)
        return {"$ref": reference}

    def _lower_members(self, notation: Mapping[str, Any], place: Place) -> ObjectSchema:
        members = self._members(notation, place, None)
        properties = {one.name: self.lower(one.notation, one.place) for one in members}
        made = {"type": "object", "properties": properties}
        needed = [one.name for one in members if not one.optional and not self._has_default(properties[one.name])]
        return {**made, "required": needed} if needed else made

    def _has_default(self, lowered: Any) -> bool:
        seen: list[Any] = []
        while isinstance(lowered, dict) and lowered not in seen:
            if "default" in lowered:
                return True
            seen.append(lowered)
            document = self._documents.get(lowered.get("$ref", ""))
            lowered = document.root if document else None
        return False

    def lower_word(self, word: str, place: Place) -> Any:
        bare = word
        while bare.endswith("[]"):
            bare = bare[:-2]
        lists = (len(word) - len(bare)) // 2
        if lists >= DEEPEST:
            self._add_bound(place, deep=True)
            return {}
        lowered = self._lower_name(bare, place)
        for _ in range(lists):
            lowered = {"type": "array", "items": lowered}
        return lowered

    def _lower_name(self, name: str, place: Place) -> ObjectSchema:
        if name in WORDS:
            return {} if name == "any" else {"type": name}
        if name not in self.types:
            self.add_unknown_type(name, place, [*WORDS, *self.types])
            return {}
        return self.refer(name)

    def refer(self, name: str) -> ObjectSchema:
        """Refer to a named type, which is lowered the first time."""
        reference = _TYPE + name
        if reference not in self._documents and name not in self._open:
            self._open.add(name)
            definition, depth = self.types[name], self._depth
            self._depth = 0
            self._documents[reference] = SchemaDocument(self.lower(definition.body, definition.place))
            self._depth = depth
        return {"$ref": reference}

    def add_unknown_type(self, word: str, place: Place, known: Collection[str]) -> None:
        """One finding for all uses of a name: it is misspelt, or missing, where it should be declared."""
        self._unknown += 1
        index, places = self._strange.setdefault(word, (len(self.problems), []))
        if place in places or len(places) > SHOWN or has_unread_declaration(word, "types", self.files.documents):
            return
        places.append(place)
        if len(places) > 1:
            first = self.problems[index]
            fix = fix_type_words(places, word, known)
            self.problems[index] = replace(first, labels=labels_for_repeats(places), fix=fix)
            return
        bare = word.removesuffix("?")
        help = type_word_help(word) or did_you_mean(word, known)
        help = optional_help(place, bare) if bare != word and bare in known else help
        fix = fix_type_words([place], word, known)
        self.add("bad-schema", f"there is no type `{word}`", place, help=help or "declare it under `types`", fix=fix)

    def add(
        self,
        rule: str,
        message: str,
        place: Place,
        *,
        help: str | None = None,
        labels: tuple[Label, ...] = (),
        fix: Fix | None = None,
    ) -> None:
        self.problems.append(Diagnostic(rule, message, place, help=help, labels=labels, fix=fix))


def _names_file(content: Any) -> bool:
    return isinstance(content, dict) and set(content) == {"file"}
