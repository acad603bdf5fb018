"""Scripts, outputs, message histories, screenshots and their signed URLs."""

from __future__ import annotations

import io
import json
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

if TYPE_CHECKING:
    import httpx

    from tests.emulator.emulator_api import Api, TurnedClock

STEPS = "<ol><li>Sign in as {user} with {$pw}</li><li>Click search</li><li>Read the chart</li></ol>"


def images(run: Any) -> list[str]:
    return [
        block["image_url"]
        for message in run["run_message_history"] or []
        for block in message["content"]
        if block["type"] == "image"
    ]


def signed(api: Api, run: Any, url: str, **params: Any) -> httpx.Response:
    return api.request("GET", f"/v1/runs/{run}/image/signed-url", params={"image_url": url} | params)


@pytest.fixture
def run(api: Api, clock: TurnedClock) -> Any:
    body = {
        "workflow_id": api.workflow(main_prompt=STEPS),
        "session_alias": "look",
        "start_session": True,
        "input_values": {"user": "nurse7"},
        "sensitive_input_values": {"pw": "canary"},
    }
    made = api.post("/v1/runs", body)
    clock.forward(1)
    return api.run(made["id"])


def test_outputs_are_made_from_the_schema_the_same_each_time(api: Api, clock: TurnedClock) -> None:
    schema = {
        "type": "object",
        "properties": {"mrn": {"type": "string", "examples": ["M-1"]}, "n": {"type": "integer", "minimum": 4}},
    }
    id = api.workflow(output_schema=schema)
    runs = [api.post("/v1/runs", {"workflow_id": id})["id"] for _ in range(2)]
    old = api.workflow("Old", output_schema={"mrn": "string", "heart_rate": "number", "tags": "array"})
    bare = api.post("/v1/runs", {"workflow_id": api.workflow("Bare")})["id"]
    simple = api.post("/v1/runs", {"workflow_id": old})["id"]
    clock.forward(10)

    assert [api.run(id)["output_data"] for id in runs] == [{"mrn": "M-1", "n": 4}] * 2
    assert set(api.run(simple)["output_data"]) == {"mrn", "heart_rate", "tags"}
    assert api.run(bare)["output_data"] is None


def test_a_script_is_found_by_alias_then_workflow(api: Api, clock: TurnedClock) -> None:
    id = api.workflow("Patient lookup")
    for script in (
        {"look": {"outputs": {"by": "alias"}}, id: {}},
        {id: {"outputs": {"by": "alias"}}, "Patient lookup": {}},
        {"Patient lookup": {"outputs": {"by": "alias"}}},
    ):
        made = api.post("/v1/local/scripts", {"script": script})
        chain = {"steps": [{"workflow_id": id, "session_alias": "look"}]}
        answer = api.post("/v1/runs/chain", chain, x_cyberflow_script=made["id"])
        clock.forward(2)
        assert api.run(answer["run_ids"][0])["output_data"] == {"by": "alias"}


def test_a_script_can_wait_for_the_key_of_its_submission(api: Api, clock: TurnedClock) -> None:
    body = {"workflow_id": api.workflow()}
    api.platform.simulate({body["workflow_id"]: {"seconds": 30, "status": "task_failed"}}, idempotency_key="K1")
    run = api.post("/v1/runs", body, idempotency_key="K1")["id"]
    clock.forward(29)
    assert api.run(run)["status"] == "running"
    clock.forward(1)
    assert (api.run(run)["status"], api.run(run)["error"]) == ("task_failed", ["The agent declared the task failed"])


def test_a_script_of_another_shape_is_refused(api: Api) -> None:
    assert api.violations("/v1/local/scripts", {"script": {"a": {"output": {}}}}) == [
        (["body", "script", "a", "output"], "extra_forbidden")
    ]
    with pytest.raises(ValueError, match="seconds"):
        api.platform.simulate({"a": {"seconds": -1}})
    headers = {"X-Cyberflow-Script": "none"}
    assert api.request("POST", "/v1/runs", json={"workflow_id": api.workflow()}, headers=headers).status_code == 422


def test_a_history_reads_like_work_and_grows_with_the_clock(api: Api, clock: TurnedClock) -> None:
    id = api.workflow(main_prompt=STEPS)
    body = {"workflow_id": id, "input_values": {"user": "nurse7"}, "sensitive_input_values": {"pw": "canary"}}
    made = api.post("/v1/runs", body)
    assert made["run_message_history"] is None
    lengths = []
    for _ in range(5):
        run = api.run(made["id"])
        lengths.append((len(run["run_message_history"]), len(images(run))))
        clock.forward(0.25)

    assert lengths == sorted(lengths)
    assert lengths[0] == (2, 1)
    assert lengths[-1] == (11, 5)
    texts = [
        block["text"]
        for message in run["run_message_history"]
        for block in message["content"]
        if block["type"] == "text"
    ]
    assert texts[1] == "1. Sign in as nurse7 with {$pw}"
    assert texts[-1] == "The task is complete."
    used = [
        block["tool_use_id"]
        for message in run["run_message_history"]
        for block in message["content"]
        if block["type"] == "tool_use"
    ]
    answered = [
        block["tool_use_id"]
        for message in run["run_message_history"]
        for block in message["content"]
        if block["type"] == "tool_result"
    ]
    assert used == answered
    assert len(set(used)) == 5
    assert "canary" not in json.dumps(run)
    assert run == api.run(made["id"])


