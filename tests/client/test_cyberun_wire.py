"""Cyberun's bodies as it documents them: the sample of its page field by field, and every shape of a result."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.client.cyberun.events import ServerEvent, parse_events
from cyberflow.client.cyberun.wire import FINAL_STATUSES, Output, TaskPage, TaskRecord, TaskResult, outputs_of

SAMPLE = json.loads((Path(__file__).parent / "data" / "cyberun-task-result.json").read_text(encoding="utf-8"))
NOW = datetime(2025, 2, 10, 14, 30, tzinfo=UTC)
O_A, O_B = ({"s3_key": f"o/{name}"} for name in "ab")
LOCAL = {"storage_key": "tasks/t/out_1.png", "image_count": 1}
URL = "https://s3.example.com/{}?X-Amz-Expires=3600&X-Amz-Signature=abc"


def test_the_sample_of_the_page_field_by_field() -> None:
    result = TaskResult.model_validate(SAMPLE)

    assert result.id == "019abc12-9012-7890-abcd-ef1234567896"
    assert result.task_status is None, "the sample leaves the enum out"
    assert result.task_output == {
        "storage_key": "tasks/019c65a0-1234-7000-8000-abcdef123456/output_00001_.png",
        "image_count": 1,
    }
    assert result.download_url == "https://s3.example.com/tasks/019c65a0-.../output.png?X-Amz-Expires=3600&..."
    assert result.download_urls == {"9.images.0": "https://s3.example.com/outputs/.../image.png?X-Amz-Expires=3600&..."}
    assert result.expires_at == "2025-02-10T15:01:30Z"
    assert result.task_error == ""
    assert result.completed_at == "2025-02-10T14:01:30Z"
    assert result.to_json() == SAMPLE
    assert [one.key for one in outputs_of(result)] == ["output_00001_.png", "9.images.0"]
    assert result.expiry(NOW) == datetime(2025, 2, 10, 15, 1, 30, tzinfo=UTC)


AT_A, AT_B = URL.format("o/a"), URL.format("o/b")


@pytest.mark.parametrize(
    ("output", "url", "urls", "keys"),
    [
        (LOCAL, AT_A, None, ["out_1.png"]),
        ({"9.images.0": O_A}, None, {"9.images.0": AT_A}, ["9.images.0"]),
        ({"k": O_B, **LOCAL}, AT_A, {"k": AT_B}, ["out_1.png", "k"]),
        (LOCAL, AT_B, {"k": f"{AT_B}&again=1"}, ["k"]),
        ({}, URL.format("deep/name%20x.png"), None, ["name x.png"]),
        (None, "https://s3.example.com/", None, ["output"]),
        ({"out_1.png": O_B, **LOCAL}, AT_A, {"out_1.png": AT_B}, ["out_1.png-output", "out_1.png"]),
        ({"9.images.0": O_A}, None, None, ["9.images.0"]),
        ({"9.images.0": {"s3_key": None}}, None, {}, []),
        ({}, None, {}, []),
        (None, None, None, []),
        ("text", "", {"a": None, "b": "", "c": 7}, []),
    ],
)
def test_outputs_of_every_shape(output: Any, url: Any, urls: Any, keys: list[str]) -> None:
    body = {"id": "t", "task_output": output, "download_url": url, "download_urls": urls}

    assert [one.key for one in outputs_of(TaskResult.model_validate(body))] == keys


def test_a_result_without_the_keys_has_no_outputs() -> None:
    assert outputs_of(TaskResult(id="t")) == ()


def test_an_output_that_is_named_without_an_address_has_none() -> None:
    result = TaskResult.model_validate({"id": "t", "task_output": {"a": {"s3_key": "o/a"}}})

    assert outputs_of(result) == (Output("a", None),)


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        (None, timedelta(hours=1)),
        ("no time", timedelta(hours=1)),
        ("2025-02-10T14:40:00Z", timedelta(minutes=10)),
        ("2025-02-11T00:00:00Z", timedelta(hours=1)),
    ],
)
def test_an_address_ends_after_an_hour_at_the_latest(told: str | None, ends: timedelta) -> None:
    """`expires_at` is defined for the one address only; null is not for ever."""
    assert TaskResult.model_validate({"id": "t", "expires_at": told}).expiry(NOW) == NOW + ends


@pytest.mark.parametrize("status", ["pending", "waiting", "provisioning", "queued", "running", "teleporting", ""])
def test_every_status_but_three_is_live(status: str) -> None:
    assert TaskRecord(id="t", task_status=status).live
    assert not any(TaskRecord(id="t", task_status=status).live for status in FINAL_STATUSES)


def test_a_page_of_tasks_may_lack_everything_but_them() -> None:
    page = TaskPage.model_validate({"task_list": [{"id": "t", "task_status": "running", "gpu": 1}], "more": True})

    assert page.page_meta is None
    assert page.task_list[0].task_error is None
    assert TaskPage.model_validate({}).task_list == []


def test_no_repr_shows_an_address() -> None:
    assert "X-Amz" not in repr(TaskResult.model_validate(SAMPLE)) + repr(outputs_of(TaskResult.model_validate(SAMPLE)))


STREAM = """: comment

event: status
data: {"status": "running"}

event:progress
id: 7
retry: 10
data: {"a":
data:  1}

data: bare

event: empty

event: late
data: cut of"""
FOUND = [
    ServerEvent("status", '{"status": "running"}'),
    ServerEvent("progress", '{"a":\n 1}'),
    ServerEvent("message", "bare"),
]


def read(pieces: list[bytes]) -> list[ServerEvent]:
    import asyncio

    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def all_() -> list[ServerEvent]:
        return [event async for event in parse_events(stream())]

    return asyncio.run(all_())


@given(end=st.sampled_from(["\n", "\r\n", "\r"]), cuts=st.lists(st.integers(0, len(STREAM) * 2), max_size=8))
def test_events_however_the_stream_is_cut(end: str, cuts: list[int]) -> None:
    body = STREAM.replace("\n", end).encode()
    at = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})

    assert read([body[a:b] for a, b in pairwise(at)]) == FOUND


def test_an_endless_event_is_dropped() -> None:
    line = b"data: " + b"x" * 600_000 + b"\n"

    assert read([b"event: a\n", line, line, b"\ndata: next\n\n"]) == [ServerEvent("message", "next")]


def test_lines_without_data_are_no_events() -> None:
    """One sample of the documentation shows JSON over lines of its own: an illustration, no stream."""
    assert read([b'event: progress\n{\n  "progress": 0.5\n}\n\n']) == []
