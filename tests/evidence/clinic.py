"""A project in git, an account on a served local platform, and what happens to both: applies, runs, edits, others."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.evidence.facts import TracedRun
from cyberflow.run.inputs.arguments import RawArguments
from cyberflow.run.work.polling import FollowOptions, PollInterval
from cyberflow.sdk import ApplyOptions, adopt, apply
from cyberflow.sdk.evidence import trace
from cyberflow.sdk.execution import ChainExecution, SubmitOptions, execution_of
from cyberflow.sdk.project import compile_project

CANARY = "PHI-CANARY-4711"
WHO = ["-c", "user.name=Ada Muster", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
QUICK = PollInterval(0.02, 0.05)
WORKFLOWS = """workflows:
  lookup:
    prompt: Open the chart of <mrn> and read it, as a nurse would.
    inputs: {mrn: string}
    outputs: {note: string}
  book:
    prompt: Book a visit for <reason>.
    inputs: {reason: string}
    outputs: {slot: string}
"""
CHAINS = """chains:
  intake:
    inputs: {mrn: string}
    steps:
      - {id: first, workflow: lookup}
      - {id: second, workflow: book, inputs: {reason: {$ref: first.outputs.note}}}
"""


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *WHO, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@dataclass
class Clock:
    """The time of the service: a little passes with each request, more while somebody waits for a run."""

    now: datetime = datetime(2027, 3, 1, tzinfo=UTC)
    hurried: bool = False

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=0.4) if self.hurried else timedelta(milliseconds=1)
        return self.now


@dataclass
class Clinic:
    """`folder` is this machine's clone; the account is at `url` for all of them."""

    folder: Path
    url: str
    clock: Clock
    runs: list[str] = field(default_factory=list)
    others: int = 0

    @classmethod
    def begin(cls, folder: Path, url: str, clock: Clock, *, repository: bool = True) -> Clinic:
        folder.mkdir(parents=True)
        target = f"{{url: '{url}', api_key: {{env: CLINIC_KEY}}}}"
        settings = f"project: clinic\ndefault_target: prod\ntargets:\n  prod: {target}\n"
        (folder / "cyberflow.yaml").write_text(settings, encoding="utf-8")
        (folder / "workflows.yaml").write_text(WORKFLOWS, encoding="utf-8")
        (folder / "chains.yaml").write_text(CHAINS, encoding="utf-8")
        (folder / "notes.txt").write_text("nothing\n", encoding="utf-8")
        if repository:
            git(folder, "init", "-q", "-b", "main")
            git(folder, "add", ".")
            git(folder, "commit", "-qm", "Ask for the chart")
        return cls(folder, url, clock)

    @property
    def head(self) -> str:
        return git(self.folder, "rev-parse", "HEAD")

    def clone(self) -> Clinic:
        """Another machine with the same repository."""
        self.others += 1
        other = self.folder.with_name(f"{self.folder.name}-{self.others}")
        shutil.copytree(self.folder, other, ignore=shutil.ignore_patterns(".cyberflow"))
        return Clinic(other, self.url, self.clock)

    def write(self, old: str, new: str, *, commit: bool = True) -> None:
        file = self.folder / "workflows.yaml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
        if commit:
            git(self.folder, "commit", "-qam", f"Say {new}")

    def apply(self, **options: Any) -> None:
        done = apply(self.folder, options=ApplyOptions(overwrite_drift=True, approved_by="B. Beispiel", **options))
        assert done.exit_code == 0

    def edit_and_apply(self, new: str = "calmly", old: str = "as a nurse would") -> None:
        self.write(old, new)
        self.apply()

    def adopt(self, name: str, id: str) -> None:
        adopt([(name, id)], self.folder)

    def ask(self, question: Callable[[Cyberdesk], Any]) -> Any:
        async def asked() -> Any:
            async with Cyberdesk.connect(self.url, "any") as desk:
                return await question(desk)

        return asyncio.run(asked())

    def workflow(self, title: str = "lookup") -> WorkflowRecord:
        found = self.ask(lambda desk: desk.workflows.page(limit=100))
        (one,) = (one for one in found.items if one.name == title)
        return WorkflowRecord.model_validate(one.to_json())

    def edit(self, prompt: str, title: str = "lookup") -> None:
        """Change a prompt as a person at the dashboard does."""
        id = self.workflow(title).id
        self.ask(lambda desk: desk.workflows.update(id, {"main_prompt": prompt}))

    def edit_and_back(self, title: str = "lookup") -> None:
        before = self.workflow(title).main_prompt
        self.edit("<p>By hand.</p>", title)
        self.edit(before, title)

    def run(
        self,
        name: str = "lookup",
        *,
        looked: Callable[[], object] | None = None,
        during: Callable[[], object] | None = None,
        ended: Callable[[], object] | None = None,
        follow: bool = True,
        **options: Any,
    ) -> list[str]:
        """Run something, with what happens after the look-up, while it runs, and between its end and the reading."""
        given = RawArguments((f"mrn={CANARY}",) if name != "book" else (f"reason={CANARY}",))
        execution = execution_of(compile_project(self.folder), name, SubmitOptions(given, **options))
        assert isinstance(execution, ChainExecution)
        return asyncio.run(self._run(execution, (looked, during, ended), follow=follow))

    async def _run(
        self,
        execution: ChainExecution,
        happenings: tuple[Callable[[], object] | None, ...],
        *,
        follow: bool,
    ) -> list[str]:
        looked, during, ended = happenings
        async with execution.open(lambda _: None) as service:
            await execution.prepare()
            await _happen(looked)
            state = await execution.submit(FollowOptions(QUICK))
            await _happen(during)
            ids = [step.run_id for step in state.steps]
            if not follow:
                await self._wait(service.client, ids)
            else:
                self.clock.hurried = True
                async for seen in execution.follow(state, FollowOptions(QUICK)):
                    state = seen
                self.clock.hurried = False
                await _happen(ended)
                await execution.record_end(state)
        self.runs += ids
        return ids

    def run_elsewhere(self, title: str = "lookup", *, during: Callable[[], object] | None = None, **body: Any) -> str:
        """Start a run at the dashboard, and wait for its end."""
        id = self.workflow(title).id

        async def started(desk: Cyberdesk) -> str:
            made = await desk.runs.create({"workflow_id": id, "input_values": {"mrn": CANARY, "reason": "x"}, **body})
            await _happen(during)
            await self._wait(desk, [made.id])
            return made.id

        run: str = self.ask(started)
        self.runs.append(run)
        return run

    def retry(self, run: str) -> None:
        async def started(desk: Cyberdesk) -> None:
            await desk.runs.retry(run, {})
            await self._wait(desk, [run])

        self.ask(started)

    async def _wait(self, desk: Cyberdesk, runs: list[str]) -> None:
        self.clock.hurried = True
        for run in runs:
            while (await desk.runs.get(run)).live:
                pass
        self.clock.hurried = False

    def forget(self) -> None:
        shutil.rmtree(self.folder / ".cyberflow")

    def trace(self, *names: str, since: str | None = None) -> list[TracedRun]:
        return list(trace(*(names or self.runs), project=self.folder, since=since).runs)


async def _happen(what: Callable[[], object] | None) -> None:
    if what is not None:
        await asyncio.to_thread(what)
