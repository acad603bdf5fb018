"""The door to `jsonschema_rs`, which validates values at run time: with our engine for patterns, and our judges of
formats. It fetches nothing, and its messages quote no value.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from cyberflow.schema.keywords import map_subschemas
from cyberflow.schema.regex.pattern import matches, pattern_problem
from cyberflow.schema.regex.syntax import InvalidPattern, OutOfReach
from cyberflow.schema.regex.translate import translate
from cyberflow.schema.validation.formats import has_format


def validator_of(schema: Any, *, asserts_format: bool = False) -> Any:
    """Give a validator with `is_valid` and `iter_errors`. Raises `ValueError` for what is not a JSON Schema."""
    return _validator(json.dumps(schema, ensure_ascii=False), asserts_format)


@lru_cache(maxsize=256)
def _validator(text: str, asserts_format: bool) -> Any:
    import jsonschema_rs

    schema = _translate_names(json.loads(text))
    keywords: dict[str, Any] = {"pattern": _Pattern, **({"format": _Format} if asserts_format else {})}
    return jsonschema_rs.validator_for(schema, mask="the value", offline=True, keywords=keywords)


class _Pattern:
    def __init__(self, _schema: Any, pattern: Any, _path: Any) -> None:
        if not isinstance(pattern, str) or pattern_problem(pattern):
            raise ValueError("a pattern is not a regular expression")
        self.pattern = pattern

    def validate(self, value: Any) -> None:
        if isinstance(value, str) and matches(self.pattern, value) is False:
            raise ValueError(f'the value does not match "{self.pattern}"')


class _Format:
    def __init__(self, _schema: Any, name: Any, _path: Any) -> None:
        self.name = name

    def validate(self, value: Any) -> None:
        if isinstance(value, str) and not has_format(self.name, value):
            raise ValueError(f'the value is not a "{self.name}"')


def _translate_names(schema: Any) -> Any:
    """Patterns of member names in words that the library reads as we do."""
    if not isinstance(schema, dict):
        return schema
    made = {key: map_subschemas(key, value, _translate_names) for key, value in schema.items()}
    if isinstance(made.get("patternProperties"), dict):
        made["patternProperties"] = {_translate(name): value for name, value in made["patternProperties"].items()}
    return made


def _translate(pattern: str) -> str:
    try:
        return translate(pattern)
    except InvalidPattern as problem:
        raise ValueError(f"a name is not a regular expression: {problem}") from None
    except OutOfReach:
        return pattern
