"""Declarations as YAML text, in the style of our own examples. Knows plain data and YAML's rules, no noun of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WIDEST = 100
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_ ./()+-]*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "y", "n", "nan", "inf"})
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_OPENERS = re.compile(r"\$\{\{|\{%|\{#")


def yaml_text(data: Mapping[str, Any], comments: Mapping[str, str] | None = None) -> str:
    """Write a mapping as a block. `comments` stand above the first key of their name, at any depth."""
    return "\n".join(_Emitter(dict(comments or {})).mapping(data, "")) + "\n"


class _Emitter:
    def __init__(self, comments: dict[str, str]) -> None:
        self._comments = comments

    def mapping(self, data: Mapping[str, Any], indent: str) -> Iterator[str]:
        for key, value in data.items():
            if comment := self._comments.pop(key, None):
                yield f"{indent}# {comment}"
            yield from self._entry(f"{indent}{scalar(key)}:", value, indent)

    def _entry(self, head: str, value: Any, indent: str) -> Iterator[str]:
        flow = _flow(value)
        if isinstance(value, str) and "\n" in value and _block(value):
            yield f"{head} |{'' if value.endswith(chr(10)) else '-'}"
            yield from (f"{indent}  {line}" if line else "" for line in value.removesuffix("\n").split("\n"))
        elif flow is not None and len(head) + len(flow) < WIDEST:
            yield f"{head} {flow}"
        elif isinstance(value, Mapping) and value:
            yield head
            yield from self.mapping(value, f"{indent}  ")
        elif isinstance(value, Sequence) and not isinstance(value, str) and value:
            yield head
            for item in value:
                yield from self._item(item, f"{indent}  ")
        else:
            yield f"{head} {_flow(value, deep=True)}"

    def _item(self, item: Any, indent: str) -> Iterator[str]:
        flow = _flow(item)
        if flow is not None and len(indent) + len(flow) < WIDEST:
            yield f"{indent}- {flow}"
        elif isinstance(item, Mapping) and item:
            first, *rest = self.mapping(item, f"{indent}  ")
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {_flow(item, deep=True)}"


def scalar(value: Any) -> str:
    """One scalar; text stays bare where nothing in YAML could take it for something else."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS and not value.endswith(" "):
        return value
    if "'" not in value and "\n" not in value and not _UNPRINTABLE.search(value) and "\t" not in value:
        return f"'{value}'" if '"' in value or "\\" in value else f'"{value}"'
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def literal(text: str, *, prompt: bool = False) -> str:
    """A text that goes through the template stage and comes out as it is: `prompt` is read for blocks in any case."""
    return _OPENERS.sub(r"\\\g<0>", text) if prompt or "${{" in text else text


def _flow(value: Any, *, deep: bool = False) -> str | None:
    """A value on one line; None for what reads better as a block, unless `deep`."""
    if isinstance(value, Mapping):
        parts = [f"{scalar(key)}: {_flow(item, deep=True)}" for key, item in value.items()]
        nested = any(isinstance(item, Mapping | list | tuple) and item for item in value.values())
        return "{" + ", ".join(parts) + "}" if deep or not value or not nested else None
    if isinstance(value, str) or not isinstance(value, Sequence):
        return scalar(value)
    nested = any(isinstance(item, Mapping) for item in value)
    return "[" + ", ".join(_flow(item, deep=True) or "" for item in value) + "]" if deep or not nested else None


def _block(text: str) -> bool:
    """Whether a literal block gives exactly this text."""
    lines = text.removesuffix("\n").split("\n")
    clean = not _UNPRINTABLE.search(text) and "\r" not in text and "\x85" not in text
    return clean and bool(lines[0]) and not lines[0][0].isspace() and bool(lines[-1].strip()) and "\t" not in text
