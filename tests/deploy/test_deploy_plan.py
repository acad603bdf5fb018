from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cyberflow.client.cyberdesk.wire import Image, Model, TagRecord, WorkflowRecord
from cyberflow.compiler.bundle import Bundle, BundledChain
from cyberflow.deploy.plan.breaking import find_breaking_changes
from cyberflow.deploy.plan.diff import field_diff
from cyberflow.deploy.plan.model import FieldChange, PlanRefused
from cyberflow.deploy.plan.plan import plan
from cyberflow.errors import UsageError
from cyberflow.remote.canonical import field_hash
from cyberflow.remote.identity import Marker, Owner
from cyberflow.remote.snapshot import Snapshot
from tests.deploy.deploy_world import (
    NULLS,
    OWNER,
    PRINT,
    SEARCH,
    Account,
    asset,
    bundle_of,
    by_action,
    clinic,
    declared,
    edited,
    image,
)

TIMES = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}


def tag(name: str, **fields: Any) -> TagRecord:
    return TagRecord.model_validate({"id": f"tag-{name}", "name": name, **fields})


def model(name: str, **fields: Any) -> Model:
    return Model.model_validate({"id": f"model-{name}".lower(), "name": name, **fields})


def managed(name: str, *tags: str, id: str = "id-1", **fields: Any) -> WorkflowRecord:
    payload = {**NULLS, "name": name.title(), "main_prompt": "<p>Open it.</p>", **fields}
    schema = Marker(OWNER.tag, name, id, field_hash(payload)).insert_into(payload["input_schema"])
    named = [{"id": f"tag-{one}", "name": one} for one in (OWNER.tag, *tags)]
    return WorkflowRecord.model_validate({**payload, "id": id, "input_schema": schema, "tags": named, **TIMES})


def errors(
    bundle: Bundle, *tags: TagRecord, models: tuple[Model, ...] = (), workflows: tuple[WorkflowRecord, ...] = ()
) -> list[str]:
    planned = plan(bundle, Snapshot(workflows, (tag(OWNER.tag), *tags), (), models), OWNER)
    assert planned.exit_code == (1 if planned.errors else 0)
    return [one.message for one in planned.errors]


def test_a_plan_over_an_empty_account() -> None:
    planned = plan(clinic(), Snapshot(models=(model("Fast Agent"),)), OWNER)

    assert by_action(planned) == [
        ("create", "tag", "cyberflow:clinic"),
        ("create", "tag", "Epic"),
        ("create", "tag", "Production"),
        ("upload", "image", asset(PRINT, "print").filename),
        ("upload", "image", asset(SEARCH, "search").filename),
        *(("create", "workflow", one.name) for one in clinic().workflows),
    ]
    assert planned.summary == {"create": 9, "upload": 2}


def test_the_json_of_a_plan_has_the_shape_of_the_surface() -> None:
    bundle = bundle_of(declared("one", "<p>New</p>"))
    planned = plan(bundle, Snapshot((managed("one", "Mine"),), (tag(OWNER.tag),)), OWNER)

    data = json.loads(json.dumps(planned.to_json()))

    assert data["changes"] == [
        {
            "action": "update",
            "kind": "workflow",
            "name": "one",
            "id": "id-1",
            "fields": [{"path": "main_prompt", "before": "<p>Open it.</p>", "after": "<p>New</p>"}],
            "verdict": "behavioural",
        }
    ]
    assert {key: data[key] for key in ("version", "project", "target", "summary")} == {
        "version": 1,
        "project": "clinic",
        "target": "local",
        "summary": {"update": 1},
    }


def test_a_change_of_a_schema_is_shown_without_the_marker() -> None:
    wanted = '{"type":"object","properties":{"mrn":{"type":"string"}}}'
    planned = plan(
        bundle_of(declared("one", input_schema=wanted)), Snapshot((managed("one"),), (tag(OWNER.tag),)), OWNER
    )

    (field,) = planned.changes[0].fields
    assert (field.path, field.before, field.after) == ("input_schema", NULLS["input_schema"], wanted)


def test_what_is_no_longer_declared_is_told_and_kept() -> None:
    planned = plan(
        bundle_of(declared("one")), Snapshot((managed("one"), managed("two", id="id-2")), (tag(OWNER.tag),)), OWNER
    )

    assert planned.changes == ()
    assert [(one.name, one.id, one.reason) for one in planned.kept] == [("two", "id-2", "no longer declared")]


def test_only_limits_the_changes_and_not_what_is_declared(account: Account) -> None:
    planned = account.plan(clinic(), only=["book"])

    assert [name for _, kind, name in by_action(planned) if kind == "workflow"] == ["book"]
    assert [name for _, kind, name in by_action(planned) if kind == "tag"] == ["cyberflow:clinic", "Production"]
    assert {one.status for one in account.carry_out(planned)} == {"done"}
    assert [one.name for one in account.snapshot().workflows] == ["Book"]
    with pytest.raises(UsageError, match="no workflow `boook`"):
        account.plan(clinic(), only=["boook"])


