"""Files to `RawProject`: the project file, every declaration file and test file, none of them decoded yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.discovery import PROJECT_FILE
from cyberflow.language.disk import FileMemory
from cyberflow.language.document import section_names
from cyberflow.language.files import Files
from cyberflow.language.flow_tests.discover import discover_tests
from cyberflow.language.model import Chain, ProjectFile, Target, Task, Workflow
from cyberflow.language.pipelines import Pipeline
from cyberflow.language.project.decode import decode
from cyberflow.language.project.secret_literals import SecretLiterals
from cyberflow.language.project.sources import discover_documents, documents_from_sources, read_document
from cyberflow.language.project.target_settings import check_targets
from cyberflow.language.prompt.prompt_files import PromptText
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.language.template.escapes import has_template
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import cached_property, dataclass
from cyberflow.source import Document, Place, Route, Sources, Text

T = TypeVar("T")


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
    """A project as read from disk, before any target's templates: where `declarations` begins."""

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
        return SecretLiterals((*self.declaration_files, *self.tests))

    def counts(self, *sections: str) -> dict[str, int]:
        """How many workflows and chains, or what other sections hold, are declared, broken ones included."""
        tops = [section_names(document) for document in self.declaration_files]
        return {key: sum(len(top.get(key, ())) for top in tops) for key in sections or ("workflows", "chains")}

    @property
    def has_templates(self) -> bool:
        """Whether any declaration or prompt file holds a template, so that targets can differ."""
        return any(map(_holds_template, self.files.documents.values()))


def _holds_template(document: Document) -> bool:
    outline = document.outline if isinstance(document, YamlDocument) else None
    return outline.template if outline is not None else has_template(document.text)


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
    problems += [problem for document in (*sourced.declaration_files, *tests) for problem in document.faults]
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
