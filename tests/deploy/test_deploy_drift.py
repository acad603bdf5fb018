from __future__ import annotations

import json

import pytest

from cyberflow.deploy.plan.plan import plan
from cyberflow.remote.identity import Marker
from tests.deploy.deploy_world import OWNER, Account, bundle_of, by_action, clinic, comment, declared, edited


@pytest.fixture
def deployed(account: Account) -> Account:
    account.deploy(clinic())
    return account


def test_drift_is_a_conflict_and_the_others_go_on(deployed: Account) -> None:
    deployed.edit("Book", main_prompt="<p>By hand.</p>")
    changed = edited(edited(clinic(), "book", main_prompt="<p>Ours.</p>"), "shell", main_prompt="<p>Ours.</p>")

    planned = deployed.plan(changed)
    outcomes = deployed.carry_out(planned)

    assert by_action(planned) == [("drift", "workflow", "book"), ("update", "workflow", "shell")]
    assert planned.changes[0].reason == "a person changed it"
    assert (planned.changes[0].fields[0].before, planned.changes[0].fields[0].after) == (
        "<p>By hand.</p>",
        "<p>Ours.</p>",
    )
    assert [(one.name, one.status, one.exit_code) for one in outcomes] == [
        ("book", "conflict", 4),
        ("shell", "done", 0),
    ]
    assert deployed.workflow("Book").main_prompt == "<p>By hand.</p>"
    assert deployed.workflow("Shell").main_prompt == "<p>Ours.</p>"


def test_drift_is_shown_even_when_nothing_was_declared_anew(deployed: Account) -> None:
    deployed.edit("Book", name="Book a visit")

    planned = deployed.plan(clinic())

    assert by_action(planned) == [("drift", "workflow", "book")]
    assert planned.pending
    assert planned.exit_code == 0


def test_drift_is_overwritten_when_asked(deployed: Account) -> None:
    deployed.edit("Book", main_prompt="<p>By hand.</p>", includes_file_exports=True)

    outcomes = deployed.deploy(clinic(), overwrite_drift=True)

    assert [(one.action, one.status) for one in outcomes] == [("drift", "done")]
    assert deployed.plan(clinic()).changes == ()


def test_drift_that_was_pulled_into_the_sources_is_nothing(deployed: Account) -> None:
    deployed.edit("Book", main_prompt="<p>By hand.</p>")

    assert deployed.plan(edited(clinic(), "book", main_prompt="<p>By hand.</p>")).changes == ()


def test_an_edit_that_says_nothing_is_no_drift(deployed: Account) -> None:
    lookup = deployed.workflow("Lookup")
    schema = json.dumps(json.loads(lookup.input_schema or ""), indent=4, sort_keys=True)
    deployed.edit("Lookup", main_prompt=f"\n{lookup.main_prompt}\n", input_schema=schema, terminal_command_allowlist=[])

    assert deployed.plan(clinic()).changes == ()


def test_an_image_of_a_blocked_workflow_is_not_uploaded(deployed: Account) -> None:
    deployed.edit("Login", main_prompt="<p>By hand.</p>")
    for image in deployed.snapshot().images:
        deployed.delete_image(image.path)
    wire = deployed.wire()
    changed = bundle_of(declared("login", clinic().workflows[0].payload["main_prompt"], input_schema=None))

    outcomes = deployed.deploy(changed, wire=wire)

    assert [one.status for one in outcomes] == ["conflict"]
    assert wire.writes == []


def test_a_copy_is_shown_and_left_alone(deployed: Account) -> None:
    id = deployed.workflow("Book").id
    copy = deployed.ask(lambda desk: desk.workflows.duplicate(id))
    wire = deployed.wire()

    planned = deployed.plan(clinic())
    changed = edited(clinic(), "book", main_prompt="<p>Ours.</p>")

    assert [(one.action, one.name, one.id) for one in planned.changes] == [("copy", "book", copy.id)]
    assert not planned.pending
    assert planned.exit_code == 0
    assert deployed.carry_out(planned, wire=wire) == []
    assert wire.requests == []
    assert [(one.id, one.status) for one in deployed.deploy(changed)] == [(id, "done")]
    assert deployed.ask(lambda desk: desk.workflows.get(copy.id)).main_prompt == copy.main_prompt


