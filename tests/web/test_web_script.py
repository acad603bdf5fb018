"""The modules of the page that only reckon, asked in a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cyberflow.emulator.platform import Platform
from cyberflow.remote.identity import Marker, Owner
from tests.web.browser import Browser, executable
from tests.web.loopback import serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`ask(module, expression)`: the value of an expression in which `m` is a module of the page."""
    if executable() is None:
        pytest.skip("no Chromium is installed")
    with Platform.open(":memory:") as platform, Browser(tmp_path_factory.mktemp("chromium")) as browser:
        server = serving(platform)
        browser.open(next(server))
        browser.until("!!document.querySelector('#view h1')")
        yield lambda module, expression: browser.ask(f"import('/assets/js/{module}.js').then((m) => {expression})")
        server.close()


def run(id: str, status: str, session: str | None = None, **fields: Any) -> dict[str, Any]:
    base = {"id": id, "status": status, "session_id": session, "workflow_id": "w", "machine_id": None}
    return base | {"created_at": f"2026-03-01T00:00:0{id}Z", "started_at": None, "ended_at": None} | fields


def test_a_chain_is_the_runs_of_one_session_in_order(ask: Any) -> None:
    newest_first = [run("4", "running"), run("3", "scheduling", "s"), run("2", "success", "s"), run("1", "error")]

    groups = ask("chains", f"m.group({json.dumps(newest_first)})")

    assert [[one["id"] for one in group["runs"]] for group in groups] == [["4"], ["2", "3"], ["1"]]
    assert [group["status"] for group in groups] == ["running", "running", "error"]


@pytest.mark.parametrize(
    ("statuses", "overall"),
    [
        (["success", "success"], "success"),
        (["success", "task_failed", "cancelled"], "task_failed"),
        (["scheduling", "scheduling"], "scheduling"),
        (["success", "scheduling"], "running"),
        (["success", "paused_by_somebody"], "paused_by_somebody"),
    ],
)
def test_the_status_of_a_chain_is_the_first_that_is_no_success(ask: Any, statuses: list[str], overall: str) -> None:
    assert ask("chains", f"m.overall({statuses})") == overall


def test_an_unknown_status_is_live(ask: Any) -> None:
    assert ask("format", "['success', 'error', 'cancelled', 'task_failed'].some(m.isLive)") is False
    assert ask("format", "['scheduling', 'running', 'running_checks', 'paused', 'toString'].every(m.isLive)") is True
    assert ask("format", "m.label('toString')") == "toString"


def test_durations_and_times(ask: Any) -> None:
    assert ask("format", "[0, 940, 9_960, 61_000, 3_660_000, NaN, -1].map(m.duration)") == [
        "0.0 s", "0.9 s", "10 s", "1 min 01 s", "1 h 01 min", "–", "–",
    ]  # fmt: skip
    now = "Date.parse('2026-03-01T12:00:00Z')"
    assert ask("format", f"m.ago('2026-03-01T11:58:30Z', {now})") == "1 min ago"
    assert ask("format", f"m.ago('nonsense', {now})") == ""


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Type {a.b[0]['k']} now", ["text", "input", "text"]),
        ("{$pin}{{seen}}", ["secret", "runtime"]),
        ("\\{name} and \\{{x}} and \\{$x}", ["literal", "text", "literal", "text", "literal"]),
        ('{"a": 1} { $_.Name } x < 5 {', ["text"]),
    ],
)
def test_placeholders_are_told_from_text(ask: Any, text: str, kinds: list[str]) -> None:
    parts = ask("tokens", f"m.split({json.dumps(text)})")

    assert [part["kind"] for part in parts] == kinds
    assert "".join(part["text"] for part in parts) == text.replace("\\", "")


