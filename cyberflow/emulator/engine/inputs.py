"""The inputs that count for a run: its own, then its machine's, then its pools' parameters, and their validation
against `input_schema`, strict at the start and with what cannot be known yet left out before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cyberflow.emulator.engine import refs, schemas
from cyberflow.emulator.engine.schemas import SchemaViolation
from cyberflow.emulator.store.secret_store import SecretStore
from cyberflow.emulator.store.store import Document, Store
from cyberflow.schema.values import EMPTY, without_empty

_UNMENDABLE_KEYWORDS = frozenset({"additionalProperties", "propertyNames", "maxProperties", "type"})
"""Keywords at the root whose flaws no further value can mend."""


@dataclass(frozen=True, slots=True)
class EffectiveInputs:
    """`inputs` and `secrets` by root name. `lost` are secrets of which only the name is known; `waiting` are roots
    that hold an unresolved ref; `machine_known` says that no machine can supply more.
    """

    inputs: Mapping[str, Any]
    secrets: Mapping[str, Any]
    lost_secrets: frozenset[str] = frozenset()
    unresolved_roots: frozenset[str] = frozenset()
    machine_known: bool = True


@dataclass(frozen=True, slots=True)
class SubmittedInputs:
    """What the submission itself brought; `aliases` are the names of its secrets."""

    inputs: Mapping[str, Any]
    secrets: Mapping[str, Any]
    aliases: Sequence[str] = field(default=())


def has_value(value: Any) -> bool:
    """Blank is not given and lets a parameter in; an explicit `__EMPTY__` is, and does not."""
    return value is not None and not (isinstance(value, str) and not value.strip())


def gather(
    store: Store, secret_store: SecretStore, given: SubmittedInputs, machine: Document | None, pool_ids: Sequence[str]
) -> EffectiveInputs:
    """Merge by precedence. Of several pools the first that names a key wins."""
    pools = [pool for id in pool_ids if (pool := store.find("pool", id))]
    holders = [(pool["id"], pool["pool_parameters"], pool["pool_sensitive_parameters"]) for pool in reversed(pools)]
    if machine:
        holders.append((machine["id"], machine["machine_parameters"], machine["machine_sensitive_parameters"]))
    inputs: dict[str, Any] = dict(given.inputs)
    parameters: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    names = set(given.aliases)
    for id, plain, sensitive in holders:
        parameters |= plain or {}
        names |= set(sensitive or {})
        secrets = {key: value for key, value in secrets.items() if key not in (sensitive or {})} | dict(
            secret_store.values(id)
        )
    inputs |= {key: value for key, value in parameters.items() if not has_value(inputs.get(key))}
    secrets = {key: value for key, value in secrets.items() if key not in given.aliases}
    secrets |= {key: value for key, value in given.secrets.items() if has_value(value)}
    waiting = frozenset(key for key, value in inputs.items() if next(refs.refs_in(value), None))
    return EffectiveInputs(inputs, secrets, frozenset(names - set(secrets)), waiting, machine is not None)


def violations(schema_text: str | None, payload: EffectiveInputs) -> list[SchemaViolation]:
    """What is against the schema and can be said already."""
    schema = schemas.load(schema_text)
    if schema is None:
        return []
    found = schemas.violations(schema, _instance(schema, payload))
    return [flaw for flaw in found if not _may_resolve_later(flaw, payload)]


def mark_blanks_empty(schema_text: str | None, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as the agent gets them: a blank that the schema does not require is `__EMPTY__`."""
    schema = schemas.load(schema_text)
    required = schema.get("required", ()) if isinstance(schema, Mapping) else ()
    return {key: value if has_value(value) or key in required else EMPTY for key, value in inputs.items()}


def _instance(schema: Any, payload: EffectiveInputs) -> dict[str, Any]:
    required = schema.get("required", ()) if isinstance(schema, Mapping) else ()
    present = {key: value for key, value in payload.inputs.items() if has_value(value) or key in required}
    instance: dict[str, Any] = without_empty(present)
    instance |= {f"${key}": without_empty(value) for key, value in payload.secrets.items() if value != EMPTY}
    return instance | {f"${key}": "" for key in payload.lost_secrets}


def _may_resolve_later(flaw: SchemaViolation, payload: EffectiveInputs) -> bool:
    """A flaw that a value not yet at hand may mend."""
    if not flaw.path:
        if flaw.missing is not None:
            return not payload.machine_known
        return flaw.keyword not in _UNMENDABLE_KEYWORDS and bool(
            payload.unresolved_roots or payload.lost_secrets or not payload.machine_known
        )
    return flaw.path[0] in payload.unresolved_roots or flaw.path[0] in {f"${name}" for name in payload.lost_secrets}
