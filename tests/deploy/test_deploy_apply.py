from __future__ import annotations

import json
from typing import Any

import pytest

from cyberflow.remote.canonical import field_hash, wire_fields
from cyberflow.remote.identity import Owner, Ownership, list_owned_workflows
from tests.deploy.deploy_world import (
    CONTENTS,
    OWNER,
    PRINT,
    SEARCH,
    Account,
    asset,
    bundle_of,
    by_action,
    clinic,
    comment,
    declared,
)


def test_a_first_apply_makes_everything_and_a_second_writes_nothing(account: Account) -> None:
    outcomes = account.deploy(clinic())

    assert {outcome.status for outcome in outcomes} == {"done"}
    assert len(outcomes) == 3 + 2 + 6
    assert all(outcome.id for outcome in outcomes)
    wire = account.wire()
    assert account.deploy(clinic(), wire=wire) == []
    assert wire.writes == []
    assert account.plan(clinic()).changes == ()


def test_what_is_made_is_what_was_declared(account: Account) -> None:
    account.deploy(clinic())

    found = account.snapshot()
    held = list_owned_workflows(found.workflows, OWNER)
    assert [one.ownership for one in held] == [Ownership.MANAGED] * 6
    assert all(comment(one.workflow).endswith(f" {one.id} {field_hash(wire_fields(one.workflow))} -") for one in held)
    assert sorted(image.filename for image in found.images) == sorted(
        [asset(SEARCH, "search").filename, asset(PRINT, "print").filename]
    )
    urls = {image.filename: image.supabase_url for image in found.images}
    lookup = account.workflow("Lookup")
    assert f'<img src="{urls[asset(SEARCH, "search").filename]}" alt="it">' in lookup.main_prompt
    assert {tag.name for tag in lookup.tags or ()} == {"cyberflow:clinic", "Production", "Epic"}
    bill = account.workflow("Bill")
    assert [check.name for check in bill.post_run_checks or ()] == ["shape", "look"]
    assert urls[asset(PRINT, "print").filename] in str([check.check_prompt for check in bill.post_run_checks or []])
    models = {model.id: model.name for model in found.models}
    metadata = account.workflow("Models").model_metadata
    assert metadata is not None
    assert models[metadata.main_agent_model_id or ""] == "Fast Agent"
    assert list(json.loads(account.workflow("Login").input_schema or "")) == ["$comment"]


def test_images_go_before_workflows_and_the_tag_before_all(account: Account) -> None:
    wire = account.wire()

    account.deploy(clinic(), wire=wire)

    paths = [write.removeprefix("POST ") for write in wire.writes if write.startswith("POST ")]
    first_workflow = paths.index("/v1/workflows")
    assert set(paths[:3]) == {"/v1/workflow-tags"}
    assert paths[3:5] == ["/v1/workflows/prompt-image"] * 2
    assert first_workflow == 5
    assert sum(write.startswith("PATCH") for write in wire.writes) == 6


def test_an_update_is_one_patch_with_the_changed_field_and_the_marker(account: Account) -> None:
    account.deploy(clinic())
    wire = account.wire()
    changed = bundle_of(*(clinic().workflows[:3]), declared("login", "<p>Other.</p>", input_schema=None))

    outcomes = account.deploy(changed, wire=wire)

    assert [(one.action, one.name, one.status) for one in outcomes] == [("update", "login", "done")]
    (patch,) = (request for request in wire.requests if request.method != "GET")
    assert set(json.loads(patch.content)) == {"main_prompt", "input_schema"}
    assert account.workflow("Login").main_prompt == "<p>Other.</p>"


def test_content_a_b_a_b_ends_in_b(account: Account) -> None:
    contents = ["<p>A</p>", "<p>B</p>", "<p>A</p>", "<p>B</p>"]

    for content in contents:
        account.deploy(bundle_of(declared("one", content)))
        assert account.workflow("One").main_prompt == content

    assert len(account.snapshot().workflows) == 1


def test_what_was_deleted_is_made_anew_again_and_again(account: Account) -> None:
    ids = set()
    for _ in range(4):
        (*_, outcome) = account.deploy(bundle_of(declared("one")))
        assert (outcome.action, outcome.status) == ("create", "done")
        ids.add(outcome.id)
        account.delete(outcome.id or "")

    assert len(ids) == 4


def test_an_image_that_was_deleted_is_uploaded_anew(account: Account) -> None:
    account.deploy(clinic())
    for _ in range(2):
        path = next(one.path for one in account.snapshot().images if "search" in one.filename)
        account.delete_image(path)
        assert account.deploy(clinic())[0].status == "done"
        assert len(account.snapshot().images) == 2

    assert account.plan(clinic()).changes == ()