def test_an_image_is_found_by_its_hash_whatever_else_its_name_became() -> None:
    bundle = bundle_of(declared("one", f"<p>{image(SEARCH)}</p>"))
    stored = f"prefix_{asset(SEARCH, 'search').filename.replace('.png', '-1.png')}"
    url = f"supabase://workflow-prompt-images/org/prompt-assets/{stored}"
    found = Image.model_validate({"supabase_url": url, "filename": stored})

    (change,) = plan(bundle, Snapshot(tags=(tag(OWNER.tag),), images=(found,)), OWNER).changes

    assert change.action == "create"
    assert change.fields[1] == FieldChange("main_prompt", None, f'<p><img src="{url}" alt="it"></p>')


def test_an_image_that_the_bundle_lacks_is_a_broken_bundle() -> None:
    broken = replace(bundle_of(declared("one", image(SEARCH))), assets=[])

    with pytest.raises(UsageError, match="does not hold"):
        plan(broken, Snapshot(), OWNER)


@pytest.mark.parametrize(
    ("models", "wanted", "expected"),
    [
        ((model("Fast"),), "Fast", []),
        ((model("Fast"),), "MODEL-FAST", []),
        ((model("Fast"),), "Fsat", ["`one`: there is no model configuration `Fsat`; did you mean `Fast`?"]),
        ((), "Fast", ["`one`: there is no model configuration `Fast`"]),
        ((model("Fast", is_archived=True),), "Fast", ["`one`: the model configuration `Fast` is archived"]),
        ((model("Fast", is_archived=True), model("Fast", id="b")), "Fast", []),
        (
            (model("Fast", id="b"), model("Fast", id="a")),
            "Fast",
            ["`one`: 2 model configurations are named `Fast`; write the id: a, b"],
        ),
    ],
)
def test_models_are_found_by_name_or_id(models: tuple[Model, ...], wanted: str, expected: list[str]) -> None:
    main = declared("one", model_metadata={"fallback_model_2_id": wanted})
    check = declared("one", post_run_checks=[{"name": "a", "type": "output_data_agentic_check", "model": wanted}])

    assert errors(bundle_of(main), models=models) == expected
    assert errors(bundle_of(check), models=models) == expected


def test_a_title_that_its_scope_makes_too_long_is_an_error() -> None:
    bundle = bundle_of(declared("one", name="x" * 250))

    assert plan(bundle, Snapshot(), OWNER).errors == ()
    assert "257 characters" in plan(bundle, Snapshot(), Owner("clinic", "main")).errors[0].message


@pytest.mark.parametrize(
    ("declared_tags", "there", "expected"),
    [
        (["A"], (tag("A"),), []),
        (["A"], (tag("A", is_archived=True),), ["the tag `A` of `one` is archived"]),
        (["A"], (tag("A", is_archived=True), tag("A", id="2")), []),
        (["cyberflow:clinic"], (), []),
        (
            ["cyberflow:other"],
            (),
            ["the tag `cyberflow:other` is another project's; names with `cyberflow:` are reserved"],
        ),
        (["A", "B"], (tag("A", group_id="g"), tag("B", group_id="h")), []),
        (
            ["B", "A"],
            (tag("A", group_id="g", group={"id": "g", "name": "Stage"}), tag("B", group_id="g")),
            ["the tags `A` and `B` are of the group `Stage`: a workflow can bear one of them"],
        ),
    ],
)
def test_declared_tags_must_be_possible(
    declared_tags: list[str], there: tuple[TagRecord, ...], expected: list[str]
) -> None:
    assert errors(bundle_of(declared("one", tags=declared_tags)), *there) == expected


def test_two_workflows_that_were_the_same_are_an_error() -> None:
    rivals = [replace(declared(name), was="old") for name in ("one", "two")]

    (first,) = errors(bundle_of(*rivals), workflows=(managed("old"),))

    assert first == "`one` and `two` were both `old`; only one can be its new name"


def test_a_plan_with_errors_sends_nothing(account: Account) -> None:
    planned = account.plan(bundle_of(declared("one"), declared("two", model_metadata={"main_agent_model_id": "None"})))
    wire = account.wire()

    with pytest.raises(PlanRefused, match="no model configuration `None`") as refused:
        account.carry_out(planned, wire=wire)

    assert refused.value.exit_code == 1
    assert wire.requests == []


