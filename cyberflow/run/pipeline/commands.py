"""What the reducer of a pipeline asks for. All are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cyberflow.compiler.pipeline.form import BundledStep
from cyberflow.run.pipeline.state import Scope
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.policy import EntryAction


@dataclass(frozen=True)
class SubmitJob:
    """Send a chain, a run or a task, or go on with one: `entry` is what the ledger has of it."""

    entry: LedgerEntry
    step: BundledStep
    scope: Scope = field(repr=False)
    inputs: Mapping[str, Any] = field(repr=False)
    action: EntryAction


@dataclass(frozen=True)
class CallFunction:
    """Call a function of the project, once more if it was begun before."""

    entry: LedgerEntry
    step: BundledStep
    inputs: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class WriteEntry:
    """Write an entry down: what the reducer itself decides, with nobody asked."""

    entry: LedgerEntry


PipelineCommand: TypeAlias = SubmitJob | CallFunction | WriteEntry
