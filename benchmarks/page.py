"""What the page costs while 200 runs are live and 5,000 are listed: the CPU of `cyberflow dev` and of the browser as
parts of one core, beside that of the same platform with no page open. And how far behind the platform it is: the time
from a step's state on the API to its node in the graph.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.web.browser import Browser, executable
from tests.web.test_web_alive import ENVIRONMENT, EXAMPLE, STATES, fill_and_run

LISTED, LIVE, MACHINES, SECONDS = 5000, 200, 20, 20
TICKS = 100
AUTH = {"Authorization": "Bearer bench"}
CHAINS, DONE = 5, "success,success,success"
WATCH = f"""{{
    window.seen = [];
    const look = () => {{ const now = {STATES}; if (now !== seen.at(-1)?.[1]) seen.push([Date.now(), now]); }};
    look();
    new MutationObserver(look).observe(document, {{subtree: true, childList: true, attributeFilter: ['data-status']}});
}}"""


def main() -> int:
    if executable() is None:
        sys.stdout.write("no Chromium is installed\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "cyberflow.yaml").write_text("project: bench\n", encoding="utf-8")
        command = [sys.executable, "-m", "cyberflow", "dev", "--port", "0", "--api-key", "bench"]
        with serving(root, command) as (page, pid):
            measure(page, pid, root)
        example = Path(shutil.copytree(EXAMPLE, root / "example", ignore=shutil.ignore_patterns(".cyberflow")))
        with serving(example, command) as (page, _):
            apply = [sys.executable, "-m", "cyberflow", "apply", "--target", "local", "--yes"]
            subprocess.run(apply, cwd=example, check=True, capture_output=True)
            follow(page, root)
    return 0


@contextmanager
def serving(root: Path, command: list[str]) -> Iterator[tuple[str, int]]:
    """The address of the page of a project, and the process that serves it."""
    with subprocess.Popen(command, cwd=root, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            page = [process.stdout.readline() for _ in range(3)][2].removeprefix("page: ").strip()
            yield page, process.pid
        finally:
            process.send_signal(signal.SIGINT)


def follow(page: str, root: Path) -> None:
    """Start a chain on its form some times, and compare when each state is on the API and when it is on the page."""
    behind: list[float] = []
    with (
        httpx.Client(base_url=page.partition("/#")[0], headers=AUTH, trust_env=False) as client,
        Browser(root / "follower") as browser,
    ):
        browser.open(page)
        browser.until("!!document.querySelector('#view h1')")
        for _ in range(CHAINS):
            fill_and_run(browser)
            browser.ask(WATCH)
            session = str(browser.ask("location.hash")).rpartition("/")[2]
            served: dict[str, float] = {}
            while DONE not in served:
                runs = client.get("/v1/runs", params={"session_id": session, "sort_mode": "created_at_desc"}).json()
                states = ",".join(run["status"] for run in reversed(runs["items"]))
                served.setdefault(states, time.time())
                time.sleep(0.02)
            browser.until(f"({STATES}) === {DONE!r}")
            seen = {states: at / 1000 for at, states in reversed(browser.ask("window.seen"))}
            behind += [seen[states] - at for states, at in list(served.items())[1:] if states in seen]
    sys.stdout.write(f"behind the platform: {max(behind):.2f} s at most, of {len(behind)} changes of state\n")


def measure(page: str, dev: int, root: Path) -> None:
    with httpx.Client(base_url=page.partition("/#")[0], headers=AUTH, trust_env=False, timeout=60) as client:
        workflow = client.post("/v1/workflows", json={"name": "bench", "main_prompt": "x"}).json()["id"]
        for number in range(MACHINES):
            client.post("/v1/machines", json={"fingerprint": str(number), "unkey_key_id": "k"})
        submit(client, workflow, LISTED - LIVE, 0.01)
        submit(client, workflow, LIVE, 60.0)
        alone = used(dev, SECONDS)
        with Browser(root / "profile") as browser:
            browser.open(page)
            browser.until("document.querySelectorAll('.group').length > 100", seconds=60)
            time.sleep(3)
            begun = cpu(browser.process.pid)
            with_page = used(dev, SECONDS)
            seen = (cpu(browser.process.pid) - begun) / SECONDS
    sys.stdout.write(f"dev alone      {alone:6.1%} of a core\n")
    sys.stdout.write(f"dev with page  {with_page:6.1%} of a core\n")
    sys.stdout.write(f"browser        {seen:6.1%} of a core\n")


def submit(client: httpx.Client, workflow: str, count: int, seconds: float) -> None:
    script = {"bench": {"seconds": seconds}}
    kept = client.post("/v1/local/scripts", json={"script": script}).json()["id"]
    for begin in range(0, count, 500):
        body = {"workflow_id": workflow, "count": min(500, count - begin)}
        client.post("/v1/runs/bulk", json=body, headers={"X-Cyberflow-Script": kept}).raise_for_status()
    time.sleep(2)


def used(pid: int, seconds: float) -> float:
    """The part of one core that a process and its children use over a while."""
    begun = cpu(pid)
    time.sleep(seconds)
    return (cpu(pid) - begun) / seconds


def cpu(pid: int) -> float:
    """The CPU seconds of a process and of all below it."""
    return sum(sum(map(int, fields(one)[11:13])) for one in family(pid)) / TICKS


def family(pid: int) -> Iterator[int]:
    parents = {int(path.name): int(fields(int(path.name))[1]) for path in Path("/proc").glob("[0-9]*") if alive(path)}
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    yield from (one for one in found if alive(Path(f"/proc/{one}")))


def alive(path: Path) -> bool:
    try:
        return bool((path / "stat").read_bytes())
    except OSError:
        return False


def fields(pid: int) -> list[str]:
    """What the system says of a process, behind its name: state, parent, …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    except OSError:
        return ["0"] * 20


if __name__ == "__main__":
    sys.exit(main())
