"""How much of the chains the tests have gone through: steps that succeeded and failed, optional outputs that were there
and were not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.compiler.bundle import Bundle, BundledChain
from cyberflow.run.chain.request import output_schema
from cyberflow.schema.values import EMPTY
from cyberflow.testing.play import Played


@dataclass(frozen=True)
class ChainCoverage:
    """The points of one chain, each in words, with whether a test went through it."""

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
        runs = list(played)
        chains = (
            ChainCoverage(chain.name, dict.fromkeys(_points(bundle, chain), False) | _hits(chain, runs, bundle))
            for chain in bundle.chains
        )
        return cls(tuple(chains))

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
            seen = run.steps[step]
            if not seen.began:
                continue
            found[f"{step} {'succeeded' if seen.status == 'success' else 'failed'}"] = True
            outputs = seen.outputs if isinstance(seen.outputs, Mapping) else {}
            for name in optional if seen.status == "success" else ():
                there = outputs.get(name, EMPTY) not in (EMPTY, None)
                found[f"{step}.{name} {'present' if there else 'absent'}"] = True
    return found


def _steps(bundle: Bundle, chain: BundledChain) -> Iterator[tuple[str, list[str]]]:
    """The steps of a chain with their optional outputs."""
    for step in chain.request["steps"]:
        workflow = bundle.workflow(step["workflow_id"])
        schema = output_schema(workflow) if workflow is not None else None
        members = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
        needed = schema.get("required", ()) if isinstance(schema, Mapping) else ()
        yield step["session_alias"], [name for name in members if name not in needed]
