"""Decompiles a workflow of the platform into a declaration: fields to keys, schemas to types. The inverse of compiling,
as far as the language can say it; what it cannot say is found by compiling the result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cyberflow.client.cyberdesk.wire import Model, WorkflowRecord
from cyberflow.deploy.pull.names import file_name
from cyberflow.deploy.pull.type_writer import TypeWriter
from cyberflow.language.template.escapes import escape_template
from cyberflow.remote.canonical import CHECK_FIELDS, MODEL_FIELDS, canonicalize, wire_fields
from cyberflow.remote.identity import PREFIX, Owner, strip_marker
from cyberflow.remote.markdown import html_to_markdown
from cyberflow.schema.normal_form import DEEPEST
from cyberflow.schema.read_value import is_encodable

_FIELDS = frozenset({"type", "properties", "required", "$defs"})
"""The keywords of a schema that names to types can say."""
_SHORT = 240
_LINES = 4
RenderHtml = Callable[[str, str, Iterable[str]], str | None]
"""The HTML of a text in a format (`html_to_markdown`, `html`), given the declared inputs; None when it has a flaw."""
Tokens = Callable[[str], tuple[Sequence[str], Sequence[str]]]
"""The inputs and the secrets that a text in wire form names."""


@dataclass(frozen=True)
class DecompileContext:
    """What is known of the prompt language and of the account. `images` maps addresses to files beside the YAML."""

    render_html: RenderHtml
    tokens: Tokens
    types: TypeWriter
    models: Sequence[Model] = ()
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass
class DecompiledWorkflow:
    """A declared workflow and the texts that it keeps in files of their own, by path beside the YAML."""

    name: str
    body: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def decompile(name: str, workflow: WorkflowRecord, owner: Owner, language: DecompileContext) -> DecompiledWorkflow:
    """Write one workflow down; keys in the order in which people write them."""
    fields = wire_fields(workflow)
    made = DecompiledWorkflow(name)
    body = made.body
    title = (fields["name"] or name).removeprefix(owner.title(""))
    canonical = canonicalize(fields)
    schema = _if_readable(canonical.get("input_schema"))
    inputs, secrets = _inputs_and_secrets(made, schema, language.types)
    named = language.tokens("\n".join(_texts(fields)))
    nothing = strip_marker(fields["input_schema"]) is None or (not inputs and not secrets and any(named))
    off = nothing and fields["output_schema"] is None
    if off:
        inputs, secrets = dict.fromkeys(named[0], "any"), dict.fromkeys(named[1], "string")
    if title != name:
        body["title"] = _escape_tokens(title)
    known = [*inputs] if off else [*schema.get("properties", ())] if isinstance(schema, dict) else []
    text = _PromptWriter(made, language, known)
    body["prompt"] = text.write("", fields["main_prompt"], own_file=True)
    _set(body, "schema", "off" if off else None)
    _set(body, "inputs", inputs)
    _set(body, "secrets", list(secrets) if all(kind == "string" for kind in secrets.values()) else secrets)
    _set(body, "outputs", _fields(made, "outputs", _if_readable(canonical.get("output_schema")), language.types))
    _set(body, "exports", fields["includes_file_exports"])
    _set(body, "webhooks", fields["is_webhooks_enabled"])
    _set(body, "terminal", [_escape_tokens(one) for one in fields["terminal_command_allowlist"] or ()])
    _set(body, "models", _model_names(fields["model_metadata"] or {}, language.models))
    _set(body, "checks", [_check(one, number, text) for number, one in enumerate(fields["post_run_checks"] or (), 1)])
    cleanup = fields["post_run_check_failure_cleanup_prompt"]
    _set(body, "on_check_failure", text.write("on-check-failure", cleanup) if cleanup else None)
    _set(body, "tags", [escape_template(tag.name) for tag in workflow.tags or () if not tag.name.startswith(PREFIX)])
    return made


def _texts(value: Any) -> list[str]:
    """Every text in which the platform substitutes, schemas aside."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for key, item in value.items() if not str(key).endswith("_schema") for text in _texts(item)]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []


def _set(body: dict[str, Any], key: str, value: Any) -> None:
    if value:
        body[key] = value


@dataclass
class _PromptWriter:
    """Finds for each prompt the first form that says exactly the same: Markdown, HTML, or the wire's own bytes."""

    made: DecompiledWorkflow
    language: DecompileContext
    inputs: list[str]

    def write(self, part: str, html: str, *, own_file: bool = False) -> Any:
        if not own_file:
            text, format = self._choose_format(html, "")
            if format == "markdown" and len(text) <= _SHORT and text.count("\n") < _LINES:
                return escape_template(text, prompt=True)
        text, format = self._choose_format(html, "../")
        if format == "wire":
            return self._add_file(part, "wire", text)
        text = escape_template(text, prompt=True)
        return self._add_file(part, {"markdown": "md", "html": "html"}[format], text + "\n")

    def _choose_format(self, html: str, up: str) -> tuple[str, str]:
        """The text and its format; `up` leads from the file that will hold it to the folder of the images."""
        local = html
        for address, path in self.language.images.items():
            local = local.replace(f'"{address}"', f'"{up}{path}"')
        wanted = canonicalize({"main_prompt": local})
        for format, text in (("markdown", html_to_markdown(local)), ("html", local.strip())):
            rendered = self.language.render_html(text, format, self.inputs)
            if rendered is not None and canonicalize({"main_prompt": rendered}) == wanted:
                return text, format
        return html, "wire"

    def _add_file(self, part: str, ending: str, text: str) -> dict[str, str]:
        path = f"prompts/{file_name('.'.join(filter(None, (self.made.name, part, ending))))}"
        self.made.files[path] = text
        return {"file": path}


