"""One input after another in a process that may die of it: two seconds of its own time each, and a bound on memory."""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import resource
import shutil
import signal
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import IO

from cyberflow.cli.commands.show import _workflow_lines
from cyberflow.cli.views.findings.report import render_findings
from cyberflow.compiler.bundle import load_bundle
from cyberflow.compiler.check import check
from cyberflow.compiler.levels import is_unread
from cyberflow.compiler.rules import RULES
from cyberflow.errors import UsageError
from cyberflow.language.project.load import read_project
from cyberflow.sdk.project import ProjectErrors, compile_project
from tests.fuzz.fuzz_mutations import Project, load, mutate

SECONDS = 2.0
MEMORY = 1536 * 1024 * 1024
ROOT = Path(__file__).parents[2]
SHOWN = 300
FORMATS = ("text", "json", "github", "sarif")


@dataclass(frozen=True)
class Failure:
    """An input that went wrong, and how."""

    input: int
    kind: str
    text: str


def projects() -> list[Project]:
    """The examples and every case, each as its files; the examples count several times, for they hold more."""
    examples = [load(path.parent) for path in sorted((ROOT / "examples").glob("*/cyberflow.yaml"))]
    cases = [load(path.parent) for path in sorted((ROOT / "tests" / "cases").glob("*/*/cyberflow.yaml"))]
    return [*examples * 10, *cases]


def made(all_projects: Sequence[Project], seed: int, index: int) -> tuple[Project, Project]:
    """The input of a number: a project, and the files of it that are changed."""
    random = Random(f"{seed}/{index}")
    project = random.choice(all_projects)
    return project, mutate(project, random)


def write(folder: Path, files: Project) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def examine(folder: Path) -> None:
    """What has to hold of any project whatever: findings that can be shown, or a bundle that can be read back."""
    sourced = read_project(folder)
    found = check(sourced)
    for one in found:
        assert one.rule in RULES
        span = sourced.sources.span(one.place)
        assert (span.line, span.column) < (span.end_line, span.end_column), one
    for form in FORMATS:
        render_findings(sourced, found[:SHOWN], form).encode()
    if any(one.severity == "error" for one in found):
        return
    try:
        bundle = compile_project(folder).bundle
    except UsageError:  # the default target is none, and a comment silences that
        return
    except ProjectErrors as error:  # of what was not read, and a comment silences that
        if not all(map(is_unread, error.found)):
            raise
        return
    assert load_bundle(bundle.to_json()).digest == bundle.digest
    for workflow in bundle.workflows:
        assert "\n".join(_workflow_lines(workflow)).encode()


def run(seed: int, indexes: Sequence[int], patience: float = SECONDS) -> Iterator[Failure]:
    """Examine inputs in processes of their own, one after the other until one of them dies of its input."""
    left = list(indexes)
    while left:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            _child(seed, left, os.fdopen(writing, "w"), patience)
        os.close(writing)
        begun = left[0]
        with os.fdopen(reading) as lines:
            for line in lines:
                if line.startswith("{"):
                    yield Failure(**json.loads(line))
                elif line.strip().isdigit():
                    begun = int(line)
        _, status = os.waitpid(child, 0)
        if status == 0:
            return
        yield _death(begun, status)
        left = [index for index in left if index > begun]


def _death(index: int, status: int) -> Failure:
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    trace = Path(tempfile.gettempdir()) / f"fuzz-trace-{os.getpid()}"
    text = trace.read_text(errors="replace") if trace.exists() else ""
    kind = "hang" if number == signal.SIGPROF else "crash"
    return Failure(index, kind, f"{signal.Signals(number).name if number else status}\n{text}")


def _address_space() -> int:
    """What this process has already, which is its parent's too, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _child(seed: int, indexes: Sequence[int], out: IO[str], patience: float) -> None:
    code = 1
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        trace = (Path(tempfile.gettempdir()) / f"fuzz-trace-{os.getppid()}").open("w")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        bound = _address_space() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        faulthandler.register(signal.SIGPROF, file=trace, all_threads=False, chain=True)
        known = projects()
        gc.disable()  # as `check` does
        for index in indexes:
            out.write(f"{index}\n")
            out.flush()
            for failure in _one(folder / str(index), made(known, seed, index), index, patience):
                out.write(json.dumps(asdict(failure)) + "\n")
        code = 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        out.close()
        os._exit(code)


def _one(folder: Path, files: tuple[Project, Project], index: int, patience: float) -> Iterator[Failure]:
    for each in files:
        write(folder, each)
    signal.setitimer(signal.ITIMER_PROF, patience)
    try:
        examine(folder)
    except MemoryError:
        yield Failure(index, "memory", traceback.format_exc())
    except BaseException:  # noqa: BLE001 - whatever it is, it is the answer
        yield Failure(index, "traceback", traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        gc.collect()
        shutil.rmtree(folder, ignore_errors=True)
