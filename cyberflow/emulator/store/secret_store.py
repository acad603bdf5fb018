"""Secret values, in this process's memory only, for as long as their owner needs them.

Owners are runs, machines and pools, by id. Of a value that a restart took, only the name remains, in the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class SecretStore:
    def __init__(self) -> None:
        self._values: dict[str, dict[str, Any]] = {}

    def put(self, owner: str, values: Mapping[str, Any]) -> None:
        if values:
            self._values[owner] = dict(values)
        else:
            self._values.pop(owner, None)

    def values(self, owner: str | None) -> Mapping[str, Any]:
        return self._values.get(owner or "", {})

    def drop(self, owner: str) -> None:
        self._values.pop(owner, None)

    def clear(self) -> None:
        self._values.clear()

    def __repr__(self) -> str:
        return f"SecretStore({len(self._values)} owners)"


def secret_aliases(owner: str, names: Iterable[str] | None) -> dict[str, str] | None:
    """What the API shows of secrets: by name, an opaque word that stands for the value; null when there are none."""
    return {name: f"vault:{owner}:{name}" for name in names or ()} or None
