"""A platform whose every text tries to become markup, and whose secrets carry a canary."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx

CANARY = "cAnArY-7f3a"
MARK = "document.documentElement.dataset.pwned=1"


def attack(place: str) -> str:
    """A text that is markup where it is not escaped; `place` finds it again on the page."""
    return f"{place}\"'><img src=x onerror={MARK}><script>{MARK}</script>"


PROMPT = f"""<h1 onclick="{MARK}">prompt-heading</h1><script>{MARK}</script><style>body{{display:none}}</style>
<p style="position:fixed" onmouseover="{MARK}">Type {{name}} and {{$pin}}, save {{{{seen}}}}, write \\{{literal}}.</p>
<img src="x" onerror="{MARK}" alt="picture"><img src="https://evil.example/spy.png" alt="spy">
<a href="javascript:{MARK}">script-link</a><a href=" JaVaScRiPt:{MARK}">odd-link</a>
<a href="https://example.com/manual" onclick="{MARK}">good-link</a>
<iframe srcdoc="<script>parent.{MARK}</script>"></iframe>
<svg onload="{MARK}"><script>{MARK}</script></svg><math><mtext><style><img src=x onerror={MARK}></style></mtext></math>
<form action="https://evil.example"><button formaction="javascript:{MARK}">button-text</button></form>
<object data="x"></object><template><img src=x onerror={MARK}></template>
<details open ontoggle="{MARK}">inside-details</details>"""


@dataclass(frozen=True, slots=True)
class World:
    workflow: str
    run: str
    failed: str
    live: str
    session: str
    machine: str


def build(client: httpx.Client) -> World:
    def post(path: str, body: Any, **headers: str) -> Any:
        answer = client.post(path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    schema = {
        "$comment": f"cyberflow:evil/{'x'} <img src=x onerror={MARK}>",
        "type": "object",
        "properties": {
            attack("in-name"): {"type": "string", "description": attack("in-text")},
            "$pin": {"type": "string"},
        },
    }
    outputs = {"type": "object", "properties": {"kind": {"enum": [attack("out-enum")]}}}
    check = {"name": attack("check-name"), "type": "output_data_passes_schema_validation"}
    workflow = post(
        "/v1/workflows",
        {"name": attack("wf-name"), "main_prompt": PROMPT, "input_schema": json.dumps(schema)}
        | {
            "output_schema": json.dumps(outputs),
            "post_run_checks": [check],
            "terminal_command_allowlist": [attack("command")],
        },
    )["id"]
    tag = post(
        "/v1/workflow-tags",
        {"name": attack("tag-name"), "color": "red;background:url(//evil.example)", "emoji": attack("e")},
    )
    post(f"/v1/workflows/{workflow}/tags", {"tag_ids": [tag["id"]]})
    client.patch(f"/v1/workflows/{workflow}", json={"name": attack("wf-name") + " 2"}).raise_for_status()
    machine = post(
        "/v1/machines",
        {
            "fingerprint": "f",
            "unkey_key_id": "u",
            "name": attack("m-name"),
            "hostname": attack("m-host"),
            "os_info": attack("m-os"),
        }
        | {
            "machine_parameters": {attack("m-key"): attack("m-value")},
            "machine_sensitive_parameters": {"badge": CANARY},
        },
    )["id"]
    post(
        "/v1/pools",
        {"name": attack("pool-name"), "description": attack("pool-text"), "pool_sensitive_parameters": {"key": CANARY}},
    )
    values = {
        "input_values": {attack("key"): attack("value")},
        "sensitive_input_values": {"pin": CANARY},
        "machine_id": machine,
    }

    def run(script: dict[str, Any], **fields: Any) -> Any:
        kept = post("/v1/local/scripts", {"script": {workflow: script}})["id"]
        return post("/v1/runs", {"workflow_id": workflow} | values | fields, **{"X-Cyberflow-Script": kept})

    outcome = {attack("out-key"): [attack("out-value"), {"deep": attack("out-deep")}]}
    done = run(
        {
            "seconds": 0,
            "outputs": outcome,
            "attachments": [{"filename": attack("file"), "content": "<script>1</script>"}],
        }
    )["id"]
    failed = run({"seconds": 0, "error": [attack("error-text")]})["id"]
    client.get("/v1/runs").raise_for_status()
    talk = [
        {
            "role": attack("role"),
            "timestamp": attack("time"),
            "content": [{"type": "text", "text": attack("talk-text")}],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "tool_name": attack("tool"), "tool_input": {attack("arg"): attack("arg-value")}}
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_result": attack("result")},
                {"type": attack("odd"), "x": attack("odd-x")},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "image", "image_url": f"javascript:{MARK}"},
                {"type": "image", "image_url": "supabase://run-images/../x"},
            ],
        },
        {"role": "assistant", "content": attack("plain-content")},
    ]
    client.patch(f"/v1/runs/{done}", json={"run_message_history": talk}).raise_for_status()
    first = run({"seconds": 600}, start_session=True, session_alias=attack("alias"))
    run({"seconds": 600}, session_id=first["session_id"], session_alias="later", machine_id=None)
    return World(workflow, done, failed, first["id"], first["session_id"], machine)
