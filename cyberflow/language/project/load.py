"""Files to `Project`: every declaration of a project, decoded for one target, with its prompts read and its templates
rendered. One broken file hides nothing in the others.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.discovery import PROJECT_FILE
from cyberflow.language.disk import FileMemory
from cyberflow.language.files import Files
from cyberflow.language.flow_tests.discover import discover_tests
from cyberflow.language.model import NAME, Chain, Declarations, FileText, ProjectFile, Target, Task, Workflow
from cyberflow.language.pipelines import Pipeline
from cyberflow.language.project.decode import bad_name, decode, duplicate_name
from cyberflow.language.project.secret_literals import SecretLiterals
from cyberflow.language.project.sources import SECTIONS, discover_documents, documents_from_sources, read_document
from cyberflow.language.project.target_settings import check_targets
from cyberflow.language.prompt.prompt_files import PromptText, prompts_of, read_prompt
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.language.template.templates import Templates, TemplateScope, has_expression, has_template
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.source import Place, Route, Sources, Text

T = TypeVar("T")
_BODIES: dict[str, type[BaseModel]] = {"workflows": Workflow, "chains": Chain, "tasks": Task, "pipelines": Pipeline}
_PROMPT_KEYS = ("prompt", "on_check_failure", "check_prompt")


@dataclass(frozen=True)
class Definition(Generic[T]):
    """Something declared under a name. `broken` are the keys of its body that could not be read: no rule speaks of
    them again.
    """

    kind: str
    name: str
    body: T
    place: Place
    broken: frozenset[str] = frozenset()

    def at(self, *keys: str | int) -> Place:
        return self.place.at(*keys)


@dataclass(frozen=True)
class RawProject:
    """A project as read from disk, before any target's templates: what `decode_project` starts from."""

    root: Path
    files: Files
    settings: ProjectFile
    documents: tuple[YamlDocument, ...]
    problems: tuple[Diagnostic, ...]
    modules: tuple[PythonDocument, ...] = ()
    tests: tuple[YamlDocument, ...] = ()

    @property
    def sources(self) -> Sources:
        return Sources(self.files.documents)

    @property
    def declaration_files(self) -> tuple[YamlDocument | PythonDocument, ...]:
        return (*self.documents, *self.modules)

    @cached_property
    def secrets(self) -> SecretLiterals:
        """The literal secrets of all declarations, which nothing that is shown may hold."""
        return SecretLiterals.of((*self.declaration_files, *self.tests))

    def counts(self, *sections: str) -> dict[str, int]:
        """How many workflows and chains, or what other sections hold, are declared, broken ones included."""
        tops = [document.data for document in self.declaration_files if isinstance(document.data, dict)]
        return {
            key: sum(len(top[key]) for top in tops if isinstance(top.get(key), dict))
            for key in sections or ("workflows", "chains")
        }

    @property
    def has_templates(self) -> bool:
        """Whether any declaration or prompt file holds a template, so that targets can differ."""
        return any(has_template(document.text) for document in self.files.documents.values())


@dataclass
class Project:
    """Every declaration, for one target. `texts` remember where template results were written."""

    root: Path
    settings: ProjectFile
    target: str
    files: Files
    workflows: dict[str, Definition[Workflow]] = field(default_factory=dict)
    chains: dict[str, Definition[Chain]] = field(default_factory=dict)
    tasks: dict[str, Definition[Task]] = field(default_factory=dict)
    pipelines: dict[str, Definition[Pipeline]] = field(default_factory=dict)
    types: dict[str, Definition[Any]] = field(default_factory=dict)
    prompts: dict[tuple[str, Route], PromptText] = field(default_factory=dict)
    texts: dict[tuple[str, Route], Text] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.settings.project

    def text(self, value: str, place: Place) -> Text:
        """The text of a scalar that stands at `place`, with its memory of where it was written."""
        return self.texts.get((place.path, place.route)) or Text.of(value, place)

    def prompt(self, place: Place) -> PromptText | None:
        """The prompt declared at `place`, unless it could not be read."""
        return self.prompts.get((place.path, place.route))


def read_project(
    root: Path, overlays: Mapping[str, bytes] | None = None, memory: FileMemory | None = None
) -> RawProject:
    """Read the project file and every declaration file at `root`, with what an editor holds open and `memory` keeps."""
    files = Files(root, overlays, memory)
    problems: list[Diagnostic] = []
    head = read_document(files, PROJECT_FILE, Place(PROJECT_FILE))
    if isinstance(head, Diagnostic):
        return RawProject(root, files, ProjectFile(project="unnamed"), (), (head,))
    settings = _read_settings(head, problems)
    problems += check_targets(settings, files, Place(PROJECT_FILE, ("targets",)))
    documents = {head.path: head}
    named = settings.sources
    found = (
        discover_documents(files)
        if named is None
        else documents_from_sources(files, named, Place(PROJECT_FILE, ("sources",)))
    )
    for one in found:
        if isinstance(one, Diagnostic):
            problems.append(one)
        else:
            documents.setdefault(one.path, one)
    modules: list[PythonDocument] = []
    if settings.python:
        from cyberflow.language.python.reading.load import read_modules

        modules = read_modules(files, settings.python, list(documents.values()), problems)
    tests = tuple(discover_tests(files, problems))
    sourced = RawProject(root, files, settings, tuple(documents.values()), (), tuple(modules), tests)
    problems += [problem for document in (*sourced.declaration_files, *tests) for problem in document.problems]
    return replace(sourced, problems=tuple(problems))


def _read_settings(head: YamlDocument, problems: list[Diagnostic]) -> ProjectFile:
    if head.data is None and head.problems:
        return ProjectFile(project="unnamed")
    decoded = decode(ProjectFile, head.data if head.data is not None else {}, Place(head.path))
    head.rename(decoded.renamed)
    problems.extend(decoded.problems)
    return decoded.model or ProjectFile(project="unnamed")


def target_of(settings: ProjectFile, name: str) -> Target:
    """The target of a name; `local` exists without being declared."""
    return settings.targets.get(name) or Target()


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

    def _read_body(self, section: str, name: str, data: Any, model: type[BaseModel]) -> None:
        place = Place(self.document.path, (section, name))
        known = ChainMap[str, Definition[Any]](*(getattr(self.project, other) for other in _BODIES))
        if not self._admit(section[:-1], name, place, known):
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

    def _admit(self, kind: str, name: str, place: Place, known: Mapping[str, Definition[Any]]) -> bool:
        if not NAME.fullmatch(name):
            self.project.problems.append(bad_name(name, place.at_key()))
            return False
        if name in known:
            first = known[name]
            help = (
                "workflows, chains, tasks and pipelines share one namespace"
                if kind != first.kind
                else "rename one of the two"
            )
            before = f"first declared here, as a {first.kind}"
            self.project.problems.append(duplicate_name(name, place.at_key(), first.place.at_key(), before, help))
        return name not in known

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
