"""Answers as they come: pages in place of JSON, JSON that breaks off, half an emoji, and what other people try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.http.decode import NotJson, parse_json
from cyberflow.client.http.errors import ApiError
from tests.client.scripted_service import Script, answer, run, workflow
from tests.suites import SUITES, needs_suite

FOREIGN = sorted((SUITES / "json" / "test_parsing").glob("*.json"))
HTML = answer(200, "<html><title>Sign in to the hospital's network</title>", Content_Type="text/html")
CUT = answer(201, '{"session_id": "s1", "run_i', Content_Type="application/json")


@pytest.mark.anyio
@pytest.mark.parametrize("trouble", [HTML, CUT, answer(200, ""), answer(200, b"\xff\xfe{"), answer(200, "[1,]")])
async def test_an_answer_that_cannot_be_read_is_asked_for_again(script: Script, trouble: httpx.Response) -> None:
    script.says(trouble, answer(200, run()))

    assert (await script.desk().runs.get("r1")).id == "r1"
    assert len(script.asked) == 2


@pytest.mark.anyio
async def test_a_submission_whose_answer_broke_off_is_sent_again_under_its_key(script: Script) -> None:
    script.says(CUT, HTML, answer(201, {"session_id": "s1", "run_ids": ["r1"]}))

    accepted = await script.desk().runs.chain({"steps": []}, "k")

    assert accepted.session_id == "s1"
    assert script.header("idempotency-key") == ["k"] * 3
    assert len({request.content for request in script.asked}) == 1


@pytest.mark.anyio
async def test_a_submission_without_a_key_is_sent_once(script: Script) -> None:
    script.says(CUT)

    with pytest.raises(ApiError, match="JSON that breaks off") as caught:
        await CyberunClient(script.transport()).submit("poster", {})

    assert len(script.asked) == 1
    assert not caught.value.nothing_was_made


@pytest.mark.anyio
@pytest.mark.parametrize("trouble", [HTML, CUT, answer(200, "null,")])
async def test_what_stays_unreadable_is_passing_trouble(script: Script, trouble: httpx.Response) -> None:
    script.says(trouble)

    with pytest.raises(ApiError) as caught:
        await script.desk().runs.get("r1")

    assert (caught.value.transient, caught.value.nothing_was_made, len(script.asked)) == (True, False, 4)


@pytest.mark.anyio
@pytest.mark.parametrize("body", [[], {"detail": "Not what was asked"}, 7, {"id": None}])
async def test_json_of_another_form_is_not_asked_for_again(script: Script, body: Any) -> None:
    script.says(answer(200, body))

    with pytest.raises(ApiError, match="has not the expected form") as caught:
        await script.desk().runs.get("r1")

    assert (caught.value.transient, len(script.asked)) == (False, 1)


@pytest.mark.anyio
async def test_half_an_emoji_is_replaced_wherever_it_stands(script: Script) -> None:
    half = r'"cut \ud83d"'
    body = (
        f'{{"id": "w1", "main_prompt": {half}, "created_at": "", "updated_at": "", "name": {half},'
        f' "tags": [{{"id": "t", "name": "\\ude00"}}], "extra": {{"\\udc80": [{half}]}}, "whole": "\\ud83d\\ude00"}}'
    )
    script.says(answer(200, body))

    found = (await script.desk().workflows.get("w1")).to_json()

    assert (found["main_prompt"], found["name"], found["tags"][0]["name"]) == ("cut \ufffd", "cut \ufffd", "\ufffd")
    assert (found["extra"], found["whole"]) == ({"\ufffd": ["cut \ufffd"]}, "\U0001f600")
    json.dumps(found, ensure_ascii=False).encode()


@pytest.mark.anyio
async def test_half_an_emoji_in_a_refusal_is_replaced(script: Script) -> None:
    script.says(answer(400, r'{"message": "bad \ud83d", "details": {"a": "\ud83d"}}'))

    with pytest.raises(ApiError) as caught:
        await script.desk().workflows.create({"main_prompt": "Go"})

    assert caught.value.service_message == "bad \ufffd"
    assert f"{caught.value}{caught.value.details}".encode()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\\ud83d"', r"\ud83d"),
        (r'"\\\ud83d"', "\\\ufffd"),
        ("1e999", "1e999"),
        ("-1E+400", "-1E+400"),
        ("9" * 5000, "9" * 5000),
        ("\ufeff{}", {}),
    ],
)
def test_what_python_would_stumble_over_later_is_read_as_text(text: str, value: Any) -> None:
    assert parse_json(text) == value
    assert parse_json(text.encode()) == value


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "[" * 200_000, "", "{", "\x00", "1 2"])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(NotJson):
        parse_json(text)


@needs_suite("json")
@pytest.mark.parametrize("file", FOREIGN, ids=[file.name for file in FOREIGN])
def test_the_json_test_suite(file: Path) -> None:
    """`y_` is read, `n_` is refused, of `i_` either; and what is read can be written again as UTF-8."""
    try:
        value = parse_json(file.read_bytes())
    except NotJson:
        assert not file.name.startswith("y_")
    else:
        assert not file.name.startswith("n_")
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.anyio
async def test_an_answer_in_another_encoding_is_read_as_far_as_it_goes(script: Script) -> None:
    script.says(answer(200, json.dumps(workflow(name="Zoë"), ensure_ascii=False).encode("latin-1")))

    assert (await script.desk().workflows.get("w1")).name == "Zo\ufffd"
