from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from cyberflow.compiler.bundle import Bundle
from cyberflow.deploy.apply.apply import apply
from cyberflow.deploy.apply.prepare import prepare, wait_until_idle
from cyberflow.deploy.plan.model import Outcome, Plan, PruneOptions
from cyberflow.errors import ConflictError
from tests.deploy.deploy_world import (
    CONTENTS,
    OWNER,
    SEARCH,
    Account,
    bundle_of,
    by_action,
    clinic,
    declared,
    edited,
    image,
)

ALL = PruneOptions()


def prepared(account: Account, bundle: Bundle, prune: PruneOptions | None = ALL, only: tuple[str, ...] = ()) -> Plan:
    made: Plan = account.ask(lambda desk: prepare(desk, bundle, OWNER, only, prune))
    return made


def pruned(account: Account, bundle: Bundle, prune: PruneOptions = ALL) -> list[Outcome]:
    async def carried(desk: Any) -> list[Outcome]:
        planned = await prepare(desk, bundle, OWNER, (), prune)
        return [outcome async for outcome in apply(planned, desk, CONTENTS.__getitem__)]

    done: list[Outcome] = account.ask(carried)
    return done


def without(bundle: Bundle, *names: str) -> Bundle:
    return bundle_of(*(one for one in bundle.workflows if one.name not in names))


def run_of(account: Account, title: str, seconds: float = 3600) -> str:
    """Start a run that takes its time; gives the id of its workflow."""
    id = account.workflow(title).id

    async def started(desk: Any) -> None:
        await desk.simulate({title: {"seconds": seconds}}, "a-run")
        await desk.runs.create({"workflow_id": id, "input_values": {}}, "a-run")

    account.ask(started)
    return id


def test_what_is_not_pruned_stays_and_is_told(account: Account) -> None:
    account.deploy(clinic())

    planned = prepared(account, without(clinic(), "shell"), None)

    assert planned.changes == ()
    assert [one.name for one in planned.kept] == ["shell"]


def test_a_workflow_without_runs_is_deleted_once(account: Account) -> None:
    account.deploy(clinic())
    left = without(clinic(), "shell")

    assert by_action(prepared(account, left)) == [("delete", "workflow", "shell")]
    assert [one.status for one in pruned(account, left)] == ["done"]
    assert len(account.snapshot().workflows) == 5
    assert pruned(account, left) == []


def test_a_workflow_with_runs_loses_our_tag_and_stays(account: Account) -> None:
    account.deploy(clinic())
    id = run_of(account, "Shell")
    left = without(clinic(), "shell")

    refused = prepared(account, left)
    done = pruned(account, left, PruneOptions(force=True))

    assert "live runs" in refused.refused[0].message
    assert refused.exit_code == 4
    assert [(one.action, one.status) for one in done] == [("release", "done")]
    assert [tag.name for tag in account.workflow("Shell").tags or ()] == []
    assert id in {one.id for one in account.snapshot().workflows}
    assert prepared(account, left).changes == ()


def test_delete_runs_deletes_it_with_its_runs(account: Account) -> None:
    account.deploy(clinic())
    id = run_of(account, "Shell")

    done = pruned(account, without(clinic(), "shell"), PruneOptions(delete_runs=True, force=True))

    assert [(one.action, one.status) for one in done] == [("delete", "done")]
    assert id not in {one.id for one in account.snapshot().workflows}


def test_a_run_that_came_after_the_plan_saves_its_workflow(account: Account) -> None:
    account.deploy(clinic())
    planned = prepared(account, without(clinic(), "shell"))
    run_of(account, "Shell")

    (outcome,) = account.carry_out(planned)

    assert outcome.status == "conflict"
    assert "has runs now" in outcome.message
    assert len(account.snapshot().workflows) == 6


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ({"lookup", "book", "bill", "login", "models", "shell"}, "no workflow is declared"),
        ({"one", "two"}, "all 2 workflows"),
    ],
)
def test_taking_everything_is_refused_before_any_write(account: Account, gone: set[str], said: str) -> None:
    whole = clinic() if "lookup" in gone else bundle_of(declared("one"), declared("two"))
    left = without(whole, *gone) if "lookup" in gone else bundle_of(declared("three"))
    account.deploy(whole)
    wire = account.wire()

    planned = prepared(account, left)

    assert said in planned.refused[0].message
    with pytest.raises(ConflictError):
        account.carry_out(planned, wire=wire)
    assert wire.writes == []
    assert prepared(account, left, PruneOptions(force=True)).refused == ()


