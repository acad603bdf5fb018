"""The project as it is now, as plain JSON for the page. Any thread may ask; who comes second waits for the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from cyberflow.compiler.bundle import GIVEN_FILE, Bundle, BundledChain, BundledWorkflow
from cyberflow.compiler.facts.analysis import Analysis
from cyberflow.compiler.facts.state import ProjectState
from cyberflow.compiler.graph import Graph
from cyberflow.compiler.pipeline.form import BundledPipeline
from cyberflow.diagnostics import Diagnostic
from cyberflow.diagram.from_graph import build_diagram
from cyberflow.diagram.svg import to_svg
from cyberflow.language.project.load import target_of
from cyberflow.run.pipeline.changes import files_to_give
from cyberflow.schema.describe import describe
from cyberflow.targets.local_platform import LOCAL


class ProjectReader:
    """A project that is open on the page; what did not change since the last question is not read again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._analysis = Analysis(root)
        self._lock = Lock()

    def state(self) -> ProjectState:
        with self._lock:
            return self._analysis.state()

    def overview(self) -> dict[str, Any]:
        """What there is to run, with the types of what it takes, and how many findings stand against it."""
        state = self.state()
        settings, bundle = state.raw.settings, state.bundle(LOCAL)
        graph = state.graph(LOCAL)
        return {
            "project": settings.project,
            "root": str(self.root),
            "default_target": settings.default_target,
            "targets": [LOCAL, *(name for name in settings.targets if name != LOCAL)],
            "findings": {
                severity: sum(one.severity == severity for one in state.findings) for severity in ("error", "warning")
            },
            "runnables": list(_runnables(graph, bundle, set(target_of(settings, LOCAL).secrets))),
        }

    def findings(self) -> list[dict[str, Any]]:
        """The findings of `check`, in its order; secrets are masked in them."""
        state = self.state()
        return [_finding(one, state) for one in state.findings]

    def drawing(self, name: str) -> str | None:
        """The picture of a chain, workflow, task or pipeline as SVG; None when nothing has that name."""
        picture = build_diagram(self.state().graph(LOCAL), name)
        return None if picture is None else to_svg(picture, has_style=False)


def _finding(one: Diagnostic, state: ProjectState) -> dict[str, Any]:
    span = state.sources.span(one.place)
    where = {"path": span.path, "line": span.line, "column": span.column}
    return {"rule": one.rule, "severity": one.severity, "message": one.message, "help": one.help, **where}


def _runnables(graph: Graph, bundle: Bundle | None, sourced: set[str]) -> Iterator[dict[str, Any]]:
    """While the project has errors only the names are certain."""
    for kind in ("chain", "pipeline", "workflow", "task"):
        for name, node in getattr(graph, f"{kind}s", {}).items():
            about = {"name": name, "kind": kind, "description": getattr(node.body, "description", None)}
            made = getattr(bundle, kind)(name) if bundle else None
            yield about | (_form(made, bundle, sourced) if bundle and made else {})


def _form(made: Any, bundle: Bundle, sourced: set[str]) -> dict[str, Any]:
    steps = made.request["steps"] if isinstance(made, BundledChain) else ()
    return {
        "inputs": [
            _input(name, one) for name, one in made.inputs.items() if name not in getattr(made, "from_machine", ())
        ],
        "secrets": [{"name": name, "has_source": name in sourced} for name in made.secrets],
        "files": _file_names(made),
        "steps": [_step(step, bundle) for step in steps],
        "title": made.payload["name"] if isinstance(made, BundledWorkflow) else None,
    }


def _input(name: str, declared: Mapping[str, Any]) -> dict[str, Any]:
    schema = declared["schema"]
    return {"name": name, "type": describe(schema), "required": declared["required"], "schema": schema}


def _file_names(made: Any) -> list[str]:
    """The names of files that whoever runs it brings along."""
    if isinstance(made, BundledPipeline):
        held: Any = files_to_give(made)
    else:
        held = made.request.get("shared_file_inputs", []) if isinstance(made, BundledChain) else made.files
    contents = held.values() if isinstance(held, Mapping) else (one.get("content", "") for one in held)
    return [content.removeprefix(GIVEN_FILE) for content in contents if content.startswith(GIVEN_FILE)]


def _step(step: Mapping[str, Any], bundle: Bundle) -> dict[str, Any]:
    workflow = bundle.workflow(step["workflow_id"])
    assert workflow is not None  # noqa: S101 - a bundle holds what its chains run
    return {
        "id": step["session_alias"],
        "workflow": step["workflow_id"],
        "title": workflow.payload["name"],
        "inputs": step.get("inputs") or {},
        "secrets": list(step.get("sensitive_inputs") or ()),
    }
