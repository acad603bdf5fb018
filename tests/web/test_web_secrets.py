from __future__ import annotations

import httpx
import pytest

from cyberflow.emulator.platform import Platform
from cyberflow.web.routes import site
from tests.web.hostile import CANARY, build
from tests.web.loopback import Fetch

KEY = {"Authorization": "Bearer cd_test"}


@pytest.mark.slow
def test_nothing_that_the_page_reads_holds_a_secret(fetch: Fetch, client: httpx.Client) -> None:
    world = build(client)
    asked = [
        "/session.json",
        "/v1/runs?limit=1000&sort_mode=activity",
        f"/v1/runs?session_id={world.session}",
        f"/v1/runs?search={CANARY}&deep_search=true",
        f"/v1/runs/{world.run}",
        f"/v1/runs/{world.live}",
        f"/v1/run-attachments?run_id={world.run}",
        "/v1/workflows?include=tags",
        f"/v1/workflows/{world.workflow}",
        f"/v1/workflows/{world.workflow}/versions",
        "/v1/machines",
        "/v1/pools",
        "/v1/model-configurations",
    ]
    for path in asked:
        answer = fetch(path, headers=KEY)
        assert answer.status_code == 200, path
        assert CANARY not in answer.text, path
    run = fetch(f"/v1/runs/{world.run}", headers=KEY).json()
    assert list(run["sensitive_input_aliases"]) == ["pin"]


def test_the_key_of_a_platform_is_in_no_file() -> None:
    import asyncio

    async def read() -> list[str]:
        with Platform.open(":memory:", api_key=CANARY) as platform:
            transport = httpx.ASGITransport(site(platform.app))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return [
                    (await client.get(path)).text for path in ("/", "/session.json", "/assets/js/api.js", "/v1/health")
                ]

    assert all(CANARY not in text for text in asyncio.run(read()))
