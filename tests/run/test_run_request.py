"""What is sent: tokens, types, secrets, places and files, by tables."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from cyberflow.compiler.bundle import BundledChain
from cyberflow.errors import UsageError
from cyberflow.run.chain.interpolate import Interpolator
from cyberflow.run.chain.placement import RunPlacement, TargetIds
from cyberflow.run.chain.request import MOST_FILE_BYTES, RequestParts, chain_request, run_request
from cyberflow.run.inputs.arguments import Arguments, FileArgument
from cyberflow.schema.values import ABSENT
from tests.run.intake import BOOK, CANARY, FILE, LOOKUP, MARK, PATIENT, SEED, STEPS, bundle, chain, may, need, workflow

IDS = TargetIds(
    {name: f"id-{name}" for name in ("patient-lookup", "book-visit", "file-letter", "any", "supplied", "secretive")},
    {"epic": "pool-1", "chrome": "pool-2"},
    {"desk-4": "machine-4"},
)
GIVEN = Arguments({"patient": {"id": "7"}, "date": "2026-03-01"}, {"epic_password": CANARY})
ANY = workflow("any", {"value": may({})}, {})


def parts(
    *chains: BundledChain, given: Arguments = GIVEN, where: RunPlacement | None = None, workflows: Any = None
) -> RequestParts:
    whole = bundle(*chains, workflows=workflows)
    return RequestParts(whole, given, IDS, {SEED: b"a,b"}.__getitem__, where or RunPlacement())


def refused(made: Any) -> list[str]:
    with pytest.raises(UsageError) as caught:
        made()
    assert caught.value.exit_code == 2
    return [line.strip() for line in str(caught.value).splitlines()]


VALUES = {
    "text": "seven",
    "empty": "",
    "number": 7,
    "float": 1.5,
    "whole": 2.0,
    "yes": True,
    "null": None,
    "object": {"a": {"b c": ["x", 2]}, "none": None},
    "list": ["x", {"k": 1}],
    "skip": "__EMPTY__",
    "clear": "__CLEAR__",
}


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("plain", "plain"),
        (7, 7),
        (None, None),
        ("<text>", "seven"),
        ("<number>", 7),
        ("<yes>", True),
        ("<null>", None),
        ("<object>", VALUES["object"]),
        ("<object.a['b c'][1]>", 2),
        ('<object.a["b c"][0]>', "x"),
        ("<list[1].k>", 1),
        ("<skip>", "__EMPTY__"),
        ("<skip.a.b>", "__EMPTY__"),
        ("<clear>", "__CLEAR__"),
        ("<gone>", ABSENT),
        ("<gone.a.b>", ABSENT),
        ("<object.gone>", ABSENT),
        ("<object.none.deep>", ABSENT),
        ("<list[9]>", ABSENT),
        (" <number>", " 7"),
        ("<number><number>", "77"),
        ("n=<number>, f=<float>, w=<whole>, y=<yes>", "n=7, f=1.5, w=2.0, y=true"),
        ("[<gone>|<null>|<skip>|<empty>|<object.gone>]", "[||||]"),
        ("{text} and {{text}} and {$text}", "{text} and {{text}} and {$text}"),
        ("\\<text> is <text>", "<text> is seven"),
        ("\\<text>", "<text>"),
        ("x < 5 and List<string, int>", "x < 5 and List<string, int>"),
        ({"a": "<number>", "b": "<gone>", "c": ["<gone>", "<text>"]}, {"a": 7, "c": ["seven"]}),
        ({"$ref": "lookup.outputs.<text>"}, {"$ref": "lookup.outputs.<text>"}),
        ({"deep": [{"$ref": "lookup.outputs.mrn"}]}, {"deep": [{"$ref": "lookup.outputs.mrn"}]}),
    ],
)
def test_tokens_become_values(data: Any, value: Any) -> None:
    filler = Interpolator(VALUES)
    got = filler.value(data, "here")
    assert (got, type(got)) == (value, type(value))
    assert filler.problems == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("<text.a>", "here: `<text.a>` looks inside a value that is `string`"),
        ("<number[0]>", "here: `<number[0]>` looks inside a value that is `integer`"),
        ("<list.a>", "here: `<list.a>` looks inside a value that is `array`"),
        ("<object[0]>", "here: `<object[0]>` looks inside a value that is `object`"),
        ("all: <object>", "here: `<object>` is `object` and cannot stand inside a longer text"),
        ("all: <list>", "here: `<list>` is `array` and cannot stand inside a longer text"),
    ],
)
def test_what_cannot_be_filled_is_a_problem(data: Any, problem: Any) -> None:
    filler = Interpolator(VALUES)
    filler.value(data, "here")
    assert filler.problems == [problem]


def test_a_chain_is_filled_step_by_step() -> None:
    made = chain_request(chain(), parts())

    assert made.body == {
        "steps": [
            {
                "workflow_id": "id-patient-lookup",
                "session_alias": "lookup",
                "inputs": {"patient": {"id": "7"}},
                "sensitive_inputs": {"password": CANARY},
            },
            {
                "workflow_id": "id-book-visit",
                "session_alias": "book",
                "inputs": {"mrn": {"$ref": "lookup.outputs.mrn"}, "reason": "Visit of 2026-03-01", "slots": 2},
            },
            {
                "workflow_id": "id-file-letter",
                "session_alias": "file",
                "inputs": {"mrn": {"$ref": "lookup.outputs.mrn"}},
            },
        ],
        "is_priority": False,
        "keep_session_after_completion": False,
    }
    assert made.steps == (("lookup", "patient-lookup"), ("book", "book-visit"), ("file", "file-letter"))
    assert made.outputs is not None
    assert made.outputs["summary"]["day"] == "2026-03-01"


def test_filling_leaves_the_bundle_as_it_was() -> None:
    whole = bundle()
    before = whole.to_json()
    own = Arguments({"patient": {"id": "7"}, "date": "x"}, {"epic_password": CANARY})
    one = RequestParts(whole, own, IDS, dict[str, bytes]().__getitem__)
    first = chain_request(whole.chains[0], one)
    first.body["steps"][0]["inputs"]["patient"]["id"] = "other"
    assert whole.to_json() == before


def test_a_secret_reaches_the_sensitive_fields_and_nothing_else() -> None:
    made = chain_request(chain(), parts())
    body = json.loads(json.dumps(made.body))
    for step in body["steps"]:
        step.pop("sensitive_inputs", None)
    assert MARK not in json.dumps(body, ensure_ascii=False)
    assert MARK not in repr(made)
    steps = [{**STEPS[0], "inputs": {"patient": {"id": "<$epic_password>"}}}]
    leaking = chain(request={"steps": steps}, outputs={"x": "<$epic_password>"})
    assert refused(lambda: chain_request(leaking, parts())) == [
        "`intake` cannot run: step `lookup`, input `patient` lacks `id`"
    ]


def test_a_part_of_a_secret_and_one_that_is_not_given() -> None:
    steps = [
        {
            "workflow_id": "secretive",
            "session_alias": "a",
            "sensitive_inputs": {"pin": "<$epic.pin>", "more": "<$gone>"},
        }
    ]
    secretive = workflow("secretive", {}, {}, secrets={"pin": need(), "more": may()})
    one = chain(request={"steps": steps}, secrets={"epic": need({}), "gone": may()}, outputs={})
    given = Arguments(secrets={"epic": {"pin": CANARY}})
    made = chain_request(one, parts(given=given, workflows=[secretive]))
    assert made.body["steps"][0]["sensitive_inputs"] == {"pin": CANARY}
    plain = [{**steps[0], "sensitive_inputs": {"pin": "<patient.id>"}}]
    filled = chain_request(replace(one, request={"steps": plain}), parts(workflows=[secretive]))
    assert filled.body["steps"][0]["sensitive_inputs"] == {"pin": "7"}
    assert refused(lambda: chain_request(one, parts(given=Arguments(), workflows=[secretive]))) == [
        "`intake` cannot run: step `a`, secret `pin` gets no value, and `secretive` requires it"
    ]
    shown = refused(lambda: chain_request(one, parts(given=Arguments(secrets={"epic": CANARY}), workflows=[secretive])))
    assert shown[1:] == [
        "step `a`, secret `pin`: `<epic.pin>` looks inside a value that is `string`",
        "step `a`, secret `pin` gets no value, and `secretive` requires it",
    ]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (
            {"mrn": {"$ref": "lookup.outputs.mrn"}, "reason": "<patient>"},
            "input `reason` must be `string`, not `object`",
        ),
        ({"mrn": "<note>", "reason": "x"}, "input `mrn` gets no value, and `book-visit` requires it"),
        ({"mrn": "__EMPTY__", "reason": "x"}, "input `mrn` gets no value, and `book-visit` requires it"),
        ({"mrn": "1", "reason": "x", "slots": "<date>"}, "input `slots` must be `integer`, not `string`"),
        (
            {"mrn": "1", "reason": "for <patient>"},
            "input `reason`: `<patient>` is `object` and cannot stand inside a longer text",
        ),
    ],
)
def test_what_a_step_gets_must_fit_its_workflow(inputs: Any, said: str) -> None:
    steps = [STEPS[0], {"workflow_id": "book-visit", "session_alias": "book", "inputs": inputs}]
    one = chain(request={"steps": steps}, outputs={})
    assert refused(lambda: chain_request(one, parts())) == [f"`intake` cannot run: step `book`, {said}"]


def test_what_the_machine_supplies_is_neither_required_nor_given_a_default() -> None:
    supplied = workflow(
        "supplied",
        {"user": need(), "copies": may({"type": "integer", "default": 2})},
        {},
        secrets={"pin": need()},
        from_machine=["user", "$pin"],
    )
    one = chain(
        request={"steps": [{"workflow_id": "supplied", "session_alias": "a"}]}, outputs={}, from_machine=["copies"]
    )
    assert chain_request(one, parts(workflows=[supplied])).body["steps"] == [
        {"workflow_id": "id-supplied", "session_alias": "a"}
    ]


@pytest.mark.parametrize(
    ("where", "place"),
    [
        (RunPlacement(), {"pool_ids": ["pool-1", "pool-2"]}),
        (RunPlacement(machine="desk-4"), {"machine_id": "machine-4"}),
        (RunPlacement(pools=("chrome",)), {"pool_ids": ["pool-2"]}),
        (RunPlacement(session_id="s-1"), {"session_id": "s-1"}),
        (RunPlacement(session_id="s-1", machine="desk-4"), {"session_id": "s-1"}),
    ],
)
def test_where_it_runs(where: Any, place: Any) -> None:
    body = chain_request(chain(pools=["epic", "chrome"]), parts(where=where)).body
    assert {key: body[key] for key in ("pool_ids", "machine_id", "session_id") if key in body} == place
    pinned = chain_request(chain(machine="desk-4"), parts()).body
    assert pinned["machine_id"] == "machine-4"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (RunPlacement(pools=("epik",)), "the target has no pool `epik`"),
        (RunPlacement(machine="desk-5"), "the target has no machine `desk-5`"),
    ],
)
def test_a_place_that_is_not_there(where: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        chain_request(chain(), parts(where=where))
    assert str(caught.value.help).startswith("did you mean")


def test_a_session_is_kept_when_either_side_says_so() -> None:
    kept = chain(request={"keep_session_after_completion": True})
    assert chain_request(kept, parts()).body["keep_session_after_completion"] is True
    asked = chain_request(chain(), parts(where=RunPlacement(keep_session=True)))
    assert asked.body["keep_session_after_completion"] is True


def test_a_chain_that_goes_on_in_a_session_wants_one() -> None:
    going_on = chain(session={"login": "patient-login"})
    with pytest.raises(UsageError, match="--session ID") as caught:
        chain_request(going_on, parts())
    assert "`login`" in str(caught.value.help)
    assert chain_request(going_on, parts(where=RunPlacement(session_id="s-1"))).body["session_id"] == "s-1"


FILES = [
    {
        "filename": "seed.csv",
        "content": f"asset://sha256/{SEED}",
        "cleanup_imports_after_run": True,
        "target_path": "C:/in/<date>.csv",
    },
    {"filename": "referral", "content": "file://referral", "cleanup_imports_after_run": False},
]
SENT = [
    {
        "filename": "seed.csv",
        "content": b64encode(b"a,b").decode(),
        "target_path": "C:/in/2026-03-01.csv",
        "cleanup_imports_after_run": True,
    },
    {"filename": "letter.pdf", "content": b64encode(b"%PDF").decode(), "cleanup_imports_after_run": False},
]


def test_files_of_the_project_and_given_ones() -> None:
    given = replace(GIVEN, files={"referral": FileArgument("letter.pdf", b"%PDF")})
    made = chain_request(chain(request={"shared_file_inputs": FILES}), parts(given=given))
    assert made.body["shared_file_inputs"] == SENT
    assert refused(lambda: chain_request(chain(request={"shared_file_inputs": FILES}), parts())) == [
        "`intake` cannot run: file `referral` is missing: give it with `--file referral=PATH`"
    ]


@pytest.mark.parametrize(("size", "refuses"), [(MOST_FILE_BYTES - 3, False), (MOST_FILE_BYTES - 2, True)])
def test_files_of_one_submission_have_a_limit_that_is_told(size: int, *, refuses: bool) -> None:
    """Beside the project's file, of three bytes."""
    given = replace(GIVEN, files={"referral": FileArgument("letter.pdf", bytes(size))})
    request = {"shared_file_inputs": FILES}
    if refuses:
        (text,) = refused(lambda: chain_request(chain(request=request), parts(given=given)))
        assert "25.0 MB, and they travel inside the submission: 25 MB is the most" in text
    else:
        assert chain_request(chain(request=request), parts(given=given)).body["shared_file_inputs"]


