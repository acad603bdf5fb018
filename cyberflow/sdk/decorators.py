"""The decorators `@workflow` and `@chain`, and `workflow_ref`: what a Python file declares with, and what the declared
functions do when they are called or run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, Unpack, cast, overload

from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.language.python.declarations import FunctionDeclaration, WorkflowReference
from cyberflow.language.python.keywords import (
    ChainKeywords,
    PipelineKeywords,
    PipelineRunOptions,
    RunOptions,
    StepKeywords,
    WorkflowKeywords,
)
from cyberflow.language.python.tracing.frames import call_site
from cyberflow.language.python.tracing.symbols import Misuse, Tracer, current_trace
from cyberflow.sdk.run_methods import FileArguments, O, RunMethods, SecretSources

if TYPE_CHECKING:
    from cyberflow.sdk.call import PythonCall
    from cyberflow.sdk.handle import Handle

P = ParamSpec("P")
R = TypeVar("R")
_INNER_UNDERSCORES = re.compile(r"(?<=[^_])_+(?=[^_])")


class RunnableFunction(FunctionDeclaration[P, R], RunMethods[R, O], Generic[P, R, O]):
    """A decorated function with the ways to run it."""

    async def _run(self, call: PythonCall) -> R:
        from cyberflow.sdk.handle import arun

        return await arun(self, call)

    def step(self, alias: str, **options: Unpack[StepKeywords]) -> StepDeclaration[P, R]:
        """Name the step: a second call of one thing needs a name of its own. Options are those of pipelines."""
        return StepDeclaration(self, alias, options)

    def submit(
        self,
        *,
        target: str | None = None,
        secrets: SecretSources | None = None,
        files: FileArguments | None = None,
        options: RunOptions | None = None,
        **inputs: Any,
    ) -> Handle[R]:
        """Submit and do not follow; the handle does when asked."""
        from cyberflow.sdk import handle
        from cyberflow.sdk.call import PythonCall

        return handle.submit(self, PythonCall(target, secrets, files, options, inputs))


class WorkflowDeclaration(RunnableFunction[P, R, RunOptions]):
    """A workflow. Inside a chain a call is a step, and what it returns stands for the outputs."""

    kind = "workflow"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return cast("R", _require_trace(self.name).step(self, self.name, args, kwargs))

    def in_session(self, alias: str) -> R:
        """The outputs of a run that the session already holds; the chain names it in its `session`."""
        return cast("R", _require_trace(self.name).session_outputs(self, alias))


class StepDeclaration(Generic[P, R]):
    """A workflow under the name of a step."""

    def __init__(
        self, workflow: RunnableFunction[P, R, Any] | WorkflowRef, alias: str, options: StepKeywords | None = None
    ) -> None:
        self._workflow = workflow
        self._alias = alias
        self._options = options or {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        trace = _require_trace(self._workflow.name)
        found = trace.step(self._workflow, self._alias, args, kwargs)
        trace.set_options(cast("Mapping[str, Any]", self._options))
        return cast("R", found)


class ComposedFunction(RunnableFunction[P, R, O]):
    """A chain or a pipeline: its function says in which order the steps are run."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """In a pipeline, a step."""
        trace = current_trace()
        if trace is not None and trace.kind == "pipeline":
            return cast("R", trace.step(self, self.name, args, kwargs))
        if trace is not None:
            raise Misuse(f"`{self.name}` is a {self.kind}, and a step runs a workflow", "call its workflows here")
        raise Misuse(f"the {self.kind} `{self.name}` is called", f"run it: `{self.function.__name__}.run(...)`")


class ChainDeclaration(ComposedFunction[P, R, RunOptions]):
    """A chain. Its function runs once, when the project is read, with symbols for its parameters."""

    kind = "chain"


class PipelineDeclaration(ComposedFunction[P, R, PipelineRunOptions]):
    """A pipeline. Its function runs once, when the project is read, with symbols for its parameters."""

    kind = "pipeline"

    async def _run(self, call: PythonCall) -> R:
        from cyberflow.sdk.pipelines.from_python import arun_pipeline

        return await arun_pipeline(self, call)

    if not TYPE_CHECKING:

        def submit(self, **_given: Any) -> Any:
            help = "`run` goes on to its end; the ledger of it can be left and resumed"
            raise UsageError("a pipeline is driven by the program that runs it, and cannot be submitted", help=help)


class WorkflowRef(WorkflowReference):
    """A workflow that is declared elsewhere, by name. It decorates a function that gives its types, or is called."""

    @overload
    def __call__(self, function: Callable[P, R], /) -> WorkflowDeclaration[P, R]: ...
    @overload
    def __call__(self, **inputs: Any) -> Any: ...
    def __call__(self, *args: Any, **inputs: Any) -> Any:
        if len(args) == 1 and not inputs and _is_function(args[0]):
            declaration = WorkflowDeclaration(args[0], self.name, {})
            declaration.reference_position = self.reference_position
            return declaration
        return _require_trace(self.name).step(self, self.name, args, inputs)

    def step(self, alias: str, **options: Unpack[StepKeywords]) -> StepDeclaration[..., Any]:
        return StepDeclaration(self, alias, options)

    def in_session(self, alias: str) -> Any:
        return _require_trace(self.name).session_outputs(self, alias)


def workflow_ref(name: str) -> WorkflowRef:
    """Refer to a workflow that is declared in YAML or in another module.

    `workflow_ref("patient-lookup")(mrn=…)` is a step; `@workflow_ref("patient-lookup")` above a function whose
    parameters and return type are those of the workflow makes a typed one, as `cyberflow stubs` writes them.
    """
    return WorkflowRef(name, call_site())


@overload
def workflow(function: Callable[P, R], /) -> WorkflowDeclaration[P, R]: ...
@overload
def workflow(**keywords: Unpack[WorkflowKeywords]) -> Callable[[Callable[P, R]], WorkflowDeclaration[P, R]]: ...
def workflow(function: Callable[..., Any] | None = None, /, **keywords: Any) -> Any:
    """Declare a workflow: its parameters are the inputs and secrets, its return type the outputs.

    The docstring is the prompt, or `prompt=` names its file. The body is never run.
    """
    return _decorate(WorkflowDeclaration, WorkflowKeywords, function, keywords)


@overload
def chain(function: Callable[P, R], /) -> ChainDeclaration[P, R]: ...
@overload
def chain(**keywords: Unpack[ChainKeywords]) -> Callable[[Callable[P, R]], ChainDeclaration[P, R]]: ...
def chain(function: Callable[..., Any] | None = None, /, **keywords: Any) -> Any:
    """Declare a chain: each call of a workflow in its body is a step, and what it returns are its outputs."""
    return _decorate(ChainDeclaration, ChainKeywords, function, keywords)


@overload
def pipeline(function: Callable[P, R], /) -> PipelineDeclaration[P, R]: ...
@overload
def pipeline(**keywords: Unpack[PipelineKeywords]) -> Callable[[Callable[P, R]], PipelineDeclaration[P, R]]: ...
def pipeline(function: Callable[..., Any] | None = None, /, **keywords: Any) -> Any:
    """Declare a pipeline: each call in its body is a step, and what it returns are its outputs."""
    return _decorate(PipelineDeclaration, PipelineKeywords, function, keywords)


def _decorate(
    declaration: type[WorkflowDeclaration[..., Any] | ChainDeclaration[..., Any] | PipelineDeclaration[..., Any]],
    known: Any,
    function: Callable[..., Any] | None,
    keywords: Mapping[str, Any],
) -> Any:
    word = declaration.kind
    for keyword in keywords:
        if keyword not in known.__annotations__:
            raise Misuse(f"`@{word}` takes no `{keyword}`", did_you_mean(keyword, known.__annotations__))

    def declare(function: Callable[..., Any]) -> Any:
        if not _is_function(function):
            kind = "class" if isinstance(function, type) else type(function).__name__
            raise Misuse(f"`@{word}` decorates a function", f"this is a `{kind}`")
        rest = {key: value for key, value in keywords.items() if key != "name"}
        return declaration(function, keywords.get("name", declared_name(function)), rest)

    return declare if function is None else declare(function)


def declared_name(function: Callable[..., Any]) -> str:
    """The name that a function has in the project: its own, inner `_` as `-`."""
    return _INNER_UNDERSCORES.sub(lambda match: "-" * len(match[0]), function.__name__)


def _is_function(value: Any) -> bool:
    return callable(value) and hasattr(value, "__code__")


def _require_trace(name: str) -> Tracer:
    trace = current_trace()
    if trace is None:
        raise Misuse(f"`{name}` is called outside a chain", f"run it: `{name.replace('-', '_')}.run(...)`")
    return trace
