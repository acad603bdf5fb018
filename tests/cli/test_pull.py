"""pull and adopt as a person uses them: what was made by hand becomes sources that plan has nothing to say about."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cli_program import Program

from cyberflow.service import Cyberdesk

Served = Callable[[Callable[[Cyberdesk], Awaitable[Any]]], Any]
PNG = b"\x89PNG\r\n\x1a\n made by hand"
ADOPT = re.compile(r"cyberflow adopt --target near (\S+) (\S+)")


@pytest.fixture
def desk(served: str) -> Served:
    def ask(question: Callable[[Cyberdesk], Awaitable[Any]]) -> Any:
        async def asked() -> Any:
            async with Cyberdesk.connect(served, "any") as client:
                return await question(client)

        return asyncio.run(asked())

    return ask


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: str) -> Path:
    """A project that declares nothing, as working directory."""
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "cyberflow.yaml").write_text(
        f"project: imported\ndefault_target: near\ntargets: {{near: {{url: {served!r}}}}}\n", encoding="utf-8"
    )
    monkeypatch.chdir(folder)
    return folder


def adopt_all(program: Program, told: str) -> None:
    pairs = [word for pair in ADOPT.findall(told) for word in pair]
    answer = program("adopt", *pairs)
    assert answer.code == 0, answer.text


PROMPTS = (
    "<p>Open {mrn} and type {$pin}.</p>",
    "Plain text with {mrn}\nand a second line",
    "<h2>Do</h2><ol><li>One <strong>x</strong></li><li>Two</li></ol>",
    '<p>Click <img src="ADDRESS" alt="the button"></p>',
    "<div><p>x</p><script>alert(1)</script></div>",
    "<p>5 &lt; x &lt;mrn&gt; {{run_value}} \\{lit} C:\\in\\{mrn}</p>",
    "<table><tbody><tr><td>a</td></tr></tbody></table>",
    "<p>a &amp; b <custom>c</custom> <img src='https://elsewhere/x.png'></p>",
    "<p>${{ not a template }} {% raw %} {# nor this #}</p>",
    "<p>Type <u>x</u> <b>y</b><br>z, # and - * _</p><pre><code>a\n  b</code></pre>",
)
SCHEMAS = (
    None,
    '{"type":"object","properties":{"mrn":{"type":"string"},"$pin":{"type":"string"}},"required":["$pin","mrn"]}',
    (
        '{"type":"object","properties":{"mrn":{"type":"string","description":"no: really"},'
        '"n":{"type":"integer","default":3}},"required":["mrn"]}'
    ),
    (
        '{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"mrn":{"$ref":"#/$defs/M"},'
        '"list":{"type":"array","items":{"type":"string"}}},"$defs":{"M":{"type":"string","pattern":"^M"}}}'
    ),
    '{"type":"object"}',
)
OUTPUTS = (
    None,
    '{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}',
    '{"mrn":"string","visit":{"at":"string"},"meds":"array"}',
    '{"type":"object","properties":{"first name":{"type":"string"},"ok":{"type":"boolean"}}}',
)
CHECKS = (
    {"name": "shape", "type": "output_data_passes_schema_validation"},
    {"name": "look", "type": "output_data_agentic_check", "check_prompt": "<p>Is <b>it</b> <x@y> ok?</p>"},
    {"name": "file", "type": "run_attachment_exists", "file_target_mode": "exact", "file_names": ["<a>.pdf", "b"]},
)


async def fifty(client: Cyberdesk) -> None:
    """Fifty workflows as people make them: with and without titles, schemas, images, checks, models and tags."""
    image = await client.images.upload("my button.png", PNG, "image/png")
    tag = await client.tags.create({"name": "Hand made: ${{ x }}"})
    models = await client.models.list()
    for n in range(50):
        body: dict[str, Any] = {
            "name": None if n % 7 == 0 else "The same title" if n % 7 == 1 else f"Hand made № {n}",
            "main_prompt": PROMPTS[n % 10].replace("ADDRESS", image.supabase_url),
            "input_schema": SCHEMAS[n // 2 % 5],
            "output_schema": OUTPUTS[n // 3 % 4],
            "includes_file_exports": n % 9 == 4,
            "is_webhooks_enabled": n % 8 == 4,
            "post_run_checks": [dict(one) for one in CHECKS[: n % 4]],
        }
        if n % 4 == 1:
            body["terminal_command_allowlist"] = ["Get-Item <path>", "echo {mrn}"]
        if n % 6 == 3:
            body["model_metadata"] = {"main_agent_model_id": models[0].id, "fallback_model_1_id": models[-1].id}
        if n % 5 == 4:
            body["post_run_check_failure_cleanup_prompt"] = "<p>Close {mrn}.</p><p>Leave.</p>"
        made = await client.workflows.create(body)
        if n % 3 == 0:
            await client.workflows.add_tags(made.id, [tag.id])


def test_fifty_workflows_made_by_hand_give_sources_with_an_empty_plan(
    empty: Path, program: Program, desk: Served
) -> None:
    desk(fifty)

    pulled = program("pull", "--all")
    adopt_all(program, pulled.err)
    planned = program("plan", "--check", "--format", "json")

    assert pulled.code == 0
    assert "cannot say" not in pulled.err
    assert Path("workflows/images/my-button.png").read_bytes() == PNG
    assert json.loads(planned.out)["changes"] == []
    assert planned.code == 0
    assert len(list(Path("workflows").glob("*.yaml"))) == 50


def test_pulled_again_nothing_differs(empty: Path, program: Program, desk: Served) -> None:
    desk(fifty)
    program("pull", "--all")
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}

    again = program("pull", "--all")

    assert again.code == 0, again.text
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_a_project_that_was_applied_comes_back(
    intake: Path, program: Program, served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its images; another folder that has only what was pulled plans nothing against the same account."""
    settings = f"project: patient-intake\ndefault_target: near\ntargets: {{near: {{url: {served!r}}}}}\n"
    declared = (intake / "cyberflow.yaml").read_text(encoding="utf-8")
    values = declared[declared.index("vars:") : declared.index("targets:")]
    (intake / "cyberflow.yaml").write_text(settings + values, encoding="utf-8")
    assert program("apply", "--yes").code == 0
    other = tmp_path / "other"
    other.mkdir()
    (other / "cyberflow.yaml").write_text(settings, encoding="utf-8")
    monkeypatch.chdir(other)

    pulled = program("pull", "--all")
    planned = program("plan", "--check")

    assert pulled.code == 0
    assert "adopt" not in pulled.err
    assert (planned.code, planned.out) == (0, "no changes: 3 workflows as declared\n"), pulled.err
    assert {path.name for path in Path("workflows/images").iterdir()} == {
        "search-button.png",
        "login-form.png",
        "book-visit-button.png",
    }
    assert "$comment" not in "".join(path.read_text(encoding="utf-8") for path in Path().rglob("*.yaml"))


