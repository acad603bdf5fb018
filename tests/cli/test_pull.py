"""pull and adopt as a person uses them: what was made by hand becomes sources that plan has nothing to say about."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from cyberflow.client.cyberdesk.client import Cyberdesk
from tests.cli.cli_program import Program
from tests.cli.made_by_hand import BUTTON, fifty

Served = Callable[[Callable[[Cyberdesk], Awaitable[Any]]], Any]
NAMED_GROUP = {
    "type": "run_attachment_exists",
    "file_target_mode": "regex",
    "file_name_regex": r"(?P<date>\d+)\.pdf",
}
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


def test_fifty_workflows_made_by_hand_give_sources_with_an_empty_plan(
    empty: Path, program: Program, desk: Served
) -> None:
    """Every form of source among them; and what a person changes afterwards is seen, workflow by workflow."""
    desk(fifty)

    pulled = program("pull", "--all")
    adopt_all(program, pulled.err)
    planned = program("plan", "--check", "--format", "json")

    assert pulled.code == 0
    assert "cannot say" not in pulled.err
    assert Path("workflows/images/my-button.png").read_bytes() == BUTTON
    assert {path.name for path in Path("workflows/images").iterdir()} == {"my-button.png", "foto-1.jpg"}
    assert json.loads(planned.out)["changes"] == []
    assert planned.code == 0
    assert len(list(Path("workflows").glob("*.yaml"))) == 50
    forms = Counter(path.suffix for path in Path("workflows/prompts").iterdir())
    assert min(forms[".md"], forms[".html"], forms[".wire"]) >= 10, forms
    edited = desk(edit_each)
    changes = json.loads(program("plan", "--format", "json").out)["changes"]
    assert Counter(change["action"] for change in changes) == {"drift": 50}
    assert all([field["path"] for field in change["fields"]] == edited[change["id"]] for change in changes)


async def edit_each(client: Cyberdesk) -> dict[str, list[str]]:
    """One word or flag in each, another field from one to the next; gives the fields by workflow."""
    edited = {}
    (*workflows,) = (await client.workflows.page(limit=100)).items
    for number, one in enumerate(workflows):
        edits: list[dict[str, Any]] = [
            {"main_prompt": (one.main_prompt or "").rstrip() + "<p>!</p>"},
            {"includes_file_exports": not one.includes_file_exports},
            {"terminal_command_allowlist": [*(one.terminal_command_allowlist or ()), "one more"]},
            {"output_schema": '{"type":"object","properties":{"more":{}}}'},
            {"post_run_checks": [{"name": "only", "type": "run_attachment_exists"}]},
            {"name": (one.name or "") + "?"},
        ]
        edit = edits[number % len(edits)]
        edited[one.id] = list(edit)
        await client.workflows.update(one.id, edit)
    return edited


def test_what_was_pulled_makes_the_same_on_another_account(empty: Path, program: Program, desk: Served) -> None:
    """Applied elsewhere and pulled from there, each file is the same again: nothing was only folded away."""
    desk(fifty)
    program("pull", "--all")
    before = contents(Path("workflows"))

    applied = program("apply", "--target", "local", "--yes")
    again = program("pull", "--all", "--target", "local", "--into", ".cyberflow/again")

    assert (applied.code, again.code) == (0, 0), applied.text + again.text
    assert contents(Path(".cyberflow/again")) == before


def contents(folder: Path) -> dict[Path, Any]:
    """Every file below a folder; YAML and JSON as data, for schemas go out with sorted keys, entities as characters."""
    readers: dict[str, Callable[[str], Any]]
    readers = {".yaml": yaml.safe_load, ".json": json.loads, ".html": html.unescape, ".md": html.unescape, ".wire": str}
    return {
        path.relative_to(folder): readers[path.suffix](path.read_text("utf-8"))
        if path.suffix in readers
        else path.read_bytes()
        for path in folder.rglob("*.*")
    }


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


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"input_schema": '{"type":"object","properties":{"a":{"$dynamicRef":"#"}}}'}, "`$dynamicRef` is not read"),
        ({"output_schema": '{"$defs":{"a":{"dependencies":{}}},"$ref":"#/$defs/a"}'}, "`dependencies` is not read"),
        ({"post_run_checks": [{**NAMED_GROUP, "name": "many"}]}, "`closed` has no input `date`"),
    ],
)
def test_what_the_language_cannot_say_is_told(
    empty: Path, program: Program, desk: Served, fields: dict[str, Any], told: str
) -> None:
    """And no comment hides that a regular expression would become another one."""
    desk(lambda client: client.workflows.create({"name": "Closed", "main_prompt": "<p>{a}</p>", **fields}))

    pulled = program("pull", "Closed")

    assert pulled.code == 0
    assert "note: `closed`: " in pulled.err
    assert told in pulled.err
    assert program("check").code == 1


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


async def _create(body: dict[str, Any], client: Any) -> Any:
    return await client.workflows.create(body)


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
        body = {"name": name, "main_prompt": "<p>x</p>"}
        desk(partial(_create, body))

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


def test_a_copy_made_in_the_dashboard_becomes_a_workflow_of_its_own(
    empty: Path, program: Program, desk: Served
) -> None:
    """When it is named; `--all` leaves copies where they are."""
    (empty / "flows.yaml").write_text("workflows: {one: {prompt: Open it.}}\n", encoding="utf-8")
    program("apply", "--yes")
    (first,) = desk(lambda client: client.workflows.page()).items
    copy = desk(lambda client: client.workflows.duplicate(first.id))

    everything = program("pull", "--all", "--into", ".cyberflow/pulled")
    pulled = program("pull", copy.name)
    adopt_all(program, pulled.err)

    assert "wrote 1 workflow of 2" in everything.err
    assert Path("workflows/copy-one.yaml").exists()
    assert program("plan", "--check").out == "no changes: 2 workflows as declared\n"


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


def test_all_means_what_no_other_file_declares(empty: Path, program: Program, desk: Served) -> None:
    (empty / "flows.yaml").write_text("workflows: {one: {prompt: Open it.}}\n", encoding="utf-8")
    program("apply", "--yes")
    desk(lambda client: client.workflows.create({"name": "Two", "main_prompt": "<p>x</p>"}))

    pulled = program("pull", "--all")
    beside = program("pull", "--all", "--into", ".cyberflow/pulled")

    assert pulled.code == 0
    assert "left out, declared already: `one`" in pulled.err
    assert [path.name for path in Path("workflows").glob("*.yaml")] == ["two.yaml"]
    assert "wrote 2 workflows of 2" in beside.err


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
