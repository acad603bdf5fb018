"""What a post-run check wants of a run's files: which names, or how many, and whether those that are there will do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyberflow.emulator.engine.substitution import PathOnScalar, lookup, steps_of, text_of
from cyberflow.emulator.files import attachment_files
from cyberflow.emulator.store.store import Document
from cyberflow.schema.values import EMPTY

LOOP_ITEM = re.compile(r"\{\{?\s*(loop_item[^{}]*?)\s*\}?\}")
KINDS = frozenset({"run_attachment_exists", "run_attachment_image_check"})


@dataclass(frozen=True, slots=True)
class CheckEvidence:
    """What checks look at: the run's inputs, outputs and exported files. `scripted`: the script says which files."""

    inputs: Mapping[str, Any]
    output: Any
    filenames: Sequence[str]
    scripted: bool = True


def target_filenames(check: Document, inputs: Mapping[str, Any], output: Any) -> list[str]:
    """The names that a check lists, or makes of the items of a loop."""
    mode = check["file_target_mode"]
    if mode == "loop_items":
        items = _find_value(check["loop_input"], inputs, output)
        template = check["loop_item_filename_template"] or "{{loop_item}}"
        return [_fill_template(template, item) for item in _loop_items(items)]
    return list(check["file_names"] or ()) if mode in {"exact", None} else []


def match_filenames(check: Document, evidence: CheckEvidence) -> list[str]:
    if check["type"] not in KINDS:
        return []
    if check["file_target_mode"] == "regex":
        pattern = re.compile(check["file_name_regex"] or "")
        return [name for name in evidence.filenames if pattern.search(name)]
    names = target_filenames(check, evidence.inputs, evidence.output)
    if not names and check["file_target_mode"] is None:
        return list(evidence.filenames)
    return [name for name in evidence.filenames if name in names]


def verdict(check: Document, evidence: CheckEvidence) -> tuple[str, str | None]:
    try:
        found = match_filenames(check, evidence)
        why = _failure_reason(check, evidence, found)
    except re.error:
        return "failed", "file_name_regex is not a regular expression"
    if why is None and check["type"] == "run_attachment_image_check":
        others = [name for name in found if not attachment_files.content_type_of(name).startswith("image/")]
        why = f"No image: {', '.join(others)}" if others else None
    return ("failed", why) if why else ("success", None)


def _failure_reason(check: Document, evidence: CheckEvidence, found: Sequence[str]) -> str | None:
    lenient = check["allow_missing_attachments"]
    if check["file_target_mode"] == "regex":
        return _count_mismatch(check, evidence, found)
    names = target_filenames(check, evidence.inputs, evidence.output)
    missing = [name for name in names if name not in found]
    if not names and not found:
        missing = ["any file"]
    return f"Missing: {', '.join(missing)}" if missing and not lenient else None


def _count_mismatch(check: Document, evidence: CheckEvidence, found: Sequence[str]) -> str | None:
    """What no script exports has no names yet, so it fits every pattern."""
    if not found and not evidence.scripted:
        return None
    expected = check["expected_match_count"]
    if expected is None and check["expected_match_count_ref"]:
        expected = _to_count(_find_value(check["expected_match_count_ref"], evidence.inputs, evidence.output))
    few = len(found) < (1 if expected is None else expected)
    many = expected is not None and len(found) > expected
    if many or (few and not check["allow_missing_attachments"]):
        return f"{len(found)} files match, not {'one or more' if expected is None else expected}"
    return None


def _to_count(value: Any) -> int | None:
    if isinstance(value, list | dict):
        return len(value)
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _loop_items(value: Any) -> list[Any]:
    """As a loop takes them: an array, or a number that counts from 0."""
    if isinstance(value, list):
        return value
    number = _to_count(value) if not isinstance(value, dict) else None
    return list(range(min(number, 1000))) if number else []


def _find_value(path: str | None, inputs: Mapping[str, Any], output: Any) -> Any:
    """A name or path, with or without its braces, in the outputs or else in the inputs."""
    steps = steps_of((path or "").strip("{} $"))
    for place in (output, inputs):
        if steps and isinstance(place, Mapping) and steps[0] in place:
            try:
                return lookup(place, steps)
            except PathOnScalar:
                return EMPTY
    return EMPTY


def _fill_template(template: str, item: Any) -> str:
    def value(token: re.Match[str]) -> str:
        try:
            return text_of(lookup({"loop_item": item}, steps_of(token[1])))
        except PathOnScalar:
            return EMPTY

    return LOOP_ITEM.sub(value, template)
