"""The dataflow of chains: each value that a step, or a default, hands to a declared input, with both types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cyberflow.compiler.graph import CONDITIONS, AnyCaller, CallNode, Graph, PipelineNode, PipelineStepNode
from cyberflow.compiler.interface import Callee, Field
from cyberflow.compiler.queries.refs import closes_cycle
from cyberflow.compiler.queries.value_types import input_type, part_types, ref_type, without_default
from cyberflow.compiler.refs import Ref
from cyberflow.compiler.scanned_text import Value
from cyberflow.late import dataclass
from cyberflow.schema.literal_types import literal_schema
from cyberflow.schema.normal_form import ObjectSchema
from cyberflow.schema.paths import FoundType
from cyberflow.schema.subtype.assign import Assignability, NotAssignable, check_assignable, check_value
from cyberflow.schema.values import ABSENT, Schema
from cyberflow.source import Place

_BOOLEAN: ObjectSchema = {"type": "boolean"}
_OWN_TYPES = {"when": _BOOLEAN, "unless": _BOOLEAN, "until": {"type": "string", "format": "date-time"}}


@dataclass(frozen=True)
class Flow:
    """One value on its way into one input: `given` is what may come, `wanted` what is declared. A literal has `data`
    in place of a producer's type.
    """

    name: str
    consumer: str
    source: str
    place: Place
    wanted: ObjectSchema
    wanted_place: Place
    required: bool
    given: ObjectSchema | bool | None = None
    given_place: Place | None = None
    optional: bool = False
    data: Any = None
    advice: str | None = None
    """What helps where a step may have given nothing, or null in its place."""

    def but(self, **facts: Any) -> Flow:
        """The same with other facts; there are too many for `dataclasses.replace`."""
        made = object.__new__(Flow)
        made.__dict__.update(self.__dict__, **facts)
        return made

    @property
    def same_type(self) -> bool:
        """Whether both sides are the same type, of which nothing need be asked."""
        if self.given is None or (self.optional and self.required):
            return False
        return _are_equal(self.given, self.wanted)

    def cache_key(self) -> tuple[str, bool, bool]:
        """What the answer is a function of; many flows of a project ask the same."""
        return repr((self.given, self.data, self.wanted)), self.optional, self.required

    def identity(self) -> tuple[int, int, bool, bool] | None:
        """The same for two types, which most declarations share; it holds while the flow is alive."""
        if self.given is None:
            return None
        return id(self.given), id(self.wanted), self.optional, self.required

    def check(self) -> Assignability:
        if self.given is None:
            return check_value(self.data, self.wanted, required=self.required)
        return check_assignable(self.given, self.wanted, may_be_absent=self.optional, required=self.required)


def flows(graph: Graph) -> Iterator[Flow]:
    """Every flow of a project, chains first, but for inputs that are handed down as they are declared."""
    for caller in graph.callers:
        for step in caller.steps:
            if step.callee is not None:
                yield from _step_flows(caller, step, step.callee)
            if isinstance(step, PipelineStepNode):
                yield from _own_flows(caller, step)
    for workflow in graph.workflows.values():
        yield from _default_flows(f"`{workflow.name}`", workflow.inputs.fields.values())
    for caller in graph.callers:
        yield from _default_flows(f"`{caller.name}`", caller.inputs.fields.values())


def _step_flows(caller: AnyCaller, step: CallNode, callee: Callee) -> Iterator[Flow]:
    inherited = caller.inputs_at(step, "inputs").fields if caller.inherits else {}
    for name, field in callee.inputs.fields.items():
        value, given = step.inputs.get(name), inherited.get(name)
        if value is not None:
            same = _brings_the_same(caller, step, value, field)
        else:
            same = given is None or _is_the_same(given, field)
        if same:
            continue
        machine = name in (*callee.from_machine, *caller.from_machine)
        schema, required = without_default(field.schema), field.required and not machine
        wanted = Flow(name, f"step `{step.id}`", "a literal", step.place, schema, field.place, required)
        if value is not None:
            if not any(isinstance(use.ref, Ref) and closes_cycle(caller, step, use.ref) for use in value.refs):
                yield from _value_flows(caller, step, "inputs", value, wanted)
        elif given is not None:
            yield _token_flow(caller, wanted, given, input_type(given, caller.from_machine), given.place)


def _is_the_same(given: Field, taken: Field) -> bool:
    """Whether an input of the whole is declared as the step's is, so that there is nothing to ask."""
    return (given.required or not taken.required) and _are_equal(given.schema, taken.schema)


def _brings_the_same(caller: AnyCaller, step: CallNode, value: Value, field: Field) -> bool:
    """Whether a value is one ref to an output that is declared as the input is, or of which another rule speaks."""
    if len(value.refs) != 1 or value.refs[0].keys or not isinstance(ref := value.refs[0].ref, Ref):
        return False
    found = ref_type(caller, step, "inputs", ref)
    if found is None:
        return True
    return not (found.optional and field.required) and _are_equal(found.schema, field.schema)


