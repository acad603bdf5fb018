"""Running a chain's function once, with symbols: every call of a workflow becomes a step, and what it returns becomes
the outputs. What is refused on the way is noted with where it stands.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Container, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cyberflow.language.model import NAME
from cyberflow.language.python import signature
from cyberflow.language.python.capture import DROPPED, Written
from cyberflow.language.python.declare import Chain, Workflow
from cyberflow.language.python.frames import Position, caller
from cyberflow.language.python.interfaces import Interface, Interfaces
from cyberflow.language.python.signature import Parameter, Unreadable
from cyberflow.language.python.symbols import (
    BROKEN,
    MARK,
    NO_TEXT,
    PASS,
    Misuse,
    Origin,
    Refused,
    Symbol,
    follow,
    origin_of,
)
from cyberflow.source import Route

_STRING = "an f-string holds inputs of the chain only"


@dataclass(frozen=True)
class Refusal:
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
    values: Mapping[str, Written]
    secrets: frozenset[str]
    positional: tuple[str, ...]
    position: Position | None
    named: Position | None


@dataclass
class Trace:
    """One chain being run. `interfaces` are of the workflows it may call; `files` are those with frames of the user."""

    chain: Chain[..., Any]
    files: Container[str]
    interfaces: Interfaces
    steps: list[TracedStep] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    outputs: dict[str, Written] = field(default_factory=dict)
    broken: bool = False
    used: list[Workflow[..., Any]] = field(default_factory=list)
    _marks: list[Origin] = field(default_factory=list)
    _called: dict[str, Interface] = field(default_factory=dict)

    def run(self, parameters: Sequence[Parameter]) -> None:
        """Call the function. Raises what the user's code raises."""
        function = self.chain.function
        symbols = {one.name: Symbol(Origin(self, one.kind, one.name, (), one.annotation)) for one in parameters}
        ordered = inspect.signature(function).parameters.values()
        first = [symbols.pop(one.name) for one in ordered if one.kind is one.POSITIONAL_ONLY]
        try:
            returned = follow(self, lambda: function(*first, **symbols))
            if isinstance(returned, Coroutine | Generator | AsyncGenerator):
                getattr(returned, "close", bool)()
                raise Misuse("a chain is a plain function", "write `def` without `async`, `await` and `yield`")
            self._finish(returned)
        except Refused:
            self.broken = True

    def refuse(self, origin: Origin, message: str, help: str) -> None:
        self.broken = True
        one = Refusal(message, help, caller(self.files), origin)
        again = message.endswith(NO_TEXT) and any(
            before.where == one.where and before.message.endswith(NO_TEXT) for before in self.refusals
        )  # `print(a, b)` is one mistake
        if origin.kind != "broken" and not again:
            self.refusals.append(one)

    def position(self) -> Position | None:
        return caller(self.files)

    def below(self, type: Any, key: str | int, *, attribute: bool) -> tuple[str | int, Any]:
        found: tuple[str | int, Any] = signature.below(type, key, attribute=attribute)
        return found

    def mark(self, origin: Origin) -> str:
        if origin.kind == "broken":
            return BROKEN
        if origin.kind == "secret":
            self.refuse(origin, f"the secret `{origin.shown}` stands in a text: {_STRING}", PASS[origin.kind])
            return BROKEN
        if origin.kind == "output":
            self.refuse(origin, f"`{origin.shown}` stands in a text: {_STRING}", PASS[origin.kind])
            return BROKEN
        self._marks.append(origin)
        return MARK.format(f"{id(self)}.{len(self._marks) - 1}")

    def step(self, workflow: Any, alias: str, args: tuple[Any, ...], inputs: dict[str, Any]) -> Symbol:
        if not isinstance(alias, str) or not NAME.fullmatch(alias):
            raise Misuse(
                f"`{alias!s:.80}` cannot be the name of a step", "letters, digits, `_` and `-`, a letter first"
            )
        known = self._interface(workflow)
        if len(args) > len(known.positional):
            message = f"`{workflow.name}` takes {len(known.positional)} inputs by position, not {len(args)}"
            raise Misuse(message, "name each: `mrn=…`")
        positional = known.positional[: len(args)]
        values = {**dict(zip(positional, args, strict=True)), **inputs}
        given = {name: value for name, value in values.items() if not (value is None and name in known.omitted)}
        secrets = _secrets(known, given)
        written = {name: self._write(value) for name, value in given.items()}
        for name, one in written.items():
            self._faults(one, ("steps", len(self.steps), "secrets" if name in secrets else "inputs", name))
        where = caller(self.files), workflow.named
        self.steps.append(TracedStep(alias, workflow.name, written, secrets, positional, *where))
        return self._outputs(known, alias)

    def joined(self, workflow: Any, alias: str) -> Symbol:
        return self._outputs(self._interface(workflow), alias)

    def _outputs(self, known: Interface, alias: str) -> Symbol:
        self._called[alias] = known
        return Symbol(Origin(self, "output", alias, (), known.annotation))

    def _interface(self, workflow: Any) -> Interface:
        if isinstance(workflow, Workflow) and not any(one is workflow for one in self.used):
            self.used.append(workflow)
        return self.interfaces.of(workflow)

    def _write(self, value: Any) -> Written:
        written = Written(self._marked, self._members)
        written.write(value)
        return written

    def _faults(self, written: Written, route: Route) -> None:
        self.broken = self.broken or written.data is DROPPED
        for fault in written.faults:
            self.refusals.append(Refusal(fault.message, fault.help, (*route, *fault.route)))

    def _marked(self, name: str) -> Origin | None:
        trace, _, index = name.partition(".")
        return self._marks[int(index)] if trace == str(id(self)) and index.isdecimal() else None

    def _members(self, origin: Origin) -> Sequence[str] | None:
        """The names below a whole `outputs`; None for a symbol that is a value of its own."""
        if origin.keys:
            return None
        known = self._called.get(origin.root)
        if known is None or known.outputs is None:
            help = 'name them: `return {"mrn": found.mrn}`'
            raise Misuse(f"nothing says which outputs `{origin.root}` has", help)
        return known.outputs

    def _finish(self, returned: Any) -> None:
        if returned is None:
            return
        if isinstance(returned, Symbol) and origin_of(returned).kind == "broken":
            return
        named = self._named(returned)
        if named is None:
            help = "return what a step returned, a model made by `model_construct`, a dataclass or a dict of outputs"
            self.refusals.append(Refusal("a chain returns its outputs by name", help, ("outputs",)))
            self.broken = True
            return
        for name, value in named.items():
            self.outputs[name] = self._write(value)
            self._faults(self.outputs[name], ("outputs", name))
        self._complete()

    def _named(self, returned: Any) -> Mapping[str, Any] | None:
        if isinstance(returned, Symbol):
            origin = origin_of(returned)
            names = (
                signature.field_names(origin.type) if origin.keys or origin.kind != "output" else self._members(origin)
            )
            return None if names is None else {name: returned[name] for name in names}
        if isinstance(returned, Mapping) and all(isinstance(key, str) for key in returned):
            return returned
        return signature.fields(returned) if signature.field_names(type(returned)) is not None else None

    def _complete(self) -> None:
        """Whether the outputs have every field that the return type requires."""
        try:
            _, declared = signature.outputs(self.chain.function)
        except Unreadable:
            return
        lacking = [name for name in declared or () if not name.endswith("?") and name not in self.outputs]
        lacking = [name for name in lacking if "default" not in (declared or {})[name]]
        if lacking and not self.broken:
            shown = ", ".join(f"`{name}`" for name in lacking)
            help = "name each in what is returned, or return another type"
            self.refusals.append(
                Refusal(f"the chain returns no {shown}, which its return type requires", help, ("outputs",))
            )


def _secrets(known: Interface, values: Mapping[str, Any]) -> frozenset[str]:
    """The names that are secrets: the declared ones, and one that is none of the inputs but is handed a secret."""
    symbols = {name: origin_of(value) for name, value in values.items() if isinstance(value, Symbol)}
    handed = {name for name, origin in symbols.items() if origin.kind == "secret"}
    return known.secrets | (handed - known.inputs)
