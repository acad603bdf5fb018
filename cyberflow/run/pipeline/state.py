"""A pipeline as far as it has come: an index over the entries of its ledger, from which the same entries always make
the same state. `apply` takes in one entry; nothing here waits, asks or knows the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cyberflow.compiler.bundle import Bundle
from cyberflow.compiler.pipeline.form import BundledPipeline, BundledStep
from cyberflow.compiler.refs import Ref
from cyberflow.language.prompt.strings import scan_string, substitute
from cyberflow.language.prompt.tokens import Token
from cyberflow.run.chain.interpolate import Interpolator, output_at
from cyberflow.run.pipeline.values import StepValues, item_key, reads_item
from cyberflow.run.work.entry import Kind, LedgerEntry
from cyberflow.schema.values import ABSENT

KINDS: Mapping[str, Kind] = {
    "workflow": "run",
    "chain": "chain",
    "task": "task",
    "pipeline": "pipeline",
    "call": "call",
    "wait": "wait",
}


@dataclass(frozen=True)
class Item:
    """One entry of a step: the step itself, or one of the list that it runs for."""

    id: str
    number: int
    key: str | None
    inputs: Mapping[str, Any] = field(repr=False)


@dataclass
class StepProgress:
    """How far a step is. `todo` are the items of which nothing was begun here, `live` those that are under way;
    `problem` says why it cannot run at all.
    """

    step: BundledStep
    scope: Scope
    expanded: bool = False
    left_out: bool = False
    total: int = 0
    items: dict[str, Item] = field(default_factory=dict)
    todo: dict[str, Item] = field(default_factory=dict)
    live: dict[str, Item] = field(default_factory=dict)
    failures: int = 0
    problem: str | None = None

    @property
    def path(self) -> str:
        return f"{self.scope.prefix}{self.step.id}"

    @property
    def is_timed(self) -> bool:
        """Whether something of it may happen that only time or a person brings about."""
        return self.step.wait is not None or self.step.retry is not None

    @property
    def has_failed(self) -> bool:
        return bool(self.failures) or self.problem is not None

    @property
    def is_stopped(self) -> bool:
        """Whether no more items are begun: one failed, and nothing forgives it."""
        return self.has_failed and self.step.on_failure == "stop"

    @property
    def is_over(self) -> bool:
        return self.expanded and not self.live and (not self.todo or self.is_stopped)


@dataclass
class Scope:
    """A pipeline that goes on: the one that was started, or one that a step of another runs. `sources` are its secrets
    as texts with those of the one that was started. With `until` its steps end there.
    """

    pipeline: BundledPipeline
    prefix: str
    inputs: Mapping[str, Any] = field(repr=False)
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    sources: Mapping[str, str] = field(default_factory=dict)
    steps: dict[str, StepProgress] = field(default_factory=dict)
    until: str | None = None
    timed: tuple[StepProgress, ...] = ()

    def __post_init__(self) -> None:
        for step in self.pipeline.steps:
            self.steps[step.id] = StepProgress(step, self)
            if step.id == self.until:
                break
        self.timed = tuple(progress for progress in self.steps.values() if progress.is_timed)

    def secret_texts(self, step: BundledStep) -> dict[str, str]:
        """The secrets of a step as texts with those of the pipeline that was started; no value is in them."""

        def source(token: Token) -> str:
            return self.sources.get(token.path.root, f"<${token.path.root}>")

        return {name: substitute(scan_string(text), source) for name, text in step.secrets.items()}

    def is_ready(self, progress: StepProgress) -> bool:
        """Whether all that a step needs is over and did not fail."""
        needs = (self.steps[id] for id in progress.step.needs)
        return all(one.is_over and not self.blocks(one) for one in needs)

    def blocks(self, progress: StepProgress) -> bool:
        """Whether what needs a step does not run: it failed unforgiven, or is itself not run."""
        return progress.has_failed if progress.expanded else self.is_blocked(progress)

    def is_blocked(self, progress: StepProgress) -> bool:
        """Whether a step will not run, since something that it needs failed."""
        return any(self.blocks(self.steps[id]) for id in progress.step.needs if self.steps[id].is_over) or any(
            self.is_blocked(self.steps[id]) for id in progress.step.needs if not self.steps[id].expanded
        )

    @property
    def is_over(self) -> bool:
        return all(one.is_over or (not one.expanded and self.is_blocked(one)) for one in self.steps.values())


class PipelineState:
    """Every scope that is open, and every entry; `answers` are those that waits were given. `stirred` are the scopes in
    which something has happened since all was done that was to be done.
    """

    def __init__(self, bundle: Bundle, scope: Scope, entries: Iterable[LedgerEntry] = ()) -> None:
        self.bundle = bundle
        self.root = scope
        self.entries: dict[str, LedgerEntry] = {entry.id: entry for entry in entries}
        self.answers: Mapping[str, Mapping[str, Any]] = {}
        self.reopen: frozenset[str] = frozenset()
        self.scopes: dict[str, Scope] = {"": scope}
        self.stirred: set[str] = {""}

    def begin(self, reopen: Iterable[str] = ()) -> None:
        """Take in the entries that are there; those of `reopen` are over, and run once more."""
        self.reopen = frozenset(reopen)
        self._expand(self.root)

    def apply(self, entry: LedgerEntry) -> None:
        """Take in an entry, and whatever it sets going."""
        self.entries[entry.id] = entry
        progress = self.find(entry)
        if progress is None or entry.id not in progress.items:
            return
        self.stirred.add(progress.scope.prefix)
        item = progress.items[entry.id]
        progress.todo.pop(entry.id, None)
        if entry.is_over and not may_retry(progress.step, entry):
            progress.live.pop(entry.id, None)
            self._count(progress, entry)
        else:
            progress.live[entry.id] = item
            if entry.kind == "pipeline":
                self._open(progress, item)
        if entry.kind == "pipeline" and entry.is_over:
            self.scopes.pop(f"{entry.id}/", None)
        self._expand(progress.scope)

    def settle(self) -> None:
        """Take note that there is nothing left to be done but what only time or a person brings about."""
        self.stirred.clear()

    def scopes_to_look_at(self) -> list[Scope]:
        """The scopes in which there may be something to do, in the order in which they were opened."""
        return [scope for prefix, scope in self.scopes.items() if scope.timed or prefix in self.stirred]

    def find(self, entry: LedgerEntry) -> StepProgress | None:
        prefix, _, step = entry.step.rpartition("/")
        scope = self.scopes.get(f"{prefix}/" if prefix else "")
        return scope.steps.get(step) if scope else None

    def filler(self, scope: Scope, inputs: Mapping[str, Any] | None = None) -> StepValues:
        """What fills values inside a scope, with the inputs of an item where there is one."""
        return StepValues(scope.inputs if inputs is None else inputs, lambda ref: self.read(scope, ref))

    def read(self, scope: Scope, ref: Ref) -> Any:
        """What a ref reads: of a step for each item a list in their order, null where one has no such output."""
        progress = scope.steps.get(ref.alias)
        if progress is None or not progress.expanded or progress.left_out:
            return ABSENT
        found = [self._output(id, ref) for id in progress.items]
        if progress.step.each is None:
            return found[0] if found else ABSENT
        return [None if value is ABSENT else value for value in found]

    def _output(self, id: str, ref: Ref) -> Any:
        entry = self.entries.get(id)
        return output_at(entry.outputs, ref) if entry is not None and entry.has_succeeded else ABSENT

    def _count(self, progress: StepProgress, entry: LedgerEntry) -> None:
        # somebody has to look, or did something
        person = entry.stage == "unknown" or entry.status == "cancelled"
        forgiven = progress.step.on_failure == "continue" and not person
        progress.failures += not entry.has_succeeded and not forgiven

    def _open(self, progress: StepProgress, item: Item) -> None:
        """Open the pipeline that a step runs; its entry holds the inputs it was begun with."""
        prefix = f"{item.id}/"
        pipeline = self.bundle.pipeline(progress.step.run or "")
        entry = self.entries[item.id]
        if prefix in self.scopes or pipeline is None:
            return
        outer = Interpolator({}, progress.scope.secrets)
        secrets = {name: outer.value(text, name) for name, text in progress.step.secrets.items()}
        texts = progress.scope.secret_texts(progress.step)
        scope = Scope(pipeline, prefix, entry.inputs or {}, secrets, texts)
        self.scopes[prefix] = scope
        self.stirred.add(prefix)
        self._expand(scope)

    def _expand(self, scope: Scope) -> None:
        """Fix the items of every step whose needs are over; one that is over at once may set others going."""
        again = True
        while again:
            again = False
            for progress in scope.steps.values():
                if not progress.expanded and scope.is_ready(progress):
                    self._fix_items(progress)
                    again = again or progress.is_over

    def _fix_items(self, progress: StepProgress) -> None:
        progress.expanded = True
        step, scope = progress.step, progress.scope
        if not reads_item(step):
            wanted = self.meets_condition(progress, scope.inputs)
            if wanted is not True:
                progress.left_out = True
                return
        found = list(self._items(progress))
        progress.total = len(found)
        for item in found:
            progress.items[item.id] = item
            entry = self.entries.get(item.id)
            if entry is not None and entry.kind in ("pipeline", "wait") and entry.stage == "accepted":
                progress.live[item.id] = item
                if entry.kind == "pipeline":
                    self._open(progress, item)
            elif entry is None or not entry.is_over or item.id in self.reopen:
                progress.todo[item.id] = item
            elif may_retry(step, entry):
                progress.live[item.id] = item
            else:
                self._count(progress, entry)

    def meets_condition(self, progress: StepProgress, inputs: Mapping[str, Any]) -> bool:
        condition = progress.step.condition
        if condition is None:
            return True
        value = self.filler(progress.scope, inputs).value(condition.value, "the condition")
        return value is condition.expected

    def _items(self, progress: StepProgress) -> Iterator[Item]:
        step, scope = progress.step, progress.scope
        if step.each is None:
            yield Item(progress.path, 0, None, scope.inputs)
            return
        filler = self.filler(scope)
        listed = filler.value(step.each.items, "the list")
        if not isinstance(listed, list):
            progress.problem = (
                "`each` has no list to run over" if listed is ABSENT else "what `each` reads is not a list"
            )
            return
        seen: dict[str, int] = {}
        items: list[Item] = []
        for number, value in enumerate(listed):
            inputs = {**scope.inputs, step.each.name: value}
            named = number if step.each.key is None else self.filler(scope, inputs).value(step.each.key, "the key")
            key = item_key(named)
            if key is None or key in seen:
                progress.problem = _describe_key(named, key, number, seen)
                return
            seen[key] = number
            items.append(Item(f"{progress.path}[{key}]", number, key, inputs))
        yield from items


def _describe_key(named: Any, key: str | None, number: int, seen: Mapping[str, int]) -> str:
    if named == "":
        return f"the key of item {number} is empty"
    if key is None:
        return f"the key of item {number} is neither a text nor an integer"
    return f"items {seen[key]} and {number} have the same key `{key}`"


def may_retry(step: BundledStep, entry: LedgerEntry) -> bool:
    """Whether the step itself says that a failed entry is tried again."""
    retry = step.retry
    return retry is not None and entry.stage == "ended" and entry.status in retry.on and entry.attempt <= retry.times
