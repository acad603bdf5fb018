"""The edges of a project's chains: cases made of the types alone, run as the tests are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cyberflow.compiler.graph import ChainNode
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.sdk.flow_tests.suite import FlowSuite, database_name
from cyberflow.testing.edges import EdgeJudge, chain_edges, distinct, idle_conditions, pipeline_edges
from cyberflow.testing.play import PlayScript
from cyberflow.testing.runner import Job
from cyberflow.testing.verdicts import Verdict


def edge_jobs(suite: FlowSuite, names: Sequence[str], text: str | None = None, keep: Path | None = None) -> list[Job]:
    """A job for each edge of these chains and pipelines, or of all. Raises UsageError for a name that is neither."""
    graph = suite.graphs[suite.default]
    for name in names:
        if name not in (*graph.chains, *graph.pipelines):
            known = [*graph.chains, *graph.pipelines]
            raise UsageError(f"there is no chain or pipeline `{name}`", help=did_you_mean(name, known))
    found = [edge for name, one in graph.chains.items() if _is_meant(name, names) for edge in _chain(suite, one)]
    for name, pipeline in graph.pipelines.items():
        found += pipeline_edges(pipeline, suite.bundle) if _is_meant(name, names) else ()
    return [
        Job(judge, replace(script, keep=keep and keep / f"{database_name(judge.name)}.db"), suite.default)
        for judge, script in found
        if text is None or text.casefold() in judge.name.casefold()
    ]


def run_edges(suite: FlowSuite, jobs: Sequence[Job], processes: int | None = None) -> Iterator[Verdict]:
    """Run edges; what is wrong is told once. Conditions that none of them took come last."""
    verdicts = []
    for verdict in distinct(suite.run(jobs, processes)):
        verdicts.append(verdict)
        yield verdict
    for pipeline in suite.graphs[suite.default].pipelines.values():
        yield from idle_conditions(pipeline, verdicts)


def _chain(suite: FlowSuite, chain: ChainNode) -> Iterator[tuple[EdgeJudge, PlayScript]]:
    return chain_edges(chain, suite.bundle)


def _is_meant(name: str, names: Sequence[str]) -> bool:
    return not names or name in names