@pytest.mark.parametrize(("screenshots", "count"), [(1, 1), (7, 7), (["A form", "A table"], 2)])
def test_a_script_says_how_many_screenshots(api: Api, clock: TurnedClock, screenshots: Any, count: int) -> None:
    id = api.workflow(main_prompt=STEPS)
    script = api.platform.simulate({id: {"screenshots": screenshots}})
    run = api.post("/v1/runs", {"workflow_id": id}, x_cyberflow_script=script)["id"]
    clock.forward(2)
    assert len(set(images(api.run(run)))) == count


def test_a_run_that_failed_at_its_start_has_a_screenshot_too(api: Api) -> None:
    id = api.workflow(input_schema={"type": "object", "required": ["x"]})
    run = api.run(api.post("/v1/runs", {"workflow_id": id})["id"])
    (url,) = images(run)

    assert api.request("GET", signed(api, run["id"], url).json()["signed_url"]).status_code == 200


def test_a_screenshot_is_a_real_picture_and_the_same_each_time(api: Api, run: Any) -> None:
    urls = images(run)
    pictures = [
        api.request("GET", signed(api, run["id"], url).json()["signed_url"], headers={"Authorization": ""})
        for url in urls
    ]

    assert {picture.headers["content-type"] for picture in pictures} == {"image/png"}
    for picture in pictures:
        with Image.open(io.BytesIO(picture.content)) as image:
            image.load()
            assert image.size == (960, 600)
            assert len(image.getcolors(1 << 20) or ()) > 50
    assert len({picture.content for picture in pictures}) == len(pictures)
    assert api.request("GET", signed(api, run["id"], urls[0]).json()["signed_url"]).content == pictures[0].content


def test_a_signed_url_is_for_one_image_of_one_run_for_its_time(api: Api, clock: TurnedClock, run: Any) -> None:
    url = images(run)[0]
    other = api.post("/v1/runs", {"workflow_id": run["workflow_id"], "session_id": run["session_id"]})["id"]
    own = f"supabase://run-images/message-history/org_other/{run['id']}_1_1.png"
    api.patch(
        f"/v1/runs/{other}",
        {
            "run_message_history": [
                {"role": "user", "content": [{"type": "image", "image_url": own}, {"type": "image", "image_url": url}]},
                {"role": "user", "content": "text"},
            ]
        },
    )
    for id, given, expected in (
        (run["id"], "https://example.com/a.png", (400, "Invalid Supabase URL")),
        (run["id"], "supabase://run-images", (400, "Invalid Supabase URL")),
        (run["id"], "supabase://workflow-prompt-images/org_local/a.png", (400, "Only run-images URLs are supported")),
        (run["id"], url.replace("_1.png", "_9.png"), (403, "Image URL is not present in this run's message history")),
        (other, own, (403, "Image URL does not belong to the organization")),
        (str(uuid.uuid4()), url, (404, "Run not found")),
    ):
        response = signed(api, id, given)
        assert (response.status_code, response.json()["message"]) == expected
    for seconds in (9, 3601, "x"):
        assert signed(api, run["id"], url, expires_in=seconds).status_code == 422
    assert api.request("GET", f"/v1/runs/{run['id']}/image/signed-url").status_code == 422

    answer = signed(api, run["id"], url, expires_in=10).json()
    assert (answer["supabase_url"], answer["expires_in"]) == (url, 10)
    parts = urlsplit(answer["signed_url"])
    assert (parts.scheme, parts.netloc) == ("http", "local.test")
    assert parts.path.startswith("/storage/")
    assert api.refusal("GET", answer["signed_url"].replace("_1_1.png", "_1_2.png")) == (
        400,
        "The signature is for another object",
    )
    for broken in ("", "?token=", "?token=a.b", "?token=ü.ü", f"?{parts.query}x", f"?token=e30.{parts.query[-43:]}"):
        assert api.refusal("GET", parts.path + broken) == (400, "Invalid signature")
    clock.forward(9.9)
    assert api.request("GET", answer["signed_url"]).status_code == 200
    clock.forward(0.1)
    assert api.refusal("GET", answer["signed_url"]) == (400, "The signed URL has expired")


def test_a_deleted_run_s_pictures_are_gone(api: Api, run: Any) -> None:
    url = signed(api, run["id"], images(run)[0]).json()["signed_url"]
    api.delete(f"/v1/runs/{run['id']}")
    assert api.refusal("GET", url) == (404, "Object not found")


def test_files_are_made_to_fit_their_names(api: Api, clock: TurnedClock) -> None:
    id = api.workflow(output_schema={"type": "object", "properties": {"mrn": {"const": "M7"}}})
    wanted = ["a.csv", "b.pdf", "c.txt", "d.json", {"filename": "e.txt", "content": "as told"}]
    run = api.post(
        "/v1/runs", {"workflow_id": id}, x_cyberflow_script=api.platform.simulate({id: {"attachments": wanted}})
    )["id"]
    clock.forward(2)
    found = api.get("/v1/run-attachments", run_id=run, attachment_type="output")["items"]
    content = {
        item["filename"]: api.request("GET", f"/v1/run-attachments/{item['id']}/download").content for item in found
    }

    assert [item["id"] for item in found] == api.run(run)["output_attachment_ids"]
    assert content["a.csv"] == b"field,value\r\nmrn,M7\r\n"
    assert content["b.pdf"].startswith(b"%PDF-1.4")
    assert b"(mrn: M7) Tj" in content["b.pdf"]
    assert int(content["b.pdf"].split(b"startxref\n")[1].split()[0]) == content["b.pdf"].index(b"xref\n0 6")
    assert b"mrn: M7" in content["c.txt"]
    assert json.loads(content["d.json"]) == {"mrn": "M7"}
    assert content["e.txt"] == b"as told"
    assert [item["content_type"] for item in found][:2] == ["text/csv", "application/pdf"]
