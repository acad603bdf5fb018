"""Values that stand for what a case leaves open: inputs that machines supply, secrets, and what an edge needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyberflow.compiler.bundle import Bundle, BundledChain, BundledWorkflow
from cyberflow.schema.samples.examples import example
from cyberflow.testing.stage import workflows_in


def sample(name: str, schema: Any) -> Any:
    """Some value of a type, the same each time; the name where no value is found."""
    found = example(schema)
    return name if found is None else found[0]


def chain_inputs(bundle: Bundle, chain: BundledChain) -> dict[str, Any]:
    """Some value for each input of a chain; what may be anything is as the first step needs it that gets it whole."""
    schemas = {name: declared["schema"] for name, declared in chain.inputs.items()}
    needed = {name: _needed(bundle, chain, f"<{name}>") for name, schema in schemas.items() if schema in ({}, True)}
    return {name: sample(name, needed.get(name, schema)) for name, schema in schemas.items()}


def _needed(bundle: Bundle, chain: BundledChain, token: str) -> Any:
    """The type of the first input that gets a token and nothing else."""
    for step in chain.request["steps"]:
        workflow = bundle.workflow(step["workflow_id"])
        for name, value in step.get("inputs", {}).items():
            if value == token and workflow is not None and name in workflow.inputs:
                return workflow.inputs[name]["schema"]
    return {}


def secret_sample(name: str, declared: Mapping[str, Any]) -> Any:
    """Some value of a secret, which is nobody's."""
    schema = declared.get("schema", {})
    return f"any-{name}" if schema in ({}, {"type": "string"}) else sample(f"any-{name}", schema)


def machine_samples(bundle: Bundle, what: BundledChain | BundledWorkflow) -> dict[str, Any]:
    """Some value for everything that machines supply to a run, secrets with a `$`."""
    return dict(_machine_samples(bundle, what))


def _machine_samples(bundle: Bundle, what: BundledChain | BundledWorkflow) -> Iterator[tuple[str, Any]]:
    own = what.from_machine
    for workflow in workflows_in(bundle, what):
        for name in (*own, *workflow.from_machine):
            if name.startswith("$"):
                yield name, None
            elif (declared := workflow.inputs.get(name)) is not None:
                yield name, sample(name, declared["schema"])
