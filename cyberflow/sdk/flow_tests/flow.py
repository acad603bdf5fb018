"""A declaration played in a Python test, with typed outputs: what the pytest fixture `flow` is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from cyberflow.compiler.bundle import Bundle
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language.flow_tests.model import DEFAULT_AT, read_instant
from cyberflow.language.python.declarations import FunctionDeclaration
from cyberflow.run.inputs.arguments import FileArgument
from cyberflow.run.simulation import check_mocks
from cyberflow.sdk.call import PythonCall, check_types, compile_declaration, encode_inputs
from cyberflow.sdk.flow_tests.suite import stage_of
from cyberflow.sdk.handle import run_blocking, validate_outputs
from cyberflow.sdk.project import CompiledProject, compile_project
from cyberflow.testing.play import Played, PlayedStep, PlayScript, play
from cyberflow.testing.stage import Stage

R = TypeVar("R")


@dataclass(frozen=True)
class FlowRun(Generic[R]):
    """One run as it went. `steps` are by id, those inside others as
    `OUTER/INNER`, each with its `status`, `inputs`, `outputs`, `prompt` and `error`.
    """

    played: Played
    declaration: FunctionDeclaration[..., R] | None = None

    @property
    def status(self) -> str:
        return self.played.status

    @property
    def steps(self) -> Mapping[str, PlayedStep]:
        return self.played.all_steps

    @property
    def error(self) -> str | None:
        """Why the first step that did not go well did not."""
        return self.played.trouble

    @property
    def outputs(self) -> R:
        """The outputs as the declaration types them. Raises CyberflowError for a run that did not go well."""
        if self.status != self.played.well:
            said = f": {self.error}" if self.error else ""
            raise CyberflowError(f"`{self.played.name}` ended in `{self.status}` and has no outputs{said}")
        if self.declaration is None:
            made: R = self.played.outputs
            return made
        return validate_outputs(self.declaration, self.played.outputs)


@dataclass
class FlowFixture:
    """Plays declarations: `flow(intake, simulate={…}, patient=…)`, or a name of the project, `flow("intake", …)`. What
    was compiled once serves all calls. `project` is where a name is looked up.
    """

    project: Path = field(default_factory=Path.cwd)
    _compiled: dict[tuple[str, str, str | None], tuple[CompiledProject, Stage]] = field(
        default_factory=dict, repr=False
    )

    @overload
    def __call__(
        self,
        declaration: FunctionDeclaration[..., R],
        /,
        *,
        simulate: Mapping[str, Any] | None = None,
        machine: Mapping[str, Any] | None = None,
        files: Mapping[str, str | PathLike[str]] | None = None,
        at: str | datetime = DEFAULT_AT,
        target: str | None = None,
        **inputs: Any,
    ) -> FlowRun[R]: ...
    @overload
    def __call__(
        self,
        declaration: str,
        /,
        *,
        simulate: Mapping[str, Any] | None = None,
        machine: Mapping[str, Any] | None = None,
        files: Mapping[str, str | PathLike[str]] | None = None,
        at: str | datetime = DEFAULT_AT,
        target: str | None = None,
        **inputs: Any,
    ) -> FlowRun[Any]: ...
    def __call__(self, declaration: Any, /, **given: Any) -> FlowRun[Any]:
        """Play a declaration and give the run. Secrets are made up. Raises UsageError for what a run would be refused
        for, and for a simulation that could never come true.
        """
        __tracebackhide__ = True
        try:
            return self._play(declaration, given)
        except UsageError as error:  # the caller's line is what is wrong, not what lies below it
            if error.help:
                error.add_note(error.help)
            raise error.with_traceback(None) from None

    def _play(self, declaration: Any, given: dict[str, Any]) -> FlowRun[Any]:
        options = {key: given.pop(key, None) for key in ("simulate", "machine", "files", "at", "target")}
        one = declaration if isinstance(declaration, FunctionDeclaration) else None
        call = PythonCall(options["target"], None, None, None, given)
        compiled, stage = self._prepare(declaration, one, call)
        name = declaration if one is None else one.name
        _refuse_stranger(name, compiled.bundle)
        if one is not None:
            check_types(one, call)
        mocks = options["simulate"] or {}
        check_mocks(mocks, name, compiled.bundle)
        at = options["at"] or DEFAULT_AT
        script = PlayScript(
            name,
            read_instant(at) if isinstance(at, str) else at,
            dict(given) if one is None else dict(encode_inputs(one, call)),
            {
                key: FileArgument(Path(path).name, Path(path).read_bytes())
                for key, path in (options["files"] or {}).items()
            },
            options["machine"] or {},
            mocks,
        )
        return FlowRun(run_blocking(play(stage, script)), one)

    def _prepare(
        self, declaration: Any, one: FunctionDeclaration[..., Any] | None, call: PythonCall
    ) -> tuple[CompiledProject, Stage]:
        """The project around a declaration, and its stage."""
        name = declaration if one is None else one.name
        if not isinstance(name, str):
            raise UsageError("`flow` plays a declaration, or a name of the project", help="`flow(intake, …)`")
        where = str(self.project) if one is None else one.function.__code__.co_filename
        if (where, name, call.target) not in self._compiled:
            compiled = compile_project(self.project, call.target) if one is None else compile_declaration(one, call)
            stage = run_blocking(stage_of(compiled, frozenset({name})))
            self._compiled[where, name, call.target] = compiled, stage
        return self._compiled[where, name, call.target]


def _read_files(paths: Mapping[str, str | PathLike[str]]) -> Iterator[tuple[str, FileArgument]]:
    for name, path in paths.items():
        yield name, FileArgument(Path(path).name, Path(path).read_bytes())


def _refuse_stranger(name: str, bundle: Bundle) -> None:
    kinds = (bundle.chains, bundle.workflows, bundle.tasks, bundle.pipelines)
    known = [declared.name for kind in kinds for declared in kind]
    if name not in known:
        raise UsageError(f"the project declares no `{name}`", help=did_you_mean(name, known))
