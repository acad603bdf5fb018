"""Compiles the bundle of a graph without errors: what is sent, field by field."""

from __future__ import annotations

from typing import Any

from cyberflow.compiler.assets import AssetCollector
from cyberflow.compiler.build import CHECK_TEXTS, GraphBuilder
from cyberflow.compiler.bundle import GIVEN_FILE, Bundle, BundledChain, BundledTask, BundledWorkflow
from cyberflow.compiler.graph import ChainNode, Graph, StepNode, TaskNode, WorkflowNode
from cyberflow.compiler.interface import FieldSet
from cyberflow.compiler.pipeline.compile import compile_pipeline, fields_to_json
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.model import Check, File, Models, Workflow
from cyberflow.language.project.load import Definition
from cyberflow.language.prompt.strings import scan_field, to_wire
from cyberflow.schema.definitions import add_members, object_schema
from cyberflow.schema.legacy_notation import to_unmistakable
from cyberflow.schema.normal_form import schema_text
from cyberflow.source import Place


def compile_bundle(graph: Graph, builder: GraphBuilder) -> Bundle:
    """Make the bundle of one target; declarations are sorted by name."""
    made = _BundleCompiler(builder.assets)
    pipelines = [compile_pipeline(graph.pipelines[name], builder.assets) for name in sorted(graph.pipelines)]
    return Bundle(
        graph.project.name,
        graph.project.target,
        [made.workflow(graph.workflows[name]) for name in sorted(graph.workflows)],
        [made.chain(graph.chains[name]) for name in sorted(graph.chains)],
        [_task(graph.tasks[name]) for name in sorted(graph.tasks)],
        list(builder.assets),
        pipelines,
    )


class _BundleCompiler:
    def __init__(self, assets: AssetCollector) -> None:
        self._assets = assets

    def workflow(self, node: WorkflowNode) -> BundledWorkflow:
        body = node.body
        return BundledWorkflow(
            node.name,
            self._payload(node, body),
            was=body.was,
            tags=body.tags,
            inputs=fields_to_json(node.inputs),
            secrets=fields_to_json(node.secrets),
            from_machine=list(body.from_machine),
            files=self._files(body.files, node.definition),
        )

    def _payload(self, node: WorkflowNode, body: Workflow) -> dict[str, Any]:
        off = body.schemas == "off"
        return {
            "name": _lower_text(body.title or node.name),
            "main_prompt": _prompt_html(node, node.definition.at("prompt")),
            "input_schema": None if off else schema_text(input_schema(node)),
            "output_schema": None
            if off or not (node.outputs.fields or node.outputs.whole)
            else schema_text(to_unmistakable(node.outputs.schema())),
            "includes_file_exports": body.exports,
            "is_webhooks_enabled": body.webhooks,
            "terminal_command_allowlist": [_lower_text(command) for command in body.terminal]
            if body.terminal
            else None,
            "model_metadata": _model_metadata(body.models),
            "post_run_check_failure_cleanup_prompt": _prompt_html(node, node.definition.at("on_check_failure")) or None,
            "post_run_checks": [_check_payload(node, index, one) for index, one in enumerate(body.checks)]
            if body.checks
            else None,
        }

    def chain(self, node: ChainNode) -> BundledChain:
        body = node.body
        request = {
            "steps": [_step(node, step) for step in node.steps],
            "is_priority": body.priority,
            "keep_session_after_completion": body.keep_session,
        }
        if body.files:
            request["shared_file_inputs"] = self._files(body.files, node.definition)
        return BundledChain(
            node.name,
            request,
            inputs=fields_to_json(node.inputs),
            secrets=fields_to_json(node.secrets),
            from_machine=list(body.from_machine),
            pools=list(body.pools),
            machine=body.machine,
            session=dict(body.session),
            outputs=dict(body.outputs),
        )

    def _files(self, files: list[File], owner: Definition[Any]) -> list[dict[str, Any]]:
        return [self._file(file, owner.at("files", index, "path")) for index, file in enumerate(files)]

    def _file(self, file: File, place: Place) -> dict[str, Any]:
        """A file input in the API's words; the base name of the project file, or what is given at run time."""
        content = GIVEN_FILE + file.name if file.name is not None else self._assets.add_file(str(file.path), place)
        made = {
            "filename": str(file.path).rsplit("/", 1)[-1] if file.path else file.name,
            "content": "" if isinstance(content, Diagnostic) else content,
            "cleanup_imports_after_run": file.cleanup,
        }
        return {**made, "target_path": file.target} if file.target is not None else made


def input_schema(node: WorkflowNode) -> dict[str, Any]:
    """An object schema of the inputs and, under `$name`, the secrets. What a machine supplies is as
    required as the rest: the service validates the inputs with the machine's parameters merged in.
    """
    secrets = {f"${name}": (field.schema, field.required) for name, field in node.secrets.fields.items()}
    if (whole := node.inputs.whole) is None:
        members = {name: (field.schema, field.required) for name, field in node.inputs.fields.items()}
        return object_schema(members | secrets)
    return add_members(whole, secrets)


def _prompt_html(node: WorkflowNode, place: Place) -> str:
    for text in node.texts:
        if text.place == place and text.rendering is not None:
            return text.rendering.html
    return ""


def _lower_text(value: str) -> str:
    return to_wire(scan_field(value))


def _model_metadata(models: Models | None) -> dict[str, Any] | None:
    if models is None:
        return None
    fallbacks = [*models.fallbacks, None, None]
    return {
        "main_agent_model_id": models.main,
        "cache_detection_model_id": models.cache_detection,
        "fallback_model_1_id": fallbacks[0],
        "fallback_model_2_id": fallbacks[1],
    }


def _check_payload(node: WorkflowNode, index: int, check: Check) -> dict[str, Any]:
    made = check.model_dump(exclude_none=True)
    for key, value in made.items():
        if key in CHECK_TEXTS:
            made[key] = _lower_text(value) if isinstance(value, str) else [_lower_text(item) for item in value]
    if check.check_prompt is not None:
        made["check_prompt"] = _prompt_html(node, node.definition.at("checks", index, "check_prompt"))
    return made


def _step(chain: ChainNode, step: StepNode) -> dict[str, Any]:
    """A step of the request: what the chain gives is written out as tokens, so that each step carries what it gets."""
    inputs: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    if step.workflow is not None:
        inputs = _tokens_from_chain(chain, step.workflow.inputs, chain.inputs, "<{}>")
        secrets = _tokens_from_chain(chain, step.workflow.secrets, chain.secrets, "<${}>")
    inputs |= {name: value.data for name, value in step.inputs.items()}
    secrets |= {name: value.data for name, value in step.secrets.items()}
    made: dict[str, Any] = {"workflow_id": step.step.workflow, "session_alias": step.id}
    if inputs:
        made["inputs"] = inputs
    if secrets:
        made["sensitive_inputs"] = secrets
    return made


def _tokens_from_chain(chain: ChainNode, wanted: FieldSet, given: FieldSet, token: str) -> dict[str, Any]:
    if not chain.inherits:
        return {}
    return {name: token.format(name) for name in wanted.fields if name in given}


def _task(node: TaskNode) -> BundledTask:
    body = node.definition.body
    parameters = {key: value.data for key, value in node.parameters.items()}
    given = (fields_to_json(node.inputs), fields_to_json(node.secrets))
    return BundledTask(node.name, body.workflow, *given, parameters, dict(node.files), body.timeout)
