"""The dataflow of chains: each value that a step, or a default, hands to a declared input, with both types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from cyberflow.compiler.graph import ChainNode, Graph, StepNode, TokenUse, Value, WorkflowNode
from cyberflow.compiler.interface import Field
from cyberflow.compiler.queries.refs import closes_cycle
from cyberflow.compiler.refs import Keys, Ref
from cyberflow.schema.literal_types import TEXT, literal_schema
from cyberflow.schema.normal_form import ObjectSchema
from cyberflow.schema.paths import FoundType, UnknownPath, lookup
from cyberflow.schema.subtype.assign import Assignability, check_assignable, check_value
from cyberflow.source import Place

ANYTHING = FoundType({})


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

    @property
    def same_type(self) -> bool:
        """Whether both sides are the same type, of which nothing need be asked."""
        return self.given is not None and self.given == self.wanted and not (self.optional and self.required)

    def cache_key(self) -> tuple[str, bool, bool]:
        """What the answer is a function of; many flows of a project ask the same."""
        return repr((self.given, self.data, self.wanted)), self.optional, self.required

    def check(self) -> Assignability:
        if self.given is None:
            return check_value(self.data, self.wanted, required=self.required)
        return check_assignable(self.given, self.wanted, may_be_absent=self.optional, required=self.required)


def flows(graph: Graph) -> Iterator[Flow]:
    """Every flow of a project, chains first."""
    for chain in graph.chains.values():
        for step in chain.steps:
            if step.workflow is not None:
                yield from _step_flows(chain, step, step.workflow)
    for workflow in graph.workflows.values():
        yield from _default_flows(f"`{workflow.name}`", workflow.inputs.fields.values())
    for chain in graph.chains.values():
        yield from _default_flows(f"`{chain.name}`", chain.inputs.fields.values())


def _step_flows(chain: ChainNode, step: StepNode, workflow: WorkflowNode) -> Iterator[Flow]:
    for name, field in workflow.inputs.fields.items():
        machine = name in (*workflow.body.from_machine, *chain.body.from_machine)
        wanted = Flow(
            name,
            f"step `{step.id}`",
            "a literal",
            step.place,
            _without_default(field.schema),
            field.place,
            field.required and not machine,
        )
        value = step.inputs.get(name)
        if value is not None:
            if not any(isinstance(use.ref, Ref) and closes_cycle(chain, step, use.ref) for use in value.refs):
                yield from _value_flows(chain, value, wanted)
        elif chain.inherits and (given := chain.inputs.fields.get(name)):
            yield _token_flow(wanted, given, FoundType(_without_default(given.schema), not given.required), given.place)


def _value_flows(chain: ChainNode, value: Value, wanted: Flow) -> Iterator[Flow]:
    at = replace(wanted, place=value.place)
    if any(isinstance(use.ref, str) for use in value.refs):
        return
    if not value.refs and not value.tokens:
        if not any(flaw.root for text in value.texts for flaw in text.flaws):
            yield replace(at, data=value.data)
        return
    known = _part_types(chain, value)
    if known is None:
        return
    if () not in known:
        yield replace(at, source="a value", given=literal_schema(value.data, known))
    elif value.refs and isinstance(ref := value.refs[0].ref, Ref):
        producer = chain.producer(ref.alias)
        declared = producer.outputs.fields.get(ref.output) if producer else None
        origin = declared.place if declared else None
        flow = replace(at, source=f"`{ref}`", place=value.refs[0].place, given=known[()].schema)
        yield replace(flow, given_place=origin, optional=known[()].optional)
    elif value.sole_token is not None and (field := chain.inputs.fields.get(value.sole_token.token.path.root)):
        yield _token_flow(at, field, known[()], value.sole_token.place)
    else:
        yield replace(at, source="a text", given=known[()].schema)


def value_type(chain: ChainNode, value: Value) -> FoundType | None:
    """What a value of a chain brings; None when a part of it names what is not known."""
    known = _part_types(chain, value)
    return None if known is None else known.get(()) or FoundType(literal_schema(value.data, known))


def _part_types(chain: ChainNode, value: Value) -> dict[Keys, FoundType] | None:
    """The types of the refs and tokens in a value, by the keys that lead to them."""
    parts = {use.keys: _ref_type(chain, use.ref) for use in value.refs if isinstance(use.ref, Ref)}
    for use in value.tokens:
        parts[use.keys] = _token_type(chain, use) if use.whole else FoundType(TEXT)
    known = {keys: found for keys, found in parts.items() if found is not None}
    return known if len(known) == len(parts) else None


def _token_flow(wanted: Flow, field: Field, found: FoundType, place: Place) -> Flow:
    made = replace(wanted, source=f"the chain's `{field.name}`", given=found.schema, optional=found.optional)
    return replace(made, place=place, given_place=field.place)


def _ref_type(chain: ChainNode, ref: Ref) -> FoundType | None:
    """What a ref brings; None when another rule has something to say about it."""
    producer = chain.producer(ref.alias)
    if producer is None or not producer.outputs.known or not producer.outputs.fields:
        return None
    found = lookup(producer.outputs_schema, ref.keys)
    if isinstance(found, UnknownPath):
        return ANYTHING
    return found if isinstance(found, FoundType) else None


def _token_type(chain: ChainNode, use: TokenUse) -> FoundType | None:
    if use.token.kind != "input" or use.token.path.root not in chain.inputs:
        return None
    field = chain.inputs.fields[use.token.path.root]
    found = lookup(_without_default(field.schema), use.token.path.keys)
    if isinstance(found, UnknownPath):
        return ANYTHING
    if isinstance(found, FoundType):
        return FoundType(found.schema, found.optional or not field.required)
    return None


def _default_flows(owner: str, fields: Any) -> Iterator[Flow]:
    for field in fields:
        if "default" in field.schema:
            wanted = _without_default(field.schema)
            place = field.place.at("default")
            yield Flow(field.name, owner, "a default", place, wanted, field.place, False, data=field.schema["default"])


def _without_default(schema: ObjectSchema) -> ObjectSchema:
    return {key: value for key, value in schema.items() if key != "default"}
