"""`cyberflow dev` with faults and webhooks, as a process of its own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import started

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]


@contextmanager
def dev(folder: Path, *options: str) -> Iterator[list[str]]:
    """The first line that it prints, and one for each webhook. It takes the key `k`."""
    with serving(folder, "--api-key", "k", *options) as process:
        assert process.stdout is not None
        first, _key, _page, *hooks = [process.stdout.readline() for _ in range(3 + options.count("--webhook"))]
        yield [first, *hooks]


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "cyberflow", "dev", "--port", "0", *options]
    with started(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
            process.send_signal(signal.SIGINT)
            assert process.wait(120) == 0
        finally:
            process.kill()


def refused(folder: Path, *options: str) -> tuple[int, str]:
    command: Sequence[str] = [sys.executable, "-m", "cyberflow", "dev", "--port", "0", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stderr


def client(line: str) -> httpx.Client:
    return httpx.Client(base_url=line.split()[2], headers={"Authorization": "Bearer k"}, trust_env=False, timeout=60)


def read_lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def statuses(first_line: str, *keys: str) -> list[int]:
    url = f"{first_line.split()[2]}/v1/runs"
    return [httpx.get(url, headers={"Authorization": f"Bearer {key}"}, trust_env=False).status_code for key in keys]


def test_the_key_of_each_start_is_required(tmp_path: Path) -> None:
    with serving(tmp_path) as process:
        first, key, page = read_lines(process, 3)
        token = key.removeprefix("key: ")
        assert statuses(first, token, "any", "cyberflow-page") == [200, 401, 401]
        assert page == f"page: {first.split()[2]}/#key={token}"
        session = httpx.get(f"{first.split()[2]}/session.json", trust_env=False)
        assert token not in session.text, "who can reach the port is not let in by that"
    with serving(tmp_path) as process:
        assert read_lines(process, 2)[1] != key


def test_a_key_that_is_given_is_the_one(tmp_path: Path) -> None:
    with serving(tmp_path, "--api-key", "mine") as process:
        first, key, _page = read_lines(process, 3)
        assert key == "key: mine"
        assert statuses(first, "mine", "other") == [200, 401]


def test_open_takes_any_key(tmp_path: Path) -> None:
    with serving(tmp_path, "--open") as process:
        first, key = read_lines(process, 2)
        assert key == "key: any"
        assert statuses(first, "one", "another") == [200, 200]
    assert refused(tmp_path, "--open", "--api-key", "k")[0] == 2


def test_it_says_that_its_data_were_removed(tmp_path: Path) -> None:
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n")
    with serving(tmp_path) as process:
        first, key, _page = read_lines(process, 3)
        announced = json.loads((tmp_path / ".cyberflow" / "dev.json").read_text())
        assert key == f"key: {announced['token']}"
        shutil.rmtree(tmp_path / ".cyberflow")
        assert process.stderr is not None
        assert ".cyberflow was removed" in process.stderr.readline()
        assert statuses(first, announced["token"]) == [200], "it goes on with what it holds"


def test_faults_come_from_a_file(tmp_path: Path) -> None:
    plan = {
        "faults": [{"path": "/v1/machines", "fault": "status", "status": 503, "retry_after": 1}, {"fault": "drop"}],
        "rate_limit": {"requests": 4},
    }
    (tmp_path / "bad-day.json").write_text(json.dumps(plan))
    with dev(tmp_path, "--faults", "bad-day.json") as (line,), client(line) as http:
        first = http.get("/v1/machines")
        assert (first.status_code, first.headers["retry-after"]) == (503, "1")
        with pytest.raises(httpx.RemoteProtocolError):
            http.get("/v1/machines")
        seen = [http.get("/v1/machines") for _ in range(5)]
        assert [answer.status_code for answer in seen] == [200] * 4 + [429]
        assert seen[0].headers["x-ratelimit-limit"] == "4"


def test_a_plan_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "bad-day.json").write_text('[{"fault": "rain"}]')

    code, said = refused(tmp_path, "--faults", "bad-day.json")
    assert code == 2
    assert "bad-day.json is not a plan of faults: faults.0" in said
    code, said = refused(tmp_path, "--webhook", "nowhere")
    assert code == 2
    assert "not a webhook endpoint" in said


@pytest.mark.parametrize("secret", [None, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_webhooks_are_posted_while_it_serves(tmp_path: Path, secret: str | None) -> None:
    got: list[tuple[dict[str, str], bytes]] = []
    arrived = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.end_headers()
            arrived.set()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        options = ["--webhook", endpoint, *(["--webhook-secret", secret] if secret else [])]
        with dev(tmp_path, *options) as (line, hook), client(line) as http:
            assert hook.startswith(f"webhook {endpoint}: secret whsec_")
            body = {"main_prompt": "x", "is_webhooks_enabled": True}
            workflow = http.post("/v1/workflows", json=body).raise_for_status().json()["id"]
            run = http.post("/v1/runs", json={"workflow_id": workflow}).raise_for_status().json()["id"]
            assert arrived.wait(120)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    ((headers, sent),) = got
    from svix.webhooks import Webhook  # half a second

    event = Webhook(secret or hook.split()[-1]).verify(sent, headers)
    assert (event["run"]["id"], event["run"]["status"]) == (run, "success")
