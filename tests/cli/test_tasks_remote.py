"""`check --remote`: what the target says of names and inputs, each finding at its place."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.cli_program import Program

PARAMETERS = [
    {"key": "prompt", "type": "string", "required": True},
    {"key": "width", "type": "number", "required": True},
    {"key": "height", "type": "number", "min": 64, "max": 2048},
    {"key": "hue", "type": "number", "min": 0, "max": 255},
    {"key": "style", "type": "select", "options": ["calm", "bold"]},
    {"key": "logo", "type": "file", "accept": ["image/png"]},
    {"key": "mask", "type": "file", "required": True},
]
PROJECT = """\
project: remote
workflows:
  lookup:
    prompt: Sign in as <user> with <$pin> and open <mrn>.
    inputs: {user: string, mrn: string}
    secrets: [pin]
    from_machine: [user, $pin]
    models: {main: Fastt, fallbacks: [Fast Agent]}
    tags: [Prod, Old]
  alone:
    prompt: Open <desk>.
    inputs: {desk: string}
    from_machine: [desk]
    checks: [{name: seen, type: output_data_agentic_check, model: Nobody}]
chains:
  one:
    pools: [epic, epik]
    inputs: {mrn: string}
    steps: [{id: s, workflow: lookup}]
  two:
    pools: [epic]
    inputs: {mrn: string}
    steps: [{id: s, workflow: lookup}]
  three:
    machine: desk-9
    inputs: {mrn: string}
    steps: [{id: s, workflow: lookup}]
  four:
    pools: [empty]
    inputs: {mrn: string, user: string}
    secrets: [pin]
    steps: [{id: s, workflow: lookup}]
