from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest

from cyberflow.client.http.errors import ApiError, RateLimited, Unreachable
from cyberflow.client.http.request import get_request
from tests.client.scripted_service import NOW, Script, answer, run, workflow

pytestmark = pytest.mark.anyio


def http_date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_passing_failure_is_asked_again(script: Script, status: int) -> None:
    script.says(answer(status), answer(status), answer(status), answer(200, workflow()))

    assert (await script.desk().workflows.get("w1")).id == "w1"
    assert len(script.asked) == 4


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_after_three_retries_the_failure_stands(script: Script, status: int) -> None:
    script.says(answer(status))

    with pytest.raises(ApiError) as caught:
        await script.desk().workflows.get("w1")

    assert caught.value.status == status
    assert isinstance(caught.value, RateLimited) == (status == 429)
    assert len(script.asked) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 425, 501, 520])
async def test_a_lasting_failure_is_not_asked_again(script: Script, status: int) -> None:
    script.says(answer(status))

    with pytest.raises(ApiError) as caught:
        await script.desk().workflows.create({"main_prompt": "Go"})

    assert caught.value.status == status
    assert len(script.asked) == 1
    assert script.slept == []


@pytest.mark.parametrize("mark", ["in_progress", " In_Progress "])
async def test_a_key_in_progress_is_asked_again(script: Script, mark: str) -> None:
    script.says(answer(409, Idempotency_Status=mark), answer(201, workflow()))

    await script.desk().workflows.create({"main_prompt": "Go"})

    assert len(script.asked) == 2


async def test_another_idempotency_status_is_a_conflict(script: Script) -> None:
    script.says(answer(409, Idempotency_Status="replayed"), answer(201, workflow()))

    with pytest.raises(ApiError):
        await script.desk().workflows.create({"main_prompt": "Go"})

    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.WriteTimeout("slow"),
        httpx.PoolTimeout("full"),
        httpx.ReadError("reset"),
        httpx.WriteError("reset"),
        httpx.RemoteProtocolError("disconnected"),
        httpx.ProxyError("407"),
        httpx.DecodingError("no gzip"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_network_errors_are_asked_again_for_reads_and_writes(script: Script, error: Exception) -> None:
    desk = script.says(error, error, error, answer(200, run())).desk()
    await desk.runs.get("r1")
    script.says(error, error, error, answer(201, run()))
    await desk.runs.create({"workflow_id": "w1"})

    assert len(script.asked) == 8


async def test_a_write_without_a_key_is_sent_once(script: Script) -> None:
    request = get_request("/v1/runs")
    script.says(answer(503))

    with pytest.raises(ApiError):
        await script.transport().send(type(request)("POST", "/v1/runs"))

    assert len(script.asked) == 1


async def test_the_waits_are_full_jitter_below_a_doubling_bound(script: Script) -> None:
    script.jitter = 0.5
    script.says(answer(503))

    with pytest.raises(ApiError):
        await script.desk(retries=7).workflows.get("w1")

    assert script.slept == [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 4.0]


@pytest.mark.parametrize(
    ("asks", "seconds"),
    [
        ("60", 60.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("599", 599.0),
        (http_date(NOW + 90), 90.0),
        (http_date(NOW - 90), 0.0),
        ("-5", 0.0),
        ("soon", 0.0),
        ("nan", 0.0),
        ("inf", 0.0),
    ],
)
async def test_retry_after_is_honoured_without_a_cap(script: Script, asks: str, seconds: float) -> None:
    script.says(answer(429, Retry_After=asks), answer(200, run()))

    await script.desk().runs.get("r1")

    assert script.slept == [seconds]


async def test_jitter_comes_on_top_of_what_the_service_asks(script: Script) -> None:
    script.jitter = 0.5
    script.says(answer(503, Retry_After="3"), answer(200, run()))

    await script.desk().runs.get("r1")

    assert script.slept == [3.125]


async def test_a_date_counts_from_the_clock_of_the_service(script: Script) -> None:
    script.says(answer(429, Retry_After=http_date(NOW + 5030), Date=http_date(NOW + 5000)), answer(200, run()))

    await script.desk().runs.get("r1")

    assert script.slept == [30.0]


async def test_over_the_budget_the_rate_limit_is_the_error_at_once(script: Script) -> None:
    script.says(answer(429, {"message": "Too many"}, Retry_After="3600"))

    with pytest.raises(RateLimited, match="Too many") as caught:
        await script.desk().runs.get("r1")

    assert caught.value.retry_after == 3600
    assert caught.value.help == "the service asks to wait 60 min, longer than cyberflow waits by itself: try again then"
    assert script.slept == []


async def test_the_budget_counts_all_waits_of_one_call(script: Script) -> None:
    script.says(answer(429, Retry_After="20"))

    with pytest.raises(RateLimited):
        await script.desk(budget=50).runs.get("r1")

    assert script.slept == [20, 20]


async def test_a_rate_limit_that_outlasts_the_retries_says_when_to_come_back(script: Script) -> None:
    script.says(answer(429, Retry_After="90"))

    with pytest.raises(RateLimited) as caught:
        await script.desk().runs.get("r1")

    assert str(caught.value.help).startswith("the rate limit of this key is used up: try again in 90 s")
    assert script.slept == [90, 90, 90]


async def test_an_overloaded_service_that_asks_too_much_is_no_rate_limit(script: Script) -> None:
    script.says(answer(503, Retry_After="700"))

    with pytest.raises(ApiError) as caught:
        await script.desk().runs.get("r1")

    assert not isinstance(caught.value, RateLimited)
    assert "wait 12 min" in str(caught.value.help)


@pytest.mark.parametrize("reset", ["7", str(NOW + 7), datetime.fromtimestamp(NOW + 7, UTC).isoformat()])
async def test_an_empty_bucket_is_waited_for_before_the_next_call(script: Script, reset: str) -> None:
    script.says(answer(200, run(), X_RateLimit_Remaining="0", X_RateLimit_Reset=reset), answer(200, run()))
    desk = script.desk()

    await desk.runs.get("r1")
    assert script.slept == []
    await desk.runs.get("r1")
    await desk.runs.get("r1")

    assert script.slept == [7.0]


@pytest.mark.parametrize(
    ("remaining", "reset"),
    [("3", "7"), ("0", "later"), ("0", "-7"), ("0", "99999"), ("0", str(NOW - 7)), ("none", "7"), ("0", "")],
)
async def test_a_bucket_that_makes_no_sense_holds_nothing_up(script: Script, remaining: str, reset: str) -> None:
    script.says(answer(200, run(), X_RateLimit_Remaining=remaining, X_RateLimit_Reset=reset))
    desk = script.desk()

    await desk.runs.get("r1")
    await desk.runs.get("r1")

    assert script.slept == []


@pytest.mark.parametrize(
    ("lines", "may_have_arrived"),
    [
        ([httpx.ConnectError("refused")], False),
        ([httpx.ConnectTimeout("slow")], False),
        ([httpx.ReadTimeout("slow")], True),
        ([httpx.ReadTimeout("slow"), httpx.ConnectError("refused")], True),
        ([answer(503), httpx.ConnectError("refused")], True),
    ],
)
async def test_unreachable_tells_whether_the_write_may_have_arrived(
    script: Script, lines: list[httpx.Response | Exception], may_have_arrived: bool
) -> None:
    script.says(*lines)

    with pytest.raises(Unreachable) as caught:
        await script.desk().runs.chain({"steps": []})

    assert caught.value.may_have_arrived is may_have_arrived
    assert len(script.asked) == 4
