"""Checks the cases of test files: what they run, what they give, what they script, and what they expect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from cyberflow.compiler.flow_tests.expectations import find_expectation_faults
from cyberflow.compiler.flow_tests.faults import Fault, member_type, unknown_word, value_faults
from cyberflow.compiler.flow_tests.mocks import find_mock_faults, is_invalid_on_purpose
from cyberflow.compiler.flow_tests.step_names import explain_unknown, find_by_name
from cyberflow.compiler.flow_tests.subject import Node, Subject
from cyberflow.compiler.graph import Graph, WorkflowNode
from cyberflow.compiler.interface import Callee, FieldSet
from cyberflow.compiler.queries.lookalikes import has_unread_declaration
from cyberflow.diagnostics import Diagnostic, Label, did_you_mean, fix_name, nearest
from cyberflow.language.flow_tests.cases import Case, ReadTests, is_matcher
from cyberflow.language.flow_tests.model import ANY
from cyberflow.late import dataclass
from cyberflow.schema.values import EMPTY, Schema

_SECTIONS = ("workflows", "chains", "tasks", "pipelines")
_TEXT: Schema = {"type": "string"}


def check_tests(tests: ReadTests, graphs: Mapping[str, Graph], default: str) -> Iterator[Diagnostic]:
    """Everything that is wrong with the tests of a project. `graphs` are by target; the one of `default` stands for a
    target without its own.
    """
    yield from tests.problems
    for case in tests.cases:
        name = case.target or default
        graph = graphs.get(name) or graphs[default if default in graphs else next(iter(graphs))]
        known = {"local", *graph.project.settings.targets}
        if case.target is not None and case.target not in known:
            help = did_you_mean(case.target, known)
            place, message = case.at("target"), f"there is no target `{case.target}`"
            yield Diagnostic("missing-key", message, place, help=help, fix=fix_name(place, case.target, known))
        yield from check_case(case, graph)


def check_case(case: Case, graph: Graph) -> Iterator[Diagnostic]:
    """Everything that is wrong with one case."""
    subject = Subject.find(case.run, graph)
    if subject is not None:
        yield from _CaseCheck(case, subject).findings()
        return
    documents = graph.project.files.documents
    if case.run and not any(has_unread_declaration(case.run, section, documents) for section in _SECTIONS):
        known = [*graph.chains, *graph.workflows, *graph.tasks, *graph.pipelines]
        message, help = f"there is no chain, workflow, task or pipeline `{case.run}`", did_you_mean(case.run, known)
        fix = fix_name(case.at("run"), case.run, known)
        yield Diagnostic("unknown-workflow", message, case.at("run"), help=help, fix=fix)


@dataclass(frozen=True)
class _CaseCheck:
    """One case beside what it runs."""

    case: Case
    subject: Subject

    def findings(self) -> Iterator[Diagnostic]:
        yield from self._input_findings()
        yield from self._secret_findings()
        yield from self._file_findings()
        yield from self._machine_findings()
        if self.subject.is_readable:
            yield from self._mock_findings()
        yield from self._expectation_findings()

    def _finding(self, fault: Fault, owner: FieldSet | None = None, home: Node | Callee | None = None) -> Diagnostic:
        place = self.case.at(*fault.keys)
        labels: tuple[Label, ...] = ()
        declared = owner.fields.get(fault.declared or "") if owner else None
        if declared is not None:
            labels = (Label(declared.place.at_key(), "declared here"),)
        elif home is not None and fault.rule in ("unknown-output", "unknown-input") and fault.part == "key":
            word = fault.rule.removeprefix("unknown-") + "s"
            if isinstance(home, Callee):
                declares, whole = bool((home.outputs if word == "outputs" else home.inputs).fields), home.place
            else:
                declares, whole = word in home.body.model_fields_set, home.definition.place
            place_of = home.at(word) if declares else whole
            labels = (Label(place_of.at_key(), "declared here" if declares else f"declares no `{word}`"),)
        place = place.at_key() if fault.part == "key" else place
        fix = fix_name(place, fault.word, fault.known) if fault.known else None
        found = Diagnostic(fault.rule, fault.message, place, note=fault.note, labels=labels, notes=fault.notes)
        return replace(found, help=fault.help, fix=fix)

    def _input_findings(self) -> Iterator[Diagnostic]:
        case, node = self.case, self.subject.node
        given, fields = case.get("inputs"), node.inputs
        if not fields.known or "inputs" in case.broken:
            return
        for name, value in given.items():
            field = fields.fields.get(name)
            if field is None:
                yield self._unknown_input(name)
                continue
            for fault in value_faults(node.name, name, value, field.schema):
                yield self._finding(fault.below("inputs", name), fields)
        misspelt = {nearest(name, fields.fields) for name in given if name not in fields}
        for name, field in fields.fields.items():
            if (
                field.required
                and "default" not in field.schema
                and name not in (*self.subject.machine_fields, *misspelt)
                and given.get(name, EMPTY) == EMPTY
            ):
                labels = (Label(field.place.at_key(), "declared here"),)
                message = f"`{node.name}` needs the input `{name}`, and this test gives none"
                place = case.at("inputs") if "inputs" in case.data else case.place
                help = f"write `inputs: {{{name}: …}}`"
                yield Diagnostic("missing-input", message, place.at_key(), labels=labels, help=help)

    def _unknown_input(self, name: str) -> Diagnostic:
        node = self.subject.node
        help = did_you_mean(name, node.inputs.fields)
        if name in node.secrets:
            help = f"it is a secret: write `secrets: {{{name}: any}}`, or nothing at all"
        label = Label(node.definition.place.at_key(), f"declares no input `{name}`")
        message = f"`{node.name}` has no input `{name}`"
        place = self.case.at("inputs", name).at_key()
        fix = None if name in node.secrets else fix_name(place, name, node.inputs.fields)
        return Diagnostic("unknown-input", message, place, labels=(label,), help=help, fix=fix)

    def _secret_findings(self) -> Iterator[Diagnostic]:
        node = self.subject.node
        for name in self.case.get("secrets") if node.secrets.known else ():
            if name not in node.secrets:
                message, help = f"`{node.name}` has no secret `{name}`", did_you_mean(name, node.secrets.fields)
                place = self.case.at("secrets", name).at_key()
                fix = fix_name(place, name, node.secrets.fields)
                yield Diagnostic("unknown-secret", message, place, help=help, fix=fix)

    def _file_findings(self) -> Iterator[Diagnostic]:
        files = self.subject.graph.project.files
        for name, path in self.case.get("files").items():
            place = self.case.at("files", name)
            if name not in self.subject.files:
                message = f"`{self.subject.name}` asks for no file `{name}`"
                help = did_you_mean(name, self.subject.files)
                fix = fix_name(place.at_key(), name, self.subject.files)
                yield Diagnostic("unknown-input", message, place.at_key(), help=help, fix=fix)
            elif path != ANY and isinstance(found := files.find(path, place), Diagnostic):
                yield found

    def _machine_findings(self) -> Iterator[Diagnostic]:
        subject = self.subject
        for name, value in self.case.get("machine").items():
            place, field = self.case.at("machine", name), subject.machine_fields.get(name)
            if name.startswith("$") and value != ANY:
                help, note = "write `any`: a test needs no secret", "this is in git for ever"
                yield Diagnostic("secret-in-source", f"`{name}` holds a literal secret", place, note=note, help=help)
            elif field is None:
                near = did_you_mean(name, subject.machine_fields)
                fix = fix_name(place.at_key(), name, subject.machine_fields)
                if any(name.removeprefix("$") in one.fields_of(_kind(name)) for one in subject.callees):
                    fix, near = None, f"say that machines supply it: `from_machine: [{name}]`"
                message = f"no machine supplies `{name}` to `{subject.name}`"
                yield Diagnostic("unknown-input", message, place.at_key(), help=near, fix=fix)
            elif not name.startswith("$"):
                for fault in value_faults(subject.name, name, value, field.schema):
                    yield self._finding(fault.below("machine", name), FieldSet({name: field}))

    def _mock_findings(self) -> Iterator[Diagnostic]:
        subject = self.subject
        found = find_mock_faults(self.case.get("simulate"), subject.mock_targets, subject.name)
        for fault in found:
            name = str(fault.keys[0])
            named = subject.graph.workflows.get(name)
            callee = find_by_name(name, subject.all_steps) or (named.callee if named else None)
            yield self._finding(fault.below("simulate"), callee.outputs if callee else None, callee)

    def _expectation_findings(self) -> Iterator[Diagnostic]:
        expect, subject = self.case.get("expect"), self.subject
        yield from map(self._finding, _status_faults(expect, subject.statuses, ("expect",)))
        if self._breaks_types:
            return
        fields = subject.node.outputs if isinstance(subject.node, WorkflowNode) else None
        for fault in _values_faults(subject.name, expect.get("outputs"), subject.outputs, "unknown-output"):
            yield self._finding(fault.below("expect", "outputs"), fields, subject.node)
        for id, step in (expect.get("steps") or {}).items() if subject.is_readable else ():
            yield from self._step_findings(str(id), step)

    @property
    def _breaks_types(self) -> bool:
        """Whether a mock gives what its type forbids, so that what comes of it may be anything."""
        mocks = self.case.get("simulate").values()
        return any(isinstance(one, Mapping) and is_invalid_on_purpose(one.get("outputs")) for one in mocks)

    def _step_findings(self, id: str, step: Mapping[str, Any]) -> Iterator[Diagnostic]:
        subject, keys = self.subject, ("expect", "steps", id)
        workflow = find_by_name(id, subject.all_steps)
        if not subject.has_step(id):
            word, candidates, help = explain_unknown(id, subject.all_steps)
            message, place = f"`{subject.name}` has no step `{id}`", self.case.at(*keys).at_key()
            fix = fix_name(place, word, candidates) if word == id else None
            yield Diagnostic("unknown-step", message, place, help=help, fix=fix)
            return
        yield from map(self._finding, _status_faults(step, subject.statuses, keys))
        if "prompt" in step and workflow is not None and workflow.kind != "workflow":
            help = f"of a step in it, write `{id}/STEP`" if workflow.kind in ("chain", "pipeline") else None
            message = f"`{id}` is a {workflow.kind}, and has no prompt of its own"
            yield self._finding(Fault(("prompt",), "unknown-key", message, "key", help=help).below(*keys))
        for key in ("prompt", "error"):
            found = find_expectation_faults(id, key, step[key], _TEXT) if step.get(key) is not None else ()
            yield from (self._finding(fault.below(*keys, key)) for fault in found)
        for key, schema, fields in (
            ("inputs", subject.step_inputs(id), workflow.inputs if workflow else None),
            ("outputs", subject.step_outputs(id), workflow.outputs if workflow else None),
        ):
            for fault in _values_faults(id, step.get(key), schema, f"unknown-{key[:-1]}"):
                yield self._finding(fault.below(*keys, key), fields, workflow)


def _status_faults(expect: Mapping[str, Any], statuses: tuple[str, ...], keys: tuple[str, ...]) -> Iterable[Fault]:
    value = expect.get("status")
    if value is None:
        return
    if isinstance(value, str) and value not in statuses:
        fault = unknown_word(("status",), value, statuses)
        yield fault.below(*keys)
    else:
        found = find_expectation_faults(keys[-1], "status", value, {"type": "string", "enum": [*statuses]})
        yield from (one.below(*keys, "status") for one in found)


def _values_faults(owner: str, value: Any, schema: Schema | None, rule: str) -> Iterator[Fault]:
    """What keeps named values, outputs or inputs, from being what is expected."""
    if value is None or schema is None:
        return
    if not isinstance(value, Mapping) or is_matcher(value):
        yield from find_expectation_faults(owner, rule.removeprefix("unknown-") + "s", value, schema)
        return
    for key, item in value.items():
        member = member_type(owner, str(key), schema, rule)
        if isinstance(member, Fault):
            yield member.below(key)
        elif member is not None:
            yield from (fault.below(key) for fault in find_expectation_faults(owner, str(key), item, member))


def _kind(name: str) -> Any:
    return "secret" if name.startswith("$") else "input"
