"""What a chain must know of the workflows it calls, from their functions or from the YAML. Read once for a project."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from cyberflow.language.python import signature
from cyberflow.language.python.declarations import CalledWorkflow
from cyberflow.language.python.signature import FunctionParameter, UnreadableAnnotation
from cyberflow.late import dataclass


@dataclass(frozen=True)
class WorkflowInterface:
    """The names of a workflow's outputs (None when nobody knows them), secrets and inputs. `positional` can be given
    without a name; None for one of `omitted` means that it is not given. `annotation` is the return type.
    """

    outputs: tuple[str, ...] | None
    secrets: frozenset[str] = frozenset()
    inputs: frozenset[str] = frozenset()
    positional: tuple[str, ...] = ()
    omitted: frozenset[str] = frozenset()
    annotation: Any = None


@dataclass
class WorkflowInterfaces:
    """The workflows of one project. `declared` are those of the YAML."""

    declared: Mapping[str, WorkflowInterface]
    _read: dict[int, WorkflowInterface] = field(default_factory=dict)

    def of(self, workflow: CalledWorkflow) -> WorkflowInterface:
        """The interface of a workflow, or of a reference to one."""
        elsewhere = self.declared.get(workflow.name, WorkflowInterface(None))
        function = workflow.function
        if function is None:
            return elsewhere
        if id(function) not in self._read:
            self._read[id(function)] = _read_interface(function)
        own = self._read[id(function)]
        return replace(own, outputs=elsewhere.outputs) if workflow.reference_position and not own.outputs else own

    def secrets(self) -> Iterator[str]:
        """The names of all secrets that were read so far."""
        for one in (*self.declared.values(), *self._read.values()):
            yield from one.secrets


def _read_interface(function: Callable[..., Any]) -> WorkflowInterface:
    """What the annotations say; what cannot be read is found where the workflow is."""
    plain = inspect.signature(function).parameters
    found = dict(signature.read_parameters(function))
    secrets = frozenset(
        name for name, one in found.items() if isinstance(one, FunctionParameter) and one.kind == "secret"
    )
    try:
        annotation, outputs = signature.read_outputs(function)
        names = None if annotation is Any else tuple(name.removesuffix("?") for name in outputs or ())
    except UnreadableAnnotation:
        annotation, names = None, None
    return WorkflowInterface(
        names,
        secrets,
        frozenset(found) - secrets,
        tuple(name for name, one in plain.items() if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)),
        frozenset(name for name, one in plain.items() if one.default is None),
        annotation,
    )
