"""`RawProject` to `Project`: every declaration decoded for one target, its prompts read and its templates rendered. One
broken file hides nothing in the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.closed_model import ClosedModel
from cyberflow.language.discovery import PROJECT_FILE
from cyberflow.language.model import NAME, Chain, Declarations, FileText, Task, Workflow
from cyberflow.language.pipelines import Pipeline
from cyberflow.language.project.decode import decode
from cyberflow.language.project.load import Definition, Project, RawProject, target_of
from cyberflow.language.project.naming import bad_name, duplicate_name
from cyberflow.language.project.sources import SECTIONS
from cyberflow.language.prompt.prompt_files import prompts_of, read_prompt
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.language.template.templates import Templates, TemplateScope, has_expression
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import cached_property, dataclass, expression
from cyberflow.source import Place, Route, Text

_BODIES: dict[str, type[ClosedModel]] = {"workflows": Workflow, "chains": Chain, "tasks": Task, "pipelines": Pipeline}
_PROMPT_KEYS = ("prompt", "on_check_failure", "check_prompt")
_HIDING = expression(r"\\[xuU\n]")
"""Escapes that can spell a name otherwise."""


def hides_names(document: YamlDocument | PythonDocument) -> bool:
    """Whether a file may name what its text does not show: by a template outside prompts, an escape, or a program."""
    if isinstance(document, PythonDocument) or _HIDING.search(document.text):
        return True
    return has_expression(document.text) and _holds_expression(document.data)


def _holds_expression(data: Any) -> bool:
    if isinstance(data, dict):
        return any(_holds_expression(item) for key, item in data.items() if key not in _PROMPT_KEYS)
    if isinstance(data, list):
        return any(map(_holds_expression, data))
    return isinstance(data, str) and has_expression(data)


def decode_project(sourced: RawProject, target: str, only: Collection[str] | None = None) -> Project:
    """Decode every declaration as it reads for `target`, or those of some files alone."""
    settings = sourced.settings
    scope = TemplateScope(target, {**settings.vars, **target_of(settings, target).vars})
    templates = Templates(sourced.files, scope)
    project = Project(sourced.root, settings, target, sourced.files)
    for document in sourced.declaration_files:
        if only is None or document.path in only:
            _DeclarationReader(project, templates, document).read()
    project.problems.extend(templates.problems)
    return project


@dataclass
class _DeclarationReader:
    """Reads the declarations of one document into a project."""

    project: Project
    templates: Templates
    document: YamlDocument | PythonDocument

    @cached_property
    def _has_expressions(self) -> bool:
        return has_expression(self.document.text)

    def read(self) -> None:
        sections = self._read_sections()
        for name, notation in sections.types.items():
            place = Place(self.document.path, ("types", name))
            if self._admit("type", name, place, self.project.types):
                self.project.types[name] = Definition("type", name, self._expand(notation, place.route), place)
        for section, model in _BODIES.items():
            for name, data in getattr(sections, section).items():
                self._read_body(section, name, data, model)

    def _read_sections(self) -> Declarations:
        data = self.document.data
        if self.document.path == PROJECT_FILE or data is None:
            data = {key: data[key] for key in SECTIONS if isinstance(data, dict) and isinstance(data.get(key), dict)}
        decoded = decode(Declarations, data, Place(self.document.path))
        self.document.rename(decoded.renamed)
        self.project.problems.extend(decoded.problems)
        return decoded.model or Declarations()

    def _read_body(self, section: str, name: str, data: Any, model: type[ClosedModel]) -> None:
        place = Place(self.document.path, (section, name))
        if not self._admit(section[:-1], name, place, *(getattr(self.project, other) for other in _BODIES)):
            return
        failed = len(self.templates.problems)
        decoded = decode(model, self._expand(data, place.route), place)
        self.document.rename(decoded.renamed)
        self.project.problems.extend(
            problem for problem in decoded.problems if not self._is_below_broken_route(problem)
        )
        if decoded.model is None:
            return
        broken = decoded.broken | self._keys_with_template_errors(failed, place)
        if isinstance(self.document, PythonDocument):
            broken |= self.document.unreadable_keys(place.route)
        definition = Definition(section[:-1], name, decoded.model, place, broken)
        getattr(self.project, section)[name] = definition
        for at, prompt in prompts_of(definition.body, definition.place, definition.broken):
            self._read_prompt(at, prompt)

    def _admit(self, kind: str, name: str, place: Place, *known: Mapping[str, Definition[Any]]) -> bool:
        if not NAME.fullmatch(name):
            self.project.problems.append(bad_name(name, place.at_key()))
            return False
        first = next((declared[name] for declared in known if name in declared), None)
        if first is not None:
            help = (
                "workflows, chains, tasks and pipelines share one namespace"
                if kind != first.kind
                else "rename one of the two"
            )
            before = f"first declared here, as a {first.kind}"
            self.project.problems.append(duplicate_name(name, place.at_key(), first.place.at_key(), before, help))
        return first is None

    def _is_below_broken_route(self, problem: Diagnostic) -> bool:
        """Whether the parser has already reported what makes this part unreadable."""
        return any(problem.place.route[: len(route)] == route for route in self.document.broken)

    def _keys_with_template_errors(self, before: int, place: Place) -> frozenset[str]:
        routes = (problem.place.route for problem in self.templates.problems[before:])
        depth = len(place.route)
        return frozenset(str(route[depth]) for route in routes if route[:depth] == place.route and len(route) > depth)

    def _expand(self, data: Any, route: Route) -> Any:
        """Evaluate `${{ }}` in every string below `route`; prompts are left to be rendered as a whole."""
        if not self._has_expressions:
            return data
        if isinstance(data, dict):
            return {
                key: item if key in _PROMPT_KEYS and isinstance(item, str) else self._expand(item, (*route, key))
                for key, item in data.items()
            }
        if isinstance(data, list):
            return [self._expand(item, (*route, index)) for index, item in enumerate(data)]
        if not (isinstance(data, str) and has_expression(data)):
            return data
        place = Place(self.document.path, route)
        value = self.templates.evaluate(Text.of(data, place))
        if isinstance(value, Text):
            self.project.texts[(place.path, place.route)] = value
            return value.value
        return data if value is None else value

    def _read_prompt(self, place: Place, prompt: str | FileText) -> None:
        read = read_prompt(prompt, place, self.project.files, self.templates)
        if isinstance(read, Diagnostic):
            self.project.problems.append(read)
        elif read is not None:
            self.project.prompts[(place.path, place.route)] = read
