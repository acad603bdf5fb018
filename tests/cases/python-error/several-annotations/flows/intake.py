from typing import Any

from cyberflow import Secret, workflow


class Machine:
    pass


@workflow
def first(name, machine: Machine, note: "Noted", *rest: Any) -> None:
    """Find <name>, <machine>, <note>."""


@workflow
def second(name: str, *, pin: Secret = "1234") -> list[str]:
    """Find <name> with <$pin>."""
    raise NotImplementedError
