"""The canonical form of a workflow, in which two of them are compared. Whatever the service may write differently comes
out equal; whatever a person edits does not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from cyberflow.client.cyberdesk.wire import WireRecord, WorkflowRecord, canonical_id
from cyberflow.remote.html import FORMS_KEPT, canonical_html
from cyberflow.schema.legacy_notation import is_json_schema, to_json_schema
from cyberflow.schema.normal_form import canonical_schema, without_boolean

FIELDS = (
    "name",
    "main_prompt",
    "input_schema",
    "output_schema",
    "includes_file_exports",
    "is_webhooks_enabled",
    "terminal_command_allowlist",
    "model_metadata",
    "post_run_check_failure_cleanup_prompt",
    "post_run_checks",
)
"""The fields of the API that the language has; every other one is left as it is."""

PROMPT_FIELDS = ("main_prompt", "post_run_check_failure_cleanup_prompt")
MODEL_FIELDS = ("main_agent_model_id", "cache_detection_model_id", "fallback_model_1_id", "fallback_model_2_id")
CHECK_FIELDS = (
    "name",
    "type",
    "description",
    "file_target_mode",
    "file_names",
    "file_name_regex",
    "expected_match_count",
    "expected_match_count_ref",
    "loop_input",
    "loop_item_filename_template",
    "allow_missing_attachments",
    "check_prompt",
    "model",
)


def wire_fields(workflow: WorkflowRecord) -> dict[str, Any]:
    """Take the managed fields of an answer as plain JSON, the marker still inside."""
    return {name: _to_json(getattr(workflow, name)) for name in FIELDS}


def canonicalize(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give the canonical form of fields in wire form: a field that is null, empty, false or absent is left out."""
    forms = {name: _FORMS.get(name, _as_is)(fields.get(name)) for name in FIELDS}
    return {name: form for name, form in forms.items() if not _is_empty(form)}


def field_hash(fields: Mapping[str, Any]) -> str:
    """The sha256 of the canonical form, in hex: what a marker remembers."""
    return hashlib.sha256(_stable_json(canonicalize(fields)).encode()).hexdigest()


def differing_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the fields whose canonical forms differ."""
    return tuple(name for name in FIELDS if _differ(name, before.get(name), after.get(name)))


def _differ(name: str, one: Any, other: Any) -> bool:
    """Whether two values have two forms. What is equal but for the marker is not brought into form: that is most."""
    if one == other or (name == "input_schema" and _bare_json(one) == _bare_json(other)):
        return False
    forms = [_FORMS.get(name, _as_is)(value) for value in (one, other)]
    return forms[0] != forms[1] and not all(map(_is_empty, forms))


def _bare_json(text: Any) -> str:
    """As text, in which 1 and true are two things."""
    return _stable_json(_without_marker(text))


def _html(text: Any) -> Any:
    return canonical_html(text) if isinstance(text, str) else None


@lru_cache(maxsize=FORMS_KEPT)
def _input_schema(text: str | None) -> Any:
    """The root's `$comment` belongs to the marker; a schema that then restricts nothing compares as null does."""
    bare = _without_marker(text)
    if not isinstance(bare, dict):
        return bare
    form = {key: value for key, value in without_boolean(canonical_schema(bare)).items() if key != "$comment"}
    return {} if form in ({"type": "object"}, {"type": "object", "properties": {}}) else form


def _without_marker(text: str | None) -> Any:
    root = _parse_json(text)
    return {key: value for key, value in root.items() if key != "$comment"} if isinstance(root, dict) else root


@lru_cache(maxsize=FORMS_KEPT)
def _output_schema(text: str | None) -> Any:
    schema = _parse_json(text)
    try:
        read = schema if is_json_schema(schema) else to_json_schema(schema)
    except RecursionError:
        return text
    return without_boolean(canonical_schema(read))


def _parse_json(text: Any) -> Any:
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text, parse_float=lambda number: whole_to_int(float(number)))
    except (ValueError, RecursionError):
        return text


def whole_to_int(number: float) -> float | int:
    """A number without a fraction as an integer: `2.0` is 2."""
    return int(number) if number.is_integer() else number


def _models(metadata: Any) -> Any:
    ids = {name: metadata.get(name) for name in MODEL_FIELDS} if isinstance(metadata, Mapping) else {}
    return {name: canonical_id(id).casefold() for name, id in ids.items() if id}


def _checks(checks: Any) -> Any:
    forms = [_check(check) for check in checks or ()]
    return sorted(forms, key=_stable_json)


def _check(check: Mapping[str, Any]) -> dict[str, Any]:
    forms = {name: check.get(name) for name in CHECK_FIELDS}
    forms["check_prompt"] = _html(forms["check_prompt"])
    if isinstance(forms["model"], str):
        forms["model"] = canonical_id(forms["model"]).casefold()
    return {name: form for name, form in forms.items() if not _is_empty(form)}


def _as_is(value: Any) -> Any:
    return value


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value in ("", [], {})


def _stable_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _to_json(value: Any) -> Any:
    if isinstance(value, WireRecord):
        return value.to_json()
    return [_to_json(item) for item in value] if isinstance(value, list) else value


_FORMS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(PROMPT_FIELDS, _html),
    "input_schema": _input_schema,
    "output_schema": _output_schema,
    "model_metadata": _models,
    "post_run_checks": _checks,
}