def _inputs_and_secrets(made: DecompiledWorkflow, schema: Any, types: TypeWriter) -> tuple[Any, Any]:
    """The inputs and the secrets of an input schema, which has them side by side, secrets under `$name`."""
    root = schema if isinstance(schema, dict) else {}
    secret, own = (_part(root, secret=flag) for flag in (True, False))
    said = {key: value for key, value in secret.items() if key in _FIELDS}
    secrets = types.write_fields({**said, "type": "object"}) or {}
    if not root or (own.get("type") == "object" and set(own) <= {"type", "$defs"}):
        return {}, secrets
    return _fields(made, "inputs", own, types), secrets


def _part(root: Mapping[str, Any], *, secret: bool) -> dict[str, Any]:
    """An input schema with its secrets alone, under their own names, or without them."""
    part = dict(root)
    if "properties" in root:
        kept = {name: one for name, one in root["properties"].items() if _is_secret(name) is secret}
        part["properties"] = {name.removeprefix("$"): one for name, one in kept.items()}
    if "required" in root:
        part["required"] = [name.removeprefix("$") for name in root["required"] if _is_secret(name) is secret]
    return {key: value for key, value in part.items() if key not in {"properties", "required"} or value}


def _if_readable(schema: Any) -> Any:
    """A schema, or None where it is nested deeper than types may be: that it cannot be said is found later."""
    level, depth = [one for one in (schema,) if isinstance(one, dict | list)], 0
    while level:
        values = (one.values() if isinstance(one, dict) else one for one in level)
        level = [inner for one in values for inner in one if isinstance(inner, dict | list)]
        depth += 1
    return schema if depth <= 3 * DEEPEST else None


def _is_secret(name: str) -> bool:
    return name.startswith("$")


def _fields(made: DecompiledWorkflow, part: str, schema: Any, types: TypeWriter) -> Any:
    """Names to types; a schema that these cannot say stays a file."""
    if not isinstance(schema, dict):
        return None
    said = types.write_fields(schema) if schema.get("properties") else None
    if said is not None:
        return _literal(said)
    path = f"schemas/{file_name(f'{made.name}.{part}.json')}"
    made.files[path] = _json_text(schema)
    return {"schema": {"file": path}}


def _json_text(schema: Any) -> str:
    """A schema as a file; half a character, which no file can hold, is written as an escape."""
    text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
    return text if is_encodable(text) else json.dumps(schema, indent=2) + "\n"


def _literal(value: Any) -> Any:
    if isinstance(value, str):
        return escape_template(value)
    if isinstance(value, dict):
        return {key: _literal(item) for key, item in value.items()}
    return [_literal(item) for item in value] if isinstance(value, list) else value


def _model_names(metadata: Mapping[str, Any], models: Sequence[Model]) -> dict[str, Any]:
    main, cache, *fallbacks = [_model_name(metadata.get(name), models) for name in MODEL_FIELDS]
    made = {"main": main, "cache_detection": cache, "fallbacks": [one for one in fallbacks if one]}
    return {key: value for key, value in made.items() if value}


def _model_name(id: Any, models: Sequence[Model]) -> str | None:
    """The name of a model where only one that can be picked has it, else the id."""
    if not id:
        return None
    name = next((one.name for one in models if one.id == id), None)
    rivals = [one for one in models if one.name == name and not one.is_archived]
    return escape_template(name) if name and len(rivals) == 1 else str(id)


def _check(check: Mapping[str, Any], number: int, text: _PromptWriter) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in CHECK_FIELDS:
        value = check.get(name)
        if value in (None, False, "", []):
            continue
        if name == "check_prompt":
            made[name] = text.write(f"check-{number}", value)
        elif name == "model":
            made[name] = _model_name(value, text.language.models)
        else:
            made[name] = [_escape_tokens(one) for one in value] if isinstance(value, list) else _escape_tokens(value)
    return made


def _escape_tokens(value: Any) -> Any:
    r"""A text of a command, a check or a title: `<word>` in it is text, so it is written `\<word>`."""
    return (
        escape_template(re.sub(r"(?<![^\s(\[\"'`*_])<(?=\$?[A-Za-z_][^\s<>]*>)", r"\\<", value))
        if isinstance(value, str)
        else value
    )
