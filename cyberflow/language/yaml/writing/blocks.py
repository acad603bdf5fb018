"""Plain data as blocks of YAML, in the style of our own examples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cyberflow.late import dataclass, expression
from cyberflow.source import Route

WIDEST = 100
_PLAIN = expression(r"[A-Za-z_][A-Za-z0-9_ ./()+-]*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "y", "n", "nan", "inf"})
_UNPRINTABLE = expression(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def yaml_text(data: Mapping[str, Any], comments: Mapping[Route, str] | None = None) -> str:
    """Write a mapping as a block. A comment stands above the line that holds, or begins, the value of its route."""
    return "\n".join(_YamlWriter(comments or {}).mapping(data, "", ())) + "\n"


@dataclass(frozen=True)
class _YamlWriter:
    comments: Mapping[Route, str]

    def mapping(self, data: Mapping[str, Any], indent: str, route: Route) -> Iterator[str]:
        for key, value in data.items():
            yield from self._comment(indent, (*route, key))
            yield from self._entry(f"{indent}{scalar(key)}:", value, indent, (*route, key))

    def _entry(self, head: str, value: Any, indent: str, route: Route) -> Iterator[str]:
        flow = self._flow(value, route)
        if isinstance(value, str) and "\n" in value and _fits_literal_block(value) and route not in self.comments:
            yield f"{head} |{'' if value.endswith(chr(10)) else '-'}"
            yield from (f"{indent}  {line}" if line else "" for line in value.removesuffix("\n").split("\n"))
        elif flow is not None and len(head) + len(flow) < WIDEST:
            yield f"{head} {flow}"
        elif isinstance(value, Mapping) and value:
            yield head
            yield from self.mapping(value, f"{indent}  ", route)
        elif isinstance(value, Sequence) and not isinstance(value, str) and value:
            yield head
            for number, item in enumerate(value):
                yield from self._comment(f"{indent}  ", (*route, number))
                yield from self._item(item, f"{indent}  ", (*route, number))
        else:
            yield f"{head} {_flow(value, deep=True)}"

    def _item(self, item: Any, indent: str, route: Route) -> Iterator[str]:
        flow = self._flow(item, route)
        if flow is not None and len(indent) + len(flow) < WIDEST:
            yield f"{indent}- {flow}"
        elif isinstance(item, Mapping) and item:
            lines = list(self.mapping(item, f"{indent}  ", route))
            first = 1 if (*route, next(iter(item))) in self.comments else 0
            yield from (line.removeprefix("  ") for line in lines[:first])
            yield f"{indent}- {lines[first].lstrip()}"
            yield from lines[first + 1 :]
        else:
            yield f"{indent}- {_flow(item, deep=True)}"

    def _comment(self, indent: str, route: Route) -> Iterator[str]:
        if route in self.comments:
            yield f"{indent}# {self.comments[route]}"

    def _flow(self, value: Any, route: Route) -> str | None:
        """A value on one line, where nothing inside it has a comment."""
        inside = any(len(one) > len(route) and one[: len(route)] == route for one in self.comments)
        return None if inside else _flow(value)


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


def flow_text(value: Any) -> str:
    """Any value on one line."""
    return _flow(value, deep=True) or ""


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


def _fits_literal_block(text: str) -> bool:
    """Whether a literal block gives exactly this text."""
    lines = text.removesuffix("\n").split("\n")
    clean = not _UNPRINTABLE.search(text) and "\r" not in text and "\x85" not in text
    return clean and bool(lines[0]) and not lines[0][0].isspace() and bool(lines[-1].strip()) and "\t" not in text
