"""The names that a project's sources expect of the platform they run on: pools, machines, models and Cyberun workflows.
On `local` they exist from the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cyberflow.targets.local_platform import LOCAL

if TYPE_CHECKING:
    from cyberflow.language.project.load import Definition, RawProject

Names = dict[str, set[str]]
"""`pools`, `machines`, `models` and `workflows`."""


def names_of(sourced: RawProject) -> Names:
    """Read as far as the sources can be read: what is broken in them is told by others."""
    from cyberflow.language.project.declarations import decode_project
    from cyberflow.language.template.escapes import has_template

    found = _collect(document.data for document in sourced.declaration_files)
    if not any(has_template(name) for names in found.values() for name in names):
        return found
    project = decode_project(sourced, LOCAL)
    kinds: dict[str, Mapping[str, Definition[Any]]] = {
        "workflows": project.workflows,
        "chains": project.chains,
        "tasks": project.tasks,
    }
    return _collect(
        {section: {name: one.body.model_dump(exclude_unset=True)}}
        for section, declared in kinds.items()
        for name, one in declared.items()
    )


def _collect(tops: Iterable[Any]) -> Names:
    names: Names = {"pools": set(), "machines": set(), "models": set(), "workflows": set()}
    for top in tops:
        for chain in _bodies(top, "chains"):
            names["pools"] |= _texts(chain.get("pools"))
            names["machines"] |= _texts([chain.get("machine")])
        for workflow in _bodies(top, "workflows"):
            models, checks = workflow.get("models"), workflow.get("checks")
            if isinstance(models, Mapping):
                names["models"] |= _texts([models.get("main"), models.get("cache_detection")])
                names["models"] |= _texts(models.get("fallbacks"))
            for check in checks if isinstance(checks, list) else ():
                names["models"] |= _texts([check.get("model")] if isinstance(check, Mapping) else [])
        for task in _bodies(top, "tasks"):
            names["workflows"] |= _texts([task.get("workflow")])
    return names


def _bodies(top: Any, section: str) -> Iterator[Mapping[str, Any]]:
    declared = top.get(section) if isinstance(top, Mapping) else None
    for body in declared.values() if isinstance(declared, Mapping) else ():
        if isinstance(body, Mapping):
            yield body


def _texts(values: Any) -> set[str]:
    return {value for value in values if isinstance(value, str) and value} if isinstance(values, list) else set()
