"""Running from Python, on the local platform: a script, a coroutine, a notebook, a handle."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import cyberflow
from cyberflow.cli.main import run as command
from cyberflow.errors import ConflictError, CyberflowError, UsageError
from cyberflow.sdk.handle import RunFailed, StillRunning
from cyberflow.sdk.project import ProjectErrors
from tests.language.python.python_project import Project

SECRET = "canary-4711"  # a value that must be nowhere but in the request
CHAIN = """
import datetime

@chain
def intake(name: str, day: datetime.date | None = None, *, pw: Secret) -> Patient:
    found = lookup(name=name, password=pw)
    book.step("booked")(mrn=found.mrn, reason=f"Visit of {day}")
    return found

@workflow
def log_out(reason: str = "done") -> None:
    '''Log out, <reason>.'''
"""
BROKEN = '    book.step("booked")(mrn=found.mrm, reason=f"Visit of {day}")'
OUTPUTS = {"lookup": {"outputs": {"mrn": "M7", "medications": ["A"]}, "seconds": 0}, "booked": {"seconds": 0}}


@pytest.fixture
def flows(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module as a script has it: imported from the project's folder, applied to the local platform."""
    project.flow(CHAIN)
    monkeypatch.chdir(project.root)
    monkeypatch.syspath_prepend(str(project.root))
    monkeypatch.setenv("EPIC", SECRET)
    assert command(["apply", "--yes", "--quiet"]) == 0
    import importlib

    yield importlib.import_module("flows.flow")
    for name in [name for name in sys.modules if name.split(".")[0] == "flows"]:
        del sys.modules[name]


def given(**more: Any) -> dict[str, Any]:
    return {"target": "local", "name": "Ada", "secrets": {"pw": "env:EPIC"}, "options": {"simulate": OUTPUTS}, **more}


def test_run_gives_the_typed_outputs(flows: ModuleType) -> None:
    found = flows.intake.run(**given())
    assert found == flows.Patient(mrn="M7", medications=["A"])


def test_a_workflow_runs_alone_and_one_without_outputs_gives_none(flows: ModuleType) -> None:
    script = {"log-out": {"seconds": 0}}
    assert flows.log_out.run(reason="late", options={"simulate": script}) is None
    own = {"simulate": {"lookup": OUTPUTS["lookup"]}}
    assert flows.lookup.run(name="Ada", secrets={"password": "env:EPIC"}, options=own).mrn == "M7"


def test_arun_and_run_inside_a_running_loop(flows: ModuleType) -> None:
    async def notebook() -> tuple[Any, Any]:
        return await flows.intake.arun(**given()), flows.intake.run(**given())

    first, second = asyncio.run(notebook())
    assert first == second == flows.Patient(mrn="M7", medications=["A"])


