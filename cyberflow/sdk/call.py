"""A call from Python as `run` wants it: the project that is meant, inputs as JSON, and where secrets are found."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.language.discovery import find_root
from cyberflow.language.python.declarations import FunctionDeclaration, Secret, TaskReference
from cyberflow.language.python.keywords import PipelineRunOptions, RunOptions, TaskOptions
from cyberflow.language.python.reading.body import function_identity
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.language.python.reading.modules import is_reading
from cyberflow.language.python.signature import FunctionParameter, read_parameters
from cyberflow.language.python.tracing.capture import DROPPED, CapturedValue
from cyberflow.language.python.tracing.symbols import Misuse
from cyberflow.language.python.typed_dicts import make_portable
from cyberflow.run.chain.placement import RunPlacement
from cyberflow.run.inputs.arguments import RawArguments
from cyberflow.run.inputs.durations import read_duration
from cyberflow.run.inputs.secrets import SecretBackends, parse_location, system_backends
from cyberflow.run.work.ids import check_id
from cyberflow.sdk.execution import SubmitOptions
from cyberflow.sdk.project import CompiledProject, compile_project
from cyberflow.source import Place

_HELD = "the Secret in `secrets`, {}"


@dataclass(frozen=True)
class PythonCall:
    """What `run` was called with."""

    target: str | None
    secrets: Mapping[str, str | Secret] | None
    files: Mapping[str, str | PathLike[str]] | None
    options: RunOptions | TaskOptions | PipelineRunOptions | None
    inputs: Mapping[str, Any]

    def option(self, name: str, default: Any = None) -> Any:
        return (self.options or {}).get(name, default)

    @property
    def timeout(self) -> float | None:
        """Seconds. Raises UsageError for what is not a time."""
        given = self.option("timeout")
        if given is None or isinstance(given, int | float):
            return given
        return read_duration(str(given))


def compile_declaration(
    one: FunctionDeclaration[..., Any], call: PythonCall, known_options: Any = RunOptions
) -> CompiledProject:
    """Compile the project that a declaration belongs to: the one around its file, else around the working directory.

    Raises ProjectErrors, and UsageError when there is no project or no such target.
    """
    made = compile_enclosing_project(inspect.unwrap(one.function).__code__.co_filename, one.name, call, known_options)
    require_declared(one, made)
    return made


def require_declared(one: FunctionDeclaration[..., Any], made: CompiledProject) -> None:
    """Raise UsageError for a declaration that a project does not hold, or holds otherwise."""
    bundle = made.bundle
    if not (bundle.chain(one.name) or bundle.workflow(one.name) or bundle.pipeline(one.name)):
        help = f"list its file under `python:` in {made.sourced.root / 'cyberflow.yaml'}"
        raise UsageError(f"the project `{made.bundle.project}` does not declare `{one.name}`", help=help)
    _require_own(one, made)


def _require_own(one: FunctionDeclaration[..., Any], made: CompiledProject) -> None:
    """Refuse a function whose name the project has for something else: it would run that, and not what is read here."""
    if one.reference_position is not None:
        return
    for document in made.sourced.declaration_files:
        for section in ("pipelines", "chains", "workflows"):
            if one.name not in ((document.data or {}).get(section) or {}):
                continue
            route = (section, one.name)
            functions = document.functions if isinstance(document, PythonDocument) else {}
            if functions.get(route) == function_identity(one.function):
                return
            span = document.span(Place(document.path, route, part="key"))
            where = f"{span.path}:{span.line}"
            help = f"run that one with `cyberflow run {one.name}`, or give this function a `name=` of its own"
            raise UsageError(f"`{one.name}` is not the project's own `{one.name}`, which stands at {where}", help=help)


def compile_enclosing_project(file: str, name: str, call: PythonCall, known_options: Any) -> CompiledProject:
    """Compile the project around a file for a call of `name`. Raises as `compile_declaration`."""
    if is_reading():
        help = 'put it under `if __name__ == "__main__":`'
        raise Misuse(f"`{name}` is run while its project is being read", help)
    for option in sorted(set(call.options or {}) - set(known_options.__annotations__)):
        raise UsageError(f"`options` has no `{option}`", help=did_you_mean(option, known_options.__annotations__))
    return compile_project(_project_root(Path(file), call.option("project")), call.target)


def submit_options(one: FunctionDeclaration[..., Any] | TaskReference, call: PythonCall) -> SubmitOptions:
    """What a call gives to a run. Raises UsageError for what cannot be given so."""
    arguments, backends = raw_arguments(one, call)
    session = call.option("session")
    where = RunPlacement(
        call.option("machine"),
        tuple(call.option("pools", ())),
        session and check_id(session, "a session"),
        bool(call.option("keep_session")),
    )
    return SubmitOptions(
        arguments,
        where,
        bool(call.option("stale_ok")),
        call.option("simulate"),
        priority=bool(call.option("priority")),
        prompt_file=(path := call.option("prompt_file")) and Path(path),
        model=call.option("model"),
        backends=backends,
    )


def raw_arguments(
    one: FunctionDeclaration[..., Any] | TaskReference, call: PythonCall
) -> tuple[RawArguments, SecretBackends]:
    """What the command line would have been told, and where secrets are looked for. A value that is held in a
    `Secret` stays in memory: it is looked up in an environment of this run alone.
    """
    held: dict[str, str] = {}
    sources = []
    for name, source in (call.secrets or {}).items():
        if isinstance(source, Secret):
            held[_HELD.format(name)] = source.reveal()
            sources.append(f"{name}=env:{_HELD.format(name)}")
        elif isinstance(source, str) and parse_location(source) is not None:
            sources.append(f"{name}={source}")
        else:
            help = 'say where it is found, as "env:EPIC_PASSWORD", or hold a value as `Secret(value)`'
            raise UsageError(f"`secrets` has no source for `{name}`; its text is not repeated here", help=help)
    world = system_backends()
    world = replace(world, environ={**world.environ, **held})
    files = [f"{name}={os.fspath(path)}" for name, path in (call.files or {}).items()]
    return RawArguments((), dict(encode_inputs(one, call)), sources, files), world


def check_types(one: FunctionDeclaration[..., Any], call: PythonCall) -> None:
    """Hold the inputs against the annotations, which may say more than their schemas. Raises UsageError, which shows
    no value.
    """
    from pydantic import TypeAdapter, ValidationError

    annotations = {
        name: found.annotation for name, found in read_parameters(one.function) if isinstance(found, FunctionParameter)
    }
    for name, value in {**call.option("inputs", {}), **call.inputs}.items():
        if value is None or name not in annotations:
            continue
        try:
            TypeAdapter(make_portable(annotations[name])).validate_python(value)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            below = "".join(f".{key}" for key in first["loc"])
            raise UsageError(
                f"`{one.name}` cannot run: input `{name}{below}`: {first['msg']}", help="nothing was sent"
            ) from None


def encode_inputs(one: FunctionDeclaration[..., Any] | TaskReference, call: PythonCall) -> Iterator[tuple[str, Any]]:
    given = {**call.option("inputs", {}), **call.inputs}
    parameters = inspect.signature(one.function).parameters if one.function else {}
    for name, value in given.items():
        if value is None and name in parameters and parameters[name].default is None:
            continue
        if isinstance(value, Secret):
            raise UsageError(
                f"the secret `{name}` is given as an input", help=f"hand it over as `secrets={{{name!r}: …}}`"
            )
        written = CapturedValue(lambda _: None, lambda _: None)
        if written.capture(value) is DROPPED:
            fault = written.problems[0]
            raise UsageError(f"the input `{name}`: {fault.message}", help=fault.help)
        yield name, written.data


def _project_root(file: Path, project: str | None) -> Path:
    if project is not None:
        return find_root(Path(project))
    if file.is_file():
        try:
            return find_root(file.parent)
        except UsageError:
            pass
    return find_root(Path.cwd())
