"""Sessions of a chain, once more: which chain a run was a step of, and what its steps would get through the refs as
they are now. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cyberflow.client.cyberdesk.wire import RunRecord
from cyberflow.compiler.bundle import Bundle, BundledChain
from cyberflow.compiler.refs import Ref, find_refs, is_ref, read_ref
from cyberflow.language.prompt.strings import scan_string
from cyberflow.schema.values import ABSENT, EMPTY, follow_keys


@dataclass(frozen=True)
class NewInputs:
    """What a step would get: roots whose value is not known are in `unknown`, and are not among `values`."""

    values: Mapping[str, Any]
    unknown: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PastSession:
    """The runs of one session by alias, those that were read."""

    runs: Mapping[str, RunRecord] = field(default_factory=dict)

    def output(self, ref: Ref) -> Any:
        """What a ref would read: ABSENT where it is not known, `__EMPTY__` where the run gave nothing there."""
        run = self.runs.get(ref.alias)
        if run is None or run.status != "success" or run.output_data is None:
            return ABSENT
        value = follow_keys(run.output_data, ref.keys)
        return EMPTY if value is ABSENT or value is None else value


def find_chain(bundle: Bundle, session: PastSession, ids: Mapping[str, str]) -> BundledChain | None:
    """The chain whose session it was: every run that is known is one of its steps, and of several chains the one with
    the fewest steps more; None where that is not sure.
    """
    fitting = [chain for chain in bundle.chains if _is_of(chain, session, ids)]
    if not fitting:
        return None
    least = min(len(chain.request["steps"]) for chain in fitting)
    shortest = [chain for chain in fitting if len(chain.request["steps"]) == least]
    return shortest[0] if len(shortest) == 1 else None


def _is_of(chain: BundledChain, session: PastSession, ids: Mapping[str, str]) -> bool:
    named = {**chain.session, **{one["session_alias"]: one["workflow_id"] for one in chain.request["steps"]}}
    return all(ids.get(named.get(alias, "")) == run.workflow_id for alias, run in session.runs.items())


def step_of(chain: BundledChain, alias: str | None) -> Mapping[str, Any] | None:
    """The step of an alias."""
    return next((one for one in chain.request["steps"] if one["session_alias"] == alias), None)


def readers_of(chain: BundledChain, alias: str) -> Iterator[tuple[Mapping[str, Any], frozenset[str]]]:
    """The steps that read an alias, with the inputs that do."""
    for step in chain.request["steps"]:
        roots = frozenset(root for root, value in (step.get("inputs") or {}).items() if alias in _aliases(value))
        if roots:
            yield step, roots


def producers_of(step: Mapping[str, Any]) -> frozenset[str]:
    """The aliases that a step reads."""
    return frozenset(_aliases(step.get("inputs") or {}))


def new_inputs(step: Mapping[str, Any], session: PastSession, old: Mapping[str, Any] | None) -> NewInputs:
    """What a step would get in a past session. A value that a chain input gives is taken from what the run had."""
    values: dict[str, Any] = {}
    unknown = set()
    for root, written in (step.get("inputs") or {}).items():
        had = (old or {}).get(root, ABSENT)
        value = _resolve(written, session, had)
        if value is ABSENT:
            unknown.add(root)
        else:
            values[root] = value
    return NewInputs(values, frozenset(unknown), frozenset(step.get("sensitive_inputs") or ()))


def _aliases(value: Any) -> set[str]:
    refs = (read_ref(found) for _, found in find_refs(value))
    return {ref.alias for ref in refs if isinstance(ref, Ref)}


def _resolve(written: Any, session: PastSession, had: Any) -> Any:
    """A value of a step; ABSENT where a part of it is not known."""
    if is_ref(written):
        ref = read_ref(written)
        return session.output(ref) if isinstance(ref, Ref) else ABSENT
    if isinstance(written, str):
        return had if "\\" in written or scan_string(written).tokens else written
    if isinstance(written, dict):
        parts = {key: _resolve(item, session, follow_keys(had, (key,))) for key, item in written.items()}
        return ABSENT if ABSENT in _values(parts.values()) else parts
    if isinstance(written, list):
        items = [_resolve(item, session, follow_keys(had, (index,))) for index, item in enumerate(written)]
        return ABSENT if ABSENT in _values(items) else items
    return written


def _values(values: Any) -> Sequence[Any]:
    """Only what is not known, so that no two values need be compared."""
    return [one for one in values if one is ABSENT]