def test_an_old_answer_to_a_workflow_that_is_no_longer_ours_is_not_taken(account: Account) -> None:
    bundle = bundle_of(declared("one"))
    account.deploy(bundle)
    taken = account.edit("One", input_schema='{"type":"object"}', name="Mine now")
    tag = account.plan(bundle).tags["cyberflow:clinic"]
    account.ask(lambda desk: desk.workflows.remove_tag(taken.id, tag))

    (*_, outcome) = account.deploy(bundle)

    assert (outcome.action, outcome.status) == ("create", "done")
    assert outcome.id != taken.id
    assert account.workflow("Mine now").main_prompt == "<p>Open it.</p>"
    assert {one.name for one in account.snapshot().workflows} == {"One", "Mine now"}


def test_a_scope_has_titles_tag_and_marker_of_its_own(account: Account) -> None:
    account.deploy(bundle_of(declared("one")))
    main = Owner("clinic", "main")
    planned = account.plan(bundle_of(declared("one")), main)
    assert by_action(planned) == [("create", "tag", "cyberflow:clinic.main"), ("create", "workflow", "one")]

    account.carry_out(planned)

    assert comment(account.workflow("[main] One")).startswith("cyberflow:clinic.main/one ")
    assert account.plan(bundle_of(declared("one")), main).changes == ()
    assert account.plan(bundle_of(declared("one"))).changes == ()


def test_a_rename_keeps_the_workflow(account: Account) -> None:
    account.deploy(bundle_of(declared("one")))
    id = account.workflow("One").id
    renamed = declared("two")
    renamed = type(renamed)(**{**vars(renamed), "was": "one"})

    planned = account.plan(bundle_of(renamed))
    assert [(one.action, one.name, one.id, one.reason) for one in planned.changes] == [
        ("rename", "two", id, "renamed from one")
    ]
    assert [field.path for field in planned.changes[0].fields] == ["name"]
    account.carry_out(planned)

    assert comment(account.workflow("Two")).startswith(f"cyberflow:clinic/two {id} ")
    assert account.plan(bundle_of(renamed)).changes == ()
    assert len(account.snapshot().workflows) == 1


def test_a_name_that_is_free_again_gets_a_workflow_of_its_own(account: Account) -> None:
    account.deploy(bundle_of(declared("one")))
    renamed = declared("two")
    renamed = type(renamed)(**{**vars(renamed), "was": "one"})
    account.deploy(bundle_of(renamed))

    account.deploy(bundle_of(declared("one"), renamed))

    assert sorted(one.name or "" for one in account.snapshot().workflows) == ["One", "Two"]
    assert account.plan(bundle_of(declared("one"), renamed)).changes == ()


def test_a_field_that_the_language_lacks_and_the_id_of_a_check_stay(account: Account) -> None:
    checks = [{"name": "shape", "type": "output_data_passes_schema_validation"}]
    account.deploy(bundle_of(declared("one", output_schema="{}", post_run_checks=checks)))
    (before,) = account.workflow("One").post_run_checks or []
    account.edit("One", workflow_metadata={"has_unaddressed_error": True})
    more = [{**checks[0], "description": "as declared"}, {"name": "b", "type": "run_attachment_exists"}]

    account.deploy(bundle_of(declared("one", output_schema="{}", post_run_checks=more)))

    after = account.workflow("One")
    assert [check.id == before.id for check in after.post_run_checks or ()] == [True, False]
    assert after.workflow_metadata == {"has_unaddressed_error": True}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("terminal_command_allowlist", ["x"]),
        ("output_schema", '{"type":"object"}'),
        ("model_metadata", {"main_agent_model_id": "Fast Agent"}),
        ("post_run_checks", [{"name": "a", "type": "run_attachment_exists"}]),
        ("post_run_check_failure_cleanup_prompt", "<p>Close</p>"),
        ("includes_file_exports", True),
    ],
)
def test_a_field_is_set_and_cleared(account: Account, name: str, value: Any) -> None:
    contents: list[dict[str, Any]] = [{}, {name: value}, {}]
    for fields in contents:
        outcomes = account.deploy(bundle_of(declared("one", **fields)))
        assert [one.status for one in outcomes if one.kind == "workflow"] == ["done"]
        assert account.plan(bundle_of(declared("one", **fields))).changes == ()


def test_contents_are_what_the_bundle_names() -> None:
    assert {one.sha256 for one in clinic().assets} == set(CONTENTS)
