from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberflow.compiler.bundle import Bundle
from tests.deploy.deploy_world import Account, Wire, bundle_of, clinic, declared, edited

PROMPTS = ["<p>A</p>", "<p>B {x}</p>", "Plain\ntext"]
CHECK = {"name": "shape", "type": "output_data_passes_schema_validation"}


class Rewriting(Wire):
    """A service that changes what it is sent or what it answers."""

    def __init__(self, app: Any, request: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        super().__init__(app)
        self._request = request

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method in {"POST", "PATCH"} and b"main_prompt" in request.content:
            body = json.dumps(self._request(json.loads(request.content))).encode()
            headers = {**request.headers, "content-length": str(len(body))}
            request = httpx.Request(request.method, request.url, headers=headers, content=body)
        return await super().handle_async_request(request)


def test_a_field_that_did_not_take_is_told(account: Account) -> None:
    account.deploy(clinic())
    changed = edited(edited(clinic(), "book", main_prompt="<p>New.</p>"), "shell", main_prompt="<p>New.</p>")

    def stubborn(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "main_prompt": "<p>Mine.</p>"}

    (*outcomes,) = account.deploy(changed, wire=Rewriting(account.platform.app, stubborn))

    assert {(one.status, one.message) for one in outcomes} == {("conflict", "the service did not take main_prompt")}


def test_a_service_that_writes_html_its_own_way_is_no_drift(account: Account) -> None:
    def tidy(body: dict[str, Any]) -> dict[str, Any]:
        prompt = body["main_prompt"].replace("<p>", "\n<p >").replace("alt=", "  alt=")
        return {
            **body,
            "main_prompt": prompt,
            "terminal_command_allowlist": body.get("terminal_command_allowlist") or [],
        }

    outcomes = account.deploy(clinic(), wire=Rewriting(account.platform.app, tidy))

    assert {one.status for one in outcomes} == {"done"}
    assert account.plan(clinic()).changes == ()


def test_a_service_that_drops_a_schema_on_create_loses_nobody(account: Account) -> None:
    def forgetful(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "output_schema": None}

    bundle = bundle_of(declared("one", output_schema='{"type":"object"}'))

    (*_, outcome) = account.deploy(bundle, wire=Rewriting(account.platform.app, forgetful))

    assert outcome.status == "done"
    assert account.workflow("One").output_schema == '{"type":"object"}'


class Forging(Wire):
    """A service whose answers are not what it did."""

    def __init__(self, app: Any, forge: Callable[[httpx.Request, httpx.Response], httpx.Response]) -> None:
        super().__init__(app)
        self._forge = forge

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        await response.aread()
        return self._forge(request, response)


def test_a_workflow_that_is_never_there_is_not_made_for_ever(account: Account) -> None:
    def hide(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        one = (
            request.method == "GET"
            and request.url.path.startswith("/v1/workflows/")
            and "prompt" not in request.url.path
        )
        return httpx.Response(404, json={"error": "HTTPException", "message": "Not found"}) if one else response

    wire = Forging(account.platform.app, hide)
    (_, outcome) = account.deploy(bundle_of(declared("one")), wire=wire)

    assert (outcome.status, outcome.exit_code) == ("conflict", 4)
    assert "made the workflow `one` 8 times and does not give it by id: " in outcome.message
    assert wire.writes.count("POST /v1/workflows") == 8


def test_a_tag_that_is_not_taken_leaves_the_create_unfinished(account: Account) -> None:
    def no_tags(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        tagging = request.method == "POST" and request.url.path.endswith("/tags")
        return httpx.Response(200, json=[]) if tagging else response

    wire = Forging(account.platform.app, no_tags)
    (_, outcome) = account.deploy(bundle_of(declared("one")), wire=wire)

    assert (outcome.status, outcome.message) == ("conflict", "the service did not take the tag `cyberflow:clinic`")
    assert not any(write.startswith("PATCH") for write in wire.writes)
    assert [one.status for one in account.deploy(bundle_of(declared("one")))] == ["done"]


def test_what_cannot_be_read_back_is_told(account: Account) -> None:
    account.deploy(clinic())
    wrote = False

    def deaf(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        nonlocal wrote
        wrote = wrote or request.method == "PATCH"
        gone = wrote and request.url.path == "/v1/workflows"
        return httpx.Response(401, json={"error": "x", "message": "Invalid API key"}) if gone else response

    changed = edited(clinic(), "book", main_prompt="<p>New.</p>")
    (done, told) = account.deploy(changed, wire=Forging(account.platform.app, deaf))

    assert (done.status, told.status, told.exit_code, told.id) == ("done", "failed", 3, done.id)
    assert "could not be read back" in told.message


def test_what_reads_back_otherwise_is_a_conflict(account: Account) -> None:
    account.deploy(clinic())
    wrote = False

    def meddle(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        nonlocal wrote
        wrote = wrote or request.method == "PATCH"
        if not (wrote and request.url.path == "/v1/workflows"):
            return response
        return httpx.Response(200, content=response.content.replace(b"<p>New.</p>", b"<p>Mine.</p>"))

    changed = edited(clinic(), "book", main_prompt="<p>New.</p>")
    (_, told) = account.deploy(changed, wire=Forging(account.platform.app, meddle))

    assert (told.status, told.message) == ("conflict", "it was written, and somebody else changed it meanwhile")


def one_workflow(name: str) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda prompt, tags, checks, output, schema: declared(
            name, prompt, tags=tags, post_run_checks=checks, output_schema=output, input_schema=schema
        ),
        st.sampled_from(PROMPTS),
        st.sampled_from([None, [], ["A"], ["A", "B"]]),
        st.sampled_from([None, [CHECK], [CHECK, {"name": "b", "type": "run_attachment_exists"}]]),
        st.sampled_from([None, '{"type":"object"}', '{"mrn":"string"}']),
        st.sampled_from([None, '{"type":"object"}', '{"type":"object","properties":{"x":{"type":"string"}}}']),
    )


BUNDLES = st.sets(st.sampled_from(["a", "b", "c"]), min_size=1).flatmap(
    lambda names: st.tuples(*map(one_workflow, sorted(names))).map(lambda found: bundle_of(*found))
)


@settings(max_examples=40, deadline=None)
@given(st.lists(BUNDLES, min_size=1, max_size=4), st.booleans())
def test_every_deployment_converges(bundles: list[Bundle], killed: bool) -> None:
    account = Account()
    made: dict[str, str] = {}
    for bundle in bundles:
        if killed:
            wire = account.wire(lambda number, request: "lose" if number % 3 == 0 else None)
            account.deploy(bundle, wire=wire)
        account.deploy(bundle)

        planned = account.plan(bundle)
        assert (planned.changes, planned.conflicts, planned.errors) == ((), (), ())
        there = {one.name or "": one for one in account.snapshot().workflows}
        assert all(there[one.payload["name"]].main_prompt == one.payload["main_prompt"] for one in bundle.workflows)
        assert all(there[name].id == id for name, id in made.items())
        made = {name: one.id for name, one in there.items()}
        assert len(account.snapshot().workflows) == len(made)
    account.close()
