"""Reading and changing plain data by routes; what is given is never changed in place."""

from __future__ import annotations

from typing import Any

from cyberflow.source import Route


def value_at(data: Any, route: Route) -> Any:
    """What stands at a route; None where nothing does."""
    for step in route:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def replace_at(data: Any, route: Route, value: Any) -> Any:
    """The data with another value at a route; the same where the route leads nowhere."""
    if not route:
        return value
    head, rest = route[0], route[1:]
    if isinstance(data, dict) and head in data:
        return {**data, head: replace_at(data[head], rest, value)}
    if isinstance(data, list) and isinstance(head, int) and head < len(data):
        return [*data[:head], replace_at(data[head], rest, value), *data[head + 1 :]]
    return data


def remove_at(data: Any, route: Route) -> Any:
    """The data without what stands at a route."""
    if not route:
        return data
    parent = value_at(data, route[:-1])
    if isinstance(parent, dict):
        return replace_at(data, route[:-1], {key: value for key, value in parent.items() if key != route[-1]})
    if isinstance(parent, list) and isinstance(route[-1], int):
        kept = [item for index, item in enumerate(parent) if index != route[-1]]
        return replace_at(data, route[:-1], kept)
    return data
