"""Past runs held against a plan: verdicts as an independent validator gives them, sessions through new refs, what is
deferred and what is unknown, how much is asked and said.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jsonschema
import pytest

from cyberflow.cli.views.plans.plan_markdown import plan_markdown
from cyberflow.cli.views.plans.plan_text import plan_lines
from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberdesk.wire import RunRecord
from cyberflow.compiler.bundle import Bundle, BundledChain, BundledWorkflow
from cyberflow.deploy.plan.model import Plan
from cyberflow.deploy.plan.plan import plan
from cyberflow.deploy.plan.plan_file import dump_plan
from cyberflow.deploy.replay.history import read_history
from cyberflow.deploy.replay.model import Replay, ReplayRange
from cyberflow.deploy.replay.replay import replay
from cyberflow.errors import UsageError
from cyberflow.remote.snapshot import Snapshot
from tests.deploy.deploy_world import NULLS, OWNER
from tests.deploy.test_deploy_plan import managed, tag

START = datetime(2026, 3, 1, tzinfo=UTC)
MRN = {"type": "string", "pattern": "^M[0-9]{7}$"}


def shape(**properties: Any) -> dict[str, Any]:
    """An object type of which every member is required."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def workflow(name: str, inputs: Any = None, outputs: Any = None, from_machine: tuple[str, ...] = ()) -> BundledWorkflow:
    schemas = {
        key: json.dumps(value) if value else NULLS[key]
        for key, value in (("input_schema", inputs), ("output_schema", outputs))
    }
    payload = {**NULLS, "name": name.title(), "main_prompt": "<p>Do it.</p>", **schemas}
    return BundledWorkflow(name, payload, from_machine=[*from_machine])


def planned(*workflows: BundledWorkflow, chains: tuple[BundledChain, ...] = ()) -> Plan:
    """A plan that changes every workflow, each of which is there under the id `id-NAME`."""
    there = tuple(managed(one.name, id=f"id-{one.name}") for one in workflows)
    return plan(Bundle("clinic", "local", [*workflows], [*chains]), Snapshot(there, (tag(OWNER.tag),)), OWNER)


def run(number: int, name: str = "book", **fields: Any) -> RunRecord:
    at = (START + timedelta(minutes=number)).isoformat()
    given = {"id": f"run-{number}", "workflow_id": f"id-{name}", "status": "success", "created_at": at, **fields}
    return RunRecord.model_validate(given)


def held(made: Plan, *runs: RunRecord, name: str = "book") -> Replay:
    (found,) = (one.replay for one in replay(made, runs).changes if one.name == name)
    assert found is not None
    return found


def counts(found: Replay) -> dict[str, int]:
    return {word: found.counts[word] for word in ("fit", "refused", "deferred", "unknown") if found.counts[word]}


def only(found: Replay) -> tuple[str, str]:
    (example,) = found.examples
    return example.refusal.place, example.refusal.keyword


# Verdicts


def make_schema(dice: random.Random, depth: int = 0) -> Any:
    def inner() -> Any:
        return make_schema(dice, depth + 1)

    leaves = [
        lambda: {"type": "string", "minLength": dice.randint(0, 4)},
        lambda: {"type": "string", "pattern": dice.choice(["^a", "b$", "^[0-9]+$"])},
        lambda: {"type": "integer", "minimum": dice.randint(-2, 2)},
        lambda: {"type": dice.choice(["number", "boolean", "null", "array", "object"])},
        lambda: {"type": ["string", "null"]},
        lambda: {"enum": dice.sample([1, 2, "a", "ab", None, True, [1]], 3)},
        lambda: {"const": dice.choice([1, "a", {"a": 1}])},
        dict,
    ]
    grown = [
        lambda: {"type": "array", "items": inner(), "maxItems": dice.randint(0, 3)},
        lambda: {"type": "object", "properties": {"a": inner(), "b": inner()}, "required": dice.sample(["a", "b"], 1)},
        lambda: {"type": "object", "properties": {"a": inner()}, "additionalProperties": dice.choice([False, inner()])},
        lambda: {"anyOf": [inner(), inner()]},
        lambda: {"oneOf": [inner(), inner()]},
        lambda: {"not": inner()},
        lambda: {"if": inner(), "then": inner(), "else": inner()},
    ]
    makers: list[Callable[[], Any]] = leaves if depth > 2 or dice.random() < 0.4 else grown
    return dice.choice(makers)()