@pytest.mark.parametrize(("going", "refused"), [(3, False), (4, True)])
def test_more_than_thirty_percent_of_ten_is_refused(account: Account, going: int, refused: bool) -> None:
    names = [f"flow-{number}" for number in range(10)]
    account.deploy(bundle_of(*map(declared, names)))

    planned = prepared(account, bundle_of(*map(declared, names[going:])))

    assert bool(planned.refused) is refused


def test_what_a_person_changed_is_not_pruned_without_force(account: Account) -> None:
    account.deploy(clinic())
    account.edit("Shell", main_prompt="<p>Mine now.</p>")

    planned = prepared(account, without(clinic(), "shell"))

    assert "a person changed" in planned.refused[0].message


def test_copies_and_what_is_not_ours_are_never_pruned(account: Account) -> None:
    account.deploy(clinic())
    id = account.workflow("Shell").id
    account.ask(lambda desk: desk.workflows.duplicate(id))
    account.ask(lambda desk: desk.workflows.create({"name": "Theirs", "main_prompt": "<p>x</p>"}))

    pruned(account, without(clinic(), "shell"), PruneOptions(force=True))

    assert {"(Copy) Shell", "Theirs"} <= {one.name for one in account.snapshot().workflows}


def test_only_limits_what_is_pruned(account: Account) -> None:
    account.deploy(clinic())

    planned = prepared(account, without(clinic(), "shell", "bill"), only=("bill",))

    assert by_action(planned) == [("delete", "workflow", "bill")]


def test_images_that_nothing_shows_are_listed_and_deleted(account: Account) -> None:
    account.deploy(clinic())
    bundle = edited(edited(clinic(), "lookup", main_prompt="<p>{mrn}</p>"), "book", main_prompt="<p>No image.</p>")
    search = hashlib.sha256(SEARCH).hexdigest()[:16]

    listed = prepared(account, bundle, None)
    done = pruned(account, bundle, PruneOptions(workflows=False, images=True))

    assert [one.filename for one in listed.orphans] == [f"search-{search}.png"]
    assert [one.action for one in done if one.kind == "image"] == ["delete"]
    assert len(account.snapshot().images) == 1
    assert account.plan(bundle).changes == ()


def test_an_image_that_a_copy_shows_is_in_use(account: Account) -> None:
    account.deploy(clinic())
    address = next(one.supabase_url for one in account.snapshot().images if one.filename.startswith("search"))
    body = {"name": "Theirs", "main_prompt": f'<p><img src="{address}"></p>'}
    account.ask(lambda desk: desk.workflows.create(body))
    bundle = edited(edited(clinic(), "lookup", main_prompt="<p>{mrn}</p>"), "book", main_prompt="<p>None.</p>")

    assert prepared(account, bundle, None).orphans == ()


def test_an_image_of_another_name_is_not_ours(account: Account) -> None:
    account.ask(lambda desk: desk.images.upload("theirs.png", SEARCH, "image/png"))

    assert prepared(account, bundle_of(declared("one", f"<p>{image(SEARCH)}</p>")), None).orphans == ()


def test_live_runs_are_named_and_waited_for(account: Account) -> None:
    account.deploy(clinic())
    id = run_of(account, "Shell", seconds=20)
    planned = prepared(account, edited(clinic(), "shell", main_prompt="<p>New.</p>"), None)
    looks: list[dict[str, Any]] = []

    async def waited(desk: Any) -> None:
        looks.extend([dict(live) async for live in wait_until_idle(desk, planned, lambda _: asyncio.sleep(0))])

    assert list(planned.live) == [id]
    account.ask(waited)
    assert looks
    assert all(list(live) == [id] for live in looks)


def test_a_plan_without_changes_asks_for_no_runs(account: Account) -> None:
    account.deploy(clinic())
    wire = account.wire()

    async def planned() -> Plan:
        async with account.desk(wire) as desk:
            return await prepare(desk, clinic(), OWNER)

    assert asyncio.run(planned()).changes == ()
    assert [one.url.path for one in wire.requests] == [
        "/v1/workflows",
        "/v1/workflow-tags",
        "/v1/workflows/prompt-images",
        "/v1/model-configurations",
    ]