def test_a_copy_is_not_counted_as_its_declaration(deployed: Account) -> None:
    book = deployed.workflow("Book")
    copy = deployed.ask(lambda desk: desk.workflows.duplicate(book.id))
    deployed.delete(book.id)

    outcomes = deployed.deploy(clinic())

    assert [(one.action, one.name, one.status) for one in outcomes] == [("create", "book", "done")]
    assert outcomes[0].id not in {book.id, copy.id}
    assert by_action(deployed.plan(clinic())) == [("copy", "workflow", "book")]


def test_a_workflow_without_our_tag_is_lost_and_never_made_anew(deployed: Account) -> None:
    book = deployed.workflow("Book")
    tag = next(tag.id for tag in book.tags or () if tag.name == OWNER.tag)
    deployed.ask(lambda desk: desk.workflows.remove_tag(book.id, tag))
    wire = deployed.wire()

    planned = deployed.plan(clinic())
    outcomes = deployed.deploy(edited(clinic(), "book", main_prompt="<p>Ours.</p>"), wire=wire)

    assert [(one.action, one.name, one.id) for one in planned.changes] == [("lost", "book", book.id)]
    assert planned.exit_code == 4
    assert [(one.name, one.exit_code) for one in outcomes] == [("book", 4)]
    assert wire.writes == []


def test_an_undeclared_workflow_without_our_tag_is_not_ours(deployed: Account) -> None:
    book = deployed.workflow("Book")
    tag = next(tag.id for tag in book.tags or () if tag.name == OWNER.tag)
    deployed.ask(lambda desk: desk.workflows.remove_tag(book.id, tag))

    planned = deployed.plan(bundle_of(*(one for one in clinic().workflows if one.name != "book")))

    assert (planned.changes, planned.kept, planned.exit_code) == ((), (), 0)


@pytest.mark.parametrize("archive", [True, False])
def test_when_our_tag_is_gone_nothing_is_made(deployed: Account, archive: bool) -> None:
    tag = next(tag.id for tag in deployed.snapshot().tags if tag.name == OWNER.tag)
    deployed.ask(lambda desk: desk.tags.archive(tag) if archive else desk.tags.delete(tag))
    more = bundle_of(*clinic().workflows, declared("another"))

    planned = deployed.plan(more)

    if archive:
        assert by_action(planned) == [("update", "tag", OWNER.tag), ("create", "workflow", "another")]
        assert {one.status for one in deployed.carry_out(planned)} == {"done"}
        assert deployed.plan(more).changes == ()
    else:
        assert {change.action for change in planned.changes} == {"lost"}
        assert planned.exit_code == 4
        assert "no tag `cyberflow:clinic`" in planned.conflicts[0].message
        assert {one.status for one in deployed.carry_out(planned)} == {"conflict"}
        assert len(deployed.snapshot().workflows) == 6


def test_a_removed_marker_is_drift_and_comes_back(deployed: Account) -> None:
    id = deployed.workflow("Book").id
    deployed.edit("Book", input_schema='{"type":"object","properties":{}}')

    planned = deployed.plan(clinic())

    assert [(one.action, one.id) for one in planned.changes] == [("drift", id)]
    assert [one.status for one in deployed.carry_out(planned)] == ["conflict"]
    assert [one.status for one in deployed.carry_out(planned, overwrite_drift=True)] == ["done"]
    assert comment(deployed.workflow("Book")).startswith(f"cyberflow:clinic/book {id} ")
    assert deployed.plan(clinic()).changes == ()


def test_a_removed_marker_under_another_title_is_told(deployed: Account) -> None:
    changed = deployed.edit("Book", input_schema=None, name="Something else")

    planned = deployed.plan(clinic())

    assert [(one.name, one.id) for one in planned.kept] == [("Something else", changed.id)]
    assert by_action(planned) == [("create", "workflow", "book")]