def make_value(dice: random.Random, depth: int = 0) -> Any:
    scalars = [None, True, False, -3, 0, 1, 2, 7, 1.5, "", "a", "ab", "12", "secret text"]
    if depth > 2 or dice.random() < 0.5:
        return dice.choice(scalars)
    if dice.random() < 0.5:
        return [make_value(dice, depth + 1) for _ in range(dice.randint(0, 3))]
    return {name: make_value(dice, depth + 1) for name in dice.sample(["a", "b", "c"], dice.randint(0, 3))}


@pytest.mark.slow
def test_the_verdicts_are_those_of_an_independent_validator_on_500_pairs() -> None:
    dice = random.Random(18)
    refused = 0
    for number in range(500):
        of_inputs = number % 2 == 0
        schema = {"type": "object", "properties": {"x": make_schema(dice)}}
        value = {"x": make_value(dice)}
        if of_inputs and (value["x"] is None or value["x"] == ""):
            value = {}  # the platform takes a blank for nothing
        expected = jsonschema.Draft202012Validator(schema).is_valid(value)
        made = planned(workflow("book", schema) if of_inputs else workflow("book", shape(z=True), schema))
        given: dict[str, Any] = (
            {"input_values": value} if of_inputs else {"input_values": {"z": 1}, "output_data": value}
        )
        found = held(made, run(1, **given))

        assert counts(found) == {"fit" if expected else "refused": 1}, (schema, value)
        refused += not expected
    assert 100 < refused < 400


@pytest.mark.parametrize(
    ("schema", "value", "path", "says"),
    [
        (shape(mrn=MRN), {"mrn": "CANARY999"}, "inputs.mrn", "does not match ^M[0-9]{7}$"),
        (shape(n={"type": "integer"}), {"n": "CANARY"}, "inputs.n", "is a string, not an integer"),
        (shape(clerk={}), {}, "inputs.clerk", "is missing"),
        (shape(a={"enum": ["x", "y"]}), {"a": "CANARY"}, "inputs.a", 'is not one of ["x", "y"]'),
        (shape(l={"items": {"type": "string"}}), {"l": ["a", 1]}, "inputs.l[1]", "is an integer, not a string"),
        (
            shape(d={"additionalProperties": {"type": "null"}}),
            {"d": {"CANARY": 1}},
            "inputs.d.*",
            "is an integer, not null",
        ),
        (shape(d={"additionalProperties": False}), {"d": {"CANARY": 1}}, "inputs.d", "is not declared"),
        (shape(d={"propertyNames": {"pattern": "^x"}}), {"d": {"CANARY": 1}}, "inputs.d", "breaks `propertyNames`"),
        (shape(d={"not": {"const": "x"}}), {"d": "x"}, "inputs.d", "is what it must not be"),
        (
            shape(d={"dependentRequired": {"a": ["b"]}}),
            {"d": {"a": "CANARY"}},
            "inputs.d.b",
            "is missing",
        ),
    ],
)
def test_a_refusal_says_where_and_why(schema: Any, value: Any, path: str, says: str) -> None:
    made = replay(planned(workflow("book", schema)), [run(1, input_values=value)])
    (found,) = (one.replay for one in made.changes if one.replay)
    (example,) = found.examples

    assert (example.refusal.place, example.refusal.says) == (path, says)
    told = "\n".join([*plan_lines(made), plan_markdown(made), json.dumps(found.to_json())])
    assert says.split(" ", 1)[0] in told
    assert "CANARY" not in told


