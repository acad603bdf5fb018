"""The tests of the project, run when somebody asks on the page: their verdicts, and what they went through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cyberflow.sdk.flow_tests.suite import FlowSuite
from cyberflow.testing.coverage import Coverage
from cyberflow.testing.verdicts import Verdict


def run_tests(root: Path) -> dict[str, Any]:
    """Run every test here and now. Raises ProjectErrors while the project has errors."""
    suite = FlowSuite.load(root)
    verdicts = list(suite.run(suite.jobs(suite.cases), processes=1))
    coverage = Coverage.of(suite.bundle, [one.played for one in verdicts if one.played is not None])
    return {"tests": [_verdict(suite, one) for one in verdicts], "coverage": coverage.to_json()}


def _verdict(suite: FlowSuite, one: Verdict) -> dict[str, Any]:
    span = suite.sourced.sources.span(one.place)
    return {
        "name": one.name,
        "run": one.run,
        "status": one.status,
        "trouble": one.trouble,
        "path": span.path,
        "line": span.line,
        "failures": [failure.to_json() for failure in one.failures],
    }
