"""The client of these tests, whose every answer is held against the API's contract, and the clock they turn."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema_rs

if TYPE_CHECKING:
    from cyberflow.emulator.platform import Platform

CONTRACT = json.loads((Path(__file__).parent / "data" / "openapi.json").read_text(encoding="utf-8"))


class TurnedClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@lru_cache
def validator(name: str) -> Any:
    return jsonschema_rs.validator_for(json.loads(name) | {"components": CONTRACT["components"]}, offline=True)


@lru_cache
def templates() -> list[tuple[re.Pattern[str], str]]:
    """Every path of the contract, those with fewer parameters first."""
    paths = sorted(CONTRACT["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path) for path in paths]


def hold_against_contract(response: httpx.Response) -> None:
    """The status is one that the operation declares, and a JSON body is of its schema; refusals have one shape."""
    path = next((path for shape, path in templates() if shape.fullmatch(response.request.url.path)), None)
    if path is None:
        return
    operation = CONTRACT["paths"][path].get(response.request.method.lower())
    if operation is None:
        return
    declared = operation["responses"].get(str(response.status_code))
    if response.status_code >= 400 and (declared is None or "content" not in declared):
        assert set(response.json()) == {"error", "message", "error_code", "details", "timestamp"}
        return
    assert declared is not None, f"{response.status_code} of {response.request.method} {path}: {response.text}"
    schema = declared.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return
    found = [
        f"{error.instance_path}: {error.message}"
        for error in validator(json.dumps(schema)).iter_errors(response.json())
    ]
    assert not found, f"{response.request.method} {path}: {found}"


class Api:
    """Requests to a platform in process, one at a time or at once."""

    def __init__(self, platform: Platform, key: str = "cd_test") -> None:
        self.platform = platform
        self.headers = {"Authorization": f"Bearer {key}"}

    def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        return asyncio.run(self.send(method, path, headers=headers, **options))

    async def send(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.platform.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://local.test") as client:
            response = await client.request(method, path, headers=self.headers | (headers or {}), **options)
        hold_against_contract(response)
        return response

    def get(self, path: str, /, **params: Any) -> Any:
        return self._json(self.request("GET", path, params=params))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._json(self.request("POST", path, json=body, headers=_dashed(headers)))

    def patch(self, path: str, body: Any) -> Any:
        return self._json(self.request("PATCH", path, json=body))

    def put(self, path: str, body: Any) -> Any:
        return self._json(self.request("PUT", path, json=body))

    def delete(self, path: str, **options: Any) -> None:
        response = self.request("DELETE", path, **options)
        assert response.status_code == 204, response.text

    def refusal(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Status and message of a request that is refused."""
        response = self.request(method, path, **options)
        assert response.status_code >= 400, response.text
        return response.status_code, response.json().get("message", "")

    def violations(self, path: str, body: Any, method: str = "POST") -> list[tuple[list[Any], str]]:
        """Place and type of everything that a 422 finds."""
        response = self.request(method, path, json=body)
        assert response.status_code == 422, response.text
        return [(item["loc"], item["type"]) for item in response.json()["detail"]]

    def workflow(self, name: str = "Patient lookup", **fields: Any) -> str:
        for schema in ("input_schema", "output_schema"):
            if isinstance(fields.get(schema), dict):
                fields[schema] = json.dumps(fields[schema])
        return str(self.post("/v1/workflows", {"name": name, "main_prompt": "Open the chart."} | fields)["id"])

    def chain(self, *steps: dict[str, Any], **fields: Any) -> tuple[str, list[str]]:
        answer = self.post("/v1/runs/chain", {"steps": list(steps)} | fields)
        return answer["session_id"], answer["run_ids"]

    def statuses(self, session_id: str) -> list[str]:
        """In the order of submission."""
        found = self.get("/v1/runs", session_id=session_id, fields="session_id", sort_mode="created_at_desc")
        return [item["status"] for item in found["items"]][::-1]

    def run(self, id: str) -> Any:
        return self.get(f"/v1/runs/{id}")

    def _json(self, response: httpx.Response) -> Any:
        assert response.is_success, f"{response.status_code} {response.text}"
        return response.json() if response.content else None


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
