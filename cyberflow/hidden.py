"""Secret values that can be used and are not shown: their repr is a mask, in whatever body, frame or log they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cyberflow.redact import MASK


class HiddenText(str):
    """A secret text: in all a text, but its repr shows nothing, in whatever body, frame or log it stands."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{MASK}'"


class HiddenBytes(bytes):
    """Bytes that may hold secrets, such as the body of a request: the repr tells their number alone."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class HiddenDict(dict[str, Any]):
    """A mapping that may hold secrets, such as headers: the repr tells its keys alone."""

    def __repr__(self) -> str:
        return f"<{', '.join(self)}>"


def hide(value: Any) -> Any:
    """A secret value, structured or not, equal to what it was and without a repr that shows it."""
    if isinstance(value, str):
        return HiddenText(value)
    if isinstance(value, Mapping):
        return HiddenDict({key: hide(item) for key, item in value.items()})
    return [hide(item) for item in value] if isinstance(value, list) else value


def reveal(value: Any) -> Any:
    """What `hide` hid, for a library that takes plain values alone."""
    if isinstance(value, Mapping):
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return str(value) if isinstance(value, str) else value