def test_no_value_and_no_foreign_name_is_said_or_saved() -> None:
    """Canaries in inputs, outputs, names of members and errors: in no byte of what plan makes."""
    canary = "CANARY-Ada-1815-12-10"
    values = {"mrn": canary, "visit": {canary: [canary]}, "extra": {"deep": canary}, canary: canary}
    inputs = shape(mrn=MRN, visit={"additionalProperties": {"type": "string"}}, extra={"type": "integer"})
    runs = [
        run(
            number,
            input_values=values,
            output_data={"mrn": canary, canary: canary},
            error=[canary],
            sensitive_input_aliases={canary: "x"},
            usage_metadata={canary: canary},
            session_alias=canary,
            session_id="s",
        )
        for number in range(20)
    ]
    made = replay(planned(workflow("book", inputs, shape(mrn=MRN))), runs)

    assert made.changes[0].replay
    assert made.changes[0].replay.refused == 20
    for written in (
        "\n".join(plan_lines(made)),
        plan_markdown(made),
        dump_plan(made),
        json.dumps(made.to_json()),
        repr(made),
    ):
        assert "replay" in written or "Replay" in written
        assert canary not in written
    assert canary in "\n".join(plan_lines(made, values=True))


# What is known, deferred, unknown


def test_what_a_machine_may_supply_is_deferred() -> None:
    inputs = shape(**{"user": {"type": "string"}, "$pin": {"type": "string"}})
    made = planned(workflow("book", inputs, from_machine=("user", "$pin")))

    found = held(
        made,
        run(1, input_values={}),
        run(2, input_values={"user": "x"}, sensitive_input_aliases={"pin": "vault"}),
        run(3, input_values={"user": 5}),
    )
    assert counts(found) == {"deferred": 1, "fit": 1, "refused": 1}
    assert found.deferred == ("user", "$pin") or set(found.deferred) == {"user", "$pin"}


def test_a_secret_counts_as_given_when_its_alias_is_there() -> None:
    made = planned(workflow("book", shape(**{"$pin": {"type": "string", "minLength": 4}})))

    found = held(made, run(1, sensitive_input_aliases={"pin": "vault"}), run(2, sensitive_input_aliases=None))
    assert counts(found) == {"fit": 1, "refused": 1}
    assert only(found) == ("inputs.$pin", "required")


def test_what_is_not_there_is_unknown() -> None:
    made = planned(workflow("book", shape(mrn=MRN), shape(id={"type": "string"})))
    good: dict[str, Any] = {"input_values": {"mrn": "M0000001"}}

    found = held(
        made,
        run(1, **good, output_data=None),
        run(2, input_values={"mrn": {"$ref": "find.outputs.mrn"}}, status="scheduling"),
        run(3, **good, output_data={"id": "7"}),
    )
    assert counts(found) == {"unknown": 2, "fit": 1}


def test_failed_and_live_runs_count_for_inputs_alone() -> None:
    made = planned(workflow("book", shape(mrn=MRN), shape(id={"type": "string"})))
    states = ["error", "task_failed", "cancelled", "running", "a status of tomorrow"]
    good, bad = {"mrn": "M0000001"}, {"mrn": "7"}

    runs = [run(at, status=state, input_values=good, output_data={"x": 1}) for at, state in enumerate(states)]
    found = held(made, *runs, run(9, status="error", input_values=bad))
    assert counts(found) == {"fit": 5, "refused": 1}


