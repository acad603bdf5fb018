"""The month's end as its user runs it, from forks of one process that has everything imported: `run`, the answer, `run
--resume`. A fork kills itself at one boundary, another one goes on to the end. `killed_program.py PROJECT FIRST STEP`
does it around the submission of the task, then at every STEPth boundary, until one survives, and prints a line of JSON
for each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any

import cyberflow.cli.commands.run
import cyberflow.cli.commands.signals
import cyberflow.cli.ledgers.pipeline_runner
import cyberflow.compiler.rules
import cyberflow.language.python.reading.load
import cyberflow.run.work.polling
import cyberflow.sdk.pipelines.going
import cyberflow.sdk.pipelines.signals
from cyberflow.cli.main import run
from cyberflow.client.http.network import NetworkTransport
from cyberflow.errors import UsageError
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.polling import PollInterval
from cyberflow.storage import PartialFile

SECRET = ("-s", "epic_password=env:PW")


class Boundaries:
    """Counts writes and requests, and ends the process at one of them: the one of a number, or of a name. How often it
    looks at what runs differs from go to go, and so does the number of what comes after.
    """

    def __init__(self, at: int | str) -> None:
        self.at = at
        self.count = 0

    def cross(self, name: str = "") -> None:
        self.count += 1
        if self.at in (self.count, name):
            os.kill(os.getpid(), signal.SIGKILL)

    def lay(self) -> None:
        """Before each commit, before and after each request, before a file is in place."""
        transaction, move_to, send = Ledger.transaction, PartialFile.move_to, NetworkTransport.handle_async_request

        @contextmanager
        def write(ledger: Ledger) -> Iterator[Any]:
            with transaction(ledger) as connection:
                yield connection
                self.cross()

        def move(part: PartialFile, path: Path) -> Any:
            self.cross()
            return move_to(part, path)

        async def request(transport: NetworkTransport, asked: Any) -> Any:
            task = "a task" if asked.method == "POST" and asked.url.path.endswith("/run") else "another"
            self.cross(f"before {task}")
            answer = await send(transport, asked)
            self.cross(f"after {task}")
            return answer

        for owner, name, with_boundaries in (
            (Ledger, "transaction", write),
            (PartialFile, "move_to", move),
            (NetworkTransport, "handle_async_request", request),
        ):
            setattr(owner, name, with_boundaries)


def lost_tasks(path: Path) -> list[str]:
    """The tasks that were being sent."""
    if not has_begun(path):
        return []
    with Ledger.open(path) as ledger:
        return [entry.id for entry in ledger.entries("sending") if entry.kind == "task"]


def has_begun(path: Path) -> bool:
    try:
        Ledger.open(path).close()
    except UsageError:
        return False
    return True


def go_on(path: Path, taken: Collection[str]) -> dict[str, Any]:
    """Do what its user does until it is over, and give the statuses that were met on the way, and the task. `taken` are
    the tasks of the months before.
    """
    met: list[str] = []
    for _ in range(8):
        begin = ("month-end", "-t", "fast", "-i", f"month={path.stem}", "--ledger", str(path))
        words = ("--resume", str(path)) if has_begun(path) else begin
        extra = ("--resubmit-unknown",) if met[-1:] == ["gone"] else ()
        out = path.with_suffix(".json")
        code = run(["run", *words, *SECRET, *extra, "--no-wait", "-q", "--out", str(out)])
        assert code in (0, 1), code
        met.append(json.loads(out.read_text("utf-8"))["status"])
        if met[-1] == "waiting":
            run(["runs", "signal", str(path), "release", "-i", "approved=true"])
        elif met[-1] == "unknown":
            met.append(adopt(path, taken))
        else:
            break
    with Ledger.open(path) as ledger:
        banner = ledger.find("banner")
    return {"met": met, "task": banner and banner.task_id}


def adopt(path: Path, taken: Collection[str]) -> str:
    """Look for the task whose answer was lost, as a person would, and say which it is."""
    with Ledger.open(path) as ledger:
        entries = list(ledger.entries("unknown"))
    assert [(entry.id, entry.run_ids) for entry in entries] == [("banner", ())], entries
    there = [task for task in entries[0].facts.get("candidates", []) if task not in taken]
    if not there:
        return "gone"
    run(["runs", "signal", str(path), "banner", "--task", *there])
    return "adopted"


def fork(do: Callable[[], Any]) -> tuple[int, Any]:
    """What a function gives in a process of its own, and how that ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        code = 70
        try:
            os.write(writer, json.dumps(do()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), json.loads(said or b"null")


def hasten() -> None:
    """Look at what runs as often as a fast platform is worth."""
    for module in (cyberflow.sdk.pipelines.executors, cyberflow.run.work.polling):
        for name in ("LOCAL", "REMOTE", "MANY"):
            setattr(module, name, PollInterval(0.02, 0.1))


def main() -> None:
    first, step = int(sys.argv[2]), int(sys.argv[3])
    os.chdir(sys.argv[1])
    hasten()
    taken: set[str] = set()
    died = True
    boundaries: Iterator[int | str] = chain(("before a task", "after a task"), count(first, step))
    for at in boundaries:
        if not died:
            return
        path = Path(f"killed-{at}.db".replace(" ", "-"))
        code, said = fork(partial(die, path, at, taken))
        lost: list[str] = []
        died = code == -signal.SIGKILL
        if died:
            _, lost = fork(partial(lost_tasks, path))
            code, said = fork(partial(go_on, path, taken))
        result = {"ledger": path.name, "code": code, "died": died, "lost": lost, **(said or {})}
        sys.stdout.write(json.dumps(result) + "\n")
        taken.add((said or {}).get("task", ""))


def die(path: Path, at: int | str, taken: Collection[str]) -> dict[str, Any]:
    """Go on, and be killed at a boundary, if there are so many."""
    Boundaries(at).lay()
    return go_on(path, taken)


if __name__ == "__main__":
    main()
