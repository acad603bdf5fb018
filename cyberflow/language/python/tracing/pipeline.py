"""Running a pipeline's function once: as of a chain, and its steps run chains, tasks and pipelines too, call functions,
wait, and go over lists.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, ClassVar, Literal

from cyberflow.language.python import signature
from cyberflow.language.python.declarations import CalledWorkflow
from cyberflow.language.python.signature import UnreadableAnnotation
from cyberflow.language.python.tracing.capture import DROPPED, CapturedValue
from cyberflow.language.python.tracing.frames import user_position
from cyberflow.language.python.tracing.symbols import DECIDE, Misuse, Origin, Symbol, current_trace, origin_of
from cyberflow.language.python.tracing.trace import Trace, TracedStep
from cyberflow.late import dataclass
from cyberflow.source import Route

_CONDITION = "hand it to a step as `when=` or `unless=`, or let a `call` decide"


class StepFile:
    """A file of a step, to be handed on under `files=`."""

    def __init__(self, step: str, key: str) -> None:
        self.step, self.key = step, key

    def __repr__(self) -> str:
        return f"<file {self.key} of {self.step}>"


class StepFiles:
    """The files of a step, by the names they get when it runs."""

    def __init__(self, step: str) -> None:
        self._step = step

    def __getitem__(self, key: str) -> StepFile:
        return StepFile(self._step, key)


class TaskStep:
    """A task as a step: it has files, and no typed outputs."""

    def __init__(self, step: str) -> None:
        self.step, self.files = step, StepFiles(step)


class WaitStep(TaskStep):
    """A wait as a step: it can be waited for in turn, with `after=`."""


@dataclass
class PipelineTrace(Trace):
    """One pipeline being run. `called` are the functions its steps call, by name."""

    kind: ClassVar[Literal["chain", "pipeline"]] = "pipeline"

    called: dict[str, Callable[..., Any]] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)

    def refuse(self, origin: Origin, message: str, help: str) -> None:
        message = message.replace("the chain", "the pipeline")
        if "iterated" in message:
            help = "run a step for each of its entries: `each(items, lambda item: …)`"
        super().refuse(origin, message, _CONDITION if help == DECIDE else help)

    def step(self, workflow: CalledWorkflow, alias: str, args: tuple[Any, ...], inputs: dict[str, Any]) -> Symbol:
        found = super().step(workflow, alias, args, inputs)
        self.steps[-1] = replace(self.steps[-1], key="run")
        return found

    def session_outputs(self, workflow: CalledWorkflow, alias: str) -> Symbol:  # noqa: ARG002 - as a chain has it
        help = "run a chain that begins the session"
        raise Misuse(f"`{workflow.name}` is read from a session, and a pipeline has none", help)

    def task(self, name: str, alias: str, inputs: Mapping[str, Any]) -> TaskStep:
        """Add a step that runs a task."""
        secrets = {one for one, value in inputs.items() if isinstance(value, Symbol) and _is_secret(value)}
        self._add(TracedStep(alias, name, self._values(inputs, secrets), frozenset(secrets), (), None, None, "run"))
        return TaskStep(alias)

    def call(self, function: Callable[..., Any], alias: str, args: tuple[Any, ...], inputs: dict[str, Any]) -> Symbol:
        """Add a step that calls a function."""
        if not function.__qualname__.isidentifier():
            help = "write it with `def`, at the top of a module under `python:`"
            raise Misuse("`call` takes a function that has a name of its own in a module", help)
        name = f"{_module_name(function.__module__)}:{function.__qualname__}"
        self.called[name] = function
        positional = list(inspect.signature(function).parameters)[: len(args)]
        values = self._values({**dict(zip(positional, args, strict=True)), **inputs}, ())
        self._add(TracedStep(alias, name, values, frozenset(), tuple(positional), None, None, "call"))
        return Symbol(Origin(self, "output", alias, (), _return_type(function)))

    def wait(self, alias: str, wait: Mapping[str, Any] | str, answer: Any = None) -> Any:
        """Add a step that waits; `answer` is the type of what a signal brings."""
        data: Any = wait
        if not isinstance(wait, str):
            data = {key: self._data(value, ("wait", key)) for key, value in wait.items() if value is not None}
            if answer is not None:
                data["outputs"] = _outputs(answer)
        self._add(TracedStep(alias, "", {}, frozenset(), (), None, None, "wait", {"wait": data}))
        return WaitStep(alias) if answer is None else Symbol(Origin(self, "output", alias, (), answer))

    def each(self, items: Any, do: Callable[[Any], Any], key: Any, more: Mapping[str, Any]) -> Any:
        """Have the step that `do` makes run for each item."""
        name = next(iter(inspect.signature(do).parameters), "item")
        kind = origin_of(items).type if isinstance(items, Symbol) else None
        item = Symbol(Origin(self, "input", name, (), signature.resolve_member(kind, 0, attribute=False)[1]))
        before = len(self.steps)
        found = do(item)
        if len(self.steps) != before + 1:
            message = f"`each` runs one step for each item, and this makes {len(self.steps) - before}"
            help = "have it run a chain, a workflow or a task, or `call` a function"
            if len(self.steps) > before:
                help = "put several into a chain or a pipeline of their own, and run that"
            raise Misuse(message, help)
        step = self.steps[-1]
        data: dict[str, Any] = {"each": {name: self._data(items, ("each", name))}}
        if key is not None:
            data["key"] = f"<{name}.{key}>" if isinstance(key, str) else self._data(key(item), ("key",))
        self.steps[-1] = replace(step, more={**step.more, **data})
        self.set_options(more)
        self.lists.add(step.alias)
        return found

    def pluck(self, items: Any, choose: Callable[[Any], Any]) -> Any:
        """One output of each item of a step."""
        origin = origin_of(items) if isinstance(items, Symbol) else None
        if origin is None or origin.kind != "output" or origin.keys or origin.root not in self.lists:
            help = "`each` gives one; a list inside an output is handed on as it is"
            raise Misuse("`pluck` takes one output out of what `each` gave", help)
        return choose(items)

    def set_options(self, options: Mapping[str, Any]) -> None:
        """Add to the last step what stands in it besides."""
        step = self.steps[-1]
        made: dict[str, Any] = {}
        for key, value in options.items():
            if value is None or (key == "on_failure" and value == "stop"):
                continue
            if key == "after":
                made[key] = [_step_name(one) for one in value]
            elif key == "files":
                made[key] = {name: _file(one) for name, one in value.items()}
            else:
                made[key] = self._data(value, (key,))
        made = {key: value for key, value in made.items() if value not in ([], {})}
        self.steps[-1] = replace(step, more={**step.more, **made})

    def _output_names(self, origin: Origin) -> Sequence[str] | None:
        if not origin.keys and origin.root in self.lists:
            help = "name one: `pluck(filed, lambda one: one.receipt)`"
            raise Misuse(f"`{origin.root}` gave one set of outputs for each item", help)
        if not origin.keys and origin.root not in self._called:  # what a function or an answer gives
            return signature.field_names(origin.type) or super()._output_names(origin)
        return super()._output_names(origin)

    def _values(self, inputs: Mapping[str, Any], secrets: Any) -> dict[str, CapturedValue]:
        written = {name: self._capture(value) for name, value in inputs.items()}
        for name, one in written.items():
            self._note_problems(one, ("steps", len(self.steps), "secrets" if name in secrets else "inputs", name))
        return written

    def _note_problems(self, written: CapturedValue, route: Route) -> None:
        for index, fault in enumerate(written.problems):
            if StepFile.__name__ in fault.message:
                message, help = "a file of a step is not a value", "give it to a step under `files=`"
                written.problems[index] = replace(fault, message=message, help=help)
        super()._note_problems(written, route)

    def _data(self, value: Any, route: tuple[str, ...]) -> Any:
        written = self._capture(value)
        self._note_problems(written, ("steps", max(len(self.steps) - 1, 0), *route))
        return None if written.data is DROPPED else written.data

    def _add(self, step: TracedStep) -> None:
        self.check_name(step.alias)
        self.steps.append(replace(step, position=user_position(self.files)))


def pipeline_trace(word: str) -> PipelineTrace:
    """The trace of the pipeline that is being read. Raises Misuse outside one."""
    trace = current_trace()
    if not isinstance(trace, PipelineTrace):
        raise Misuse(f"`{word}` is called outside a pipeline", "call it in a function under `@pipeline`")
    return trace


def files_of(step: object) -> StepFiles:
    """The files of a step that runs a chain or workflow: its attachments, by name."""
    return StepFiles(_step_name(step))


def _step_name(step: object) -> str:
    if isinstance(step, str):
        return step
    if isinstance(step, TaskStep):
        return step.step
    if isinstance(step, Symbol) and origin_of(step).kind == "output":
        return origin_of(step).root
    raise Misuse("this is not a step", 'name what a step gave, or the step itself: `after=["release"]`')


def _file(value: Any) -> Any:
    if isinstance(value, StepFile):
        from cyberflow.language.prompt.paths import format_path

        return {"$ref": format_path(f"{value.step}.files", (value.key,))}
    if isinstance(value, str):
        return value
    help = 'name a file of a step, as `art.files["9.images.0"]`, a file of the project, or `<name>`'
    raise Misuse("this is not a file", help)


def _is_secret(symbol: Symbol) -> bool:
    return origin_of(symbol).kind == "secret"


def _return_type(function: Callable[..., Any]) -> Any:
    try:
        return signature.read_outputs(function)[0]
    except UnreadableAnnotation:
        return None


def _outputs(answer: Any) -> Any:
    try:
        return signature.outputs_of(answer)
    except UnreadableAnnotation as problem:
        raise Misuse(problem.message, problem.help) from problem


def _module_name(key: str) -> str:
    """The name of a module, also of one that was imported by its path."""
    return key.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
