"""A call from Python as `run` wants it: the project that is meant, inputs as JSON, and where secrets are found."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from cyberflow.compiler.check import check_target
from cyberflow.compiler.compile import compile_bundle
from cyberflow.diagnostics import Diagnostic, did_you_mean
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language.discovery import find_root
from cyberflow.language.project.load import RawProject, read_project
from cyberflow.language.python.declarations import FunctionDeclaration, Secret, TaskReference
from cyberflow.language.python.keywords import RunOptions, TaskOptions
from cyberflow.language.python.reading.modules import is_reading
from cyberflow.language.python.signature import FunctionParameter, read_parameters
from cyberflow.language.python.tracing.capture import DROPPED, CapturedValue
from cyberflow.language.python.tracing.symbols import Misuse
from cyberflow.language.python.typed_dicts import make_portable
from cyberflow.run.inputs.arguments import RawArguments
from cyberflow.run.inputs.secrets import SecretBackends, parse_location, system_backends
from cyberflow.sdk.prepare import CompiledProject

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_HELD = "the Secret in `secrets`, {}"


class ProjectErrors(CyberflowError):
    """The project has errors; `found` are its findings. Exit code 1."""

    exit_code = 1

    def __init__(self, sourced: RawProject, found: list[Diagnostic]) -> None:
        lines = "".join(f"\n  {_diagnostic_line(sourced, one)}" for one in found)
        super().__init__(f"the project has errors:{lines}", help="`cyberflow check` shows where, and what to do")
        self.found = found


@dataclass(frozen=True)
class PythonCall:
    """What `run` was called with."""

    target: str | None
    secrets: Mapping[str, str | Secret] | None
    files: Mapping[str, str | PathLike[str]] | None
    options: RunOptions | TaskOptions | None
    inputs: Mapping[str, Any]

    def option(self, name: str, default: Any = None) -> Any:
        return (self.options or {}).get(name, default)

    @property
    def timeout(self) -> float | None:
        """Seconds. Raises UsageError for what is no time."""
        given = self.option("timeout")
        if given is None or isinstance(given, int | float):
            return given
        match = _DURATION.fullmatch(str(given))
        if match is None:
            raise UsageError(f"`{given}` is no time", help="give seconds, or a number and `s`, `m` or `h`: `30m`")
        return float(match[1]) * _SECONDS[match[2]]


def compile_declaration(one: FunctionDeclaration[..., Any], call: PythonCall) -> CompiledProject:
    """Compile the project that a declaration belongs to: the one around its file, else around the working directory.

    Raises ProjectErrors, and UsageError when there is no project or no such target.
    """
    made = compile_enclosing_project(inspect.unwrap(one.function).__code__.co_filename, one.name, call, RunOptions)
    if made.bundle.chain(one.name) is None and made.bundle.workflow(one.name) is None:
        help = f"list its file under `python:` in {made.sourced.root / 'cyberflow.yaml'}"
        raise UsageError(f"the project `{made.bundle.project}` does not declare `{one.name}`", help=help)
    return made


def compile_enclosing_project(file: str, name: str, call: PythonCall, known_options: Any) -> CompiledProject:
    """Compile the project around a file for a call of `name`. Raises as `compile_declaration`."""
    if is_reading():
        help = 'put it under `if __name__ == "__main__":`'
        raise Misuse(f"`{name}` is run while its project is being read", help)
    for option in sorted(set(call.options or {}) - set(known_options.__annotations__)):
        raise UsageError(f"`options` has no `{option}`", help=did_you_mean(option, known_options.__annotations__))
    sourced = read_project(_project_root(Path(file), call.option("project")))
    target = call.target or sourced.settings.default_target
    known = {"local", *sourced.settings.targets}
    if target not in known:
        raise UsageError(f"there is no target `{target}`", help=did_you_mean(target, known))
    graph, builder, found = check_target(sourced, target)
    if errors := [finding for finding in found if finding.severity == "error"]:
        raise ProjectErrors(sourced, errors)
    return CompiledProject(sourced, target, compile_bundle(graph, builder), sourced.files.by_hash)


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
    return RawArguments((), dict(_encode_inputs(one, call)), sources, files), world


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


def _encode_inputs(one: FunctionDeclaration[..., Any] | TaskReference, call: PythonCall) -> Iterator[tuple[str, Any]]:
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


def _diagnostic_line(sourced: RawProject, one: Diagnostic) -> str:
    span = sourced.sources.span(one.place)
    return f"{span.path}:{span.line}:{span.column}: {one.rule}: {one.message}"
