"""The Python modules of a project to documents: import them, find what they declare, trace the chains. Whatever the
user's code raises is a finding at the user's line.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import field
from inspect import unwrap
from itertools import takewhile
from pathlib import Path
from types import ModuleType
from typing import Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.files import Files, path_escape
from cyberflow.language.project.naming import duplicate_name
from cyberflow.language.python.declarations import FunctionDeclaration
from cyberflow.language.python.reading.body import DeclarationBody
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.language.python.reading.environment import comes_from_elsewhere, environment_hash
from cyberflow.language.python.reading.from_yaml import interfaces_from_yaml
from cyberflow.language.python.reading.functions import functions_of, list_calls, read_function
from cyberflow.language.python.reading.modules import ImportSession, import_session
from cyberflow.language.python.reading.redefinitions import find_redefinitions
from cyberflow.language.python.reading.source import PythonSource
from cyberflow.language.python.reading.user_errors import diagnose
from cyberflow.language.python.tracing.interfaces import WorkflowInterfaces
from cyberflow.language.python.tracing.pipeline import PipelineTrace
from cyberflow.language.python.tracing.trace import Trace
from cyberflow.language.python.tracing.write_steps import write_steps
from cyberflow.language.template.templates import has_expression
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import dataclass, expression
from cyberflow.source import Place

SUFFIX = ".py"
_TRACES: dict[str, type[Trace]] = {"chain": Trace, "pipeline": PipelineTrace}
_GUARDED = expression(
    r"""(\w*(?:passw|secret|api_?key|token|_pin\b)\w*["']?)\s*[:=]\s*((["']).*?(?:\3|$))""",
    re.IGNORECASE | re.MULTILINE,
)
"""A literal beside a name that speaks of a secret: all there is to go by in a module that does not parse."""


def read_modules(
    files: Files, patterns: Sequence[str], documents: Sequence[YamlDocument], problems: list[Diagnostic]
) -> list[PythonDocument]:
    """Import the modules that `python:` names, and nothing else; give a document for each file that declares something.

    `documents` are those of the YAML, the project file first, whose workflows a chain may call. What belongs to no
    document goes to `problems`.
    """
    paths: dict[str, None] = {}
    for index, pattern in enumerate(patterns):
        matched = _match_files(files, pattern, Place(documents[0].path, ("python", index)))
        if isinstance(matched, Diagnostic):
            problems += [matched] if all(one.message != matched.message for one in problems) else []
        else:
            paths |= dict.fromkeys(matched)
    readable = []
    for path in paths:
        text = files.read_text(path, Place(path))
        if isinstance(text, Diagnostic):
            problems.append(text)
        elif path.split("/", maxsplit=1)[0].removesuffix(SUFFIX) == "cyberflow":
            message, help = f"`{path}` has the name of cyberflow itself", "rename it: `import cyberflow` would find it"
            problems.append(Diagnostic("python-error", message, Place(path), help=help))
        else:
            readable.append(path)
    if not readable:
        return []
    return _import_modules(files, readable, documents, problems)


def _import_modules(
    files: Files, readable: list[str], documents: Sequence[YamlDocument], problems: list[Diagnostic]
) -> list[PythonDocument]:
    """Import modules, unless nothing has changed that their last import can have read."""
    interfaces, calls = interfaces_from_yaml(files, documents), [*list_calls(documents)]
    buffers = {path: content for path, content in files.disk.overlays.items() if path.endswith(SUFFIX)}
    made_of = (environment_hash(files.root), readable, repr(interfaces), repr(calls), buffers)
    kept = files.disk.memory.modules
    if kept is None or kept[0] != made_of:
        found: list[Diagnostic] = []
        with import_session(files.root.absolute(), readable, files.disk.overlays) as session:
            modules = _ModuleReader(files, session, WorkflowInterfaces(interfaces), found, calls).read(readable)
        kept = made_of, (modules, found)
        files.disk.memory.modules = None if made_of[0] is None or not files.cacheable else kept
    modules, found = kept[1]
    files.documents.update((one.path, one) for one in modules)
    problems += found
    return list(modules)


def _match_files(files: Files, pattern: str, place: Place) -> list[str] | Diagnostic:
    if not any(sign in pattern for sign in "*?["):
        found = files.find(pattern, place)
        return found if isinstance(found, Diagnostic) else [found]
    name = pattern.lstrip("/")
    if ".." in Path(name).parts:
        return path_escape(pattern, place, "the pattern climbs above a folder")
    try:
        found_here = [path for path in files.root.glob(name) if path.name.endswith(SUFFIX) and path.is_file()]
    except (ValueError, OSError, RecursionError) as error:
        note = getattr(error, "strerror", "") or str(error)
        return Diagnostic("file-not-found", f"`{pattern}` is not a pattern", place, note=note)
    matched = sorted(path.relative_to(files.root).as_posix() for path in found_here)
    if (closed := _find_unreadable_folder(files, name)) is not None:
        files.distrust()
        message = f"the folder `{Path(closed.filename).relative_to(files.root).as_posix()}` cannot be read"
        return Diagnostic("file-not-found", message, place, note=closed.strerror or "")
    for path in matched:
        if isinstance(escaped := files.find(f"/{path}", place), Diagnostic):
            return escaped
    if matched:
        return matched
    help = "name modules: `flows/*.py`"
    return Diagnostic("file-not-found", f"no module is called `{pattern}`", place, help=help)


def _find_unreadable_folder(files: Files, pattern: str) -> OSError | None:
    """Why a folder that a pattern may look into cannot be read: what it declares would be missed in silence."""
    *above, _ = Path(pattern).parts
    fixed = [*takewhile(lambda part: not any(sign in part for sign in "*?["), above)]
    refused: list[OSError] = []
    root = files.root
    for folder, folders, _ in os.walk(root.joinpath(*fixed), onerror=refused.append):
        deeper = "**" in above or len(Path(folder).relative_to(root).parts) < len(above)
        folders[:] = [one for one in folders if deeper and not one.startswith(".")]
    return next((error for error in refused if not isinstance(error, FileNotFoundError | NotADirectoryError)), None)


@dataclass
class _ModuleReader:
    files: Files
    session: ImportSession
    interfaces: WorkflowInterfaces
    problems: list[Diagnostic]
    called: Sequence[str] = ()
    modules: dict[str, ModuleType] = field(default_factory=dict)
    sources: dict[str, PythonSource] = field(default_factory=dict)
    documents: dict[str, PythonDocument] = field(default_factory=dict)
    declarations: dict[int, FunctionDeclaration[..., Any]] = field(default_factory=dict)

    def read(self, paths: Sequence[str]) -> list[PythonDocument]:
        found: list[FunctionDeclaration[..., Any]] = []
        for path in paths:
            try:
                module = self.session.load(path)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a module of the user may raise anything
                self._add_sources()
                self.problems.append(diagnose(error, self.sources, Place(path)))
                continue
            self.modules[path] = module
            found += (one for one in vars(module).values() if isinstance(one, FunctionDeclaration))
        self._add_sources()
        if comes_from_elsewhere(self.session.root, self.session.loaded_before):
            self.files.distrust()
        self._read_functions(paths)
        self._find_redefinitions()
        bodies = [body for one in found for body in self._read_body(one)]
        for body in bodies:
            self._trace(body)
        self._note_secret_literals()
        self._mark_references()
        self.files.documents.update(self.documents)
        return list(self.documents.values())

    def _read_functions(self, paths: Sequence[str]) -> None:
        """Read the functions that the YAML calls, and note what each module has to be called."""
        wanted = set(self.called)
        any_of_them = any(has_expression(one) for one in wanted)
        for path in paths:
            if path not in self.documents:
                continue
            name = path.removesuffix(SUFFIX).removesuffix("/__init__").replace("/", ".")
            self.documents[path].module = name
            if path in self.modules:
                functions = functions_of(self.modules[path])
                self.documents[path].function_names = tuple(functions)
                for known, function in functions.items():
                    if any_of_them or f"{name}:{known}" in wanted:
                        read_function(f"{name}:{known}", function, self.documents, self.sources)

    def _find_redefinitions(self) -> None:
        for module in self.modules.values():
            if (source := self.sources.get(module.__file__ or "")) is not None:
                self.documents[source.path].problems += find_redefinitions(module, source)

    def _add_sources(self) -> None:
        for filename, text in self.session.files.items():
            if filename not in self.sources:
                path = Path(filename).relative_to(self.session.root).as_posix()
                self.sources[filename] = source = PythonSource(path, text, _parse_or_empty(text))
                self.files.disk.file(path)  # so that its hash is among those that an answer rests on
                self.documents[path] = PythonDocument(path, text, strings=source.strings)

    def _note_secret_literals(self) -> None:
        """Note every literal that stands where a secret belongs, also in a call that was never reached."""
        for one in self.declarations.values():
            self.interfaces.of(one)
        secrets = set(self.interfaces.secrets())
        for source in self.sources.values():
            guessed = ((match.start(2), match.end(2), match[2][1:-1]) for match in _GUARDED.finditer(source.text))
            unread = not source.tree.body
            self.documents[source.path].secrets += guessed if unread else source.secret_literals(secrets)

    def _mark_references(self) -> None:
        """Have the first step of a workflow that nothing declares stand where its name was written."""
        known = {name for one in self.documents.values() for name in one.data.get("workflows", ())}
        known |= set(self.interfaces.declared)
        for document in self.documents.values():
            for route, name, mark in document.references:
                if name not in known:
                    document.marks[route] = mark
                    known.add(name)

    def _read_body(self, one: FunctionDeclaration[..., Any]) -> Iterator[DeclarationBody]:
        """The body of a declaration, once, in the document of the file it stands in."""
        if id(one) in self.declarations or one.reference_position is not None:
            return
        self.declarations[id(one)] = one
        source = self.sources.get(unwrap(one.function).__code__.co_filename)
        if source is None:
            return
        document = self.documents[source.path]
        body = DeclarationBody(document, self.sources, one)
        if (first := document.marks.get(body.route)) is not None:
            here, before = Place(source.path, range=body.name), Place(source.path, range=first.value)
            help = "rename one of the two, or give one a `name=`"
            document.problems.append(duplicate_name(one.name, here, before, "first declared here", help))
            return
        body.read()
        yield body

    def _trace(self, body: DeclarationBody) -> None:
        """Run the function of a chain or pipeline for its steps."""
        if body.declaration.kind not in _TRACES:
            return
        trace = _TRACES[body.declaration.kind](body.declaration, self.session.files, self.interfaces)
        try:
            trace.run(body.parameters)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
            trace.broken = True
            body.document.problems.append(diagnose(error, self.sources, Place(body.source.path, range=body.name)))
        write_steps(body, trace)
        for name, function in trace.called.items() if isinstance(trace, PipelineTrace) else ():
            read_function(name, function, self.documents, self.sources)
        for one in trace.workflows:
            for found in self._read_body(one):
                self._trace(found)


def _parse_or_empty(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([], [])
