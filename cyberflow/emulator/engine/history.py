"""The message history of a run: a pure function of its row and the clock, so nothing of it is stored. It reads like
an agent that works through the first lines of the prompt; secrets are only ever their aliases in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cyberflow.emulator.contract.clock import instant, stamp
from cyberflow.emulator.store.runs import RunRow

BUCKET = "run-images"
ACTED_LINES = 8
FRAMES_OF_STEPS = 3

_TOOLS: tuple[tuple[str, str], ...] = (
    ("focused_action", r"focused_action"),
    ("execute_terminal_command", r"execute_terminal_command|powershell"),
    ("mark_file_for_export", r"mark_file_for_export|\bexport\b"),
    ("copy_to_clipboard", r"copy_to_clipboard|\bcopy\b"),
    ("type", r"\b(type|enter|fill|sign in|log in|write)\b"),
    ("key", r"\bpress\b"),
    ("scroll", r"\bscroll\b"),
    ("wait", r"\bwait\b"),
    ("screenshot", r"\b(extract|read|note|verify|check|look|find|capture)\b"),
    ("left_click", r""),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A screenshot: its number, when it was taken, which line was at work (-1 before the first), and a caption."""

    number: int
    at: datetime
    line: int
    caption: str | None = None


@dataclass(frozen=True, slots=True)
class _Moment:
    at: datetime
    line: int
    frames: tuple[Frame, ...]


def messages(run: RunRow, organisation: str, now: datetime) -> list[dict[str, Any]] | None:
    """What the agent has said and seen by now; None before the run has started."""
    if run.started_at is None:
        return None
    seen = instant(run.ended_at) if run.ended_at else now
    moments = [moment for moment in _moments(run) if moment.at <= seen]
    told = [message for moment in moments for message in _step_messages(run, organisation, moment)]
    if run.ended_at:
        told.extend(_closing_messages(run))
    return told


def frames(run: RunRow, now: datetime) -> list[Frame]:
    """The screenshots taken by now."""
    if run.started_at is None:
        return []
    seen = instant(run.ended_at) if run.ended_at else now
    return [frame for moment in _moments(run) if moment.at <= seen for frame in moment.frames]


def image_path(run: RunRow, organisation: str, frame: Frame) -> str:
    """The path below the bucket; a retry's images have names of their own."""
    return f"message-history/{organisation}/{run.id}_{run.plan['attempt']}_{frame.number}.png"


def image_urls(run: RunRow, organisation: str, now: datetime) -> set[str]:
    """Every image reference in the history as it is shown, one that was patched in included."""
    shown = run.doc["run_message_history"] or messages(run, organisation, now) or []
    return {
        block["image_url"]
        for message in shown
        if isinstance(message.get("content"), list)
        for block in message["content"]
        if isinstance(block, dict) and isinstance(block.get("image_url"), str)
    }


def actions(run: RunRow) -> Iterator[dict[str, Any]]:
    """What the agent did, step by step, as a trajectory keeps it; its first step is the look at the screen."""
    yield {"step_index": 0, "tool_name": "screenshot", "tool_input": {}}
    for index, line in enumerate(run.plan["lines"][:ACTED_LINES], 1):
        tool, argument = _action(line)
        yield {"step_index": index, "tool_name": tool, "tool_input": argument}


def _moments(run: RunRow) -> list[_Moment]:
    """Start, one per line that is acted on, and the end, evenly over the run's time, with their screenshots."""
    start = instant(run.started_at or "")
    acted = min(len(run.plan["lines"]), ACTED_LINES)
    last = acted + 1 if acted else 0
    length = timedelta(seconds=run.plan["seconds"])
    times = [start + length * (index / last if last else 0) for index in range(last + 1)]
    scripted = run.plan["script"].get("screenshots")
    captions = scripted if isinstance(scripted, list) and scripted else []
    total = len(captions) or (scripted if isinstance(scripted, int) else min(acted, FRAMES_OF_STEPS) + bool(last) + 1)
    taken: dict[int, list[Frame]] = {}
    for number in range(total):
        index = number * last // max(1, total - 1)
        caption = captions[number] if captions else None
        taken.setdefault(index, []).append(Frame(number + 1, times[index], min(index - 1, acted - 1), caption))
    return [_Moment(at, index - 1, tuple(taken.get(index, ()))) for index, at in enumerate(times)]


def _step_messages(run: RunRow, organisation: str, moment: _Moment) -> Iterator[dict[str, Any]]:
    lines = run.plan["lines"]
    argument: dict[str, Any] = {}
    if moment.line < 0:
        text = (
            f"I will work on “{run.plan['workflow_name']}” on {run.plan['machine_name']}. First a look at the screen."
        )
        tool = "screenshot"
    elif moment.line < min(len(lines), ACTED_LINES):
        text = lines[moment.line]
        tool, argument = _action(text)
    else:
        text = "That was the last step. A look at the result."
        tool = "screenshot"
    use = f"toolu_{run.id[:8]}_{run.plan['attempt']}_{moment.line + 1}"
    spoken = {"type": "text", "text": text}
    called = {"type": "tool_use", "tool_use_id": use, "tool_name": tool, "tool_input": argument}
    yield {"role": "assistant", "timestamp": stamp(moment.at), "content": [spoken, called]}
    result: list[dict[str, Any]] = [{"type": "tool_result", "tool_use_id": use, "tool_result": "Done."}]
    result += [
        {"type": "image", "image_url": f"supabase://{BUCKET}/{image_path(run, organisation, frame)}"}
        for frame in moment.frames
    ]
    yield {"role": "user", "timestamp": stamp(moment.at), "content": result}


def _action(line: str) -> tuple[str, dict[str, Any]]:
    tool = _tool(line)
    aliases = re.findall(r"\{\$[^{}]+\}", line)
    if tool == "type" and aliases:
        return tool, {"text": aliases[0]}
    return tool, {"extract_prompt": line} if tool == "screenshot" else {"instruction": line}


@lru_cache(maxsize=1024)
def _tool(line: str) -> str:
    """Cached, since a history is told anew whenever somebody looks."""
    folded = line.lower()
    return next(name for name, pattern in _TOOLS if re.search(pattern, folded))


def _closing_messages(run: RunRow) -> Iterator[dict[str, Any]]:
    texts = []
    if run.status == "success":
        texts.append("The task is complete.")
    elif run.status == "cancelled":
        texts.append("The run was cancelled.")
    else:
        texts.append("I could not finish: " + "; ".join(run.doc["error"] or ["the task failed"]))
    failed = any(check["status"] == "failed" for check in run.doc["post_run_checks"] or ())
    if failed and run.session_id and run.plan["cleanup_prompt"]:
        texts.append(f"A check failed, so I clean up: {run.plan['cleanup_prompt'][:300]}")
    for text in texts:
        yield {"role": "assistant", "timestamp": run.ended_at, "content": [{"type": "text", "text": text}]}
