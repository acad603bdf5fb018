"""The edges of a project's chains: cases made of the types alone, run as the tests are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.sdk.flow_tests.suite import FlowSuite, database_name
from cyberflow.testing.edges import chain_edges
from cyberflow.testing.runner import Job


def edge_jobs(suite: FlowSuite, names: Sequence[str], text: str | None = None, keep: Path | None = None) -> list[Job]:
    """A job for each edge of these chains, or of all. Raises UsageError for a name that is not a chain's."""
    graph = suite.graphs[suite.default]
    for name in names:
        if name not in graph.chains:
            raise UsageError(f"there is no chain `{name}`", help=did_you_mean(name, graph.chains))
    chosen = [chain for name, chain in graph.chains.items() if not names or name in names]
    found = [edge for chain in chosen for edge in chain_edges(chain, suite.bundle)]
    return [
        Job(judge, replace(script, keep=keep and keep / f"{database_name(judge.name)}.db"), suite.default)
        for judge, script in found
        if text is None or text.casefold() in judge.name.casefold()
    ]
