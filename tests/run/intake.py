"""The bundle that the tests run: `lookup`, `book` and `file`, with refs between them and a secret for the first."""

from __future__ import annotations

import json
from typing import Any

from cyberflow.compiler.bundle import Asset, Bundle, BundledChain, BundledWorkflow

MARK = "cAn4ry"
CANARY = MARK + "/öp\"w' d+"
TEXT = {"type": "string"}
PATIENT = {
    "type": "object",
    "properties": {"id": TEXT, "dob": TEXT, "tags": {"type": "array", "items": TEXT}},
    "required": ["id"],
}
SEED = "a" * 64


def need(schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"schema": TEXT if schema is None else schema, "required": True}


def may(schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"schema": TEXT if schema is None else schema, "required": False}


def workflow(name: str, inputs: dict[str, Any], outputs: dict[str, Any], **more: Any) -> BundledWorkflow:
    """A workflow; `outputs` are names to constants, which the local platform then gives."""
    secrets = more.get("secrets", {})
    members = {**inputs, **{f"${secret}": one for secret, one in secrets.items()}}
    schema = {
        "type": "object",
        "properties": {key: one["schema"] for key, one in members.items()},
        "required": [key for key, one in members.items() if one["required"]],
    }
    properties = {key: {"const": value} for key, value in outputs.items()}
    payload = {
        "name": name,
        "main_prompt": "<p>Go</p>",
        "input_schema": json.dumps(schema),
        "output_schema": json.dumps({"type": "object", "properties": properties, "required": list(outputs)}),
    }
    return BundledWorkflow(name, payload, inputs=inputs, **more)


LOOKUP = workflow(
    "patient-lookup",
    {"patient": need(PATIENT)},
    {"mrn": "M7", "medications": ["a", "b"]},
    secrets={"password": need()},
)
BOOK = workflow(
    "book-visit",
    {"mrn": need(), "reason": need(), "note": may(), "slots": may({"type": "integer", "default": 2})},
    {"confirmation": "C1"},
)
FILE = workflow("file-letter", {"mrn": need()}, {"filed": True})
WORKFLOWS = [LOOKUP, BOOK, FILE]

STEPS = [
    {
        "workflow_id": "patient-lookup",
        "session_alias": "lookup",
        "inputs": {"patient": "<patient>"},
        "sensitive_inputs": {"password": "<$epic_password>"},
    },
    {
        "workflow_id": "book-visit",
        "session_alias": "book",
        "inputs": {"mrn": {"$ref": "lookup.outputs.mrn"}, "reason": "Visit of <date>", "note": "<note>"},
    },
    {"workflow_id": "file-letter", "session_alias": "file", "inputs": {"mrn": {"$ref": "lookup.outputs.mrn"}}},
]
OUTPUTS = {
    "mrn": {"$ref": "lookup.outputs.mrn"},
    "summary": {
        "first": {"$ref": "lookup.outputs.medications[0]"},
        "day": "<date>",
        "gone": {"$ref": "book.outputs.no"},
    },
    "nothing": {"$ref": "book.outputs.nothing"},
}


def chain(name: str = "intake", **fields: Any) -> BundledChain:
    request = {
        "steps": STEPS,
        "is_priority": False,
        "keep_session_after_completion": False,
        **fields.pop("request", {}),
    }
    made: dict[str, Any] = {
        "inputs": {"patient": need(PATIENT), "date": need(), "note": may()},
        "secrets": {"epic_password": need()},
        "outputs": OUTPUTS,
    }
    return BundledChain(name, request, **{**made, **fields})


def bundle(*chains: BundledChain, workflows: list[BundledWorkflow] | None = None) -> Bundle:
    return Bundle(
        "clinic",
        "local",
        WORKFLOWS if workflows is None else workflows,
        list(chains) or [chain()],
        assets=[Asset(SEED, "seed.csv", "text/csv", 3)],
    )