def test_a_single_run_carries_what_it_is_given() -> None:
    given = Arguments(
        {"patient": {"id": "7"}, "date": "2026-03-01"},
        {"password": CANARY},
        {"referral": FileArgument("letter.pdf", b"%PDF")},
    )
    made = run_request(replace(LOOKUP, files=FILES), parts(given=given, where=RunPlacement(machine="desk-4")))
    assert (made.kind, made.steps, made.outputs) == ("run", (("patient-lookup", "patient-lookup"),), None)
    assert made.body == {
        "workflow_id": "id-patient-lookup",
        "input_values": {"patient": {"id": "7"}, "date": "2026-03-01"},
        "sensitive_input_values": {"password": CANARY},
        "file_inputs": SENT,
        "machine_id": "machine-4",
    }
    assert MARK not in repr(made)


@pytest.mark.parametrize(
    ("where", "session"),
    [
        (RunPlacement(), {}),
        (
            RunPlacement(keep_session=True),
            {"start_session": True, "session_alias": "file-letter", "release_session_after": False},
        ),
        (
            RunPlacement(session_id="s-1"),
            {"session_id": "s-1", "session_alias": "file-letter", "release_session_after": True},
        ),
        (
            RunPlacement(session_id="s-1", keep_session=True),
            {"session_id": "s-1", "session_alias": "file-letter", "release_session_after": False},
        ),
    ],
)
def test_a_single_run_in_a_session(where: Any, session: Any) -> None:
    made = run_request(FILE, parts(given=Arguments({"mrn": "M7"}), where=where))
    assert made.body == {"workflow_id": "id-file-letter", "input_values": {"mrn": "M7"}, **session}


def test_a_structured_value_with_refs_is_checked_as_far_as_it_is_known() -> None:
    steps = [
        STEPS[0],
        {
            "workflow_id": "any",
            "session_alias": "b",
            "inputs": {"value": {"id": {"$ref": "lookup.outputs.mrn"}, "x": 1}},
        },
    ]
    typed = replace(ANY, inputs={"value": need({**PATIENT, "additionalProperties": False})})
    one = chain(request={"steps": steps}, outputs={})
    assert refused(lambda: chain_request(one, parts(workflows=[LOOKUP, BOOK, FILE, typed]))) == [
        "`intake` cannot run: step `b`, input `value` may not have `x`; known: `dob`, `id`, `tags`"
    ]
