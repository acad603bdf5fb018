"""What a case of two steps costs: CPU of 200 of them in one process, and how much sooner two processes are done."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path

from cyberflow.sdk.flow_tests.suite import FlowSuite

CASES = 200
FLOWS = """workflows:
  lookup: {prompt: Find <id>., inputs: {id: string}, outputs: {mrn: string}}
  book: {prompt: Open <mrn> and book <date>., inputs: {mrn: string, date: string}, outputs: {number: string}}
chains:
  intake:
    inputs: {id: string, date: string}
    steps: [{id: lookup, workflow: lookup}, {id: book, workflow: book, inputs: {mrn: {$ref: lookup.outputs.mrn}}}]
    outputs: {mrn: {$ref: lookup.outputs.mrn}}
"""


def write_project(folder: Path) -> None:
    (folder / "tests").mkdir()
    (folder / "cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
    (folder / "flows.yaml").write_text(FLOWS, encoding="utf-8")
    cases = ", ".join(f"{{inputs: {{date: day {number}}}}}" for number in range(CASES))
    test = f"run: intake, inputs: {{id: '7'}}, simulate: {{lookup: {{outputs: {{mrn: M7}}}}}}, cases: [{cases}]"
    expect = "expect: {outputs: {mrn: M7}, steps: {book: {prompt: {$contains: M7}}}}"
    (folder / "tests/many.yaml").write_text(f"tests: {{many: {{{test}, {expect}}}}}\n", encoding="utf-8")


def measure(suite: FlowSuite, processes: int) -> tuple[float, float]:
    """Seconds of the clock and of all processes' CPU."""
    clock, own = time.perf_counter(), time.process_time()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    verdicts = list(suite.run(suite.jobs(suite.cases), processes))
    assert [one.status for one in verdicts] == ["passed"] * CASES
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    children = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - clock, time.process_time() - own + children


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        write_project(Path(name))
        suite = FlowSuite.load(Path(name))
        one, cpu = measure(suite, 1)
        print(f"{CASES} cases of two steps: {1000 * cpu / CASES:.1f} ms of CPU each")
        if (os.cpu_count() or 1) > 1:
            two, both = measure(suite, 2)
            print(f"one process {one:.1f} s, two {two:.1f} s: {one / two:.2f} times as fast, {both / cpu:.2f} the CPU")


if __name__ == "__main__":
    main()
