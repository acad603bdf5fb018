"""How much of the chains and pipelines the tests have gone through: steps that succeeded and failed, optional outputs
that were there and were not, conditions taken and not, `each` over no, one and more items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.compiler.bundle import Bundle, BundledChain
from cyberflow.compiler.pipeline.form import BundledPipeline, BundledStep
from cyberflow.run.chain.request import output_schema
from cyberflow.schema.values import EMPTY
from cyberflow.testing.play import Played

_COUNTS = ("no items", "one item", "several items")


@dataclass(frozen=True)
class ChainCoverage:
    """The points of one chain or pipeline, each in words, with whether a test went through it."""

    name: str
    points: Mapping[str, bool]

    @property
    def missing(self) -> list[str]:
        return [point for point, hit in self.points.items() if not hit]

    @property
    def percent(self) -> float:
        return percent(self.points.values())

    def to_json(self) -> dict[str, Any]:
        hit = len(self.points) - len(self.missing)
        return {"percent": self.percent, "hit": hit, "total": len(self.points), "missing": self.missing}


@dataclass(frozen=True)
class Coverage:
    """What tests went through, chain by chain."""

    chains: tuple[ChainCoverage, ...]

    @classmethod
    def of(cls, bundle: Bundle, played: Iterable[Played]) -> Coverage:
        """Measure what was played of the chains of a bundle."""
        runs = [one for run in played for one in run.all_runs()]
        chains = (
            ChainCoverage(chain.name, dict.fromkeys(_points(bundle, chain), False) | _hits(chain, runs, bundle))
            for chain in bundle.chains
        )
        pipelines = (
            ChainCoverage(one.name, dict.fromkeys(_pipeline_points(one), False) | _pipeline_hits(one, runs))
            for one in bundle.pipelines
        )
        return cls((*chains, *pipelines))

    @property
    def percent(self) -> float:
        return percent(hit for chain in self.chains for hit in chain.points.values())

    def to_json(self) -> dict[str, Any]:
        return {"percent": self.percent, "chains": {chain.name: chain.to_json() for chain in self.chains}}


def percent(hits: Iterable[bool]) -> float:
    """How many of a hundred, to one decimal; of nothing, all."""
    found = list(hits)
    return round(100 * sum(found) / len(found), 1) if found else 100.0


def _points(bundle: Bundle, chain: BundledChain) -> Iterator[str]:
    for step, optional in _steps(bundle, chain):
        yield from (f"{step} succeeded", f"{step} failed")
        for name in optional:
            yield from (f"{step}.{name} present", f"{step}.{name} absent")


def _hits(chain: BundledChain, runs: Iterable[Played], bundle: Bundle) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for run in runs:
        for step, optional in _steps(bundle, chain) if run.name == chain.name else ():
            seen = run.steps.get(step)
            if seen is None or not seen.began:
                continue
            found[f"{step} {'succeeded' if seen.status == 'success' else 'failed'}"] = True
            outputs = seen.outputs if isinstance(seen.outputs, Mapping) else {}
            for name in optional if seen.status == "success" else ():
                there = outputs.get(name, EMPTY) not in (EMPTY, None)
                found[f"{step}.{name} {'present' if there else 'absent'}"] = True
    return found


def _pipeline_points(pipeline: BundledPipeline) -> Iterator[str]:
    for step in pipeline.steps:
        yield from (f"{step.id} succeeded", f"{step.id} failed")
        if step.condition is not None:
            yield from (f"{step.id} taken", f"{step.id} left out")
        if step.each is not None:
            yield from (f"{step.id} over no items", f"{step.id} over one item", f"{step.id} over several items")


def _pipeline_hits(pipeline: BundledPipeline, runs: Iterable[Played]) -> dict[str, bool]:
    runs = [run for run in runs if run.name == pipeline.name]
    return {point: True for run in runs for step in pipeline.steps for point in _points_of_step(step, run)}


def _points_of_step(step: BundledStep, run: Played) -> Iterator[str]:
    """What one run went through of a step."""
    seen = run.steps[step.id]
    if seen.status in ("waiting", "running"):
        return
    items = [one for id, one in run.steps.items() if step.each is not None and id.startswith(f"{step.id}[")]
    for one in items or [seen] if step.condition is not None else ():
        yield f"{step.id} {'left out' if one.status == 'skipped' else 'taken'}"
    if step.each is not None and seen.status != "skipped":
        yield f"{step.id} over {_COUNTS[min(len(items), 2)]}"
    for one in items or [seen]:
        if one.status != "skipped":
            yield f"{step.id} {'succeeded' if one.status in ('success', 'completed') else 'failed'}"


def _steps(bundle: Bundle, chain: BundledChain) -> Iterator[tuple[str, list[str]]]:
    """The steps of a chain with their optional outputs."""
    for step in chain.request["steps"]:
        workflow = bundle.workflow(step["workflow_id"])
        schema = output_schema(workflow) if workflow is not None else None
        members = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
        needed = schema.get("required", ()) if isinstance(schema, Mapping) else ()
        yield step["session_alias"], [name for name in members if name not in needed]
