"""Pipelines of a graph without errors to their part of the bundle: what a step gets by name is written out."""

from __future__ import annotations

from typing import Any

from cyberflow.compiler.assets import AssetCollector
from cyberflow.compiler.bundle import GIVEN_FILE
from cyberflow.compiler.graph import PipelineNode, PipelineStepNode
from cyberflow.compiler.interface import Callee, FieldSet
from cyberflow.compiler.pipeline.build import file_arguments
from cyberflow.compiler.pipeline.form import (
    BundledCall,
    BundledCondition,
    BundledEach,
    BundledPipeline,
    BundledRetry,
    BundledStep,
    BundledWait,
)
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.pipelines import PipelineStep, Wait


def compile_pipeline(node: PipelineNode, assets: AssetCollector) -> BundledPipeline:
    """Make the compiled form of a pipeline."""
    return BundledPipeline(
        node.name,
        fields_to_json(node.inputs),
        fields_to_json(node.secrets),
        [_step(node, step, assets) for step in node.steps],
        dict(node.body.outputs),
    )


def fields_to_json(shape: FieldSet) -> dict[str, Any]:
    return {name: {"schema": field.schema, "required": field.required} for name, field in shape.fields.items()}


def _step(node: PipelineNode, step: PipelineStepNode, assets: AssetCollector) -> BundledStep:
    written = step.step
    callee = step.callee or _unknown(step)
    inherited = node.inputs_at(step, "inputs").fields if node.inherits else {}
    inputs = {name: f"<{name}>" for name in callee.inputs.fields if name in inherited}
    secrets = {name: f"<${name}>" for name in callee.secrets.fields if node.inherits and name in node.secrets}
    order = {one.id: one.index for one in node.steps}
    return BundledStep(
        step.id,
        callee.kind,
        written.run,
        _call(callee),
        _wait(written, callee),
        _each(written),
        {**inputs, **written.inputs},
        {**secrets, **written.secrets},
        _files(step, assets),
        _condition(written),
        sorted((id for id in step.needs if id in order), key=lambda id: order[id]),
        written.on_failure,
        BundledRetry(written.retry.times, list(written.retry.on), written.retry.after) if written.retry else None,
    )


def _unknown(step: PipelineStepNode) -> Callee:
    """What stands for a name that nothing has, where a project wants no finding of it: running it will say so."""
    name, place = step.runs or ("", step.place)
    return Callee("call" if step.step.call is not None else "workflow", name, place)


def _call(callee: Callee) -> BundledCall | None:
    if callee.kind != "call":
        return None
    return BundledCall(callee.name, fields_to_json(callee.inputs), fields_to_json(callee.outputs), callee.takes_key)


def _wait(step: PipelineStep, callee: Callee) -> BundledWait | None:
    wait = step.wait
    if not isinstance(wait, Wait):
        return BundledWait(wait) if wait is not None else None
    return BundledWait(None, wait.until, wait.signal, fields_to_json(callee.outputs), wait.timeout)


def _each(step: PipelineStep) -> BundledEach | None:
    for name, items in (step.each or {}).items():
        return BundledEach(name, items, step.key, **({"parallel": step.parallel} if step.parallel else {}))
    return None


def _condition(step: PipelineStep) -> BundledCondition | None:
    if step.when is None and step.unless is None:
        return None
    expected = step.when is not None
    return BundledCondition(step.when if expected else step.unless, expected)


def _files(step: PipelineStepNode, assets: AssetCollector) -> dict[str, Any]:
    files: dict[str, Any] = {name: GIVEN_FILE + given for name, given in file_arguments(step).items()}
    for name, value in step.files.items():
        if name not in files:
            added = assets.add_file(value.data, value.place) if isinstance(value.data, str) else value.data
            files[name] = "" if isinstance(added, Diagnostic) else added
    return files