def test_a_declared_list_of_tags_is_set_exactly(account: Account) -> None:
    account.deploy(bundle_of(declared("one", tags=["A", "B"])))
    other = account.make_tag("cyberflow:other")
    mine = account.make_tag("By hand")
    id = account.workflow("One").id
    account.ask(lambda desk: desk.workflows.add_tags(id, [other, mine]))
    wire = account.wire()

    planned = account.plan(bundle_of(declared("one", tags=["B", "C"])))
    outcomes = account.carry_out(planned, wire=wire)

    (_, change) = planned.changes
    assert (change.action, change.fields) == ("update", (FieldChange("tags", ["A", "B", "By hand"], ["B", "C"]),))
    assert [one.status for one in outcomes] == ["done", "done"]
    assert {one.name for one in account.workflow("One").tags or ()} == {"cyberflow:clinic", "cyberflow:other", "B", "C"}
    assert not any(write.startswith("PATCH") for write in wire.writes)


def test_without_a_list_tags_are_not_managed(account: Account) -> None:
    account.deploy(bundle_of(declared("one")))
    mine = account.make_tag("By hand")
    id = account.workflow("One").id
    account.ask(lambda desk: desk.workflows.add_tags(id, [mine]))

    assert account.plan(bundle_of(declared("one"))).changes == ()
    account.deploy(bundle_of(declared("one", "<p>New</p>")))
    assert {one.name for one in account.workflow("One").tags or ()} == {"cyberflow:clinic", "By hand"}


def test_one_tag_of_a_group_takes_the_place_of_another(account: Account) -> None:
    group = account.ask(lambda desk: desk.groups.create({"name": "Stage"}))
    for name in ("Draft", "Live"):
        account.make_tag(name, group_id=group.id)
    for stage in ("Draft", "Live", "Draft"):
        bundle = bundle_of(declared("one", tags=[stage]))
        assert [one.status for one in account.deploy(bundle) if one.kind == "workflow"] == ["done"]
        assert account.plan(bundle).changes == ()


def test_a_diff_of_a_prompt_reads_as_text() -> None:
    before = "<ol><li>Open it</li><li>Click <b>OK</b></li></ol>"
    after = "<ol><li>Open it</li><li>Click <b>Save</b></li></ol>"

    lines = field_diff(FieldChange("main_prompt", before, after))

    assert lines == [
        "@@ -1,2 +1,2 @@",
        " 1. Open it",
        "-2. Click **OK**",
        "+2. Click **Save**",
    ]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (
            FieldChange("output_schema", None, '{"type":"object"}'),
            ["@@ -0,0 +1,3 @@", "+{", '+  "type": "object"', "+}"],
        ),
        (FieldChange("output_schema", "no JSON", None), ["@@ -1 +0,0 @@", "-no JSON"]),
        (FieldChange("name", "A", "B"), ["@@ -1 +1 @@", "-A", "+B"]),
        (FieldChange("tags", ["A"], []), ["@@ -1,3 +1 @@", "-[", '-  "A"', "-]", "+[]"]),
        (FieldChange("is_archived", before=True, after=False), ["@@ -1 +1 @@", "-true", "+false"]),
    ],
)
def test_a_diff_of_other_fields_is_by_lines(field: FieldChange, expected: list[str]) -> None:
    assert field_diff(field) == expected


def test_the_digest_covers_the_bundle() -> None:
    there = Snapshot((managed("one"),), (tag(OWNER.tag),))
    digests = {
        plan(one, there, OWNER).digest
        for one in (bundle_of(declared("one")), replace(bundle_of(declared("one")), target="prod"))
    }

    assert len(digests) == 2


def test_a_plan_does_not_change_the_bundle() -> None:
    bundle = clinic()

    plan(edited(bundle, "book"), Snapshot(models=(model("Fast Agent"),)), OWNER)

    assert bundle.digest == clinic().digest


@pytest.mark.parametrize(
    "ref",
    [
        "find.outputs.mrn",
        "find.outputs['mrn']",
        'find.outputs["mrn"]',
        "find['outputs'].mrn",
        "find.outputs.mrn[0]",
        "find.outputs['mrn'].id",
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_a_chain_that_reads_a_changed_output_is_named_however_it_writes_the_ref(ref: str, deep: bool) -> None:
    value: Any = {"$ref": ref}
    inputs = {"a": [{"b": value}] if deep else value}
    steps = [
        {"workflow_id": "find", "session_alias": "find"},
        {"workflow_id": "book", "session_alias": "book", "inputs": inputs},
    ]
    chain = BundledChain("intake", {"steps": steps}, outputs={"mrn": value})
    states = [
        {"output_schema": {"type": "object", "properties": {"mrn": {"type": kind}}, "required": ["mrn"]}}
        for kind in ("string", "integer")
    ]

    found = list(find_breaking_changes(replace(bundle_of(), chains=[chain]), "find", *states))

    assert [(one.chain, one.step) for one in found] == [("intake", "book"), ("intake", None)]
