"""A pipeline over both services on the local platform in process, with time that passes only when somebody sleeps, and
a fuse that ends it at any write of its ledger and any request.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.http.retry import Retry
from cyberflow.emulator.platform import Platform
from cyberflow.emulator.seeds import Seeds
from cyberflow.run.chain.placement import TargetIds
from cyberflow.run.inputs.secrets import SecretBackends
from cyberflow.run.pipeline.calls import FunctionCaller
from cyberflow.run.pipeline.driver import PipelineRun, PipelineTools
from cyberflow.run.pipeline.files import FileSources, FileStore
from cyberflow.run.pipeline.state import PipelineState
from cyberflow.run.task.executor import TaskExecutor
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import Executor, LocalExecutor
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.polling import FollowOptions, PollInterval
from cyberflow.sdk.pipelines.going import PipelineHooks, request_builder
from cyberflow.sdk.pipelines.requests import RequestFactory
from cyberflow.sdk.pipelines.setup import PipelineOptions, create_ledger, load_state, prepare_pipeline
from cyberflow.sdk.pipelines.signals import signal
from cyberflow.sdk.project import compile_project
from tests.run.clinic import Time

CANARY = "c4n4ry-month-end"
FLOWS = """
types:
  Invoice: {type: object, properties: {number: {type: string}, due: {type: string}}, required: [number, due]}
workflows:
  list-invoices:
    prompt: Sign in with <$password> and list the invoices of <month>.
    inputs: {month: string}
    secrets: [password]
    outputs: {invoices: "Invoice[]"}
  open-invoice: {prompt: Open <number>., inputs: {number: string}, outputs: {amount: number}}
  file-receipt:
    prompt: File <number> of <amount>.
    inputs: {number: string, amount: number}
    outputs: {receipt: string}
  close-month:
    prompt: Close <month> with <receipts>.
    inputs: {month: string, receipts: {type: array, items: {type: [string, "null"]}}}
    outputs: {closed: boolean}
    files: [{name: banner, target: "C:\\\\banner.png"}]
chains:
  find-invoices:
    inputs: {month: string}
    secrets: [password]
    steps: [{id: list, workflow: list-invoices}]
    outputs: {invoices: {$ref: list.outputs.invoices}}
  file-invoice:
    inputs: {invoice: Invoice}
    steps:
      - {id: open, workflow: open-invoice, inputs: {number: <invoice.number>}}
      - {id: file, workflow: file-receipt, inputs: {number: <invoice.number>, amount: {$ref: open.outputs.amount}}}
    outputs: {receipt: {$ref: file.outputs.receipt}}
tasks:
  poster: {workflow: text-to-image, inputs: {heading: string}, parameters: {prompt: "A poster for <heading>"}}
pipelines:
  month-end:
    inputs: {month: string}
    secrets: [epic_password]
    steps:
      - {id: find, run: find-invoices, inputs: {month: <month>}, secrets: {password: <$epic_password>}}
      - id: file
        each: {invoice: {$ref: find.outputs.invoices}}
        key: <invoice.number>
        parallel: 5
        run: file-invoice
        inputs: {invoice: <invoice>}
        on_failure: continue
      - {id: total, call: 'flows.glue:total', inputs: {receipts: {$ref: file.outputs.receipt}}}
      - id: release
        when: {$ref: total.outputs.large}
        wait: {signal: "Close <month>?", outputs: {approved: boolean}, timeout: 48h}
      - {id: banner, run: poster, after: [release], inputs: {heading: <month>}}
      - id: close
        run: close-month
        inputs: {month: <month>, receipts: {$ref: file.outputs.receipt}}
        files: {banner: {$ref: "banner.files['9.images.0']"}}
    outputs: {count: {$ref: total.outputs.count}, closed: {$ref: close.outputs.closed}}