def test_what_the_language_cannot_say_is_told(empty: Path, program: Program, desk: Served) -> None:
    schema = '{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}'
    desk(
        lambda client: client.workflows.create({"name": "Closed", "main_prompt": "<p>{a}</p>", "input_schema": schema})
    )

    pulled = program("pull", "Closed")

    assert pulled.code == 0
    assert "`closed`: the language cannot say its `input_schema`" in pulled.err


def test_files_that_differ_are_not_overwritten(empty: Path, program: Program, desk: Served) -> None:
    desk(lambda client: client.workflows.create({"name": "One", "main_prompt": "<p>Open it.</p>"}))
    program("pull", "One")
    path = Path("workflows/prompts/one.md")
    path.write_text("Mine.\n", encoding="utf-8")

    refused = program("pull", "One")
    kept = path.read_text(encoding="utf-8")
    forced = program("pull", "One", "--force")

    assert (refused.code, kept, forced.code) == (4, "Mine.\n", 0)
    assert "workflows/prompts/one.md" in refused.err
    assert path.read_text(encoding="utf-8") == "Open it.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pull",), "names, titles or ids"),
        (("pull", "Onee"), "did you mean `One`?"),
        (("pull", "Twice"), "2 workflows have the title"),
        (("adopt", "one"), "pairs"),
        (("adopt", "nothing", "id"), "no workflow `nothing` is declared"),
    ],
)
def test_what_is_not_there_is_wrong_usage(
    empty: Path, program: Program, desk: Served, words: tuple[str, ...], said: str
) -> None:
    for name in ("One", "Twice", "Twice"):
        desk(lambda client, name=name: client.workflows.create({"name": name, "main_prompt": "<p>x</p>"}))

    answer = program(*words)

    assert answer.code == 2
    assert said in answer.err


