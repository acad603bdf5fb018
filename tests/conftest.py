"""Which tests are `slow`: those that search, start a process, serve, or play whole deployments and suites of tests.
`make unit` leaves them out, and a test that is not marked so may start nothing.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.cli.cli_program import Answer, Program

TESTS = Path(__file__).parent
SLOW_FILES = {
    *("cli/test_batches.py", "cli/test_downloads.py", "cli/test_pull.py", "cli/test_running.py", "cli/test_sarif.py"),
    *("cli/test_deploying.py", "cli/test_deploying_plans.py", "cli/test_examples.py", "cli/test_tasks.py"),
    *("client/test_client_start.py", "compiler/test_limits.py", "compiler/test_rules_limits.py"),
    *("compiler/test_rules_mutations.py", "emulator/test_emulator_webhooks.py", "fuzz/test_fuzz.py"),
    *("language/python/test_python_run.py", "language/python/test_python_start.py"),
    *("language/test_template_limits.py", "run/test_run_batch.py", "schema/test_schema_limits.py"),
    *("run/test_run_secret_command.py", "cli/test_run_options.py"),
    *("sdk/test_operations.py", "docs/test_readme.py", "docs/test_reference.py", "deploy/test_deploy_deep.py"),
    *("compiler/test_rename.py", "compiler/test_lost_text.py", "compiler/test_lookup_pipelines.py"),
    *("emulator/test_emulator_naughty.py", "run/test_run_pipeline.py", "language/python/test_python_tasks.py"),
    *("testing/test_testing_pipelines.py", "testing/test_step_names.py", "testing/test_testing_nested.py"),
    *("testing/test_testing_runs.py", "cli/test_docs.py", "cli/test_kept.py", "cli/test_graph.py"),
    *("deploy/test_deploy_apply.py", "emulator/test_emulator_cyberun.py", "emulator/test_emulator_checks.py"),
    *("run/test_run_follow.py", "run/test_run_submission.py", "sdk/test_compile_once.py"),
    *("client/test_client_contract.py", "web/test_web_project.py", "deploy/test_deploy_pull_schemas.py"),
    *("run/test_run_deadlines.py",),
    *("language/test_closed_model.py", "language/test_json_suite.py", "language/python/test_python_mixed.py"),
    *("testing/test_testing_edges.py", "docs/test_rules_blocks.py", "compiler/test_rules_secrets.py"),
    *("deploy/test_deploy_refusals.py", "deploy/test_deploy_drift.py", "deploy/test_deploy_prune.py"),
    *("deploy/test_deploy_faults.py", "deploy/test_deploy_marker_commit.py", "deploy/test_deploy_service.py"),
    *("emulator/test_emulator_chains.py", "emulator/test_emulator_gate.py", "emulator/test_emulator_simulation.py"),
    *("language/python/test_pipeline_twins.py", "language/python/test_python_twins.py"),
    *("language/python/test_python_stubs.py", "cli/test_kept_check.py", "run/test_journal_races.py"),
}
"""Files whose tests are slow one and all."""

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each program that a test starts compiles the package anew
sys.dont_write_bytecode = False
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # httpx looks for it everywhere, for each request
gc.disable()  # all that is imported and collected stays: to look through it again and again is a third of the time


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file that is slow one and all is not even imported where none of its tests is wanted."""
    unwanted = config.getoption("markexpr") == "not slow"
    return True if unwanted and collection_path.relative_to(TESTS).as_posix() in SLOW_FILES else None


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


def pytest_configure() -> None:
    """Ctrl-C means the same in the background and under `nohup`, which ignore it: here, and in what tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        searches = hasattr(getattr(item, "function", None), "hypothesis")
        if searches or item.path.relative_to(TESTS).as_posix() in SLOW_FILES:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _quick_tests_stay_in_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.node.get_closest_marker("slow"):

        def refuse(*_: Any, **__: Any) -> NoReturn:
            pytest.fail("a test that starts a process or serves is marked `slow`")

        monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
        monkeypatch.setattr(socket.socket, "listen", refuse)


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str]) -> Program:
    """Call cyberflow with words; gives exit code and both streams."""

    from cyberflow.cli.main import run

    def call(*words: str) -> Answer:
        capsys.readouterr()
        code = run(list(words))
        return Answer(code, *capsys.readouterr())

    return call
