"""Files between steps: fetched as soon as they are there, kept by content beside the ledger, handed on by name."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.cyberun.outputs import Outputs
from cyberflow.compiler.bundle import ASSET, GIVEN_FILE, AssetReader, Bundle
from cyberflow.compiler.pipeline.file_refs import FileRef, read_file_ref
from cyberflow.compiler.pipeline.form import BundledPipeline, BundledStep
from cyberflow.diagnostics import join_names
from cyberflow.errors import UsageError
from cyberflow.run.inputs.arguments import FileArgument
from cyberflow.run.pipeline.state import PipelineState, Scope
from cyberflow.run.task.outputs import HEAD, file_name
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.submit import Resend, send_until_answered
from cyberflow.storage import PartialFile, make_folder, open_partial, safe_name, write_errors

PATIENCE = 300.0


@dataclass(frozen=True)
class FileStore:
    """The folder `LEDGER.files`: contents by their sha256. `wanted` says of an entry whether its files are. A service
    that does not answer is asked again for `PATIENCE` seconds.
    """

    folder: Path
    desk: Cyberdesk | None
    cyberun: CyberunClient | None
    wanted: Callable[[LedgerEntry], bool]
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def collect(self, entry: LedgerEntry) -> LedgerEntry:
        """The entry with the files that it made, which are on this disk then: `{key: {"name", "sha256"}}`."""
        if not self.wanted(entry):
            return entry
        resend = Resend(PATIENCE, lambda error: error.transient, sleep=self.sleep)
        files = await send_until_answered(lambda: self._fetch(entry), resend)
        return replace(entry, facts={**entry.facts, "files": files})

    async def _fetch(self, entry: LedgerEntry) -> dict[str, dict[str, str]]:
        found = self._outputs(entry) if entry.kind == "task" else self._attachments(entry)
        return {key: {"name": name, "sha256": sha256} async for key, name, sha256 in found}

    def read(self, sha256: str) -> bytes:
        """The content of a file. Raises UsageError where it is not there any more."""
        try:
            return (self.folder / sha256).read_bytes()
        except OSError:
            help = "run the step that made it once more with --rerun"
            raise UsageError(f"the file {sha256[:12]} is gone from {self.folder}", help=help) from None

    async def _outputs(self, entry: LedgerEntry) -> AsyncIterator[tuple[str, str, str]]:
        assert self.cyberun is not None  # noqa: S101 - it ran there
        outputs = Outputs(self.cyberun, entry.run_ids[0])
        for output in await outputs.read():
            with write_errors(self.folder), open_partial(make_folder(self.folder)) as part:
                await outputs.download(output.key, part.file)
                part.file.seek(0)
                name = file_name(output.key, part.file.read(HEAD))
                yield output.key, name, self._keep(part)

    async def _attachments(self, entry: LedgerEntry) -> AsyncIterator[tuple[str, str, str]]:
        assert self.desk is not None  # noqa: S101 - it ran there
        for run in entry.run_ids:
            async for file in self.desk.attachments.list(run_id=run, attachment_type="output"):
                to = make_folder(self.folder) / f".{file.id}.part"
                try:
                    await self.desk.attachments.download(file.id, to, file.size_bytes)
                    with write_errors(self.folder), open_partial(self.folder) as part:
                        part.file.write(to.read_bytes())
                        yield file.filename, safe_name(file.filename), self._keep(part)
                finally:
                    to.unlink(missing_ok=True)

    def _keep(self, part: PartialFile) -> str:
        part.file.seek(0)
        sha256 = hashlib.file_digest(cast("Any", part.file), "sha256").hexdigest()
        part.move_to(self.folder / sha256)
        return sha256


@dataclass(frozen=True)
class FileSources:
    """Where the files of a step come from: another step, the project, or what the run was given."""

    bundle: Bundle
    assets: AssetReader
    given: Mapping[str, FileArgument]
    store: FileStore

    def arguments(self, state: PipelineState, scope: Scope, step: BundledStep) -> dict[str, FileArgument]:
        """The files of a step by the names that it takes them under. Raises UsageError for one that is not there."""
        return {name: self._argument(state, scope, value) for name, value in step.files.items()}

    def _argument(self, state: PipelineState, scope: Scope, value: Any) -> FileArgument:
        if isinstance(value, str):
            if value.startswith(GIVEN_FILE):
                return self.given[value.removeprefix(GIVEN_FILE)]
            sha256 = value.removeprefix(ASSET)
            asset = self.bundle.asset(sha256)
            return FileArgument(asset.filename if asset else sha256, self.assets(sha256))
        ref = read_file_ref(value)
        assert isinstance(ref, FileRef)  # noqa: S101 - the compiler has read it
        entry = state.entries.get(f"{scope.prefix}{ref.step}")
        made = entry.facts.get("files", {}) if entry else {}
        if ref.key not in made:
            there = f"it made {join_names(made)}" if made else "it made none"
            raise UsageError(f"`{ref.step}` has no file `{ref.key}`: {there}")
        return FileArgument(made[ref.key]["name"], self.store.read(made[ref.key]["sha256"]))


def steps_with_files(pipeline: BundledPipeline) -> set[str]:
    """The steps of which others take files."""
    refs = (read_file_ref(value) for step in pipeline.steps for value in step.files.values() if isinstance(value, dict))
    return {ref.step for ref in refs if isinstance(ref, FileRef)}