def _are_equal(one: Schema, other: Schema) -> bool:
    """Whether two types are one. Python holds true equal to 1: `repr` does not."""
    return one is other or (one == other and repr(one) == repr(other))


def _own_flows(caller: AnyCaller, step: PipelineStepNode) -> Iterator[Flow]:
    """What the other keys of a step take: a boolean, a moment."""
    for key, schema in _OWN_TYPES.items():
        if (value := step.others.get(key)) is not None:
            wanted = Flow(key, f"step `{step.id}`", "a literal", value.place, schema, value.place, required=True)
            yield from _value_flows(caller, step, key, value, wanted)


def _value_flows(caller: AnyCaller, step: CallNode, key: str, value: Value, wanted: Flow) -> Iterator[Flow]:
    if any(isinstance(use.ref, str) for use in value.refs):
        return
    if not value.refs and not value.tokens:
        if not any(flaw.root for text in value.texts for flaw in text.flaws):
            yield wanted.but(place=value.place, data=value.data)
        return
    known = part_types(caller, step, key, value)
    if known is None:
        return
    if () not in known:
        made = literal_schema(value.data, known)
        yield wanted.but(place=value.place, source="this value", given=made, data=value.data)
    elif value.refs and isinstance(ref := value.refs[0].ref, Ref):
        producer = caller.producer(ref.alias)
        declared = producer.outputs.fields.get(ref.output) if producer else None
        origin = declared.place if declared else None
        advice = _advise(caller, step, key, ref) if isinstance(caller, PipelineNode) else None
        yield wanted.but(
            source=f"`{ref}`",
            place=value.refs[0].place,
            given=known[()].schema,
            given_place=origin,
            optional=known[()].optional,
            advice=advice,
        )
    elif value.sole_token is not None and (
        field := caller.inputs_at(step, key).fields.get(value.sole_token.token.path.root)
    ):
        yield _token_flow(caller, wanted, field, known[()], value.sole_token.place)
    else:
        yield wanted.but(place=value.place, source="a text", given=known[()].schema)


def _advise(caller: PipelineNode, step: CallNode, key: str, ref: Ref) -> str | None:
    """What helps when the step that a ref reads was left out, or failed and was forgiven."""
    producer = caller.step(ref.alias)
    if producer is None:
        return None
    under = step.condition if isinstance(step, PipelineStepNode) and key not in CONDITIONS else None
    if producer.condition not in (None, under):
        same = f"put `{step.id}` under the same condition" if key not in CONDITIONS else "ask a step that always runs"
        return f"`{producer.id}` may be left out: {same}, or have a `call` say what then"
    if producer.asks_items and producer.step.on_failure != "continue":
        return f"an item of `{producer.id}` that its condition leaves out is null: let what takes it allow for that"
    if producer.step.on_failure == "continue":
        failed = f"an item of `{producer.id}` that failed is null" if producer.item else f"`{producer.id}` may fail"
        return f"{failed}: let what takes it allow for that, or take `on_failure: continue` away"
    return None


def _token_flow(caller: AnyCaller, wanted: Flow, field: Field, found: FoundType, place: Place) -> Flow:
    source = f"the {caller.definition.kind}'s `{field.name}`"
    if caller.inputs.fields.get(field.name) is not field:
        source = f"the item `{field.name}`"
    return wanted.but(source=source, place=place, given=found.schema, given_place=field.place, optional=found.optional)


def check_found(found: FoundType, wanted: ObjectSchema) -> Assignability:
    """Hold what a value brings against a type."""
    return check_assignable(found.schema, wanted, may_be_absent=found.optional)


def quote_value(value: Value) -> tuple[str, Place]:
    """A value as findings quote it, and where that stands."""
    if value.refs and value.refs[0].keys == ():
        return f"`{value.refs[0].written}`", value.refs[0].place
    return f"`{value.data}`" if isinstance(value.data, str) else "this value", value.place


def witness_note(answer: NotAssignable) -> tuple[str, ...]:
    """The witness of a mismatch as a line of its own, with where in it and why it does not fit."""
    where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in answer.path)
    said = bool(answer.reason) and answer.witness is not ABSENT
    reason = f"  ({where + ' ' if where else ''}{answer.reason})" if said else ""
    return (f"witness: {answer.witness_text}{reason}",)


def _default_flows(owner: str, fields: Any) -> Iterator[Flow]:
    for field in fields:
        if "default" in field.schema:
            wanted = without_default(field.schema)
            place = field.place.at("default")
            yield Flow(field.name, owner, "a default", place, wanted, field.place, False, data=field.schema["default"])
