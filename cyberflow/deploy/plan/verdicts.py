"""Verdicts of edits: what a change of prompts and schemas means for whoever runs them. Pure; it names what comes and
goes, and takes nothing for layout that could be more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from cyberflow.deploy.plan.reading import ImageKey, PromptReading, read_as_agent
from cyberflow.remote.canonical import PROMPT_FIELDS, canonicalize

EditWord = Literal["cosmetic", "behavioural", "contract", "breaking"]
_STRENGTH: Sequence[EditWord] = ("cosmetic", "behavioural", "contract", "breaking")
_SILENT = frozenset({"name", "tags", "is_webhooks_enabled"})
"""Fields of which the agent and its callers hear nothing."""
_SCHEMAS = {"input_schema": "input", "output_schema": "output"}
_ANNOTATIONS = frozenset({"title", "description", "examples", "$comment", "deprecated"})
_MAPS_OF_SCHEMAS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_VALUES = frozenset({"const", "enum", "default", "required", "dependentRequired"})


@dataclass(frozen=True, slots=True)
class EditVerdict:
    """What an edit means, and why: sentences without their full stop."""

    word: EditWord
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.word, "; ".join(self.reasons))))

    @classmethod
    def strongest(cls, verdicts: Sequence[EditVerdict]) -> EditVerdict | None:
        """The strongest of several, with the reasons of all that are as strong."""
        if not verdicts:
            return None
        word = max((one.word for one in verdicts), key=_STRENGTH.index)
        reasons = (reason for one in verdicts if one.word == word for reason in one.reasons)
        return cls(word, tuple(dict.fromkeys(reasons)))


def judge_edit(
    edits: Mapping[str, tuple[Any, Any]], *, breaks: bool, pixels: Mapping[str, str], names: Mapping[str, str]
) -> EditVerdict | None:
    """Judge the changed fields of a workflow, values before and after in wire form; None where none of them reaches the
    agent or a caller. `pixels` are digests of what images show, by address, `names` how people call them.
    """
    verdicts: list[EditVerdict] = []
    for field, (before, after) in edits.items():
        if field in PROMPT_FIELDS:
            verdicts.append(judge_prompt(before or "", after or "", pixels, names))
        elif field in _SCHEMAS:
            verdicts.append(_judge_schema(field, before, after))
        elif field == "post_run_checks":
            verdicts += _judge_checks(before or [], after or [], pixels, names)
        elif field not in _SILENT:
            verdicts.append(EditVerdict("behavioural", (f"`{field}` changes",)))
    found = EditVerdict.strongest(verdicts)
    if not breaks:
        return found
    return EditVerdict("breaking", found.reasons if found and found.word == "contract" else ())


def judge_prompt(
    before: str, after: str, pixels: Mapping[str, str] | None = None, names: Mapping[str, str] | None = None
) -> EditVerdict:
    """Compare two prompts in wire form."""
    image = _image_key(pixels or {})
    one, other = (read_as_agent(html, image, names or {}) for html in (before, after))
    if named := tuple(_comings_and_goings(one, other)):
        return EditVerdict("contract", named)
    if one.says_the_same(other):
        return EditVerdict("cosmetic", ("the same words, tokens and images",))
    return EditVerdict("behavioural", (_count_changed_blocks(one.blocks, other.blocks),))


def _image_key(pixels: Mapping[str, str]) -> ImageKey:
    return lambda address: pixels.get(address, address)


def _comings_and_goings(before: PromptReading, after: PromptReading) -> Iterator[str]:
    yield from (f"{name} comes" for key, name in after.parts.items() if key not in before.parts)
    yield from (f"{name} goes" for key, name in before.parts.items() if key not in after.parts)


def _count_changed_blocks(before: Sequence[str], after: Sequence[str]) -> str:
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    changed = sum(max(b - a, d - c) for step, a, b, c, d in steps if step != "equal")
    if not changed:
        return "the same words stand in another order of steps"
    return f"{changed} of {max(len(before), len(after), changed)} blocks of the prompt changed"


def _judge_schema(field: str, before: Any, after: Any) -> EditVerdict:
    one, other = (canonicalize({field: text}).get(field) for text in (before, after))
    if _contract_of(one) == _contract_of(other):
        return EditVerdict("behavioural", (f"what `{field}` says of its values changes",))
    named = tuple(_member_changes(_SCHEMAS[field], one or {}, other or {}))
    return EditVerdict("contract", named or (f"`{field}` changes",))


def _member_changes(word: str, before: Any, after: Any) -> Iterator[str]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    was, now = (one.get("properties") or {} for one in (before, after))
    needed, wanted = (one.get("required") or [] for one in (before, after))
    for name in dict.fromkeys((*was, *now)):
        called = f"the secret `{name}`" if name.startswith("$") else f"the {word} `{name}`"
        if (name in was) != (name in now):
            yield f"{called} {'comes' if name in now else 'goes'}"
        elif _contract_of(was[name]) != _contract_of(now[name]):
            yield f"{called} has another type"
        elif (name in needed) != (name in wanted):
            yield f"{called} is {'required' if name in wanted else 'optional'} now"


def _contract_of(schema: Any) -> Any:
    """A schema without what it only says about values."""
    if not isinstance(schema, dict):
        return [_contract_of(one) for one in schema] if isinstance(schema, list) else schema
    return {
        key: {name: _contract_of(one) for name, one in value.items()}
        if key in _MAPS_OF_SCHEMAS and isinstance(value, dict)
        else value
        if key in _VALUES
        else _contract_of(value)
        for key, value in schema.items()
        if key not in _ANNOTATIONS
    }


def _judge_checks(
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    pixels: Mapping[str, str],
    names: Mapping[str, str],
) -> list[EditVerdict]:
    """Checks that differ in their prompts alone are judged by these."""
    one, other = (sorted(checks, key=_check_key) for checks in (before, after))
    if list(map(_check_key, one)) != list(map(_check_key, other)):
        return [EditVerdict("behavioural", ("the checks change",))]
    texts = [[check.get("check_prompt") or "" for check in checks] for checks in (one, other)]
    return [judge_prompt(was, now, pixels, names) for was, now in zip(*texts, strict=True) if was != now]


def _check_key(check: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in check.items() if key != "check_prompt" and value not in (None, False, "", [])}
    return json.dumps(rest, sort_keys=True)
