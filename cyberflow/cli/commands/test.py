"""`cyberflow test`: the tests of flows, on a platform in memory."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyberflow.cli.console import print_target_line, say
from cyberflow.cli.interrupts import run_cancellable
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.cli.output_streams import write_machine
from cyberflow.errors import UsageError

if TYPE_CHECKING:
    from cyberflow.sdk.flow_tests.suite import FlowSuite
    from cyberflow.testing.coverage import Coverage
    from cyberflow.testing.runner import Job
    from cyberflow.testing.verdicts import Verdict

_FILE = click.Path(dir_okay=False, path_type=Path)
_PERCENT = click.FloatRange(0, 100)
_LEADERS = {"record": ("name", "kept"), "live": ("repeat", "share", "budget")}
_OFFLINE = ("edges", "coverage", "fail_under", "keep", "processes")
_STRANGERS = {"record": (*_OFFLINE, "live", "text", "junit"), "live": _OFFLINE}
_WRITTEN = {"name": "as", "kept": "keep-value", "share": "pass", "budget": "budget-runs"}
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("test")
@common_options("text", "json", "github")
@target_option
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("-k", "text", metavar="TEXT", help="Only tests with this in their name, their file's, or what they run.")
@click.option("--edges", is_flag=True, help="Cases made of the types alone; NAME is a chain or a pipeline.")
@click.option("--coverage", is_flag=True, help="Say how much of the chains was gone through.")
@click.option("--fail-under", type=_PERCENT, metavar="PERCENT", help="Fail when the coverage is below.")
@click.option("--record", metavar="RUN|SESSION", help="Write a test from a real run, with stand-ins for its values.")
@click.option("--as", "name", metavar="NAME", help="With --record: the name of the test.")
@click.option("--keep-value", "kept", multiple=True, metavar="PATH", help="With --record: a value that stays.")
@click.option("--live", metavar="TARGET", help="Run on a real account, without mocks; nothing is sent without this.")
@click.option("--repeat", type=click.IntRange(min=1), metavar="N", help="With --live: each case so often.")
@click.option("--pass", "share", type=click.FloatRange(0, 1), metavar="SHARE", help="With --live: so many must pass.")
@click.option("--budget-runs", "budget", type=click.IntRange(min=1), metavar="N", help="With --live: at most N runs.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write the results as JUnit XML too.")
@click.option("--keep", type=_FOLDER, metavar="DIR", help="Leave the platform of each test there, for the page.")
@click.option("--processes", type=click.IntRange(min=1), metavar="N", help="So many at once.  [default: one a core]")
def command(
    *, project: Path | None, target: str | None, format: str, quiet: bool, names: tuple[str, ...], **options: Any
) -> int:
    """Run the tests of the project's flows: offline, free, and at once.

    Each case of `tests/**/*.yaml` runs on a platform of its own in memory, with a clock that jumps instead of waiting.
    Nothing is sent, and nothing is written. NAME is a test, or a case as `NAME[leap day]`. Exit code 1 when one fails.
    With --edges each step of each chain in turn gives the least that its type allows, its examples, and fails.

    \b
    Example:
      cyberflow test
      cyberflow test books-the-visit
      cyberflow test -k intake --junit report.xml
      cyberflow test --coverage --fail-under 80
      cyberflow test --edges intake
    """
    from cyberflow.sdk.flow_tests.edges import run_edges
    from cyberflow.sdk.flow_tests.suite import FlowSuite

    _refuse_idle_options(options, names)
    suite = FlowSuite.load(project_root(project), options["live"] or target)
    if options["record"] is not None:
        return _record(suite, options)
    if options["live"] is not None:
        return run_cancellable(_run_live(suite, names, options, format, quiet=quiet))
    begun = time.perf_counter()
    jobs = _choose(suite, names, options)
    if not jobs and not quiet:
        say("there is nothing to test: write tests below `tests/`, as docs/testing.md shows")
    found = run_edges(suite, jobs, options["processes"]) if options["edges"] else suite.run(jobs, options["processes"])
    verdicts = list(_report(suite, found, len(jobs), format, quiet=quiet))
    coverage = _measure(suite, verdicts, options)
    _conclude(suite, verdicts, coverage, format, time.perf_counter() - begun)
    _write_junit(suite, verdicts, options)
    short = coverage is not None and options["fail_under"] is not None and coverage.percent < options["fail_under"]
    if short and format == "text":
        say(f"the coverage is below {options['fail_under']:g} %")
    return 1 if short or any(one.status != "passed" for one in verdicts) else 0


def _refuse_idle_options(options: dict[str, Any], names: Sequence[str]) -> None:
    """Refuse what would not count."""
    for leader, strangers in _STRANGERS.items():
        idle = next((one for one in strangers if options[one] is not None and options[one] is not False), None)
        if options[leader] is not None and idle is not None:
            written = "-k" if idle == "text" else f"--{idle.replace('_', '-')}"
            raise UsageError(f"--{leader} does not go with {written}", help="one after the other")
    if options["record"] is not None and names:
        raise UsageError("--record takes no NAME", help=f"the name of what is written: `--as {names[0]}`")
    for leader, followers in _LEADERS.items():
        given = [f"--{_WRITTEN.get(one, one)}" for one in followers if options[one] not in (None, ())]
        if given and not options[leader]:
            raise UsageError(f"{given[0]} goes with --{leader}", help="`cyberflow test --help` says what each is for")


async def _run_live(
    suite: FlowSuite, names: Sequence[str], options: dict[str, Any], format: str, *, quiet: bool
) -> int:
    """Run cases on a real account, and say how often each passed."""
    from cyberflow.cli.views.flow_tests.verdicts import attempts_line
    from cyberflow.sdk.flow_tests.live import LiveOptions, run_live

    cases = suite.select(names, options["text"])
    print_target_line(suite.sourced.root, options["live"], quiet=quiet)
    share = 1.0 if options["share"] is None else options["share"]
    asked, begun = LiveOptions(options["repeat"] or 1, share, options["budget"]), time.perf_counter()
    verdicts: list[Verdict] = []
    async for verdict in run_live(suite, cases, asked, (lambda _: None) if quiet else say):
        verdicts += _report(suite, [verdict], 1, format, quiet=quiet)
        if format == "text":
            click.echo(attempts_line(verdict))
    _conclude(suite, verdicts, None, format, time.perf_counter() - begun)
    _write_junit(suite, verdicts, options)
    return 1 if any(one.status != "passed" for one in verdicts) else 0


def _write_junit(suite: FlowSuite, verdicts: list[Verdict], options: dict[str, Any]) -> None:
    if options["junit"] is not None:
        from cyberflow.cli.views.flow_tests.junit import render_junit
        from cyberflow.storage import write_text

        write_text(options["junit"], render_junit(suite.sourced, verdicts), private=False)


def _record(suite: FlowSuite, options: dict[str, Any]) -> int:
    """Write a test from a run."""
    from cyberflow.sdk.flow_tests.recording import RecordOptions, record

    path = asyncio.run(record(suite, RecordOptions(options["record"], options["name"], options["kept"]), say))
    click.echo(f"wrote {path.relative_to(suite.sourced.root).as_posix()}")
    return 0


def _choose(suite: FlowSuite, names: Sequence[str], options: dict[str, Any]) -> list[Job]:
    """What is to be run."""
    if options["edges"]:
        from cyberflow.sdk.flow_tests.edges import edge_jobs

        return edge_jobs(suite, names, options["text"], options["keep"])
    return suite.jobs(suite.select(names, options["text"]), options["keep"])


def _report(
    suite: FlowSuite, verdicts: Iterable[Verdict], total: int, format: str, *, quiet: bool
) -> Iterator[Verdict]:
    """Show each verdict as it comes, as text, and hand it on."""
    from cyberflow.cli.views.findings.diagnostics_text import DiagnosticRenderer
    from cyberflow.cli.views.flow_tests.verdicts import render_verdict
    from cyberflow.cli.views.progress import show_progress

    printer = DiagnosticRenderer.of(suite.sourced, ())
    for verdict in show_progress(verdicts, total, quiet=quiet):
        if format == "text" and (shown := render_verdict(verdict, printer)):
            click.echo(f"{shown}\n")
        yield verdict


def _measure(suite: FlowSuite, verdicts: Iterable[Verdict], options: dict[str, Any]) -> Coverage | None:
    """The coverage, where it is asked for."""
    if not options["coverage"] and options["fail_under"] is None:
        return None
    from cyberflow.testing.coverage import Coverage

    return Coverage.of(suite.bundle, [one.played for one in verdicts if one.played is not None])


def _conclude(
    suite: FlowSuite, verdicts: list[Verdict], coverage: Coverage | None, format: str, seconds: float
) -> None:
    from cyberflow.cli.views.flow_tests.verdicts import coverage_lines, render_github, render_json, summary_line

    if format == "json":
        more = {} if coverage is None else {"coverage": coverage.to_json()}
        write_machine(render_json(suite.sourced, verdicts, more))
    elif format == "github":
        for line in render_github(suite.sourced, verdicts, os.environ):
            write_machine(line)
    else:
        for line in coverage_lines(coverage) if coverage is not None else ():
            click.echo(line)
        click.echo(summary_line(verdicts, seconds))
