"""Every implemented operation under generated requests, valid and not, on things that exist and things that do not:
no server error, and no answer that the contract does not know.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import warnings
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cyberflow.emulator.platform import Platform
from cyberflow.emulator.routes import ENDPOINTS, PROBES
from tests.emulator.emulator_api import CONTRACT, Api, TurnedClock, hold_against_contract

schemathesis = pytest.importorskip("schemathesis")
pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("CYBERFLOW_EXAMPLES", "8"))
PNG = b"\x89PNG\r\n\x1a\n"
OPEN = ("/v1/local/", "/storage/")
"""Paths of the local platform's own, which the contract does not have."""


def implemented() -> list[tuple[str, str]]:
    shape = {re.sub(r"\{[^}]+\}", "{}", path): path for path in CONTRACT["paths"]}
    return [
        (endpoint.method, shape[re.sub(r"\{[^}]+\}", "{}", endpoint.path)])
        for endpoint in ENDPOINTS
        if not endpoint.path.startswith(OPEN) and endpoint.path not in set(PROBES) - set(CONTRACT["paths"])
    ]


def schema() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return schemathesis.openapi.from_dict(CONTRACT)


SCHEMA = schema()


@dataclass(frozen=True)
class House:
    """A database with one of everything, the ids by the names that the contract's parameters have, and its now."""

    database: Path
    ids: dict[str, Any]
    now: datetime


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    database, clock = tmp_path_factory.mktemp("house") / "local.db", TurnedClock()
    with Platform.open(database, clock=clock) as platform:
        ids = furnish(Api(platform), clock)
    return House(database, ids, clock.now)


def furnish(api: Api, clock: TurnedClock) -> dict[str, Any]:
    group = api.post("/v1/workflow-tag-groups", {"name": "g"})["id"]
    tag = api.post("/v1/workflow-tags", {"name": "t", "group_id": group})["id"]
    workflow, other = api.workflow(output_schema={"type": "object"}), api.workflow("Other")
    machine = api.get("/v1/machines")["items"][0]["id"]
    pool = api.post("/v1/pools", {"name": "p"})["id"]
    model = api.post("/v1/model-configurations", {"name": "m", "provider": "p", "model": "m"})["id"]
    run = api.post("/v1/runs", {"workflow_id": workflow})["id"]
    clock.forward(2)
    file = {"run_id": run, "filename": "f", "content": "", "content_type": "a/b", "attachment_type": "output"}
    attachment = api.post("/v1/run-attachments", file)["id"]
    socket = api.post("/v1/connections", {"websocket_id": "w", "machine_id": machine})["id"]
    trajectory = api.get(f"/v1/runs/{run}/trajectory")["id"]
    ids: dict[str, Any] = {"workflow_id": workflow, "target_workflow_id": other, "run_id": run, "machine_id": machine}
    ids |= {"tag_id": tag, "group_id": group, "pool_id": pool, "model_configuration_id": model}
    ids |= {"attachment_id": attachment, "connection_id": socket, "trajectory_id": trajectory}
    ids |= {"tag_ids": [tag], "workflow_ids": [workflow], "pool_ids": [pool], "machine_ids": [machine], "ids": [tag]}
    api.post(f"/v1/workflows/{workflow}/tags", {"tag_ids": [tag]})
    api.request("POST", "/v1/workflows/prompt-image", files={"file": ("a.png", PNG)})
    ids["path"] = api.get("/v1/workflows/prompt-images")[0]["path"]
    ids["image_url"] = api.run(run)["run_message_history"][1]["content"][1]["image_url"]
    return ids | {"count": 3, "expires_in": 60, "limit": 5, "skip": 0}


def real(value: Any, ids: dict[str, Any]) -> Any:
    """The generated value, its ids replaced by those of things that exist."""
    if isinstance(value, dict):
        return {key: ids[key] if key in ids and item is not None else real(item, ids) for key, item in value.items()}
    return [real(item, ids) for item in value] if isinstance(value, list) else value


def url_of(case: Any, ids: dict[str, Any], *, existing: bool) -> str:
    given_ = {**(case.path_parameters or {}), **(ids if existing else {})}
    return re.sub(r"\{(\w+)\}", lambda found: quote(str(given_[found[1]]), safe=""), case.operation.path)


def send(api: Api, case: Any, ids: dict[str, Any], *, existing: bool) -> Any:
    query = {key: value for key, value in (case.query or {}).items() if value is not None}
    generated = {str(key): str(value) for key, value in (case.headers or {}).items() if str(value).isascii()}
    headers = {key: value for key, value in generated.items() if key.lower() != "authorization"}
    options: dict[str, Any] = {"params": real(query, ids) if existing else query}
    if case.media_type == "multipart/form-data":
        content = str(case.body).encode("utf-8", "replace")
        options["files"] = {"file": ("a.png", (PNG if existing else b"") + content)}
    elif isinstance(case.body, dict | list | str | int | float | bool | None):
        options["content"] = json.dumps(real(case.body, ids) if existing else case.body)
    path = url_of(case, ids, existing=existing)
    return api.request(case.operation.method.upper(), path, headers=headers, **options)


def cases(method: str, path: str) -> st.SearchStrategy[Any]:
    operation = SCHEMA[path][method]
    return st.one_of(
        operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE),
    )


@pytest.mark.parametrize(("method", "path"), implemented(), ids=lambda value: value)
def test_an_operation_under_any_request(house: House, method: str, path: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(method, path), existing=st.booleans())
    def every(case: Any, *, existing: bool) -> None:
        copy = house.database.with_name(f"{uuid4()}.db")
        shutil.copy(house.database, copy)
        clock = TurnedClock()
        clock.now = house.now
        with Platform.open(copy, clock=clock) as platform:
            api = Api(platform)
            response = send(api, case, house.ids, existing=existing)
            assert response.status_code < 500, response.text
            hold_against_contract(response)
            clock.forward(30)
            api.get("/v1/runs")
        copy.unlink()

    every()


def test_they_are_all_but_those_that_are_left_out_on_purpose() -> None:
    """Direct control of a desktop, the agent's own calls, provider keys and priced costs are not simulated."""
    left_out = re.compile(r"/v1/(computer/|machines/[^/]+/cyberdriver/|provider-credentials)|/llm-costs$")
    every = {(method.upper(), path) for path, found in CONTRACT["paths"].items() for method in found}

    assert every - set(implemented()) == {(method, path) for method, path in every if left_out.search(path)}
    assert len(implemented()) == 83
