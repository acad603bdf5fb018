"""Two targets in one organisation, and workflows of nobody whose titles are declared."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.deploy.apply.adopt import adopt
from cyberflow.deploy.apply.apply import apply
from cyberflow.deploy.plan.model import PruneOptions
from cyberflow.deploy.plan.plan import plan
from cyberflow.errors import UsageError
from cyberflow.remote.identity import Marker, Owner
from cyberflow.remote.snapshot import Snapshot, read_snapshot
from tests.deploy.deploy_world import CONTENTS, OWNER, Account, bundle_of, comment, declared

MAIN, TEST = Owner("clinic", "main"), Owner("clinic", "test")
TIMES = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
BUNDLE = bundle_of(declared("lookup"), declared("book", tags=["Epic"]))


def deploy(account: Account, owner: Owner, prune: PruneOptions | None = None) -> set[str]:
    async def deployed() -> set[str]:
        async with account.desk() as desk:
            made = plan(BUNDLE, await read_snapshot(desk), owner, (), prune)
            return {one.status async for one in apply(made, desk, CONTENTS.__getitem__)}

    return asyncio.run(deployed())


def test_two_scopes_of_one_project_are_strangers_to_each_other(account: Account) -> None:
    assert deploy(account, MAIN) == {"done"}
    assert deploy(account, TEST) == {"done"}
    assert deploy(account, OWNER) == {"done"}

    found = account.snapshot()
    titles = sorted(one.name or "" for one in found.workflows)
    assert titles == ["Book", "Lookup", "[main] Book", "[main] Lookup", "[test] Book", "[test] Lookup"]
    assert {comment(one).partition("/")[0] for one in found.workflows if (one.name or "")[:6] == "[main]"} == {MAIN.tag}
    assert {tag.name for tag in found.tags} == {"Epic", "cyberflow:clinic", MAIN.tag, TEST.tag}
    for owner in (MAIN, TEST, OWNER):
        planned = plan(BUNDLE, found, owner)
        assert (planned.changes, planned.kept, planned.exit_code) == ((), (), 0)
        nothing = replace(BUNDLE, workflows=[])
        going = plan(nothing, found, owner, (), PruneOptions(force=True, runs=frozenset()))
        assert len(going.changes) == 2


def stranger(title: str, id: str, tags: tuple[str, ...] = (), schema: str | None = None) -> WorkflowRecord:
    named = [{"id": f"tag-{one}", "name": one} for one in tags]
    return WorkflowRecord.model_validate(
        {"id": id, "name": title, "main_prompt": "<p>x</p>", "tags": named, "input_schema": schema, **TIMES}
    )


@pytest.mark.parametrize(
    ("owner", "there", "expected"),
    [
        (OWNER, [stranger("Lookup", "a")], "`Lookup` is there, not ours: `cyberflow adopt lookup a` takes it"),
        (OWNER, [stranger("Lookup", "a"), stranger("Lookup", "b")], "`cyberflow adopt lookup a` takes it (also b)"),
        (MAIN, [stranger("Lookup", "a")], "`cyberflow adopt lookup a` takes it"),
        (
            MAIN,
            [stranger("Lookup", "a"), stranger("[main] Lookup", "b")],
            "`cyberflow adopt lookup b` takes it (also a)",
        ),
        (OWNER, [stranger("lookup", "a")], ""),
        (OWNER, [stranger("[main] Lookup", "a")], ""),
        (OWNER, [stranger("Lookup", "a", ("cyberflow:other",))], ""),
        (OWNER, [stranger("Lookup", "a", (), Marker("cyberflow:other", "x", "a", "0").insert_into(None))], ""),
        (OWNER, [stranger("", "a")], ""),
    ],
)
def test_a_workflow_of_nobody_with_a_declared_title_is_named_beside_the_create(
    owner: Owner, there: list[WorkflowRecord], expected: str
) -> None:
    planned = plan(bundle_of(declared("lookup")), Snapshot(tuple(there)), owner)

    (change,) = (one for one in planned.changes if one.kind == "workflow")
    assert change.action == "create"
    assert change.reason.endswith(expected)
    assert bool(change.reason) is bool(expected)


def test_the_command_names_its_target() -> None:
    planned = plan(replace(bundle_of(declared("lookup")), target="prod"), Snapshot((stranger("Lookup", "a"),)), OWNER)

    assert "`cyberflow adopt --target prod lookup a`" in planned.changes[-1].reason


def test_after_the_command_there_is_nothing_to_create(account: Account) -> None:
    bundle = bundle_of(declared("lookup"))
    made = account.ask(lambda desk: desk.workflows.create({"name": "Lookup", "main_prompt": "<p>Open it.</p>"}))

    outcome = account.ask(lambda desk: adopt(desk, bundle, OWNER, "lookup", made.id.upper()))

    assert (outcome.status, outcome.id) == ("done", made.id)
    assert account.plan(bundle).changes == ()
    assert account.ask(lambda desk: adopt(desk, bundle, OWNER, "lookup", made.id)).status == "unchanged"


def test_an_id_may_be_cut_to_eight_characters(account: Account) -> None:
    bundle = bundle_of(declared("lookup"))
    made = account.ask(lambda desk: desk.workflows.create({"name": "Lookup", "main_prompt": "<p>x</p>"}))

    with pytest.raises(UsageError, match="no workflow with the id"):
        account.ask(lambda desk: adopt(desk, bundle, OWNER, "lookup", made.id[:7]))
    outcome = account.ask(lambda desk: adopt(desk, bundle, OWNER, "lookup", made.id[:8]))

    assert (outcome.id, outcome.status) == (made.id, "done")
