"""A plan as a comment on a pull request: a headline, a table, and the differences folded away. One function over a
finished plan; it fits into what GitHub and GitLab take.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cyberflow.cli.styles import unstyle
from cyberflow.cli.views.plans.plan_text import hunks, live_text, summary
from cyberflow.cli.views.plans.replay_text import replay_lines
from cyberflow.deploy.plan.diff import field_diff
from cyberflow.deploy.plan.model import Change, FieldChange, Plan, PlanProblem
from cyberflow.deploy.plan.verdicts import EditVerdict

LONGEST = 60_000
"""Characters: GitHub refuses a comment of more than 65,536."""
_ICONS = {"create": "🟢", "upload": "🟢", "adopt": "🟢", "update": "🟡", "rename": "🟡", "drift": "🟣", "lost": "🔴"}
_ICONS |= {"delete": "🔴", "release": "🟠", "copy": "⚪"}


def plan_markdown(plan: Plan) -> str:
    """The comment; its first line, which nobody sees, is how the next one finds it."""
    head = [
        comment_marker(plan),
        f"### cyberflow plan for `{plan.bundle.target}`",
        "",
        f"**{unstyle(summary(plan))}**",
        *_problems(plan),
    ]
    lines = [*head, *_table(plan)]
    length = sum(len(line) + 1 for line in lines)
    left_out = 0
    for change in plan.changes:
        block = list(_details(change, plan))
        size = sum(len(line) + 1 for line in block)
        if length + size > LONGEST:
            left_out += bool(block)
            continue
        lines += block
        length += size
    if left_out:
        lines += ["", f"The differences of {left_out} more are too long for a comment: see the log of this job."]
    return "\n".join(lines)[: LONGEST + 2000]


def comment_marker(plan: Plan) -> str:
    return f"<!-- cyberflow-plan {plan.bundle.project} {plan.bundle.target} -->"


def _problems(plan: Plan) -> Iterator[str]:
    for word, problems in (("Error", plan.errors), ("Refused", plan.refused), ("Conflict", plan.conflicts)):
        yield from _problem_lines(word, problems)
    for change in plan.changes:
        for broken in change.breaking:
            yield f"\n> ⚠️ `{_cell(change.name)}`: {broken}"
        if change.replay:
            sign = "⚠️" if change.replay.refused else "⏪"
            told = "<br>".join(_cell(line.strip()).replace("*", "\\*") for line in replay_lines(change.replay))
            yield f"\n> {sign} `{_cell(change.name)}`: {told}"


def _problem_lines(word: str, problems: Iterable[PlanProblem]) -> Iterator[str]:
    for one in problems:
        yield f"\n> ❌ **{word}**: {_cell(one.message)}" + (f" ({one.help})" if one.help else "")


def _table(plan: Plan) -> Iterator[str]:
    if not plan.changes and not plan.kept:
        return
    yield from ("", "| | change | name | what |", "|---|---|---|---|")
    for change in plan.changes:
        what = ", ".join(f"`{field.path}`" for field in change.fields) if change.action != "create" else ""
        runs = live_text(plan.live[change.id]) if change.id and change.id in plan.live else ""
        verdict = f"**{change.verdict.word}**{_reasons(change.verdict)}" if change.verdict else ""
        told = "; ".join(filter(None, (verdict, what, _cell(change.reason), runs)))
        yield f"| {_ICONS.get(change.action, '')} | {change.action} {change.kind} | `{_cell(change.name)}` | {told} |"
    for kept in plan.kept:
        yield f"| ⚪ | keep workflow | `{_cell(kept.name)}` | {_cell(kept.reason)} |"


def _reasons(verdict: EditVerdict) -> str:
    return f": {_cell('; '.join(verdict.reasons))}" if verdict.reasons else ""


def _details(change: Change, plan: Plan) -> Iterator[str]:
    fields = [field for field in change.fields if field.path != "is_archived"]
    if change.kind != "workflow" or not fields:
        return
    yield from ("", f"<details><summary><code>{_cell(change.name)}</code>: {change.action}</summary>", "")
    for field in fields:
        yield from _field(field, plan)
    yield "</details>"


def _field(field: FieldChange, plan: Plan) -> Iterator[str]:
    lines = field_diff(field, images=plan.image_names)
    fence = "`" * max(3, max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0) + 1)
    yield from (f"`{field.path}`", f"{fence}diff", *hunks(lines, "@@ @@"), fence, "")


def _cell(text: str) -> str:
    """Text that stays in its cell."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
