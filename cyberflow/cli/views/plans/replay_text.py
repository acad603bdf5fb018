"""What past runs say to a change, in words: numbers, one sentence for each refusal, and values only when asked."""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.deploy.replay.model import CacheUse, Refusal, Replay, ReplayExample
from cyberflow.diagnostics import join_names, pluralize
from cyberflow.schema.describe import format_literal
from cyberflow.schema.values import ABSENT

_SHOWN = 3


def replay_lines(replay: Replay, *, values: bool = False) -> Iterator[str]:
    """The verdict of the past on one line, more refusals and the use of the cache below it."""
    since = f" since {replay.since}" if replay.since else ""
    runs = f"{pluralize(replay.runs, 'run')}{since}"
    if not replay.runs:
        yield f"replay: no runs{since}"
        return
    examples = _distinct_examples(replay)
    if examples:
        first = f"{refusal_text(examples[0].refusal, values=values)}  {examples[0].run_id}"
        yield f"replay: {replay.refused} of {runs} would be refused: {first}"
    else:
        fit = replay.counts["fit"]
        yield f"replay: {f'{fit} of ' if fit < replay.runs else ''}{runs} {'fits' if replay.runs == 1 else 'fit'}"
    for one in examples[1:_SHOWN]:
        yield f"  also: {refusal_text(one.refusal, values=values)}  {one.run_id}"
    if len(examples) > _SHOWN:
        yield f"  and {len(examples) - _SHOWN} more reasons: --format json has them"
    yield from _undecided_lines(replay)
    if replay.cache:
        yield cache_text(replay.cache)


def refusal_text(refusal: Refusal, *, values: bool = False) -> str:
    """`mrn (9 characters) does not match ^M[0-9]{7}$`."""
    size = f" ({refusal.size})" if refusal.size else ""
    value = f" {format_literal(refusal.value)}" if values and refusal.value is not None and refusal.kind else ""
    return f"{_place(refusal)}{value if refusal.value is not ABSENT else ''}{size} {refusal.says}"


def cache_text(cache: CacheUse) -> str:
    """How much of what the runs did came from the cache. What an edit does to it nobody says."""
    share = round(100 * cache.cached / cache.steps)
    return f"cache: {share} % of {pluralize(cache.steps, 'step')} in {pluralize(cache.runs, 'run')} came from it"


def _undecided_lines(replay: Replay) -> Iterator[str]:
    if number := replay.counts["deferred"]:
        yield f"  {number} deferred: a machine may supply {join_names(list(replay.deferred))}"
    if number := replay.counts["unknown"]:
        yield f"  {number} unknown: the platform keeps too little of what they were given"


def _place(refusal: Refusal) -> str:
    """The place as a person says it: an input by its name alone."""
    head, *rest = refusal.path
    within = Refusal(tuple(rest), "", "").place
    if head == "steps":
        return f"{Refusal(tuple(rest[2:]), '', '').place} of step `{rest[0]}`"
    return f"output {within}".rstrip() if head == "outputs" else within or "the inputs"


def _distinct_examples(replay: Replay) -> list[ReplayExample]:
    """One for each reason, the newest."""
    found: dict[tuple[str, str], ReplayExample] = {}
    for one in replay.examples:
        found.setdefault((one.refusal.place, one.refusal.keyword), one)
    return list(found.values())