def test_adopting_touches_the_marker_and_the_tag_alone(empty: Path, program: Program, desk: Served) -> None:
    body = {"name": "One", "main_prompt": "<p> Open  it.</p>", "input_schema": '{"type": "object"}'}
    made = desk(lambda client: client.workflows.create(body))
    program("pull", "One")

    first = program("adopt", "one", made.id)
    after = desk(lambda client: client.workflows.get(made.id))
    again = program("adopt", "one", made.id)

    assert (first.code, again.code) == (0, 0)
    assert after.main_prompt == made.main_prompt
    assert json.loads(after.input_schema)["$comment"].startswith(f"cyberflow:imported/one {made.id} ")
    assert [tag.name for tag in after.tags] == ["cyberflow:imported"]
    assert "unchanged" in again.out


def test_what_is_taken_is_not_adopted(empty: Path, program: Program, desk: Served) -> None:
    program("plan")
    first, second = (
        desk(lambda client: client.workflows.create({"name": "One", "main_prompt": "<p>x</p>"})) for _ in range(2)
    )
    program("pull", first.id)
    program("adopt", "one", first.id)

    taken = program("adopt", "one", second.id)

    assert taken.code == 4
    assert first.id in taken.err
    assert desk(lambda client: client.workflows.get(second.id)).input_schema is None


def test_lost_ownership_is_taken_back(empty: Path, program: Program, desk: Served) -> None:
    made = desk(lambda client: client.workflows.create({"name": "One", "main_prompt": "<p>x</p>"}))
    program("pull", "One")
    program("adopt", "one", made.id)
    tag = desk(lambda client: client.workflows.get(made.id)).tags[0]
    desk(lambda client: client.workflows.remove_tag(made.id, tag.id))

    assert program("plan").code == 4
    assert program("adopt", "one", made.id).code == 0
    assert program("plan", "--check").code == 0


def test_an_edit_by_hand_comes_into_the_sources(empty: Path, program: Program, desk: Served) -> None:
    made = desk(lambda client: client.workflows.create({"name": "One", "main_prompt": "<p>Open it.</p>"}))
    program("pull", "One")
    program("adopt", "one", made.id)
    desk(lambda client: client.workflows.update(made.id, {"main_prompt": "<p>Open it twice.</p>"}))
    drifted = program("plan", "--check")

    pulled = program("pull", "one", "--force")

    assert "changed by hand" in drifted.out
    assert pulled.code == 0
    assert Path("workflows/prompts/one.md").read_text(encoding="utf-8") == "Open it twice.\n"
    assert program("plan", "--check").code == 0


def test_nothing_is_declared_twice(empty: Path, program: Program, desk: Served) -> None:
    """Not even with --force; a folder that is no source takes it."""
    (empty / "flows.yaml").write_text("workflows: {one: {prompt: Open it.}}\n", encoding="utf-8")
    program("apply", "--yes")

    refused = program("pull", "one", "--force")
    beside = program("pull", "one", "--into", ".cyberflow/pulled")

    assert refused.code == 4
    assert "`one` in flows.yaml" in refused.err
    assert beside.code == 0
    assert Path(".cyberflow/pulled/one.yaml").exists()
    assert program("plan", "--check").code == 0


def test_a_run_takes_the_oldest_of_two_of_one_name(empty: Path, program: Program, desk: Served) -> None:
    """As plan and apply do; the other one is a conflict that they name."""
    (empty / "flows.yaml").write_text("workflows: {one: {prompt: Open it.}}\n", encoding="utf-8")
    program("apply", "--yes")

    async def second(client: Cyberdesk) -> tuple[str, str]:
        (first,) = (await client.workflows.page()).items
        other = await client.workflows.create({"name": "one", "main_prompt": "<p>Open it.</p>"})
        schema = (first.input_schema or "").replace(first.id, other.id)
        await client.workflows.update(other.id, {"input_schema": schema})
        await client.workflows.add_tags(other.id, [tag.id for tag in first.tags or ()])
        return first.id, other.id

    first, other = desk(second)
    planned = program("plan")
    run = program("run", "one", "--detach")
    (started,) = desk(lambda client: client.runs.page()).items

    assert planned.code == 4
    assert first in planned.out
    assert other in planned.out
    assert run.code == 0, run.text
    assert started.workflow_id == first
