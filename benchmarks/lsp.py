"""The language server as an editor drives it: whether what it publishes is what `check` says, how long an edit takes to
its findings and a completion to its names, and how much memory it holds.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean, quantiles

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import check as check_benchmark  # noqa: E402

from tests.lsp.client import Client, serving  # noqa: E402
from tests.lsp.expected import RandomEditor, expected_findings  # noqa: E402

EDITS, MANY = 500, 10_000
EDITED = (("workflows/w0007.yaml", "reason"), ("workflows/w0008.yaml", "Search"), ("chains/c003.yaml", "reason"))
"""A name that every workflow has, a word of one prompt, an input of a chain."""
SIZES = (100, 1000)
OPEN = ["chains.yaml", "workflows.yaml", "types.yaml", "prompts/sign-in.md", "cyberflow.yaml"]


def equal(folder: Path) -> None:
    """Random edits in open buffers, each held against `check --format json` of the same bytes."""
    root = Path(shutil.copytree(ROOT / "examples" / "patient-intake", folder / "equal"))
    with serving(root) as client:
        editor = RandomEditor(client, OPEN, 1)
        kinds: set[str] = set()
        for _ in range(EDITS):
            editor.edit()
            expected = expected_findings(root)
            client.wait_for_findings(expected)
            kinds |= {rule for _, rule, *_ in expected}
    print(f"{EDITS} random edits: published as check says each time, {len(kinds)} rules among them")


def latency(folder: Path, workflows: int) -> None:
    """From an edit of a workflow, and of a chain, to the findings of its version; completion; memory."""
    root = folder / f"of-{workflows}"
    root.mkdir()
    check_benchmark.project(root, workflows)
    with serving(root) as client:
        for path, word in EDITED:
            text = client.open(path)
            client.diagnostics(path)
            took = [_timed(client, partial(_type, client, path, text, word, number)) for number in range(60)]
            print(f"{workflows:>5} workflows, edit of `{word}` in {path}: {_shown(took[10:])}")
        path = "chains/c004.yaml"
        text = client.open(path)
        client.diagnostics(path)
        at = text.index(".outputs.") + len(".outputs.")
        line, column = text.count("\n", 0, at), at - text.rfind("\n", 0, at) - 1
        took = [_timed(client, partial(_complete, client, path, line, column)) for _ in range(60)]
        print(f"{workflows:>5} workflows, completion of an output: {_shown(took[10:])}")
        print(f"{workflows:>5} workflows, resident: {_resident(client):.0f} MB")


def growth(folder: Path) -> None:
    """Memory after many edits, beside that after a tenth of them."""
    root = Path(shutil.copytree(ROOT / "examples" / "patient-intake", folder / "growth"))
    with serving(root) as client:
        text = client.open("chains.yaml")
        client.diagnostics("chains.yaml")
        before = 0.0
        for number in range(MANY):
            _type(client, "chains.yaml", text, "reason", number)
            if number == MANY // 10:
                before = _resident(client)
        after = _resident(client)
    print(f"{MANY} edits: {before:.0f} MB after a tenth of them, {after:.0f} MB after all: {after / before - 1:+.1%}")


def _type(client: Client, path: str, text: str, word: str, number: int) -> None:
    """Write another letter behind a word, and wait for the findings of that version."""
    edited = text.replace(word, f"{word}{'' if number % 2 else 'x'}", 1)
    client.diagnostics(path, client.change(path, {"text": edited}))


def _complete(client: Client, path: str, line: int, column: int) -> None:
    assert client.at(path, "completion", line, column)["items"]


def _timed(client: Client, work: Callable[[], None]) -> tuple[float, float]:
    """How long something took, and how much CPU the server spent meanwhile, in milliseconds."""
    start, spent = time.perf_counter(), _cpu(client)
    work()
    return (time.perf_counter() - start) * 1000, (_cpu(client) - spent) * 1000


def _shown(took: list[tuple[float, float]]) -> str:
    wall, cpu = [one for one, _ in took], [one for _, one in took]
    return f"p50 {quantiles(wall, n=2)[0]:.0f} ms, p95 {quantiles(wall, n=20)[-1]:.0f} ms, CPU {mean(cpu):.0f} ms"


def _cpu(client: Client) -> float:
    """Seconds of CPU that the server has spent; as Linux tells it."""
    fields = Path(f"/proc/{client.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(client: Client) -> float:
    """Resident memory of the server in MB; as Linux tells it."""
    status = Path(f"/proc/{client.process.pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def main() -> None:
    parts = sys.argv[1:] or ["latency", "equal", "growth"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if "latency" in parts:
            for size in SIZES:
                latency(folder, size)
        if "equal" in parts:
            equal(folder)
        if "growth" in parts:
            growth(folder)


if __name__ == "__main__":
    main()
