"""Checks tasks against the Cyberun workflows that they run: names, required parameters, types, ranges, files."""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.client.cyberun.wire import ParameterRecord
from cyberflow.compiler.bundle import GIVEN_FILE
from cyberflow.compiler.graph import TaskNode
from cyberflow.compiler.queries.value_types import input_type
from cyberflow.compiler.scanned_text import Value
from cyberflow.diagnostics import Diagnostic, did_you_mean
from cyberflow.remote.inventory import RULE, Inventory
from cyberflow.remote.parameters import FILE, parameter_faults, parameter_schema
from cyberflow.schema.describe import describe, format_literal
from cyberflow.schema.literal_types import TEXT
from cyberflow.schema.paths import FoundType, lookup
from cyberflow.schema.subtype.assign import Assignability, NotAssignable, check_assignable, check_value
from cyberflow.schema.values import ABSENT
from cyberflow.source import Place


def check_task(task: TaskNode, inventory: Inventory) -> Iterator[Diagnostic]:
    """What is wrong with one task; nothing where Cyberun was not asked, or does not say what the workflow takes."""
    name, place = task.body.workflow, task.definition.at("workflow")
    if name not in inventory.cyberun_workflows:
        return
    workflow = inventory.cyberun_workflows[name]
    if workflow is None:
        bare, _, version = name.partition("@")
        no_version = f"`{bare}` has no version {version}" if version and bare in inventory.slugs else None
        help = no_version or did_you_mean(bare, inventory.slugs)
        yield Diagnostic(RULE, f"{inventory.target} has no Cyberun workflow `{name}`", place, help=help)
    elif workflow.workflow_status == "disabled":
        help = "enable it in Cyberun, or name another"
        yield Diagnostic(RULE, f"{inventory.target}: the Cyberun workflow `{name}` is disabled", place, help=help)
    elif workflow.parameters is not None:
        yield from _check_parameters(task, workflow.parameters)


def _check_parameters(task: TaskNode, declared: list[ParameterRecord]) -> Iterator[Diagnostic]:
    names = {key: None if task.files[key].startswith(GIVEN_FILE) else path for key, path in task.body.files.items()}
    spoken: set[str] = set()
    for one in parameter_faults(declared, task.parameters.keys(), names):
        spoken.add(one.key)
        yield Diagnostic(one.rule, f"`{task.name}`: {one.text}", _place(task, one.key), help=one.help)
    for parameter in declared:
        value = task.parameters.get(parameter.key)
        if value is None or parameter.key in spoken or parameter.type == FILE:
            continue
        answer = _assignability(task, value, parameter)
        if isinstance(answer, NotAssignable):
            yield _mismatch(task, parameter, value, answer)


def _place(task: TaskNode, key: str) -> Place:
    for where in ("parameters", "files"):
        if key in getattr(task.body, where):
            return task.definition.at(where, key)
    return task.definition.at("workflow")


def _assignability(task: TaskNode, value: Value, parameter: ParameterRecord) -> Assignability | None:
    schema = parameter_schema(parameter)
    if not value.tokens and not value.refs:
        return check_value(value.data, schema, required=parameter.required)
    token = value.sole_token
    if token is None:
        return check_assignable(TEXT, schema) if isinstance(value.data, str) else None
    shape = task.inputs if token.token.kind == "input" else task.secrets
    field = shape.fields.get(token.token.path.root)
    if field is None:
        return None
    given = input_type(field)
    found = lookup(given.schema, token.token.path.keys)
    if not isinstance(found, FoundType):
        return None
    optional = found.optional or given.optional
    return check_assignable(found.schema, schema, may_be_absent=optional, required=parameter.required)


def _mismatch(task: TaskNode, parameter: ParameterRecord, value: Value, answer: NotAssignable) -> Diagnostic:
    what = format_literal(value.data) if not value.tokens else str(value.data)
    message = f"the parameter `{parameter.key}` of `{task.name}` cannot take {what}"
    if answer.witness is ABSENT:
        message = f"the parameter `{parameter.key}` of `{task.name}` is required, and {what} may be absent"
    reason = f"  ({answer.reason})" if answer.reason and answer.witness is not ABSENT else ""
    note = f"the workflow takes {describe(parameter_schema(parameter))}"
    return Diagnostic(
        "type-mismatch", message, value.place, note=note, notes=(f"witness: {answer.witness_text}{reason}",)
    )
