"""Completion in declaration files: which names a place of the YAML takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.interface import Field, FieldSet
from cyberflow.compiler.lookup.describe import find_declaration
from cyberflow.compiler.lookup.lookup import Lookup
from cyberflow.compiler.rules import RULES
from cyberflow.compiler.type_notation import TypeReader
from cyberflow.language.project.routes import value_at
from cyberflow.language.yaml.cursor import Cursor
from cyberflow.lsp.completion.callees import CALLERS, callee_of, producers
from cyberflow.lsp.completion.flow_test_names import flow_test_names
from cyberflow.lsp.completion.key_names import complete_key
from cyberflow.lsp.completion.ref_names import ref_names
from cyberflow.lsp.completion.suggestions import (
    Names,
    Suggestion,
    declaration_suggestions,
    field_suggestion,
    file_names,
    known_names,
    prompt_names,
    token_names,
)
from cyberflow.schema.keywords import KEYWORDS, WORDS, holds
from cyberflow.schema.well_formed import is_schema
from cyberflow.source import Place, Route

_PROMPTS = (".md", ".html", ".txt", ".wire")
_SCHEMAS = (".json", ".yaml", ".yml")
_SECTIONS = ("workflows", "chains", "tasks", "pipelines")


def complete_yaml(lookup: Lookup, path: str, cursor: Cursor | None, *, keys: bool) -> Names | None:
    """The names that may stand where a cursor is."""
    if cursor is None:
        return None
    if cursor.route[:1] == ("tests",) and any(one.path == path for one in lookup.tests):
        return flow_test_names(lookup.graph, cursor) or (complete_key(cursor) if keys and cursor.is_key else None)
    place = _Site(lookup, path, cursor)
    found = place.key_names() if cursor.is_key and not place.is_item else place.value_names()
    return found or (complete_key(cursor) if keys and cursor.is_key else None)


class _Site:
    """A place in a declaration file where somebody writes."""

    def __init__(self, lookup: Lookup, path: str, cursor: Cursor) -> None:
        self.lookup = lookup
        self.graph: Graph = lookup.graph
        self.path = path
        self.cursor = cursor
        self.data = cursor.data
        self.is_item = (
            cursor.is_key and len(cursor.route) > 1 and isinstance(cursor.route[-2], int) and self._is_alone()
        )
        self.route: Route = cursor.parent if self.is_item else cursor.route

    def _is_alone(self) -> bool:
        """Whether the key is all there is of an item, so that it may be a text that is begun."""
        above = value_at(self.data, self.cursor.parent)
        return not isinstance(above, dict) or len(above) <= 1

    def key_names(self) -> Names | None:
        """Names that are keys: the inputs and secrets of a step that are still missing, rules."""
        match self.route:
            case (("chains" | "pipelines"), _, "steps", int(), "inputs" | "secrets" as kind, _):
                return self._missing_arguments(str(kind))
            case ("rules", _) if self.path == "cyberflow.yaml":
                return self._names(Suggestion(rule, "rule", f"{rule}: ") for rule in RULES)
        return None

    def value_names(self) -> Names | None:
        """Names that are values, or stand in one."""
        route = self.route
        match route:
            case (*_, "$ref") if route[0] in CALLERS:
                return ref_names(self.graph, self.cursor, route)
            case ("chains", _, "steps", int(), "workflow") | ("chains", _, "session", _):
                return self._names(declaration_suggestions(self.graph.workflows, "workflow"))
            case ("pipelines", _, "steps", int(), "run"):
                return self._names(self._runnable())
            case ("pipelines", _, "steps", int(), "after", int()):
                ids = (id for id, _, _ in producers(self.graph, self.data, route))
                return self._names(Suggestion(id, "step", id) for id in ids)
            case (("chains" | "pipelines"), _, "steps", int(), "inputs" | "secrets" as kind, *_):
                return self._step_value(str(kind))
            case (("workflows" | "chains"), _, "from_machine", int()):
                return self._names(self._machine_names())
            case ("types", _, *_) | (_, _, "inputs" | "secrets", _, *_) | ("workflows", _, "outputs", _, *_):
                return self._type_names()
        return self._platform_names() or self._file_names() or self._text_names()

    def _names(self, items: Iterator[Suggestion]) -> Names:
        return Names(self.cursor.before, items)

    def _platform_names(self) -> Names | None:
        match self.route:
            case ("workflows", _, "tags", int()):
                return self._names(iter(known_names(self.graph, "tag")))
            case ("workflows", _, "models", *_) | ("workflows", _, "checks", int(), "model"):
                return self._names(iter(known_names(self.graph, "model")))
            case ("chains", _, "pools", int()):
                return self._names(iter(known_names(self.graph, "pool")))
            case ("chains", _, "machine"):
                return self._names(iter(known_names(self.graph, "machine")))
            case ("default_target",):
                names = {"local": None, **dict.fromkeys(self.graph.project.settings.targets)}
                return self._names(Suggestion(name, "target", name) for name in names)
        return None

    def _file_names(self) -> Names | None:
        route, project = self.route, self.graph.project
        match route:
            case (*_, "schema", "file"):
                return file_names(project, self.path, self.cursor.before, _SCHEMAS)
            case ("workflows", *_, "prompt" | "on_check_failure" | "check_prompt", "file"):
                return file_names(project, self.path, self.cursor.before, _PROMPTS)
            case (("workflows" | "chains"), _, "files", int(), "path"):
                return file_names(project, self.path, self.cursor.before)
            case ("tasks", _, "files", _) if "<" not in self.cursor.before:
                return file_names(project, self.path, self.cursor.before)
            case ("sources", int()) if self.path == "cyberflow.yaml":
                return file_names(project, self.path, self.cursor.before, _SCHEMAS)
            case ("python", int()) if self.path == "cyberflow.yaml":
                return file_names(project, self.path, self.cursor.before, (".py",))
        return None

    def _text_names(self) -> Names | None:
        """Placeholders in a text, of the declaration that it belongs to."""
        route = self.route
        if route[:1] not in {(section,) for section in _SECTIONS} or len(route) < 3:  # noqa: PLR2004 - a key of a body
            return None
        inputs, secrets = self._fields("inputs"), self._fields("secrets")
        before, after = self.cursor.before, self.cursor.after
        if route[0] == "workflows" and route[-1] in ("prompt", "on_check_failure", "check_prompt"):
            return prompt_names(self.lookup, self.path, inputs, secrets, before, after)
        return token_names(inputs, secrets, before, after)

    def _fields(self, key: str) -> FieldSet:
        """The inputs or secrets of the declaration as it is being written."""
        body = value_at(self.data, self.route[:2])
        written = body.get(key) if isinstance(body, dict) else None
        node = find_declaration(self.graph, str(self.route[1]))
        known = (node.secrets if key == "secrets" else node.inputs).fields if node else {}
        if not isinstance(written, dict | list) or set(written) == {"schema"}:
            return FieldSet(known)
        reader = TypeReader(self.graph.project.types, self.graph.project.files)
        typed = written if isinstance(written, dict) else dict.fromkeys(map(str, written), "string")
        read = reader.read_fields({name: one for name, one in typed.items() if name}, Place(self.path))
        return FieldSet({**read.fields, **self._item()}) if key == "inputs" else read

    def _item(self) -> dict[str, Field]:
        """The item of the step of a pipeline that the cursor is in, with its type as it was last read."""
        each = self._step().get("each") if self.route[0] == "pipelines" else None
        if not isinstance(each, dict) or self.route[4:5] == ("each",):
            return {}
        pipeline = self.graph.pipelines.get(str(self.route[1]))
        known = pipeline.step(str(self._step().get("id"))) if pipeline else None
        name = next(iter(each), "")
        item = known.item if known is not None and known.item and known.item.name == name else None
        return {name: item or Field(name, {}, required=True, place=Place(self.path))}

    def _step(self) -> Mapping[str, Any]:
        step = value_at(self.data, self.route[:4])
        return step if isinstance(step, dict) else {}

    def _runnable(self) -> Iterator[Suggestion]:
        """What a step of a pipeline can run."""
        groups = {"chain": self.graph.chains, "workflow": self.graph.workflows, "task": self.graph.tasks}
        for kind, group in {**groups, "pipeline": self.graph.pipelines}.items():
            names: Mapping[str, Any] = group
            others = {name: one for name, one in names.items() if name != self.route[1]}
            yield from declaration_suggestions(others, kind)

    def _missing_arguments(self, kind: str) -> Names | None:
        callee = callee_of(self.graph, str(self.route[1]), self._step())
        if callee is None:
            return None
        fields = callee.secrets if kind == "secrets" else callee.inputs
        given = self._step().get(kind)
        taken = set(given) - {self.cursor.route[-1]} if isinstance(given, dict) else set()
        word = self.cursor.before
        colon = "" if self.cursor.after.lstrip().startswith(":") else ": "
        missing = (field for name, field in fields.fields.items() if name not in taken)
        kind = kind.removesuffix("s")
        return Names(word, (_key_of(field_suggestion(field, kind), colon) for field in missing))

    def _step_value(self, kind: str) -> Names | None:
        before = self.cursor.before
        inputs, secrets = self._fields("inputs"), self._fields("secrets")
        if len(self.route) == 5 and isinstance(value_at(self.data, self.route), str):  # noqa: PLR2004 - nothing yet
            return self._missing_arguments(kind)
        if kind == "secrets" and not before:
            tokens = (field_suggestion(one, "secret") for one in secrets.fields.values())
            return Names("", (_token_of(one) for one in tokens))
        return token_names(inputs, secrets, before, self.cursor.after)

    def _machine_names(self) -> Iterator[Suggestion]:
        """Inputs, and secrets with their `$`, that a machine may supply."""
        owners: list[tuple[FieldSet, FieldSet]] = [(self._fields("inputs"), self._fields("secrets"))]
        steps = value_at(self.data, (*self.route[:2], "steps")) if self.route[0] == "chains" else ()
        for step in steps if isinstance(steps, list) else ():
            workflow = self.graph.workflows.get(str(step.get("workflow"))) if isinstance(step, dict) else None
            owners += [(workflow.inputs, workflow.secrets)] if workflow else []
        for inputs, secrets in owners:
            yield from (field_suggestion(one, "input") for one in inputs.fields.values())
            for one in secrets.fields.values():
                yield Suggestion(f"${one.name}", "secret", f"${one.name}")

    def _type_names(self) -> Names | None:
        """Named types, where a type may stand."""
        last, above = self.route[-1], value_at(self.data, self.route[:-1])
        if self.route[0] == "workflows" and self.route[2:4] == ("secrets", 0):
            return None
        if last == "file":
            return self._file_names()
        if isinstance(last, int) or (isinstance(above, dict) and last in KEYWORDS and is_schema(above)):
            if last != "$ref" and holds(str(last)) is None:
                return None
            return self._names(self._types())
        words = (Suggestion(word, "type", word, "built in", order=f"1{word}") for word in WORDS)
        return self._names(iter([*self._types(), *words]))

    def _types(self) -> Iterator[Suggestion]:
        for name, definition in self.graph.project.types.items():
            notation = definition.body
            text = notation.get("description", "") if isinstance(notation, dict) else ""
            yield Suggestion(name, "type", name, "type", str(text), f"0{name}")


def _key_of(one: Suggestion, colon: str) -> Suggestion:
    return Suggestion(one.label, one.kind, one.insert + colon, one.detail, one.text, one.order)


def _token_of(one: Suggestion) -> Suggestion:
    return Suggestion(f"<${one.label}>", one.kind, f"<${one.label}>", one.detail, one.text, one.order)
