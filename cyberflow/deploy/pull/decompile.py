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
from cyberflow.deploy.pull.yaml_writer import escape_template
from cyberflow.remote.canonical import CHECK_FIELDS, MODEL_FIELDS, canonicalize, wire_fields
from cyberflow.remote.identity import PREFIX, Owner, strip_marker
from cyberflow.remote.markdown import html_to_markdown

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array"})
_MARKS = frozenset({"type", "properties", "items", "enum", "const", "anyOf", "oneOf", "allOf", "not", "$ref"})
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
    inputs, secrets = _inputs_and_secrets(canonicalize(fields).get("input_schema"))
    named = language.tokens("\n".join(_texts(fields)))
    nothing = strip_marker(fields["input_schema"]) is None or (not inputs and not secrets and any(named))
    off = nothing and fields["output_schema"] is None
    if off:
        inputs, secrets = dict.fromkeys(named[0], "any"), dict.fromkeys(named[1], "string")
    if title != name:
        body["title"] = _escape_tokens(title)
    text = _PromptWriter(made, language, [one.removesuffix("?") for one in inputs])
    body["prompt"] = text.write("", fields["main_prompt"], own_file=True)
    _set(body, "schema", "off" if off else None)
    _set(body, "inputs", inputs)
    _set(body, "secrets", list(secrets) if all(kind == "string" for kind in secrets.values()) else secrets)
    _set(body, "outputs", _outputs(made, canonicalize(fields).get("output_schema")))
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
        path = f"prompts/{'.'.join(filter(None, (self.made.name, part)))}.{ending}"
        self.made.files[path] = text
        return {"file": path}


def _inputs_and_secrets(schema: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The inputs and the secrets of an input schema, as names to types."""
    inputs: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    for name, (written, kind) in _types(schema if isinstance(schema, dict) else {}).items():
        if name.startswith("$"):
            secrets[written[1:]] = kind
        else:
            inputs[written] = kind
    return inputs, secrets


def _types(schema: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """The properties of a schema: the key as written, with `?` where optional, and the type."""
    needed = schema.get("required") or []
    made = {}
    for name, kind in (schema.get("properties") or {}).items():
        optional = name not in needed and not (isinstance(kind, dict) and "default" in kind)
        made[name] = (f"{name}?" if optional else name, _type(kind, schema.get("$defs")))
    return made


def _type(schema: Any, definitions: Any) -> Any:
    if schema is True or schema == {}:
        return "any"
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    if set(schema) == {"type"} and isinstance(kind, str) and kind in TYPES:
        return kind
    if set(schema) == {"type", "items"} and kind == "array":
        inner = _type(schema["items"], definitions)
        if isinstance(inner, str):
            return f"{inner}[]"
    used = definitions and '"#/$defs/' in json.dumps(schema)
    return _literal({**schema, "$defs": definitions} if used else schema)


def _literal(value: Any) -> Any:
    if isinstance(value, str):
        return escape_template(value)
    if isinstance(value, dict):
        return {key: _literal(item) for key, item in value.items()}
    return [_literal(item) for item in value] if isinstance(value, list) else value


def _outputs(made: DecompiledWorkflow, schema: Any) -> Any:
    """Names to types; a schema whose names or types the notation cannot hold stays a file."""
    if not isinstance(schema, dict) or not schema.get("properties"):
        return None
    types = _types(schema)
    said = all(
        NAME.fullmatch(name) and (isinstance(kind, str) or _MARKS & set(kind)) for name, (_, kind) in types.items()
    )
    if said:
        return dict(types.values())
    path = f"schemas/{made.name}.outputs.json"
    made.files[path] = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
    return {"schema": {"file": path}}


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
