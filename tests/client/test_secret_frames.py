"""No frame of ours holds a bare secret while a request is under way: what a crash report would show of one."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cyberflow import Secret
from cyberflow.cli.main import run as command
from cyberflow.emulator.platform import Platform
from cyberflow.errors import CyberflowError
from tests.emulator.served import serve

pytestmark = pytest.mark.slow

FLOW = '''
from cyberflow import Secret, chain, workflow

@workflow
def lookup(name: str, *, password: Secret) -> None:
    """Sign in with <$password> and find <name>."""

@chain
def intake(name: str, *, pw: Secret):
    lookup(name=name, password=pw)
'''
SUBMISSIONS = ("/v1/runs", "/v1/runs/chain")


class Refusing:
    """The local platform, which answers a submission with a status, or breaks the connection off."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.status: int | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in SUBMISSIONS:
            await self.app(scope, receive, send)
            return
        message = await receive()
        while message.get("more_body"):
            message = await receive()
        if self.status is None:
            raise ConnectionResetError
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": message["body"]})


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Refusing]:
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "flow.py").write_text(FLOW, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("TARGET_KEY", "cd_canary-key")
    monkeypatch.setattr("cyberflow.run.chain.submit.PATIENCE", 1.0)  # it is sent again, but not for half a minute
    monkeypatch.setattr("cyberflow.run.work.submit.FIRST_PAUSE", 0.1)
    with Platform.open(":memory:") as platform, serve(refusing := Refusing(platform.app)) as url:
        target = f"{{url: '{url}', api_key: {{env: TARGET_KEY}}}}"
        text = f"project: clinic\npython: [frames/*.py]\ntargets: {{t: {target}}}\n"
        (tmp_path / "cyberflow.yaml").write_text(text, encoding="utf-8")
        assert command(["apply", "--yes", "--quiet", "--target", "t"]) == 0
        yield refusing
    for name in [name for name in sys.modules if name.split(".")[0] == "frames"]:
        del sys.modules[name]


def crash_report(call: Callable[[], object]) -> str:
    """The traceback with all locals, and those of every exception behind it, without the frames of this test."""
    try:
        call()
    except CyberflowError as error:
        texts, todo, seen = [], [error.__cause__, error.__context__, error], set[int]()
        while todo:
            cause = todo.pop()
            if cause is None or id(cause) in seen:
                continue
            seen.add(id(cause))
            todo += [cause.__cause__, cause.__context__]
            shown = traceback.TracebackException.from_exception(cause, capture_locals=True)
            shown.stack[:] = [frame for frame in shown.stack if frame.filename != __file__]
            texts.append("".join(shown.format(chain=False)))
        return "\n".join(texts)
    raise AssertionError


@pytest.mark.parametrize("status", [500, 400, 422, 402, None])
@pytest.mark.parametrize("name", ["intake", "lookup"])
def test_a_crash_report_shows_no_secret(service: Refusing, name: str, status: int | None) -> None:
    flow = importlib.import_module("frames.flow")
    service.status = status
    declaration, secret = getattr(flow, name), {"intake": "pw", "lookup": "password"}[name]

    held = Secret("canary-4711")

    report = crash_report(lambda: declaration.run(target="t", name="Ada", secrets={secret: held}))

    assert "transport.py" in report
    assert "Ada" in report
    assert "canary-4711" not in report
    assert "canary-key" not in report
