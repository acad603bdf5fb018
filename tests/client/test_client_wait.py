"""Waiting for runs and chains: light looks, every status but the four final ones is live, and an end in time."""

from __future__ import annotations

import httpx
import pytest

from cyberflow.client.cyberdesk.records import ChainAccepted
from cyberflow.client.cyberdesk.wait import StillLive
from cyberflow.client.http.errors import ApiError
from tests.client.scripted_service import Script, answer, page, run

pytestmark = pytest.mark.anyio

CHAIN = ChainAccepted(session_id="s", run_ids=["r1", "r2"])


def look(*statuses: str) -> httpx.Response:
    found = [run(f"r{number}", status=status) for number, status in enumerate(statuses, 1)]
    return answer(200, page(found, len(found)))


async def test_a_run_is_looked_at_until_it_is_over(script: Script) -> None:
    live = ["scheduling", "running", "running_checks", "teleporting"]
    script.says(*(look(status) for status in live), look("success"), answer(200, run(status="success", error=[])))

    done = await script.desk().wait("r1")

    assert (done.status, done.error) == ("success", [])
    assert script.slept == [2.0] * 4
    assert [request.url.path for request in script.asked] == ["/v1/runs"] * 5 + ["/v1/runs/r1"]
    assert dict(script.asked[0].url.params) == {"search": "r1", "fields": "session_id", "skip": "0", "limit": "1000"}


async def test_a_chain_is_over_when_all_its_runs_are(script: Script) -> None:
    script.says(look("success", "running_checks"), look("success", "task_failed"), look("success", "task_failed"))

    done = await script.desk().wait(CHAIN, every=5)

    assert [(found.id, found.status) for found in done] == [("r1", "success"), ("r2", "task_failed")]
    assert script.slept == [5]
    assert {request.url.params["session_id"] for request in script.asked} == {"s"}
    assert "run_message_history" not in script.asked[-1].url.params.get_list("fields")
    assert "output_data" in script.asked[-1].url.params.get_list("fields")


async def test_the_runs_of_others_in_the_session_are_not_waited_for(script: Script) -> None:
    script.says(look("success", "success", "running"))

    assert len(await script.desk().wait(CHAIN)) == 2
    assert script.slept == []


async def test_when_the_time_is_up_the_statuses_are_told(script: Script) -> None:
    script.says(look("success", "teleporting"))

    with pytest.raises(StillLive, match="not over after 3 s: r2 is teleporting") as caught:
        await script.desk().wait(CHAIN, within=3)

    assert caught.value.statuses == {"r1": "success", "r2": "teleporting"}
    assert script.slept == [2.0, 1.0]
    assert caught.value.exit_code == 3


async def test_a_run_that_is_not_in_the_list_is_asked_for_itself(script: Script) -> None:
    script.says(answer(200, page([], 0)), answer(404, {"message": "Run not found"}))

    with pytest.raises(ApiError, match="Run not found"):
        await script.desk().wait("r1")


async def test_a_run_that_is_in_hand_can_be_waited_for(script: Script) -> None:
    script.says(answer(200, run("r1")), look("cancelled"), answer(200, run("r1", status="cancelled")))
    desk = script.desk()

    assert (await desk.wait(await desk.runs.get("r1"))).status == "cancelled"
