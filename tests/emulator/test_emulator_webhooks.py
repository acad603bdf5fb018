"""Webhooks: what is sent, when, to whom, signed so that Svix's own library takes it.

docs/local-platform.md shows how.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from cyberflow.emulator.contract.clock import wall_clock
from cyberflow.emulator.platform import Platform
from cyberflow.errors import UsageError
from tests.emulator.emulator_api import CONTRACT, Api, TurnedClock

pytestmark = pytest.mark.enable_socket

Opened = Callable[..., Api]


@dataclass
class Receiver:
    """An endpoint that keeps what it gets; `answers` are its statuses in order, the last one for good."""

    url: str
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=lambda: [204])

    def events(self, secret: str) -> list[dict[str, Any]]:
        from svix.webhooks import Webhook  # half a second

        return [Webhook(secret).verify(body, headers) for headers, body in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            there.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(there.answers.pop(0) if len(there.answers) > 1 else there.answers[0])
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    there = Receiver(f"http://127.0.0.1:{server.server_port}/hook?tenant=a")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


class NowClock(TurnedClock):
    """Svix takes no signature that is older than five minutes, so these tests begin at the real now."""

    def __init__(self) -> None:
        self.now = wall_clock()


@pytest.fixture
def clock() -> TurnedClock:
    return NowClock()


@pytest.fixture
def opened(clock: TurnedClock, tmp_path: Path) -> Iterator[Opened]:
    platforms: list[Platform] = []

    def open_(webhooks: Any = None, path: Any = ":memory:") -> Api:
        while platforms:
            platforms.pop().close()
        platforms.append(Platform.open(path, clock=clock, webhooks=webhooks))
        return Api(platforms[0])

    yield open_
    for platform in platforms:
        platform.close()


def finish(api: Api, clock: TurnedClock, **workflow: Any) -> str:
    made = api.post("/v1/runs", {"workflow_id": api.workflow(**{"is_webhooks_enabled": True, **workflow})})
    clock.forward(2)
    return str(made["id"])


def fits(name: str, value: Any) -> bool:
    schema = {"$ref": f"#/components/schemas/{name}", "components": CONTRACT["components"]}
    return bool(jsonschema_rs.validator_for(schema).is_valid(value))


def test_a_finished_run_is_told_signed_and_once(opened: Opened, clock: TurnedClock, receiver: Receiver) -> None:
    api = opened([receiver.url])
    run = finish(api, clock)

    assert [api.platform.webhook_sender.send_due() for _ in range(2)] == [1, 0]
    (event,) = receiver.events(api.platform.webhook_sender.signing_secret(receiver.url))
    assert (event["event_type"], event["run"]["id"], event["run"]["status"]) == ("run_complete", run, "success")
    assert event["run"]["run_message_history"] is None
    assert event["occurred_at"] == event["run"]["ended_at"]
    assert fits("RunCompletedEvent", event)
    shown = api.run(run)
    assert {key: value for key, value in event["run"].items() if key != "run_message_history"} == {
        key: value for key, value in shown.items() if key not in {"included", "run_message_history"}
    }


def test_another_secret_or_a_changed_byte_does_not_pass(opened: Opened, clock: TurnedClock, receiver: Receiver) -> None:
    from svix.webhooks import Webhook, WebhookVerificationError  # half a second

    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    api = opened({receiver.url: secret})
    finish(api, clock)
    api.platform.webhook_sender.send_due()

    assert len(receiver.events(secret)) == 1
    ((headers, body),) = receiver.got
    for wrong, sent in (("whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw", body), (secret, body + b" ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(wrong).verify(sent, headers)


def test_every_run_of_a_chain_is_told_and_the_last_one_releases(
    opened: Opened, clock: TurnedClock, receiver: Receiver
) -> None:
    api = opened([receiver.url])
    workflow = api.workflow(is_webhooks_enabled=True)
    script = api.platform.simulate({"b": {"status": "task_failed"}})
    steps = [{"workflow_id": workflow, "session_alias": alias} for alias in "abc"]
    api.post("/v1/runs/chain", {"steps": steps}, x_cyberflow_script=script)
    clock.forward(5)
    api.platform.webhook_sender.send_due()

    events = receiver.events(api.platform.webhook_sender.signing_secret(receiver.url))
    told = {event["run"]["session_alias"]: event["run"] for event in events}
    assert {alias: run["status"] for alias, run in told.items()} == {
        "a": "success",
        "b": "task_failed",
        "c": "cancelled",
    }
    assert told["b"]["release_session_after"] is True
    assert len({event["event_id"] for event in events}) == 3


def test_a_workflow_that_does_not_ask_is_not_told_of(opened: Opened, clock: TurnedClock, receiver: Receiver) -> None:
    api = opened([receiver.url])
    finish(api, clock, is_webhooks_enabled=False)

    assert api.platform.webhook_sender.send_due() == 0
    assert receiver.got == []


def test_checks_come_before_the_event(opened: Opened, clock: TurnedClock, receiver: Receiver) -> None:
    api = opened([receiver.url])
    check = {"name": "schema", "type": "output_data_passes_schema_validation"}
    workflow = api.workflow(is_webhooks_enabled=True, output_schema={"type": "object"}, post_run_checks=[check])
    api.post("/v1/runs", {"workflow_id": workflow})
    clock.forward(1.1)
    assert api.platform.webhook_sender.send_due() == 0
    clock.forward(1)
    api.platform.webhook_sender.send_due()

    (event,) = receiver.events(api.platform.webhook_sender.signing_secret(receiver.url))
    assert [check["status"] for check in event["run"]["post_run_checks"]] == ["success"]


def test_what_is_not_taken_is_tried_again_under_the_same_id(
    opened: Opened, clock: TurnedClock, receiver: Receiver
) -> None:
    api = opened([receiver.url])
    receiver.answers = [500, 302, 200]
    finish(api, clock)
    rounds = []
    for wait in (0, 4, 1, 299, 1, 3600):
        clock.forward(wait)
        api.platform.webhook_sender.send_due()
        rounds.append(len(receiver.got))

    assert rounds == [1, 1, 2, 2, 3, 3]
    assert len({headers["svix-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1


def test_an_endpoint_that_never_takes_is_given_up(opened: Opened, clock: TurnedClock, receiver: Receiver) -> None:
    api = opened([receiver.url])
    receiver.answers = [503]
    finish(api, clock)
    for _ in range(12):
        api.platform.webhook_sender.send_due()
        clock.forward(36001)

    assert len(receiver.got) == 8


def test_events_outlive_a_restart(opened: Opened, clock: TurnedClock, receiver: Receiver, tmp_path: Path) -> None:
    api = opened([receiver.url], tmp_path / "local.db")
    secret = api.platform.webhook_sender.signing_secret(receiver.url)
    finish(api, clock)
    api.get("/v1/runs")
    api = opened(None, tmp_path / "local.db")
    api.platform.webhook_sender.send_due()

    assert [event["event_type"] for event in receiver.events(secret)] == ["run_complete"]
    assert api.platform.webhook_sender.signing_secret(receiver.url) == secret


def test_each_endpoint_has_its_own_secret(opened: Opened, clock: TurnedClock, receiver: Receiver) -> None:
    with receiving() as other:
        api = opened([receiver.url, other.url])
        finish(api, clock)
        api.platform.webhook_sender.send_due()
        one, two = (api.platform.webhook_sender.signing_secret(endpoint.url) for endpoint in (receiver, other))

        assert one != two
        assert receiver.events(one)[0]["event_id"] == other.events(two)[0]["event_id"]


@pytest.mark.parametrize("by", ["patch", "connection"])
def test_a_machine_that_goes_down_is_told(opened: Opened, clock: TurnedClock, receiver: Receiver, by: str) -> None:
    api = opened([receiver.url])
    (machine,) = api.get("/v1/machines")["items"]
    if by == "patch":
        for _ in range(2):
            api.patch(f"/v1/machines/{machine['id']}", {"status": "disconnected"})
    else:
        made = api.post("/v1/connections", {"websocket_id": "w", "machine_id": machine["id"]})
        api.patch(f"/v1/connections/{made['id']}", {"status": "disconnected"})
    api.platform.webhook_sender.send_due()

    (event,) = receiver.events(api.platform.webhook_sender.signing_secret(receiver.url))
    (down,) = event["machines"]
    assert (event["event_type"], down["name"], down["status"]) == ("downed_machines", "local-1", "disconnected")
    assert fits("DownedMachinesEvent", event)


def test_a_machine_without_alerts_goes_down_in_silence(opened: Opened, receiver: Receiver) -> None:
    api = opened([receiver.url])
    (machine,) = api.get("/v1/machines")["items"]
    api.patch(f"/v1/machines/{machine['id']}", {"alerts_enabled": False, "status": "error"})

    assert api.platform.webhook_sender.send_due() == 0


def test_no_secret_is_in_an_event(opened: Opened, clock: TurnedClock, receiver: Receiver) -> None:
    api = opened([receiver.url])
    workflow = api.workflow(is_webhooks_enabled=True, main_prompt="Type {$pw}")
    api.post("/v1/runs", {"workflow_id": workflow, "sensitive_input_values": {"pw": "canary-hook-4711"}})
    clock.forward(2)
    api.platform.webhook_sender.send_due()

    ((_, body),) = receiver.got
    assert b"canary" not in body
    assert list(json.loads(body)["run"]["sensitive_input_aliases"]) == ["pw"]


@pytest.mark.parametrize("endpoint", ["", "ftp://x", "http://", "http://[", "hook"])
def test_what_is_no_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(UsageError, match="not a webhook endpoint"):
        Platform.open(":memory:", webhooks=[endpoint])


@pytest.mark.parametrize("secret", ["", "abc", "whsec_", "whsec_!!"])
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(UsageError, match="secret is"):
        Platform.open(":memory:", webhooks={"http://127.0.0.1:1/": secret})


@pytest.mark.slow
def test_a_started_courier_tells_of_runs_that_nobody_asks_about(receiver: Receiver) -> None:
    with Platform.open(":memory:", webhooks=[receiver.url]) as platform:
        api = Api(platform)
        platform.webhook_sender.start()
        workflow = api.workflow(is_webhooks_enabled=True)
        script = platform.simulate({workflow: {"seconds": 0.1}})
        api.post("/v1/runs", {"workflow_id": workflow}, x_cyberflow_script=script)
        waited = threading.Event()
        for _ in range(100):
            if receiver.got:
                break
            waited.wait(0.05)

        assert [
            event["run"]["status"] for event in receiver.events(platform.webhook_sender.signing_secret(receiver.url))
        ] == ["success"]
