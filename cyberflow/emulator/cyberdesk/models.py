"""/v1/model-configurations: the system's own, and those of the organisation, which alone can be changed."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from cyberflow.emulator.contract.errors import HttpError
from cyberflow.emulator.contract.request_bodies import ModelCreate, ModelUpdate
from cyberflow.emulator.cyberdesk.resource import Resource
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import Document, Store, new_id

DEFAULTS = (
    ("Default Agent", "anthropic", "claude-sonnet", True),
    ("Fast Agent", "anthropic", "claude-haiku", True),
    ("Default Extraction", "google", "gemini-flash", False),
)
NEVER_NULL = frozenset({"name", "provider", "model", "is_computer_use_model", "is_archived"})
MODELS: Final = Resource("model", "Model configuration", "model_configuration_id", NEVER_NULL)


def seed(store: Store, now: datetime) -> None:
    """Put the system's configurations into a new database, under ids that are the same in every one."""
    for name, provider, model, computer_use in DEFAULTS:
        fields = ModelCreate(name=name, provider=provider, model=model, is_computer_use_model=computer_use)
        system = {"id": _system_id(name), "is_system_default": True, "organization_id": None}
        MODELS.add(store, now, fields_of(fields) | system)


def create(call: ApiCall) -> Document:
    body: ModelCreate = call.body
    id = new_id()
    alias = _keep_api_key(call, id, body.api_key) if body.api_key else None
    return MODELS.add(call.store, call.now, fields_of(body) | {"id": id, "api_key_alias": alias})


def list_items(call: ApiCall) -> list[Document]:
    return call.store.every("model")


def get(call: ApiCall) -> Document:
    return MODELS.of_path(call)


def update(call: ApiCall) -> Document:
    body: ModelUpdate = call.body
    before = _find_editable(call)
    model = MODELS.patch(before, body, "api_key", "clear_api_key")
    if body.clear_api_key:
        call.secret_store.drop(model["id"])
        model["api_key_alias"] = None
    if body.api_key:
        model["api_key_alias"] = _keep_api_key(call, model["id"], body.api_key)
    return MODELS.replace(call, before, model)


def delete(call: ApiCall) -> None:
    call.store.remove("model", _find_editable(call)["id"])


def _find_editable(call: ApiCall) -> Document:
    model = MODELS.of_path(call)
    if model["is_system_default"]:
        raise HttpError(403, "System default model configurations cannot be changed")
    return model


def _keep_api_key(call: ApiCall, id: str, api_key: str) -> str:
    call.pending_secrets[id] = {"api_key": api_key}
    return f"vault:{id}:api_key"


def fields_of(body: ModelCreate) -> Document:
    return body.model_dump(mode="json", exclude={"api_key"}) | {"is_system_default": False, "api_key_alias": None}


def _system_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://cyberdesk.io/models/{name}"))
