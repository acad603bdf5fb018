"""The request of a chain or a single run, made of a bundle, its arguments, and the ids of the target. Pure but for the
reader of assets that is handed in. Secrets go into the sensitive fields and into nothing else.
"""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import Any, Literal

from cyberflow.compiler.bundle import ASSET, AssetReader, Bundle, BundledChain, BundledWorkflow
from cyberflow.compiler.refs import find_refs
from cyberflow.diagnostics import join_names
from cyberflow.errors import UsageError
from cyberflow.hidden import hide
from cyberflow.run.chain.interpolate import Interpolator, resolve_refs
from cyberflow.run.chain.overrides import RunOverrides
from cyberflow.run.chain.placement import RunPlacement, TargetIds, lookup_id, placement
from cyberflow.run.inputs.arguments import (
    Arguments,
    file_argument_name,
    files_of,
    missing_file,
    raise_problems,
)
from cyberflow.run.inputs.hints import Hint, HintedText
from cyberflow.run.inputs.inputs import describe_faults
from cyberflow.schema.values import ABSENT, EMPTY

MEGABYTE = 1_000_000
MOST_FILE_BYTES = 25 * MEGABYTE
"""The files of one submission: as text inside JSON they take about ten times their size in memory on the way."""


@dataclass(frozen=True)
class RunRequest:
    """A filled request, ready to be sent. `steps` are (id, workflow) in the order of the runs; `outputs` holds the
    refs that make the result of a chain, None when the result is the run's own outputs. `inputs` are what filled it,
    `output_schemas` what the steps declare, by step; `given_files` says that files of this machine are in it.
    """

    name: str
    kind: Literal["chain", "run"]
    body: Mapping[str, Any] = field(repr=False)
    steps: tuple[tuple[str, str], ...]
    outputs: Mapping[str, Any] | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    output_schemas: Mapping[str, Any] = field(default_factory=dict, repr=False)
    given_files: bool = False


@dataclass(frozen=True)
class RequestParts:
    """What a request is made of besides its declaration. `encoded` keeps files as they are sent, for the next request
    made of the same files.
    """

    bundle: Bundle
    arguments: Arguments
    ids: TargetIds
    assets: AssetReader
    where: RunPlacement = field(default_factory=RunPlacement)
    overrides: RunOverrides = field(default_factory=RunOverrides)
    encoded: dict[str, str] = field(default_factory=dict, repr=False)


def fill_request(what: BundledChain | BundledWorkflow, parts: RequestParts) -> tuple[RunRequest, list[str]]:
    """Fill a request and tell everything that does not fit; with nothing to tell it can be sent. Raises UsageError for
    what has nothing to do with values: a session that is missing, a name that the target does not know.
    """
    return _fill_chain(what, parts) if isinstance(what, BundledChain) else _fill_run(what, parts)


def chain_request(chain: BundledChain, parts: RequestParts) -> RunRequest:
    """Fill a chain. Raises UsageError when a filled value does not fit, with every one that does not."""
    made, problems = _fill_chain(chain, parts)
    raise_problems(chain, problems)
    return made


def _fill_chain(chain: BundledChain, parts: RequestParts) -> tuple[RunRequest, list[str]]:
    where, request = parts.where, chain.request
    if chain.session and where.session_id is None:
        help = f"its steps use {join_names(chain.session)} of a session that is already there"
        lead = f"`{chain.name}` goes on in a session: give it with "
        raise UsageError(HintedText(lead, Hint("session")), help=help)
    plain = Interpolator(parts.arguments.inputs)
    steps = [_StepRequest(step, chain, parts, plain) for step in request["steps"]]
    filled = [step.build() for step in steps]
    files = list(_files(files_of(chain), parts, plain))
    outputs = {
        key: value
        for key, data in chain.outputs.items()
        if (value := plain.value(data, f"output `{key}`")) is not ABSENT
    }
    problems = [problem for step in steps for problem in step.problems]
    body = {
        **{key: value for key, value in request.items() if key not in _PLACES},
        "steps": filled,
        **({"shared_file_inputs": files} if files else {}),
        **placement(chain, parts.where, parts.ids),
    }
    parts.overrides.refuse_for_chain(chain.name)
    if parts.overrides.priority:
        body["is_priority"] = True
    body["keep_session_after_completion"] = bool(body.get("keep_session_after_completion")) or where.keep_session
    names = tuple((step.alias, step.workflow.name) for step in steps)
    schemas = {step.alias: schema for step in steps if (schema := output_schema(step.workflow)) is not None}
    given = bool(parts.arguments.files)
    made = RunRequest(chain.name, "chain", body, names, outputs, parts.arguments.inputs, schemas, given)
    return made, list(dict.fromkeys([*plain.problems, *problems]))


def run_request(workflow: BundledWorkflow, parts: RequestParts) -> RunRequest:
    """Fill a single run of a workflow. In a session, joined or kept, its outputs have the workflow's name as alias.

    A session that was joined is released after the run unless it is kept, as a chain does. Raises as `chain_request`.
    """
    made, problems = _fill_run(workflow, parts)
    raise_problems(workflow, problems)
    return made


def _fill_run(workflow: BundledWorkflow, parts: RequestParts) -> tuple[RunRequest, list[str]]:
    where, given = parts.where, parts.arguments
    plain = Interpolator(given.inputs)
    files = list(_files(files_of(workflow), parts, plain))
    body: dict[str, Any] = {
        "workflow_id": lookup_id(parts.ids.workflows, workflow.name, "workflow"),
        "input_values": dict(given.inputs),
        **({"sensitive_input_values": hide(given.secrets)} if given.secrets else {}),
        **({"file_inputs": files} if files else {}),
        **placement(workflow, parts.where, parts.ids),
        **parts.overrides.body(),
    }
    if where.session_id is not None or where.keep_session:
        body |= {"session_alias": workflow.name, "release_session_after": not where.keep_session}
        body |= {"start_session": True} if where.session_id is None else {}
    step = (workflow.name, workflow.name)
    schema = output_schema(workflow)
    schemas = {} if schema is None else {workflow.name: schema}
    made = RunRequest(workflow.name, "run", body, (step,), None, given.inputs, schemas, bool(given.files))
    return made, plain.problems