"""
GLUE = '''from typing import TypedDict


class Totals(TypedDict):
    count: int
    large: bool


def total(receipts: list[str | None]) -> Totals:
    """Count what was filed."""
    return {"count": len([one for one in receipts if one]), "large": len(receipts) > 3}
'''


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Fuse:
    """Ends everything at the boundary `at`: before a write, before a request, after one."""

    at: int = 0
    count: int = 0

    def burn(self) -> None:
        self.count += 1
        if self.at and self.count >= self.at:
            raise Killed


@dataclass
class FusedApp:
    """The platform's application: a request may be the last thing that happens, and so may its answer."""

    app: Any
    fuse: Fuse

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.fuse.burn()
        held: list[Any] = []

        async def hold(message: Any) -> None:
            held.append(message)

        await self.app(scope, receive, hold)
        self.fuse.burn()
        for message in held:
            await send(message)


@dataclass
class MonthEnd:
    """The pipeline `month-end` of a project in a folder: its platform, its ledger, and one go after the other."""

    root: Path
    platform: Platform
    time: Time
    items: int = 12
    outcomes: Mapping[str, Any] = field(default_factory=dict)
    wrap: Any = FusedApp
    retries: int = 0
    ids: dict[str, str] = field(default_factory=dict)
    options: PipelineOptions = field(default_factory=PipelineOptions)

    @property
    def ledger_path(self) -> Path:
        return self.root / "month-end.db"

    async def deploy(self) -> None:
        async with Cyberdesk.connect("http://local", "any", app=self.platform.app) as desk:
            for workflow in compile_project(self.root).bundle.workflows:
                self.ids[workflow.name] = (await desk.workflows.create(workflow.payload)).id
            for number in range(5):
                await desk.machines.create({"fingerprint": f"f{number}", "unkey_key_id": "k", "name": f"m{number}"})

    async def go(self, fuse: Fuse | None = None, *, answer: bool = True, **options: Any) -> PipelineState:
        """One start of the program, to its end or that of the fuse."""
        fuse = fuse or Fuse()
        async with self.open(fuse, options) as (run, ledger):
            async with aclosing(run.run()) as updates:
                async for update in updates:
                    entry = getattr(update, "entry", None)
                    if answer and entry is not None and entry.kind == "wait" and entry.stage == "accepted":
                        signal(ledger.path, entry.id, ["approved=true"], who="ada", wall=self.time)
            return run.state

    @asynccontextmanager
    async def open(self, fuse: Fuse, options: Mapping[str, Any]) -> AsyncIterator[tuple[PipelineRun, Ledger]]:
        invoices = [{"number": f"INV-{number}", "due": "2026-03-31"} for number in range(self.items)]
        simulated = {"find": {"outputs": {"invoices": invoices}}, **self.outcomes}
        given = {
            "document": {"month": "2026-03"},
            "secrets": ("epic_password=env:PW",),
            "simulate": simulated,
            "ledger": self.ledger_path,
            "backends": SecretBackends({"PW": CANARY}, None, lambda _, __: None),
        }
        compiled = compile_project(self.root)
        setup = prepare_pipeline(compiled, "month-end", replace(self.options, **{**given, **options}))
        app, retry = self.wrap(self.platform.app, fuse), Retry(retries=self.retries, sleep=no_wait)
        ledger = self._open_ledger(setup)
        try:
            async with (
                Cyberdesk.connect("http://local", "any", app=app, retry=retry) as desk,
                CyberunClient.connect("http://local/api/v1", "any", app=app, retry=retry) as cyberun,
            ):
                state = load_state(setup, ledger)
                run = await self._assemble(setup, ledger, state, (desk, cyberun))
                _fuse_writes(ledger, fuse)
                fuse.count = 0
                yield run, ledger
        finally:
            left = [task for task in asyncio.all_tasks() if task.get_name() == "follow"]
            for task in left:
                task.cancel()
            ledger.close()

    def _open_ledger(self, setup: Any) -> Ledger:
        return Ledger.open(self.ledger_path) if self.ledger_path.exists() else create_ledger(setup)

    async def _assemble(
        self, setup: Any, ledger: Ledger, state: PipelineState, clients: tuple[Cyberdesk, CyberunClient]
    ) -> PipelineRun:
        desk, cyberun = clients
        factory = RequestFactory(setup.compiled, ids=TargetIds(self.ids))
        factory.workflows["poster"] = await CyberunClient.connect(
            "http://local/api/v1", "any", app=self.platform.app
        ).workflow("text-to-image")
        hooks, redactor = PipelineHooks(factory, setup.script), setup.arguments.redactor()
        watch = FollowOptions(PollInterval(0.5, 4.0), clock=self.time, sleep=self._sleep, patience=1e9)

        async def prepare(entry: LedgerEntry, request: Any) -> None:
            script = hooks.run_script(entry, request)
            self.platform.simulate(dict(script or {}), idempotency_key=entry.key or "")

        files = ledger.path.with_name("month-end.db.files")
        store = FileStore(files, desk, cyberun, lambda one: one.kind == "task", self._sleep)
        sources = FileSources(setup.compiled.bundle, setup.compiled.assets, {}, store)
        known = lambda: {one.task_id for one in ledger.entries() if one.task_id}  # noqa: E731 - a hook
        executors: list[Executor] = [
            LocalExecutor(desk, watch, redactor, prepare, self.time),
            TaskExecutor(cyberun, watch, redactor, None, known, self.time),
        ]
        caller = FunctionCaller(self.root, redactor)
        build = request_builder(factory, state, sources)
        times: dict[str, Any] = {"wall": self.time, "sleep": self._sleep}
        no_wait = setup.options.no_wait
        tools = PipelineTools(executors, build, caller, store.collect, redactor, no_wait, **times)
        return PipelineRun(ledger, state, tools)

    async def _sleep(self, seconds: float) -> None:
        await self.time.sleep(seconds)
        await asyncio.sleep(0)

    async def sessions(self) -> Counter[str]:
        """How many sessions there are for each thing that is to be done once."""
        async with Cyberdesk.connect("http://local", "any", app=self.platform.app) as desk:
            runs = [run async for run in desk.runs.list(limit=1000)]
        names = {id: name for name, id in self.ids.items()}
        once = {
            (names[run.workflow_id], (run.input_values or {}).get("number", ""), run.session_id or run.id)
            for run in runs
            if names[run.workflow_id] != "open-invoice"
        }
        return Counter(f"{name} {number}".strip() for name, number, _ in once)

    async def statuses(self) -> list[str]:
        async with Cyberdesk.connect("http://local", "any", app=self.platform.app) as desk:
            return [run.status async for run in desk.runs.list(limit=1000)]

    async def reserved_machines(self) -> list[str]:
        async with Cyberdesk.connect("http://local", "any", app=self.platform.app) as desk:
            return [one.id async for one in desk.machines.list() if one.reserved_session_id is not None]

    async def tasks(self) -> list[str]:
        async with CyberunClient.connect("http://local/api/v1", "any", app=self.platform.app) as cyberun:
            return [task.id async for task in cyberun.tasks()]

    def expected(self) -> Counter[str]:
        filed = {f"file-receipt INV-{number}": 1 for number in range(self.items)}
        return Counter({"list-invoices": 1, **filed, "close-month": 1})


def _fuse_writes(ledger: Ledger, fuse: Fuse) -> None:
    write = ledger.write

    def dying(entries: Any) -> None:
        fuse.burn()
        write(entries)

    ledger.write = dying  # type: ignore[method-assign]


async def no_wait(_: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def month_end(root: Path, **parts: Any) -> AsyncIterator[MonthEnd]:
    """The project, deployed on a platform of its own."""
    (root / "flows").mkdir(parents=True)
    (root / "flows" / "glue.py").write_text(GLUE, encoding="utf-8")
    (root / "flows.yaml").write_text(FLOWS, encoding="utf-8")
    (root / "cyberflow.yaml").write_text("project: month-end\npython: [flows/glue.py]\n", encoding="utf-8")
    time = Time()
    seeds = Seeds.model_validate({"workflows": ["text-to-image"]})
    with Platform.open(":memory:", clock=time.wall, seeds=seeds) as platform:
        made = MonthEnd(root, platform, time, **parts)
        await made.deploy()
        yield made
