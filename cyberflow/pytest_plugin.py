"""The pytest plugin: test files of flows as items, and the fixture `flow`. Nothing heavy is imported before its use."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cyberflow.sdk.flow_tests.flow import FlowFixture
    from cyberflow.sdk.flow_tests.suite import FlowSuite
    from cyberflow.testing.runner import Job
    from cyberflow.testing.stage import Stage
    from cyberflow.testing.verdicts import Verdict

_PROJECT = "cyberflow.yaml"
_FOLDER = "tests"


@pytest.fixture(scope="session")
def flow(request: pytest.FixtureRequest) -> FlowFixture:
    """Play declarations on a platform in memory: `flow(intake, simulate={…}, patient=…).outputs.mrn`."""
    from cyberflow.sdk.flow_tests.flow import FlowFixture

    here = request.config.invocation_params.dir
    return FlowFixture(_find_project(here) or here)


def pytest_configure(config: pytest.Config) -> None:
    """Make the modules of the project that pytest runs in importable, as they are for `check`."""
    root = _find_project(config.invocation_params.dir)
    if root is not None and str(root) not in sys.path:
        sys.path.append(str(root))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take the test files of the project that pytest runs in, or is pointed at."""
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    root = _find_project(file_path.parent)
    if root is None or _FOLDER not in file_path.relative_to(root).parts[:1] or not _is_meant(root, parent.config):
        return None
    return FlowFile.from_parent(parent, path=file_path, root=root)


class FlowProject:
    """A project whose tests are run: compiled once, with a stage for each target."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._suite: FlowSuite | None = None
        self._stages: dict[str, Stage] = {}

    @property
    def suite(self) -> FlowSuite:
        """The tests. Raises ProjectErrors with what `check` finds."""
        from cyberflow.sdk.flow_tests.suite import FlowSuite

        if self._suite is None:
            self._suite = FlowSuite.load(self.root)
        return self._suite

    def run(self, job: Job) -> Verdict:
        from cyberflow.testing.runner import run_job

        if job.target not in self._stages:
            names = {case.run for case in self.suite.cases if (case.target or self.suite.default) == job.target}
            self._stages[job.target] = self.suite.stage(job.target, names)
        return run_job(job, self._stages[job.target], asyncio.run)


_PROJECTS = pytest.StashKey[dict[Path, FlowProject]]()


class FlowFile(pytest.File):
    """One test file."""

    def __init__(self, *, root: Path, **rest: Any) -> None:
        super().__init__(**rest)
        projects = self.config.stash.setdefault(_PROJECTS, {})
        self.project = projects.setdefault(root, FlowProject(root))

    def collect(self) -> Iterator[FlowItem]:
        from cyberflow.sdk.project import ProjectErrors

        try:
            suite = self.project.suite
        except ProjectErrors as error:
            raise self.CollectError(_render_findings(error)) from None
        path = self.path.relative_to(self.project.root).as_posix()
        for job in suite.jobs([case for case in suite.cases if case.place.path == path]):
            yield FlowItem.from_parent(self, name=job.judge.name, job=job)


class FlowItem(pytest.Item):
    """One case."""

    def __init__(self, *, job: Job, **rest: Any) -> None:
        super().__init__(**rest)
        self.job = job
        self.project: FlowProject = rest["parent"].project

    def runtest(self) -> None:
        verdict = self.project.run(self.job)
        shown = _render_verdict(self.project, verdict)
        if verdict.status != "passed":
            raise FlowFailed(shown)
        if shown:
            self.add_report_section("call", "cyberflow", shown)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, FlowFailed) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        span = self.project.suite.sourced.sources.span(self.job.judge.place)
        return self.path, span.line - 1, self.name


class FlowFailed(Exception):
    """A case that did not pass; the text is its frames."""


def _find_project(folder: Path) -> Path | None:
    return next((one for one in (folder, *folder.parents) if (one / _PROJECT).is_file()), None)


def _is_meant(root: Path, config: pytest.Config) -> bool:
    """Whether pytest runs inside a project, or was given something in it: the projects among somebody's test data are
    not.
    """
    here = [config.rootpath, config.invocation_params.dir]
    named = [config.invocation_params.dir / str(one).partition("::")[0] for one in config.invocation_params.args]
    return any(one.resolve().is_relative_to(root.resolve()) for one in (*here, *named))


def _render_findings(error: Any) -> str:
    from cyberflow.cli.styles import unstyle
    from cyberflow.cli.views.findings.diagnostics_text import DiagnosticRenderer

    printer = DiagnosticRenderer.of(error.sourced, error.found)
    return unstyle("\n\n".join(map(printer.render, error.found)))


def _render_verdict(project: FlowProject, verdict: Verdict) -> str:
    from cyberflow.cli.styles import unstyle
    from cyberflow.cli.views.findings.diagnostics_text import DiagnosticRenderer
    from cyberflow.cli.views.flow_tests.verdicts import render_verdict

    return unstyle(render_verdict(verdict, DiagnosticRenderer.of(project.suite.sourced, ())))