def output_schema(workflow: BundledWorkflow) -> Any:
    """The declared outputs of a workflow as JSON Schema, None where it declares none."""
    written = workflow.payload.get("output_schema")
    return _read_schema(written) if isinstance(written, str) else None


_read_schema = lru_cache(1024)(json.loads)
"""The schemas of a batch are the same for every row."""


_PLACES = frozenset({"steps", "shared_file_inputs", "machine_id", "pool_ids", "session_id"})


@dataclass
class _StepRequest:
    """One step of a chain's request being filled."""

    written: Mapping[str, Any]
    chain: BundledChain
    parts: RequestParts
    plain: Interpolator
    problems: list[str] = field(default_factory=list)

    @property
    def alias(self) -> str:
        return str(self.written["session_alias"])

    @cached_property
    def workflow(self) -> BundledWorkflow:
        name = self.written["workflow_id"]
        found = self.parts.bundle.workflow(name)
        if found is None:
            raise UsageError(f"the bundle has no workflow `{name}`, which step `{self.alias}` runs")
        return found

    def build(self) -> dict[str, Any]:
        secret = Interpolator(self.parts.arguments.inputs, self.parts.arguments.secrets, self.problems)
        inputs = self._values("inputs", "input", self.plain)
        secrets = self._values("sensitive_inputs", "secret", secret)
        for name, declared in self.workflow.inputs.items():
            if name not in inputs and "default" in declared["schema"] and not self._is_from_machine(name):
                inputs[name] = copy.deepcopy(declared["schema"]["default"])
        self.problems += self._input_faults(inputs)
        self.problems += self._secret_faults(secrets)
        return {
            "workflow_id": lookup_id(self.parts.ids.workflows, self.workflow.name, "workflow"),
            "session_alias": self.alias,
            **({"inputs": inputs} if inputs else {}),
            **({"sensitive_inputs": hide(secrets)} if secrets else {}),
        }

    def _values(self, key: str, word: str, filler: Interpolator) -> dict[str, Any]:
        written = self.written.get(key) or {}
        values = {name: filler.value(data, self._describe_place(word, name)) for name, data in written.items()}
        if self.parts.arguments.finished_outputs:
            values = {
                name: resolve_refs(value, self.parts.arguments.finished_outputs, keep=True)
                for name, value in values.items()
            }
        return {name: value for name, value in values.items() if value is not ABSENT}

    def _describe_place(self, word: str, name: str) -> str:
        return f"step `{self.alias}`, {word} `{name}`"

    def _is_from_machine(self, name: str) -> bool:
        return name in self.workflow.from_machine or name in self.chain.from_machine

    def _input_faults(self, inputs: Mapping[str, Any]) -> Iterator[str]:
        for name, declared in self.workflow.inputs.items():
            value = inputs.get(name, EMPTY)
            if value != EMPTY:
                noun = f"step `{self.alias}`, input"
                yield from describe_faults(
                    noun, name, declared["schema"], value, refs=[at for at, _ in find_refs(value)]
                )
            elif declared["required"] and (name in inputs or not self._is_from_machine(name)):
                yield f"{self._describe_place('input', name)} gets no value, and `{self.workflow.name}` requires it"

    def _secret_faults(self, secrets: Mapping[str, Any]) -> Iterator[str]:
        for name, declared in self.workflow.secrets.items():
            if name in secrets:
                noun = f"step `{self.alias}`, secret"
                yield from describe_faults(noun, name, declared["schema"], secrets[name], secret=True)
            elif declared["required"] and not self._is_from_machine(f"${name}"):
                yield f"{self._describe_place('secret', name)} gets no value, and `{self.workflow.name}` requires it"


def _files(files: Sequence[Mapping[str, Any]], parts: RequestParts, filler: Interpolator) -> Iterator[dict[str, Any]]:
    """Bundled files as the service takes them: content in base64, the token-free path on the machine."""
    size = 0
    for file in files:
        name = file_argument_name(file)
        if name is not None:
            given = parts.arguments.files.get(name)
            if given is None:
                filler.problems.append(missing_file(name))
                continue
            filename, size = given.filename, size + len(given.content)
            key, read = f"file {name}", partial(bytes, given.content)
        else:
            sha256 = str(file["content"]).removeprefix(ASSET)
            asset = parts.bundle.asset(sha256)
            filename = file.get("filename") or (asset.filename if asset else sha256)
            size += asset.size if asset else 0
            key, read = sha256, partial(parts.assets, sha256)
        if size > MOST_FILE_BYTES:
            filler.problems.append(
                f"with `{filename}` the files are {size / MEGABYTE:.1f} MB, and they travel inside the submission: "
                f"{MOST_FILE_BYTES // MEGABYTE} MB is the most"
            )
            return
        target = file.get("target_path")
        yield {
            "filename": filename,
            "content": _encode(parts, key, read),
            **({"target_path": filler.text(target, f"the target of file `{filename}`")} if target else {}),
            "cleanup_imports_after_run": bool(file.get("cleanup_imports_after_run")),
        }


def _encode(parts: RequestParts, name: str, read: Callable[[], bytes]) -> str:
    if name not in parts.encoded:
        parts.encoded[name] = b64encode(read()).decode()
    return parts.encoded[name]
