"""Breaking changes of schemas: who calls a workflow whose input became narrower, who reads an output that may now be
missing or something else. Pure; only what a witness proves is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyberflow.compiler.bundle import Bundle, BundledChain
from cyberflow.compiler.refs import Ref, find_refs, read_ref
from cyberflow.deploy.plan.model import BreakingChange
from cyberflow.diagnostics import join_names
from cyberflow.schema.subtype.assign import NotAssignable, check_assignable
from cyberflow.schema.values import ABSENT


def find_breaking_changes(
    bundle: Bundle, workflow: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[BreakingChange]:
    """Compare two states of a workflow, fields in canonical form, and name who depends on the difference."""
    narrowed = _explain_narrower_input(_schema(before, "input_schema"), _schema(after, "input_schema"))
    changed = dict(_wider_outputs(_schema(before, "output_schema"), _schema(after, "output_schema")))
    users = 0
    for chain in bundle.chains:
        for step in chain.request["steps"]:
            if step["workflow_id"] == workflow and narrowed:
                users += 1
                yield BreakingChange(chain.name, step["session_alias"], narrowed)
        for step, key in _output_readers(chain, workflow):
            if key in changed:
                users += 1
                yield BreakingChange(chain.name, step, changed[key])
    for found in _find_in_pipelines(bundle, workflow, narrowed, changed):
        users += 1
        yield found
    if not users and (narrowed or changed):
        yield BreakingChange(None, None, "; ".join(filter(None, (narrowed, *changed.values()))))


def _find_in_pipelines(
    bundle: Bundle, workflow: str, narrowed: str, changed: Mapping[str, str]
) -> Iterator[BreakingChange]:
    """Pipelines that run the workflow, or read what chains and other pipelines pass on of its outputs."""
    passed = {workflow: dict(changed)}
    for chain in bundle.chains:
        aliases = _aliases(chain, workflow)
        passed[chain.name] = _passed_on(chain.outputs, dict.fromkeys(aliases, changed))
    for _ in bundle.pipelines:
        for pipeline in bundle.pipelines:
            read = {step.id: passed.get(step.run or "", {}) for step in pipeline.steps}
            passed[pipeline.name] = _passed_on(pipeline.outputs, read)
    for pipeline in bundle.pipelines:
        read = {step.id: passed.get(step.run or "", {}) for step in pipeline.steps}
        for step in pipeline.steps:
            if step.run == workflow and narrowed:
                yield BreakingChange(None, step.id, narrowed, pipeline.name)
            values = [step.inputs, step.each and step.each.items, step.condition and step.condition.value]
            for reason in dict.fromkeys(_passed_on(dict(enumerate(values)), read).values()):
                yield BreakingChange(None, step.id, reason, pipeline.name)
        for reason in dict.fromkeys(_passed_on(pipeline.outputs, read).values()):
            yield BreakingChange(None, None, reason, pipeline.name)


def _passed_on(values: Mapping[Any, Any], read: Mapping[str, Mapping[str, str]]) -> dict[Any, str]:
    """The values that read a changed output, and what changed."""
    found: dict[Any, str] = {}
    for name, value in values.items():
        refs = [ref for _, one in find_refs(value) if isinstance(ref := read_ref(one), Ref)]
        for ref in refs:
            if ref.output in read.get(ref.alias, {}):
                found.setdefault(name, read[ref.alias][ref.output])
    return found


def _schema(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    schema = fields.get(name)
    return schema if isinstance(schema, dict) else {}


def _explain_narrower_input(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Why an input that was accepted would now be refused; empty when that is not proven."""
    if not after or not before:
        needed = after.get("required") or []
        return f"{_names_are(needed)} now required" if needed and not before else ""
    new = [name for name in after.get("required") or [] if name not in (before.get("required") or [])]
    if new:
        return f"{_names_are(new)} now required"
    for name, wanted in (after.get("properties") or {}).items():
        had = (before.get("properties") or {}).get(name)
        if had is not None and isinstance(
            answer := check_assignable(_with_definitions(had, before), _with_definitions(wanted, after)), NotAssignable
        ):
            return f"the input `{name}` no longer takes {answer.witness_text}"
    return ""


def _wider_outputs(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The outputs whose readers may be surprised, and why."""
    there = after.get("properties") or {}
    for name, had in (before.get("properties") or {}).items():
        if name not in there:
            yield name, f"the output `{name}` is gone"
            continue
        sure = name in (before.get("required") or []) and name not in (after.get("required") or [])
        answer = check_assignable(
            _with_definitions(there[name], after), _with_definitions(had, before), may_be_absent=sure
        )
        if isinstance(answer, NotAssignable):
            now = "may now be absent" if answer.witness is ABSENT else f"may now be {answer.witness_text}"
            yield name, f"the output `{name}` {now}"


def _with_definitions(schema: Any, root: Mapping[str, Any]) -> Any:
    defs = root.get("$defs")
    return {**schema, "$defs": defs} if defs and isinstance(schema, dict) else schema


def _output_readers(chain: BundledChain, workflow: str) -> Iterator[tuple[str | None, str]]:
    """The steps that read an output of a workflow, with the output's name; None stands for the chain's own outputs."""
    aliases = _aliases(chain, workflow)
    for step in chain.request["steps"]:
        yield from ((step["session_alias"], key) for key in _output_keys(step.get("inputs"), aliases))
    yield from ((None, key) for key in _output_keys(chain.outputs, aliases))


def _aliases(chain: BundledChain, workflow: str) -> set[str]:
    """The aliases of a chain under which the workflow's outputs are kept."""
    aliases = {step["session_alias"] for step in chain.request["steps"] if step["workflow_id"] == workflow}
    return aliases | {alias for alias, name in chain.session.items() if name == workflow}


def _output_keys(value: Any, aliases: set[str]) -> list[str]:
    refs = (read_ref(found) for _, found in find_refs(value))
    return list(dict.fromkeys(ref.output for ref in refs if isinstance(ref, Ref) and ref.alias in aliases))


def _names_are(names: list[str]) -> str:
    return f"{join_names(names)} {'is' if len(names) == 1 else 'are'}"
