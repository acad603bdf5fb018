"""A plan and its outcomes as a person reads them. Functions over finished values; colours for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cyberflow.cli.styles import indent_lines, one_line, style
from cyberflow.cli.views.plans.replay_text import replay_lines
from cyberflow.deploy.plan.diff import field_diff
from cyberflow.deploy.plan.model import Change, Outcome, Plan
from cyberflow.diagnostics import pluralize

_SIGNS = {
    "create": ("+", "green"),
    "upload": ("+", "green"),
    "update": ("~", "yellow"),
    "rename": ("~", "yellow"),
    "adopt": ("+", "green"),
    "delete": ("-", "red"),
    "release": ("-", "yellow"),
    "drift": ("!", "magenta"),
    "lost": ("!", "red"),
    "copy": ("=", "blue"),
}
_TINTS = {"+": "green", "-": "red", "@": "cyan"}
_VERDICTS = {"cosmetic": "green", "behavioural": "yellow", "contract": "magenta", "breaking": "red"}
_SAID = {
    "create": "{} to create",
    "update": "{} to update",
    "rename": "{} to rename",
    "adopt": "{} to adopt",
    "drift": "{} changed by hand",
    "upload": "{} to upload",
    "delete": "{} to delete",
    "release": "{} to release",
}
_DONE = {
    "create": "created",
    "update": "updated",
    "rename": "renamed",
    "drift": "overwritten",
    "upload": "uploaded",
    "adopt": "adopted",
    "delete": "deleted",
    "release": "released",
}
_SHOWN_RUNS = 3
_MARKS = {"done": ("✓", "green"), "unchanged": ("=", "blue"), "conflict": ("!", "magenta"), "failed": ("✗", "red")}


def plan_lines(plan: Plan, *, values: bool = False) -> Iterator[str]:
    """The whole plan: what would change, what stands in the way, what is only told, and a line that sums it up. With
    `values` the values of past runs are shown too.
    """
    for change in plan.changes:
        yield from _change(change, plan, values=values)
    for problem in plan.errors:
        yield from _problem("error", "red", problem.message, problem.help)
    for problem in plan.conflicts:
        yield from _problem("conflict", "magenta", problem.message, problem.help)
    for problem in plan.refused:
        yield from _problem("refused", "red", problem.message, problem.help)
    for kept in plan.kept:
        yield _dim(f"  = workflow {one_line(kept.name)} {kept.id}: {one_line(kept.reason)}")
    created = any(change.kind == "workflow" and change.action == "create" for change in plan.changes)
    if created and (gone := next((one.name for one in plan.kept if one.prunable), None)):
        yield f"  {style('help', bold=True)}: if `{gone}` was renamed, declare `was: {gone}` at its new name"
    if plan.changes or plan.errors or plan.conflicts or plan.refused or plan.kept:
        yield ""
    yield summary(plan)


def summary(plan: Plan) -> str:
    """`2 to create, 1 to update`, or that there is nothing to do."""
    if not plan.pending:
        if plan.errors or plan.conflicts or plan.exit_code:
            return "nothing will be changed"
        workflows = pluralize(len(plan.bundle.workflows), "workflow")
        return f"{style('no changes', fg='green', bold=True)}: {workflows} as declared"
    counts = {(action, kind): 0 for action in _SAID for kind in ("workflow", "image", "tag")}
    for change in plan.changes:
        if (change.action, change.kind) in counts:
            counts[change.action, change.kind] += 1
    parts = [_SAID[action].format(pluralize(number, kind)) for (action, kind), number in counts.items() if number]
    return style("plan", bold=True) + ": " + ", ".join(parts)


def image_lines(plan: Plan) -> Iterator[str]:
    """The images of ours that nothing uses."""
    yield ""
    if not plan.orphans:
        yield "every image that cyberflow uploaded is in use"
        return
    yield f"{pluralize(len(plan.orphans), 'image')} of ours that nothing uses; `apply --prune-images` deletes them:"
    for image in plan.orphans:
        size = f"  {image.size_bytes / 1024:.0f} kB" if image.size_bytes else ""
        yield f"  {one_line(image.filename)}{size}  {_dim(one_line(image.supabase_url))}"


def live_text(runs: Sequence[str]) -> str:
    """`2 live runs: ID, ID`, the first few by name."""
    more = f" and {len(runs) - _SHOWN_RUNS} more" if len(runs) > _SHOWN_RUNS else ""
    return f"{pluralize(len(runs), 'live run')}: {', '.join(runs[:_SHOWN_RUNS])}{more}"


def outcome_line(outcome: Outcome) -> str:
    """One line for what became of one change, with its id."""
    sign, colour = _MARKS.get(outcome.status, ("·", "blue"))
    verb = _DONE.get(outcome.action, outcome.action) if outcome.status == "done" else outcome.status
    id = f"  {_dim(outcome.id)}" if outcome.id and outcome.kind != "image" else ""
    text = f": {indent_lines(outcome.message, '    | ')}" if outcome.message and outcome.status != "skipped" else ""
    return f"  {style(sign, fg=colour, bold=True)} {verb:<9} {outcome.kind} {one_line(outcome.name)}{id}{text}"


def _change(change: Change, plan: Plan, *, values: bool = False) -> Iterator[str]:
    sign, colour = _SIGNS.get(change.action, ("·", "blue"))
    reason = f"  {_dim(one_line(change.reason))}" if change.reason else ""
    id = f"  {_dim(change.id)}" if change.id and change.kind != "image" and change.action != "create" else ""
    yield f"  {style(sign, fg=colour, bold=True)} {change.kind} {style(one_line(change.name), bold=True)}{id}{reason}"
    yield from _meaning(change, values=values)
    if runs := plan.live.get(change.id or ""):
        yield f"      {style(live_text(runs), fg='yellow')}"
    if change.action == "create":
        return
    for field in change.fields:
        if isinstance(field.before, bool | None) and isinstance(field.after, bool):
            yield f"      {field.path}: {str(bool(field.before)).lower()} → {str(field.after).lower()}"
            continue
        lines = field_diff(field, images=plan.image_names)
        if len(lines) == 3:  # noqa: PLR2004 - a heading, one line before and one after fit on one line
            yield f"      {field.path}: {style(lines[1][1:], fg='red')} → {style(lines[2][1:], fg='green')}"
            continue
        yield f"      {field.path}"
        yield from (f"        {_tint(line)}" for line in hunks(lines, "⋮"))


def _meaning(change: Change, *, values: bool) -> Iterator[str]:
    """Whom the change breaks, what the edit means, and what past runs say to it."""
    for broken in change.breaking:
        yield f"      {style(one_line(str(broken)), fg='red')}"
    if change.verdict and (change.verdict.word != "breaking" or change.verdict.reasons):
        yield f"      {style(one_line(str(change.verdict)), fg=_VERDICTS[change.verdict.word])}"
    if change.replay:
        colour = "red" if change.replay.refused else None
        lines = replay_lines(change.replay, values=values)
        yield from (f"      {style(one_line(line), fg=colour)}" for line in lines)


def hunks(lines: Sequence[str], between: str) -> Iterator[str]:
    """The lines of a diff, with a sign between two parts in place of their numbers."""
    for index, line in enumerate(lines):
        if not line.startswith("@@"):
            yield line
        elif index:
            yield between


def _tint(line: str) -> str:
    return style(line, fg=_TINTS[line[0]]) if line[:1] in _TINTS else line


def _problem(word: str, colour: str, message: str, help: str | None) -> Iterator[str]:
    yield f"{style(word, fg=colour, bold=True)}: {indent_lines(message, '  | ')}"
    if help:
        yield f"  {style('help', bold=True)}: {indent_lines(help, '  | ')}"


def _dim(text: str) -> str:
    return style(text, dim=True)
