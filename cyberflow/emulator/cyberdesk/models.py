"""/v1/model-configurations: the system's own, and those of the organisation, which alone can be changed."""

from __future__ import annotations

import uuid
from datetime import datetime

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import HttpError, not_found
from cyberflow.emulator.contract.request_bodies import ModelCreate, ModelUpdate
from cyberflow.emulator.engine.store import Document, Store, new_id
from cyberflow.emulator.http.dispatch import ApiCall

DEFAULTS = (
    ("Default Agent", "anthropic", "claude-sonnet", True),
    ("Fast Agent", "anthropic", "claude-haiku", True),
    ("Default Extraction", "google", "gemini-flash", False),
)
NULLABLE = frozenset(
    {
        "description",
        "temperature",
        "max_tokens",
        "timeout_seconds",
        "max_retries",
        "additional_params",
        "agent_harness_version_string",
    }
)


def seed(store: Store, now: datetime) -> None:
    """Put the system's configurations into a new database, under ids that are the same in every one."""
    for name, provider, model, computer_use in DEFAULTS:
        id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://cyberdesk.io/models/{name}"))
        fields = ModelCreate(name=name, provider=provider, model=model, is_computer_use_model=computer_use)
        store.add("model", _document(fields, now) | {"id": id, "is_system_default": True})


def create(call: ApiCall) -> Document:
    body: ModelCreate = call.body
    model = _document(body, call.now) | {"organization_id": call.store.organisation}
    if body.api_key:
        model["api_key_alias"] = _keep_api_key(call, model["id"], body.api_key)
    call.store.add("model", model)
    return model


def list_all(call: ApiCall) -> list[Document]:
    return call.store.every("model")


def get(call: ApiCall) -> Document:
    model = call.store.find("model", call.path_id("model_configuration_id"))
    if model is None:
        raise not_found("Model configuration")
    return model


def update(call: ApiCall) -> Document:
    body: ModelUpdate = call.body
    model = _find_editable(call)
    sent = body.model_dump(mode="json", exclude_unset=True, exclude={"api_key", "clear_api_key"})
    model |= {key: value for key, value in sent.items() if value is not None or key in NULLABLE}
    if body.clear_api_key:
        call.secret_store.drop(model["id"])
        model["api_key_alias"] = None
    if body.api_key:
        model["api_key_alias"] = _keep_api_key(call, model["id"], body.api_key)
    model["updated_at"] = stamp(call.now)
    call.store.replace("model", model)
    return model


def delete(call: ApiCall) -> None:
    call.store.remove("model", _find_editable(call)["id"])


def _find_editable(call: ApiCall) -> Document:
    model = get(call)
    if model["is_system_default"]:
        raise HttpError(403, "System default model configurations cannot be changed")
    return model


def _keep_api_key(call: ApiCall, id: str, api_key: str) -> str:
    call.pending_secrets[id] = {"api_key": api_key}
    return f"vault:{id}:api_key"


def _document(body: ModelCreate, now: datetime) -> Document:
    return body.model_dump(mode="json", exclude={"api_key"}) | {
        "id": new_id(),
        "is_system_default": False,
        "organization_id": None,
        "api_key_alias": None,
        "created_at": stamp(now),
        "updated_at": stamp(now),
    }
