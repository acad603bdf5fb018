"""Evidence as functions: tracing runs to commits, receipts and approvers, writing statements and verifying them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any

from cyberflow.client.cyberdesk.wire import parse_time
from cyberflow.compiler.bundle import Bundle
from cyberflow.deploy.receipts import FOLDER, ReceiptLine, StoredReceipt
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.evidence.facts import TracedRun
from cyberflow.evidence.rebuild import CommitBuilder
from cyberflow.evidence.statement import dump_statement
from cyberflow.evidence.trace import TraceRequest, TraceSources
from cyberflow.evidence.trace import trace as trace_runs
from cyberflow.evidence.verify import Verification, verify
from cyberflow.language.discovery import find_root
from cyberflow.language.project.load import RawProject, read_project, target_of
from cyberflow.remote.identity import Owner
from cyberflow.run.readings.submission import Submission, submissions_of, submissions_of_journal
from cyberflow.run.work.ids import check_id, complete_id, is_prefix
from cyberflow.run.work.ledger import Ledger
from cyberflow.sdk.handle import run_blocking, say
from cyberflow.sdk.project import compile_project, resolve_target_name
from cyberflow.sdk.runs.origins import UNREADABLE, ledger_paths
from cyberflow.storage import write_text
from cyberflow.targets.local_platform import Say, state_folder
from cyberflow.targets.service import CyberdeskService, open_target

PROJECT_FILE = "cyberflow.yaml"


@dataclass(frozen=True)
class Traced:
    """Runs of a target, traced."""

    project: str
    target: str
    runs: tuple[TracedRun, ...]

    def to_json(self) -> dict[str, Any]:
        """Give them as `trace --format json` prints them."""
        return {"version": 1, "runs": [run.to_json() for run in self.runs]}

    def write(self, file: Path) -> None:
        """Write them as in-toto statements, one a line. Raises CyberflowError for the disk."""
        lines = [dump_statement(run, self.project, self.target) for run in self.runs]
        write_text(file, "".join(f"{line}\n" for line in lines))


@dataclass(frozen=True)
class TraceWords:
    """What `trace` is asked for: ids of runs and sessions, or their beginnings; ledgers; a date."""

    ids: tuple[str, ...] = ()
    ledgers: tuple[Path, ...] = ()
    since: str | None = None

    @classmethod
    def parse(cls, words: Sequence[str], since: str | None = None) -> TraceWords:
        """Tell ledgers from ids. Raises UsageError for what is neither, for a date that is not one, and for nothing."""
        ledgers = [word for word in words if Path(word).is_file()]
        rest = [word for word in words if word not in ledgers]
        if missing := [word for word in rest if word.endswith(".db") or "/" in word]:
            raise UsageError(f"there is no ledger at {missing[0]}", help="they are in .cyberflow/ledgers")
        if since is not None and parse_time(since) is None:
            raise UsageError(f"`--since {since}` is not a date", help="write 2026-03-01, or 2026-03-01T08:00:00Z")
        if not words and since is None:
            raise UsageError("nothing to trace is named", help="name runs, sessions or ledgers, or say --since DATE")
        return cls(tuple(check_id(word, "a run or session") for word in rest), tuple(map(Path, ledgers)), since)


def trace(
    *names: str, project: str | PathLike[str] = ".", target: str | None = None, since: str | None = None
) -> Traced:
    """Trace runs, sessions or ledgers to the content they executed, its commit, receipt and approver.

    Raises UsageError for a name that is none of them, and what the target raises.
    """
    return run_blocking(trace_target(Path(project), target, TraceWords.parse(names, since), say))


async def trace_target(
    folder: Path,
    target: str | None,
    words: TraceWords,
    tell: Say,
    on_open: Callable[[CyberdeskService], None] = lambda _: None,
) -> Traced:
    """Open the target and trace. Of ledgers alone the target may be theirs."""
    sourced = read_project(find_root(folder))
    submissions, targets = _read_ledgers(words.ledgers)
    if target is None and not words.ids and len(targets) == 1:
        (target,) = targets
    name = resolve_target_name(sourced, target)
    sources = _sources(sourced, name)
    async with open_target(sourced, name, tell) as service:
        on_open(service)
        ids = tuple([await complete_id(service.client, id) for id in words.ids])
        if unknown := next(filter(is_prefix, ids), None):
            raise UsageError(f"no run or session begins with `{unknown}`", help="`cyberflow runs list` shows them")
        request = TraceRequest(ids, submissions, parse_time(words.since) if words.since else None)
        runs = await trace_runs(service.client, request, sources)
    return Traced(sourced.settings.project, name, tuple(runs))


def verify_statements(file: str | PathLike[str], project: str | PathLike[str] = ".") -> Verification:
    """Verify a file of statements against the repository and the receipts of a project; nothing is asked of a service.

    Raises UsageError for a file that cannot be read or holds nothing.
    """
    root = find_root(Path(project))
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read", help="`cyberflow trace … --out FILE` writes statements") from error
    if not any(line.strip() for line in lines):
        raise UsageError(f"{file} holds no statement", help="`cyberflow trace … --out FILE` writes them")

    @cache
    def find_receipts(name: str, target: str) -> tuple[StoredReceipt, ...]:
        return receipts_of(root, name, target)

    @cache
    def builder_of(target: str) -> CommitBuilder:
        return CommitBuilder(root, target, _compile)

    return verify(lines, builder_of, find_receipts)


def _compile(folder: Path, target: str) -> Bundle:
    """Compile what a commit held. Raises CyberflowError."""
    if not (folder / PROJECT_FILE).is_file():
        raise CyberflowError(f"it has no {PROJECT_FILE} where the project is now")
    return compile_project(folder, target).bundle


def _sources(sourced: RawProject, target: str) -> TraceSources:
    root, project = sourced.root, sourced.settings.project
    return TraceSources(
        root,
        Owner(project, target_of(sourced.settings, target).scope),
        CommitBuilder(root, target, _compile),
        tuple(one for one in _submissions_of_project(state_folder(root)) if one.target == target),
        receipts_of(root, project, target),
    )


def _submissions_of_project(state: Path) -> Iterator[Submission]:
    """What the journal and the ledgers of the project know; a ledger that cannot be read is named to be traced."""
    yield from submissions_of_journal(state)
    for path in ledger_paths(state).values():
        with suppress(*UNREADABLE):
            yield from _read_ledgers([path])[0]


def receipts_of(root: Path, project: str, target: str) -> tuple[StoredReceipt, ...]:
    """The receipts of a target, the newest first."""
    return tuple(ReceiptLine(state_folder(root) / FOLDER, project, target).newest_first())


def _read_ledgers(paths: Sequence[Path]) -> tuple[tuple[Submission, ...], set[str]]:
    """The submissions of ledgers, and the targets they went to."""
    found: list[Submission] = []
    targets: set[str] = set()
    for path in paths:
        with Ledger.open(path, shared=True) as ledger:
            found += [replace(one, name=one.name or ledger.head.name) for one in submissions_of(ledger)]
            targets.add(ledger.head.target)
    return tuple(found), targets - {""}