def test_empty_is_not_given_and_a_blank_is_nothing() -> None:
    inputs = {**shape(a={"type": "string"}), "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
    made = planned(workflow("book", inputs))

    found = held(
        made,
        run(1, input_values={"a": "x", "b": None}),
        run(2, input_values={"a": "x", "b": " "}),
        run(3, input_values={"a": "__EMPTY__"}),
        run(4, input_values={"a": "__CLEAR__", "b": "__EMPTY__"}),
    )
    assert counts(found) == {"fit": 3, "refused": 1}
    assert only(found) == ("inputs.a", "required")


# Sessions


def intake(mrn: Any, *more: dict[str, Any], name: str = "intake", session: Any = None) -> BundledChain:
    steps = [
        {"workflow_id": "lookup", "session_alias": "find"},
        {"workflow_id": "book", "session_alias": "book", "inputs": {"mrn": mrn, "date": "<date>"}},
        *more,
    ]
    return BundledChain(name, {"steps": steps}, session=session or {})


def session_runs(output: Any, had: Any = "old", number: int = 1) -> tuple[RunRecord, RunRecord]:
    session = f"session-{number}"
    find = run(number * 10, "lookup", session_id=session, session_alias="find", output_data=output)
    given = {"mrn": had, "date": "2026-03-01"}
    return find, run(number * 10 + 1, session_id=session, session_alias="book", input_values=given)


REF = {"$ref": "find.outputs.patient.mrn"}


def test_old_outputs_go_through_the_new_refs() -> None:
    book = workflow("book", shape(mrn=MRN, date={"type": "string"}))
    made = planned(book, workflow("lookup", None, {"type": "object"}), chains=(intake(REF),))
    runs = [
        *session_runs({"patient": {"mrn": "M0000001"}}, number=1),
        *session_runs({"patient": {"mrn": "7"}}, number=2),
        *session_runs({"patient": {}}, number=3),
        *session_runs({"mrn": "M0000001"}, number=4),
    ]

    booked = held(made, *runs)
    found = held(made, *runs, name="lookup")

    assert counts(booked) == counts(found) == {"fit": 1, "refused": 3}
    assert [(one.session_id, one.refusal.place, one.refusal.keyword) for one in found.examples] == [
        ("session-4", "steps.book.inputs.mrn", "required"),
        ("session-3", "steps.book.inputs.mrn", "required"),
        ("session-2", "steps.book.inputs.mrn", "pattern"),
    ]
    assert [one.refusal.place for one in booked.examples] == ["inputs.mrn"] * 3
    assert "mrn of step `book` is missing" in "\n".join(plan_lines(replay(made, runs)))


def test_a_producer_that_was_not_read_or_failed_is_unknown() -> None:
    made = planned(workflow("book", shape(mrn=MRN, date={"type": "string"})), workflow("lookup"), chains=(intake(REF),))
    find, book = session_runs({"patient": {"mrn": "M0000001"}})
    failed = find.model_copy(update={"status": "error", "output_data": None})

    assert counts(held(made, book)) == {"unknown": 1}
    assert counts(held(made, failed, book)) == {"unknown": 1}
    assert counts(held(made, find, book)) == {"fit": 1}


def test_what_the_chain_gives_now_counts_and_a_chain_input_is_taken_from_the_run() -> None:
    inputs = shape(mrn=MRN, date={"type": "string"}, clerk={"type": "string"}, note={"type": "string"})
    step = {"mrn": "M0000001", "date": "<date>", "clerk": "front", "note": "<note>"}
    chain = BundledChain(
        "intake", {"steps": [{"workflow_id": "book", "session_alias": "book", "inputs": step}]}, inputs={}
    )
    made = planned(workflow("book", inputs), chains=(chain,))
    old = {"mrn": "7", "date": "2026-03-01"}

    with_note = run(1, session_id="a", session_alias="book", input_values={**old, "note": "x"})
    without = run(2, session_id="b", session_alias="book", input_values=old)
    single = run(3, input_values={**old, "mrn": "M0000001", "note": "x"})
    found = held(made, with_note, without, single)
    assert counts(found) == {"fit": 1, "unknown": 1, "refused": 1}
    assert only(found) == ("inputs.clerk", "required")


def test_a_session_of_another_chain_or_of_none_is_not_taken_for_it() -> None:
    made = planned(
        workflow("book", shape(mrn=MRN, date={"type": "string"})),
        workflow("lookup"),
        chains=(intake(REF), intake({"$ref": "find.outputs.mrn"}, name="other")),
    )
    find, book = session_runs({"mrn": "M0000001"}, had="M0000002")

    assert counts(held(made, find, book)) == {"fit": 1}, "of two chains none is sure: its own inputs count"
    stranger = find.model_copy(update={"workflow_id": "id-of-another"})
    assert counts(held(made, stranger, book)) == {"fit": 1}


# What is asked, and what it costs


class Lists(httpx.AsyncBaseTransport):
    """Answers lists of runs, newest first, with the fields asked for; counts."""

    def __init__(self, runs: list[dict[str, Any]]) -> None:
        self.runs = sorted(runs, key=lambda one: str(one["created_at"]), reverse=True)
        self.asked: list[httpx.QueryParams] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        self.asked.append(query)
        since = query.get("created_at_from", "")
        found = [
            one
            for one in self.runs
            if one["workflow_id"] == query["workflow_id"]
            and (not since or datetime.fromisoformat(one["created_at"]) >= datetime.fromisoformat(since))
        ]
        skip, limit = int(query["skip"]), int(query["limit"])
        kept = {"id", "workflow_id", "machine_id", "status", "created_at", *query.get_list("fields")}
        items = [{key: value for key, value in one.items() if key in kept} for one in found[skip : skip + limit]]
        return httpx.Response(200, json={"items": items, "total": len(found), "skip": skip, "limit": limit})


def read(made: Plan, lists: Lists, given: str) -> tuple[RunRecord, ...]:
    async def ask() -> tuple[RunRecord, ...]:
        carrier: Any = lists
        async with Cyberdesk.connect("http://local", "key", app=carrier) as desk:
            return await read_history(desk, made, ReplayRange.parse(given))

    return asyncio.run(ask())


def test_a_thousand_runs_are_two_requests() -> None:
    book = workflow("book", shape(mrn=MRN, date={"type": "string", "minLength": 3}))
    lookup = BundledWorkflow("lookup", {**NULLS, "name": "Lookup", "main_prompt": "<p>Open it.</p>"})
    there = tuple(managed(one, id=f"id-{one}") for one in ("book", "lookup"))
    bundle = Bundle("clinic", "local", [book, lookup], [intake({"$ref": "find.outputs.mrn"})])
    made = plan(bundle, Snapshot(there, (tag(OWNER.tag),)), OWNER)
    pairs = [session_runs({"mrn": f"M{number:07}"}, "x", number) for number in range(500)]
    lists = Lists([one.to_json() for pair in pairs for one in pair])

    past = read(made, lists, "1000")
    found = held(made, *past)

    assert [one["workflow_id"] for one in lists.asked] == ["id-book", "id-lookup"]
    assert "run_message_history" not in lists.asked[0].get_list("fields")
    assert len(past) == 1000
    assert counts(found) == {"fit": 500}


def test_the_last_runs_and_those_since_a_day() -> None:
    made = planned(workflow("book", shape(mrn=MRN)))
    days = [(START + timedelta(days=day)).isoformat() for day in range(30)]
    lists = Lists([run(at, created_at=day, input_values={"mrn": "M0000001"}).to_json() for at, day in enumerate(days)])

    assert [one.id for one in read(made, lists, "3")] == ["run-29", "run-28", "run-27"]
    assert len(read(made, lists, "2026-03-21")) == 10
    assert held(made, *read(made, lists, "3")).since == "2026-03-28"
    assert not read(planned(), lists, "3")


@pytest.mark.parametrize("given", ["", "0", "-1", "yesterday", "2026-13-01", "20260301x", "1e3", "٣"])
def test_a_range_is_a_number_or_a_date(given: str) -> None:
    with pytest.raises(UsageError, match="neither a number of runs nor a date"):
        ReplayRange.parse(given)


@pytest.mark.parametrize(
    ("usage", "says"),
    [
        ({"total_agentic_steps": 3, "total_cached_steps": 9}, "cache: 75 % of 12 steps in 1 run came from it"),
        *((usage, None) for usage in (None, {}, {"total_agentic_steps": 3}, {"total_agentic_steps": "3"})),
        ({"total_agentic_steps": -1, "total_cached_steps": 9}, None),
        ({"total_agentic_steps": True, "total_cached_steps": 1}, None),
        ({"total_agentic_steps": 0, "total_cached_steps": 0}, None),
    ],
)
def test_usage_is_read_tolerantly(usage: Any, says: str | None) -> None:
    made = planned(workflow("book", shape(mrn=MRN)))
    text = "\n".join(plan_lines(replay(made, [run(1, input_values={"mrn": "M0000001"}, usage_metadata=usage)])))

    assert (says in text) if says else ("cache" not in text)


def test_a_replay_is_no_part_of_what_a_saved_plan_is_compared_by() -> None:
    made = planned(workflow("book", shape(mrn=MRN)))

    assert replay(made, [run(1, input_values={"mrn": "7"})]).digest == made.digest