tasks:
  poster:
    workflow: poster-maker
    inputs: {heading: string, "w?": integer, h: integer}
    parameters: {prompt: A <heading>, width: <w>, height: 9000, colour: red, hue: <h>, style: wild}
    files: {logo: a.txt}
  pinned: {workflow: poster-maker@7}
  given:
    workflow: poster-maker@1
    inputs: {heading: string}
    parameters: {prompt: <heading>, width: 64}
    files: {mask: <mask>}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: str) -> Path:
    """The project, and at its target `there` a pool of two machines of which one has no `user`. (What a project names
    exists on `local` from the start.)
    """
    target = f"default_target: there\ntargets: {{there: {{url: '{served}'}}}}\n"
    (tmp_path / "cyberflow.yaml").write_text(PROJECT + target, encoding="utf-8")
    (tmp_path / "a.txt").write_text("no picture", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    asyncio.run(_furnish(served))
    return tmp_path


async def _furnish(url: str) -> None:
    headers = {"Authorization": "Bearer cd_1"}
    async with httpx.AsyncClient(base_url=url, headers=headers) as client:

        async def post(path: str, body: Any) -> Any:
            answer = await client.post(path, json=body)
            assert answer.is_success, answer.text
            return answer.json() if answer.content else None

        pool = (await post("/v1/pools", {"name": "epic", "pool_sensitive_parameters": {"pin": "1"}}))["id"]
        await post("/v1/pools", {"name": "empty"})
        first = (await client.get("/v1/machines")).json()["items"][0]["id"]
        other = await post(
            "/v1/machines",
            {"name": "desk-2", "machine_parameters": {"user": "u"}, "fingerprint": "f", "unkey_key_id": "k"},
        )
        await post(f"/v1/pools/{pool}/machines", {"machine_ids": [first, other["id"]]})
        old = (await post("/v1/workflow-tags", {"name": "Old"}))["id"]
        await post(f"/v1/workflow-tags/{old}/archive", {})
        body = {"workflow_slug": "poster-maker", "display_name": "P", "workflow_json": {}, "parameters": PARAMETERS}
        await post("/api/v1/workflows/import", body)


pytestmark = pytest.mark.slow
EXPECTED = [
    (8, "not-on-target", "there: there is no model configuration `Fastt`; did you mean `Fast Agent`?"),
    (9, "not-on-target", "there has no tag `Prod`: `apply` will make it"),
    (9, "not-on-target", "there: the tag `Old` is archived"),
    (7, "missing-input", "`local-1` does not supply the input `user`"),
    (13, "missing-input", "no machine supplies the input `desk`"),
    (14, "not-on-target", "there: there is no model configuration `Nobody`"),
    (17, "not-on-target", "there has no pool `epik`"),
    (25, "not-on-target", "there has no machine `desk-9`"),
    (29, "not-on-target", "there has no machine that is in `empty`"),
    (35, "missing-input", "`poster`: the workflow requires the parameter `mask`"),
    (37, "type-mismatch", "the parameter `width` of `poster` is required, and <w> may be absent"),
    (37, "type-mismatch", "the parameter `height` of `poster` cannot take 9000"),
    (37, "unknown-input", "`poster`: the workflow has no parameter `colour`"),
    (37, "type-mismatch", "the parameter `hue` of `poster` cannot take <h>"),
    (37, "type-mismatch", 'the parameter `style` of `poster` cannot take "wild"'),
    (38, "type-mismatch", "`poster`: the parameter `logo` does not take a file `a.txt`"),
    (39, "not-on-target", "there has no Cyberun workflow `poster-maker@7`"),
]


def test_every_name_and_every_input_at_its_place(project: Path, program: Program) -> None:
    offline = program("check", "--format", "json", "--no-cache")
    answer = program("check", "--remote", "--format", "json")

    assert (offline.code, answer.code) == (0, 1), offline.text
    known = {one["message"] for one in json.loads(offline.out)["diagnostics"]}
    found = [one for one in json.loads(answer.out)["diagnostics"] if one["message"] not in known]
    said = [(one["line"], one["rule"], one["message"].partition("; known")[0]) for one in found]
    assert sorted(said) == sorted(EXPECTED)
    assert {one["path"] for one in found} == {"cyberflow.yaml"}
    assert [one["message"] for one in found if one["severity"] == "warning"] == [EXPECTED[1][2]]
    version = next(one for one in found if one["line"] == 39)
    assert version["help"] == "`poster-maker` has no version 7"


@pytest.mark.parametrize("format", ["text", "sarif", "github"])
def test_in_every_form(project: Path, program: Program, format: str) -> None:
    answer = program("check", "--remote", "--format", format)

    assert answer.code == 1
    assert "not-on-target" in answer.out
    assert answer.err.startswith("target there")


def test_nothing_is_kept_of_it(project: Path, program: Program) -> None:
    assert program("check", "--remote").code == 1
    assert program("check").code == 0


def test_a_project_of_tasks_needs_no_key_of_cyberdesk(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CYBERUN_API_KEY", raising=False)
    settings = "project: p\ntasks: {a: {workflow: w}}\ntargets:\n  prod:\n    url: https://api.example.test\n"
    Path("cyberflow.yaml").write_text(settings, encoding="utf-8")

    without = program("check", "--remote", "--target", "prod")
    Path("cyberflow.yaml").write_text(
        f"{settings}    cyberun: {{api_key: {{env: CYBERUN_API_KEY}}}}\n", encoding="utf-8"
    )
    keyless = program("check", "--remote", "--target", "prod")

    assert (without.code, "has no `cyberun`" in without.err) == (0, True)
    assert (keyless.code, "CYBERUN_API_KEY" in keyless.err, "CYBERDESK" in keyless.err) == (2, True, False)


def test_only_for_one_target(tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "project: p\nworkflows: {a: {prompt: 'Go ${{ vars.x }}'}}\ntargets: {prod: {vars: {x: there}}}\n"
    Path("cyberflow.yaml").write_text(text, encoding="utf-8")

    assert program("check").code == 1
    assert program("check", "--target", "prod").code == 0
    assert program("check", "--target", "prdo").code == 2
