"""Running a chain's function once, with symbols: every call of a workflow becomes a step, and what it returns becomes
the outputs. What is refused on the way is noted with where it stands.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Container, Coroutine, Generator, Mapping, Sequence
from dataclasses import field
from typing import Any, ClassVar, Literal

from cyberflow.language.model import NAME
from cyberflow.language.python import signature
from cyberflow.language.python.declarations import CalledWorkflow, FunctionDeclaration
from cyberflow.language.python.signature import FunctionParameter, UnreadableAnnotation
from cyberflow.language.python.tracing.capture import DROPPED, CapturedValue
from cyberflow.language.python.tracing.frames import Position, user_position
from cyberflow.language.python.tracing.interfaces import WorkflowInterface, WorkflowInterfaces
from cyberflow.language.python.tracing.symbols import (
    BROKEN,
    MARK,
    NO_TEXT,
    PASS,
    Misuse,
    Origin,
    Symbol,
    TraceAborted,
    call_with_trace,
    origin_of,
)
from cyberflow.late import dataclass
from cyberflow.source import Route

_STRING = "an f-string holds inputs of the chain only"


@dataclass(frozen=True)
class TraceRefusal:
    """A finding of a trace, where a frame stood or at a route of the chain."""

    message: str
    help: str
    where: Position | Route | None
    origin: Origin | None = None


@dataclass(frozen=True)
class TracedStep:
    """One call: its values, which of them are secrets, where it stands. `positional` names what came without a name;
    `named` is where a workflow that is declared elsewhere was referred to.
    """

    alias: str
    workflow: str
    values: Mapping[str, CapturedValue]
    secrets: frozenset[str]
    positional: tuple[str, ...]
    position: Position | None
    named: Position | None
    key: str = "workflow"
    more: Mapping[str, Any] = field(default_factory=dict)
    """What else stands in the step, as data."""


@dataclass
class Trace:
    """One chain being run. `interfaces` are of the workflows it may call; `files` are those with frames of the user."""

    kind: ClassVar[Literal["chain", "pipeline"]] = "chain"

    chain: FunctionDeclaration[..., Any]
    files: Container[str]
    interfaces: WorkflowInterfaces
    steps: list[TracedStep] = field(default_factory=list)
    refusals: list[TraceRefusal] = field(default_factory=list)
    outputs: dict[str, CapturedValue] = field(default_factory=dict)
    broken: bool = False
    workflows: list[FunctionDeclaration[..., Any]] = field(default_factory=list)
    _marks: list[Origin] = field(default_factory=list)
    _called: dict[str, WorkflowInterface] = field(default_factory=dict)

    def run(self, parameters: Sequence[FunctionParameter]) -> None:
        """Call the function. Raises what the user's code raises."""
        function = self.chain.function
        symbols = {one.name: Symbol(Origin(self, one.kind, one.name, (), one.annotation)) for one in parameters}
        ordered = inspect.signature(function).parameters.values()
        first = [symbols.pop(one.name) for one in ordered if one.kind is one.POSITIONAL_ONLY]
        try:
            returned = call_with_trace(self, lambda: function(*first, **symbols))
            if isinstance(returned, Coroutine | Generator | AsyncGenerator):
                getattr(returned, "close", bool)()
                raise Misuse(
                    f"a {self.chain.kind} is a plain function", "write `def` without `async`, `await` and `yield`"
                )
            self._take_outputs(returned)
        except TraceAborted:
            self.broken = True

    def refuse(self, origin: Origin, message: str, help: str) -> None:
        self.broken = True
        one = TraceRefusal(message, help, user_position(self.files), origin)
        again = message.endswith(NO_TEXT) and any(
            before.where == one.where and before.message.endswith(NO_TEXT) for before in self.refusals
        )  # `print(a, b)` is one mistake
        if origin.kind != "broken" and not again:
            self.refusals.append(one)

    def position(self) -> Position | None:
        return user_position(self.files)

    def resolve_member(self, type: Any, key: str | int, *, attribute: bool) -> tuple[str | int, Any]:
        found: tuple[str | int, Any] = signature.resolve_member(type, key, attribute=attribute)
        return found

    def mark(self, origin: Origin) -> str:
        if origin.kind == "broken":
            return BROKEN
        if origin.kind == "secret":
            self.refuse(origin, f"the secret `{origin.display_name}` stands in a text: {_STRING}", PASS[origin.kind])
            return BROKEN
        if origin.kind == "output":
            self.refuse(origin, f"`{origin.display_name}` stands in a text: {_STRING}", PASS[origin.kind])
            return BROKEN
        self._marks.append(origin)
        return MARK.format(f"{id(self)}.{len(self._marks) - 1}")

    def step(self, workflow: CalledWorkflow, alias: str, args: tuple[Any, ...], inputs: dict[str, Any]) -> Symbol:
        self.check_name(alias)
        known = self._interface(workflow)
        if len(args) > len(known.positional):
            message = f"`{workflow.name}` takes {len(known.positional)} inputs by position, not {len(args)}"
            raise Misuse(message, "name each: `mrn=…`")
        positional = known.positional[: len(args)]
        values = {**dict(zip(positional, args, strict=True)), **inputs}
        given = {name: value for name, value in values.items() if not (value is None and name in known.omitted)}
        secrets = _secret_names(known, given)
        written = {name: self._capture(value) for name, value in given.items()}
        for name, one in written.items():
            self._note_problems(one, ("steps", len(self.steps), "secrets" if name in secrets else "inputs", name))
        where = user_position(self.files), workflow.reference_position
        self.steps.append(TracedStep(alias, workflow.name, written, secrets, positional, *where))
        return self._output_symbol(known, alias)

    def check_name(self, alias: Any) -> None:
        """Raise Misuse for what cannot name a step."""
        if not isinstance(alias, str) or not NAME.fullmatch(alias):
            help = "letters, digits, `_` and `-`, a letter first"
            raise Misuse(f"`{alias!s:.80}` cannot be the name of a step", help)

    def set_options(self, options: Mapping[str, Any]) -> None:
        """Refuse what stands in a step besides what it runs. Raises Misuse."""
        for name in options:
            raise Misuse(f"`{name}` is of steps in a pipeline", "a chain runs each step, in order")

    def session_outputs(self, workflow: CalledWorkflow, alias: str) -> Symbol:
        return self._output_symbol(self._interface(workflow), alias)

    def _output_symbol(self, known: WorkflowInterface, alias: str) -> Symbol:
        self._called[alias] = known
        return Symbol(Origin(self, "output", alias, (), known.annotation))

    def _interface(self, workflow: CalledWorkflow) -> WorkflowInterface:
        if isinstance(workflow, FunctionDeclaration) and not any(one is workflow for one in self.workflows):
            self.workflows.append(workflow)
        return self.interfaces.of(workflow)

    def _capture(self, value: Any) -> CapturedValue:
        written = CapturedValue(self._origin_of_mark, self._output_names)
        written.capture(value)
        return written

    def _note_problems(self, written: CapturedValue, route: Route) -> None:
        self.broken = self.broken or written.data is DROPPED
        for fault in written.problems:
            self.refusals.append(TraceRefusal(fault.message, fault.help, (*route, *fault.route)))

    def _origin_of_mark(self, name: str) -> Origin | None:
        trace, _, index = name.partition(".")
        return self._marks[int(index)] if trace == str(id(self)) and index.isdecimal() else None

    def _output_names(self, origin: Origin) -> Sequence[str] | None:
        """The names below a whole `outputs`; None for a symbol that is a value of its own."""
        if origin.keys:
            return None
        known = self._called.get(origin.root)
        if known is None or known.outputs is None:
            help = 'name them: `return {"mrn": found.mrn}`'
            raise Misuse(f"nothing says which outputs `{origin.root}` has", help)
        return known.outputs

    def _take_outputs(self, returned: Any) -> None:
        if returned is None:
            return
        if isinstance(returned, Symbol) and origin_of(returned).kind == "broken":
            return
        named = self._outputs_by_name(returned)
        if named is None:
            help = "return what a step returned, a model made by `model_construct`, a dataclass or a dict of outputs"
            self.refusals.append(TraceRefusal(f"a {self.chain.kind} returns its outputs by name", help, ("outputs",)))
            self.broken = True
            return
        for name, value in named.items():
            self.outputs[name] = self._capture(value)
            self._note_problems(self.outputs[name], ("outputs", name))
        self._check_completeness()

    def _outputs_by_name(self, returned: Any) -> Mapping[str, Any] | None:
        if isinstance(returned, Symbol):
            origin = origin_of(returned)
            names = (
                signature.field_names(origin.type)
                if origin.keys or origin.kind != "output"
                else self._output_names(origin)
            )
            return None if names is None else {name: returned[name] for name in names}
        if isinstance(returned, Mapping) and all(isinstance(key, str) for key in returned):
            return returned
        return signature.field_values(returned) if signature.field_names(type(returned)) is not None else None

    def _check_completeness(self) -> None:
        """Whether the outputs have every field that the return type requires."""
        try:
            _, declared = signature.read_outputs(self.chain.function)
        except UnreadableAnnotation:
            return
        lacking = [name for name in declared or () if not name.endswith("?") and name not in self.outputs]
        lacking = [name for name in lacking if "default" not in (declared or {})[name]]
        if lacking and not self.broken:
            shown = ", ".join(f"`{name}`" for name in lacking)
            help = "name each in what is returned, or return another type"
            self.refusals.append(
                TraceRefusal(
                    f"the {self.chain.kind} returns no {shown}, which its return type requires", help, ("outputs",)
                )
            )


def _secret_names(known: WorkflowInterface, values: Mapping[str, Any]) -> frozenset[str]:
    """The names that are secrets: the declared ones, and one that is none of the inputs but is handed a secret."""
    symbols = {name: origin_of(value) for name, value in values.items() if isinstance(value, Symbol)}
    handed = {name for name, origin in symbols.items() if origin.kind == "secret"}
    return known.secrets | (handed - known.inputs)