@pytest.mark.parametrize(
    ("comment", "tags", "standing"),
    [
        ("cyberflow:clinic/lookup W 9f", ["cyberflow:clinic"], "managed"),
        (str(Marker(Owner("clinic").tag, "lookup", "W", "9f", "4fd6599")), ["cyberflow:clinic"], "managed"),
        ("cyberflow:clinic/lookup W 9f 4fd6599+ and what comes later", ["cyberflow:clinic"], "managed"),
        ("cyberflow:clinic/lookup W 9f", [], "untagged"),
        ("cyberflow:clinic/lookup other 9f", ["cyberflow:clinic"], "copy"),
        ("cyberflow:clinic/lookup new 9f", [], "unfinished"),
        (None, ["cyberflow:clinic"], "rewritten"),
        (None, ["Production"], None),
    ],
)
def test_whose_a_workflow_is(ask: Any, comment: str | None, tags: list[str], standing: str | None) -> None:
    schema = json.dumps({"$comment": comment} if comment else {"type": "object"})
    workflow = {"id": "W", "input_schema": schema, "tags": [{"name": name} for name in tags]}

    found = ask("marker", f"m.standing({json.dumps(workflow)})")

    assert (found and found["standing"]) == standing
    assert found is None or found["project"] == "clinic"


def test_the_marker_is_left_out_of_a_schema(ask: Any) -> None:
    assert ask("marker", """m.schemaOf('{"$comment": "cyberflow:a/b c d", "type": "object"}')""") == {"type": "object"}
    assert ask("marker", """m.schemaOf('{"$comment": "cyberflow:a/b c d"}')""") is None
    assert ask("marker", "m.schemaOf('no json')") is None


@pytest.mark.parametrize(
    ("schema", "type"),
    [
        ({"type": "array", "items": {"type": "string"}}, "string[]"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number | null"),
        ({"enum": ["a", 1]}, '"a" | 1'),
        ({"type": "string", "format": "date"}, "string · date"),
        ({"$ref": "#/$defs/Tree"}, "Tree"),
        ({}, "any"),
    ],
)
def test_types_read_as_in_a_project(ask: Any, schema: Any, type: str) -> None:
    assert ask("parts/schema", f"m.typeOf({json.dumps(schema)})") == type


def test_polling_slows_down_when_nothing_happens(ask: Any) -> None:
    assert ask("poll", "[m.pace(true, 40), m.pace(false, 0), m.pace(false, 4), m.pace(false, 400)]") == [
        1000,
        2000,
        3000,
        5000,
    ]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.csv", "y.csv"),
        ("a\u202egnp.exe", "a_gnp.exe"),
        ("..", "attachment"),
        ("a<b>.txt", "a_b_.txt"),
    ],
)
def test_downloads_get_a_safe_name(ask: Any, name: str, safe: str) -> None:
    assert ask("parts/attachments", f"m.safeName({json.dumps(name)})") == safe


def test_a_field_that_is_left_empty_is_left_out_and_the_others_keep_their_types(ask: Any) -> None:
    fields = [
        {"name": "approved", "type": "boolean", "required": True, "schema": {"type": "boolean"}},
        {"name": "why", "type": "string", "required": False, "schema": {"type": "string"}},
        {"name": "count", "type": "integer", "required": False, "schema": {"type": "integer"}},
    ]
    fill = "made[0].view.querySelector('select').value = 'true'"
    read = f"(() => {{ const made = {json.dumps(fields)}.map(m.inputField); {fill}; return m.readFields(made); }})()"

    assert ask("parts/form", read) == {"approved": True}


def test_the_bare_address_is_that_of_the_runs(ask: Any) -> None:
    shown = "(location.hash = '#/', new Promise((then) => setTimeout(then, 500)))"

    assert ask("dom", f"{shown}.then(() => document.querySelector('#view h1').textContent)") == "Runs"


def test_going_on_says_again_where_secrets_are(ask: Any) -> None:
    secrets = [{"name": "epic", "has_source": False}, {"name": "mail", "has_source": True}]

    made = ask("views/ledgers", f"m.resumption('march.db', {json.dumps(secrets)})")

    assert made == ["cyberflow", "run", "--resume", "march.db", "-s", "epic=env:EPIC"]