def test_two_unmarked_workflows_of_one_title_are_a_conflict(deployed: Account) -> None:
    book = deployed.workflow("Book")
    copy = deployed.ask(lambda desk: desk.workflows.duplicate(book.id))
    for id in (book.id, copy.id):
        deployed.rewrite(id, input_schema=None, name="Book")

    planned = deployed.plan(clinic())

    assert planned.changes == ()
    assert [set(one.ids) for one in planned.conflicts] == [{book.id, copy.id}]
    assert planned.exit_code == 4


def test_several_unfinished_creates_of_one_name(account: Account) -> None:
    bundle = bundle_of(declared("one"))
    account.deploy(bundle)
    first = account.workflow("One")
    marker = Marker.find_in(first.input_schema)
    assert marker is not None
    new = Marker(marker.owner, marker.name, "new", marker.hash).insert_into(first.input_schema)
    account.edit("One", input_schema=new)
    second = account.ask(lambda desk: desk.workflows.create({"main_prompt": first.main_prompt, "input_schema": new}))

    planned = account.plan(bundle)
    outcomes = account.carry_out(planned)

    assert [(one.action, one.id) for one in planned.changes] == [("create", first.id)]
    assert planned.conflicts[0].ids == (first.id, second.id)
    assert planned.exit_code == 4
    assert [one.status for one in outcomes] == ["done"]
    assert account.plan(bundle).conflicts[0].ids == (first.id, second.id)
    assert len(account.snapshot().workflows) == 2


def test_what_moved_between_plan_and_apply_is_a_conflict(deployed: Account) -> None:
    changed = edited(edited(clinic(), "book", main_prompt="<p>Ours.</p>"), "shell", main_prompt="<p>Ours.</p>")
    planned = deployed.plan(changed)
    deployed.edit("Book", main_prompt="<p>By hand.</p>")

    outcomes = {one.name: one for one in deployed.carry_out(planned, overwrite_drift=True)}

    assert (outcomes["book"].status, outcomes["shell"].status) == ("conflict", "done")
    assert outcomes["book"].message == "it moved since the plan was made: main_prompt"
    assert deployed.workflow("Book").main_prompt == "<p>By hand.</p>"


def test_what_moved_is_a_conflict_beside_a_create_too(deployed: Account) -> None:
    changed = edited(bundle_of(*clinic().workflows, declared("another")), "book", main_prompt="<p>Ours.</p>")
    planned = deployed.plan(changed)
    deployed.edit("Book", main_prompt="<p>By hand.</p>")

    outcomes = {one.name: one.status for one in deployed.carry_out(planned)}

    assert outcomes == {"book": "conflict", "another": "done"}


def test_what_was_deleted_between_plan_and_apply_is_a_conflict(deployed: Account) -> None:
    planned = deployed.plan(edited(clinic(), "book", main_prompt="<p>Ours.</p>"))
    id = deployed.workflow("Book").id
    deployed.delete(id)

    (outcome,) = deployed.carry_out(planned)

    assert (outcome.status, outcome.message) == ("conflict", "it was deleted since the plan was made")


def test_a_touch_without_a_change_is_no_move(deployed: Account) -> None:
    changed = edited(clinic(), "book", main_prompt="<p>Ours.</p>")
    planned = deployed.plan(changed)
    deployed.edit("Book", includes_file_exports=False)

    assert [one.status for one in deployed.carry_out(planned)] == ["done"]


def test_a_plan_made_again_has_the_same_digest_until_something_moves(deployed: Account) -> None:
    changed = edited(clinic(), "book", main_prompt="<p>Ours.</p>")
    planned = deployed.plan(changed)

    assert deployed.plan(changed).digest == planned.digest
    assert plan(edited(changed, "book", name="Title"), deployed.snapshot(), OWNER).digest != planned.digest
    deployed.edit("Book", main_prompt="<p>By hand.</p>")
    assert deployed.plan(changed).digest != planned.digest