def test_one_process_runs_several_at_a_time(flows: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """In one loop, and in threads: the project's lock is between processes."""

    async def together() -> list[Any]:
        return await asyncio.wait_for(asyncio.gather(*(flows.intake.arun(**given()) for _ in range(3))), 120)

    def one() -> Any:
        made = flows.intake.run(**given())
        sys.stdout.write("said\n")
        return made

    expected = flows.Patient(mrn="M7", medications=["A"])
    assert asyncio.run(together()) == [expected] * 3
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(one) for _ in range(4)]
        assert [run.result(timeout=120) for run in runs] == [expected] * 4
    out, error = capsys.readouterr()
    assert out == "said\n" * 4
    assert "waiting for" not in error
    code = (
        "from pathlib import Path; from cyberflow.targets.local_platform import take_lock; "
        "take_lock(Path(), 'another', print)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)  # the last has given the lock back


def test_a_session_is_given_by_its_id(flows: ModuleType) -> None:
    with pytest.raises(UsageError, match="`nope` is not an id of a session"):
        flows.intake.run(**given(options={"session": "nope"}))


def test_a_handle_is_followed_when_asked(flows: ModuleType) -> None:
    handle = flows.intake.submit(**given())
    assert handle.session_id
    assert len(handle.run_ids) == 2
    assert handle.result().mrn == "M7"
    assert handle.status() == "success"
    assert repr(handle) == f"<intake on local, {handle.session_id}>"


def test_a_handle_cancels(flows: ModuleType) -> None:
    handle = flows.intake.submit(**given(options={"simulate": {"lookup": {"seconds": 60}}}))
    with pytest.raises(StillRunning, match="still runs"):
        handle.result(timeout=0.01)
    handle.cancel()
    assert handle.status() == "cancelled"
    with pytest.raises(RunFailed, match="cancelled"):
        handle.result()


def test_a_failed_run_says_which_step_and_why(flows: ModuleType) -> None:
    script = {"lookup": {"status": "task_failed", "error": f"no chart for {SECRET}", "seconds": 0}}
    with pytest.raises(RunFailed) as raised:
        flows.intake.run(**given(options={"simulate": script}))
    assert str(raised.value) == "`intake` ended in `task_failed` in step `lookup`: no chart for •••"
    assert raised.value.exit_code == 1
    assert [step.status for step in raised.value.result.steps] == ["task_failed", "cancelled"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"name": 7}, "input `name` must be `string`"),
        ({"nmae": "Ada"}, "did you mean `name`?"),
        ({"secrets": None}, 'say where to find it with `secrets={"pw": "SOURCE"}`'),
        ({"secrets": {"pw": SECRET}}, "`secrets` has no source for `pw`"),
        ({"secrets": {"pw": "env:NOT_SET"}}, "the environment variable `NOT_SET` is not set"),
        ({"secrets": {"pw": "env:EPIC", "qw": "env:EPIC"}}, "`intake` has no secret `qw`"),
        ({"pw": "x"}, "`pw` is a secret"),
        ({"name": object()}, "a value of the type `object` cannot be sent"),
        ({"day": "tomorrow"}, "input `day`"),
        ({"target": "prod"}, "there is no target `prod`"),
        ({"options": {"timeut": 3}}, "`options` has no `timeut`"),
        ({"options": {"timeout": "soon"}}, "`soon` is not a time"),
        ({"options": {"machine": "none"}}, "has no machine `none`"),
        ({"files": {"letter": "x.pdf"}}, "takes no file `letter`"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_sent(flows: ModuleType, call: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        flows.intake.run(**given(**call))
    assert message in str(raised.value)
    assert SECRET not in str(raised.value)
    assert "-i " not in str(raised.value)
    assert "-s " not in str(raised.value)


def test_a_held_secret_is_used_and_never_shown(flows: ModuleType, project: Project) -> None:
    held = cyberflow.Secret(SECRET)
    assert SECRET not in repr(held)
    assert flows.intake.run(**given(secrets={"pw": held})).mrn == "M7"
    for path in (project.root / ".cyberflow").rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()
    with pytest.raises(UsageError, match="empty"):
        flows.intake.run(**given(secrets={"pw": cyberflow.Secret("")}))


def test_inputs_are_python_values(flows: ModuleType) -> None:
    import datetime

    assert flows.intake.run(**given(day=datetime.date(2026, 3, 1))).mrn == "M7"
    assert flows.intake.run(**given(day=None)).mrn == "M7"
    assert flows.intake.run(**given(options={"simulate": OUTPUTS, "inputs": {"day": "2026-03-01"}})).mrn == "M7"


def test_a_target_that_moved_stops_before_anything_is_sent(flows: ModuleType, project: Project) -> None:
    project.flow(CHAIN.replace("Log out", "Leave") + "\n@workflow\ndef new() -> None:\n    'New.'\n")
    with pytest.raises(ConflictError, match="differs from the sources") as raised:
        flows.log_out.run()
    assert '`options={"stale_ok": True}`' in (raised.value.help or "")
    assert raised.value.__notes__ == [raised.value.help]
    assert flows.log_out.run(options={"stale_ok": True, "simulate": {"log-out": {"seconds": 0}}}) is None


def test_errors_of_the_project_are_listed(flows: ModuleType, project: Project) -> None:
    project.flow(CHAIN.replace("found.mrn", "found.mrm"))
    with pytest.raises(ProjectErrors) as raised:
        flows.intake.run(**given())
    line = (project.root / "flows/flow.py").read_text(encoding="utf-8").splitlines().index(BROKEN) + 1
    assert f"flows/flow.py:{line}:29: unknown-output: `lookup` has no output `mrm`" in str(raised.value)
    assert raised.value.exit_code == 1


def test_outputs_that_are_not_as_declared_are_an_error(flows: ModuleType) -> None:
    script = {**OUTPUTS, "lookup": {"outputs": {"mrn": "M7", "medications": 3}, "seconds": 0}}
    with pytest.raises(CyberflowError, match="`medications`"):
        flows.intake.run(**given(options={"simulate": script}))


def test_a_chain_that_the_project_does_not_list(flows: ModuleType, project: Project) -> None:
    @cyberflow.chain
    def stranger(name: str) -> None:
        flows.book(mrn=name, reason="x")

    with pytest.raises(UsageError, match="does not declare `stranger`") as raised:
        stranger.run(name="x", options={"project": str(project.root)})
    assert "python:" in (raised.value.help or "")


def test_calling_outside_a_chain_says_what_to_do(flows: ModuleType) -> None:
    with pytest.raises(UsageError, match="called outside a chain"):
        flows.book(mrn="M7", reason="x")
    with pytest.raises(UsageError, match="the chain `intake` is called"):
        flows.intake(name="x")


@pytest.mark.slow
def test_a_script_that_declares_and_runs(project: Project, tmp_path: Path) -> None:
    main = "\nif __name__ == '__main__':\n    print(intake.run(name='Ada', secrets={'pw': 'env:EPIC'}).mrn)\n"
    project.flow(CHAIN + main)
    environ = {"EPIC": SECRET, "PATH": ""}
    assert command(["apply", "--yes", "--quiet", "--project", str(project.root)]) == 0
    answer = subprocess.run(
        [sys.executable, "flows/flow.py"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert answer.stderr == ""
    assert answer.stdout  # made up from the type


@pytest.mark.parametrize("where", ["yaml", "another module", "a function inside another"])
def test_a_name_that_the_project_has_for_something_else_is_refused(
    flows: ModuleType, project: Project, where: str
) -> None:
    """The project's own would run, and its outputs would be read as those of another."""
    names = {"yaml": "go", "another module": "other", "a function inside another": "intake"}
    project.write("chains.yaml", "chains:\n  go: {steps: [{id: log-out, workflow: log-out}]}\n")
    project.write("flows/other.py", "from cyberflow import workflow\n\n@workflow\ndef other() -> None:\n    'Other.'\n")
    places = {
        "yaml": "chains.yaml:2",
        "another module": "flows/other.py:4",
        "a function inside another": "flows/flow.py:",
    }

    @cyberflow.chain(name=names[where])
    def stranger(name: str) -> None:
        flows.book(mrn=name, reason="x")

    with pytest.raises(UsageError, match="is not the project's own") as raised:
        stranger.run(target="local", name="x", options={"project": str(project.root)})
    assert places[where] in str(raised.value)
    assert "`cyberflow run" in (raised.value.help or "")
