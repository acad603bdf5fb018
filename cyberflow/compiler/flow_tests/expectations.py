"""Values as a test expects them, held against what could ever be: matchers that exist, types that allow them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyberflow.compiler.flow_tests.faults import Fault, member_type, value_faults, wrong_type
from cyberflow.diagnostics import did_you_mean
from cyberflow.language.flow_tests.cases import is_matcher
from cyberflow.schema.paths import FoundType, lookup
from cyberflow.schema.regex.pattern import pattern_problem
from cyberflow.schema.values import Schema

MATCHERS = ("$any", "$absent", "$null", "$match", "$contains", "$length", "$not", "$exact")
_FLAGS = ("$any", "$absent", "$null")


def find_expectation_faults(owner: str, name: str, value: Any, schema: Schema) -> Iterator[Fault]:
    """What keeps a value, of this name and type, from ever being what is expected. Keys lead into the expectation."""
    if is_matcher(value):
        ((matcher, argument),) = value.items()
        yield from _matcher_faults((owner, name), matcher, argument, schema)
    elif isinstance(value, Mapping):
        yield from _mapping_faults((owner, name), value, schema)
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for index, item in enumerate(value):
            inside = f"{name}[{index}]"
            found = find_expectation_faults(owner, inside, item, _entry_type(schema, index))
            yield from (fault.below(index) for fault in found)
    else:
        yield from value_faults(owner, name, value, schema)


def _mapping_faults(names: tuple[str, str], value: Mapping[str, Any], schema: Schema) -> Iterator[Fault]:
    owner, name = names
    if matcher := next((key for key in value if key in MATCHERS), None):
        help = "a matcher is the one key of its mapping"
        yield Fault((matcher,), "wrong-type", f"`{matcher}` must stand alone", "key", help=help)
        return
    for key, item in value.items():
        member = member_type(name, str(key), schema, "unknown-property")
        if isinstance(member, Fault):
            yield member.below(key)
        else:
            found = find_expectation_faults(owner, f"{name}.{key}", item, True if member is None else member)
            yield from (fault.below(key) for fault in found)


def _matcher_faults(names: tuple[str, str], matcher: str, argument: Any, schema: Schema) -> Iterator[Fault]:
    owner, name = names
    if matcher not in MATCHERS:
        help = did_you_mean(matcher, MATCHERS)
        yield Fault(
            (matcher,),
            "unknown-key",
            f"there is no matcher `{matcher}`",
            "key",
            help=help,
            word=matcher,
            known=tuple(MATCHERS),
        )
    elif matcher in _FLAGS and argument is not True:
        yield wrong_type((matcher,), f"`{matcher}` must be `true`", argument, f"write `{{{matcher}: true}}`")
    elif matcher == "$null":
        yield from value_faults(owner, name, None, schema)
    elif matcher in ("$not", "$exact"):
        found = find_expectation_faults(owner, name, argument, schema)
        yield from (fault.below(matcher) for fault in found)
        whole = name in ("inputs", "outputs")  # of a run that failed there may be none
        if matcher == "$exact" and not whole and isinstance(argument, Mapping) and not _holds_matcher(argument):
            yield from (fault.below(matcher) for fault in value_faults(owner, name, argument, schema) if not fault.keys)
    else:
        find = {"$match": _match_faults, "$length": _length_faults, "$contains": _contains_faults}.get(matcher)
        yield from find(names, argument, schema) if find else ()


def _length_faults(names: tuple[str, str], length: Any, schema: Schema) -> Iterator[Fault]:
    owner, name = names
    if isinstance(length, bool) or not isinstance(length, int) or length < 0:
        yield wrong_type(("$length",), "`$length` must be a whole number", length)
    elif not _may_be(schema, "string", "array", "object"):
        yield Fault(("$length",), "type-mismatch", f"`{name}` of `{owner}` has no length", "key", declared=name)


def _match_faults(names: tuple[str, str], pattern: Any, schema: Schema) -> Iterator[Fault]:
    owner, name = names
    if not isinstance(pattern, str):
        yield wrong_type(("$match",), "`$match` must be a pattern", pattern)
    elif (problem := pattern_problem(pattern)) is not None:
        yield Fault(("$match",), "bad-schema", f"`{pattern}` is not a pattern", note=problem)
    elif not _may_be(schema, "string"):
        message = f"`{name}` of `{owner}` is not text, and no pattern matches it"
        yield Fault(("$match",), "type-mismatch", message, "key", declared=name)


def _contains_faults(names: tuple[str, str], argument: Any, schema: Schema) -> Iterator[Fault]:
    owner, name = names
    if not _may_be(schema, "string", "array"):
        message = f"`{name}` of `{owner}` is neither text nor a list, and contains nothing"
        yield Fault(("$contains",), "type-mismatch", message, "key", declared=name)
    elif not _may_be(schema, "array"):
        if not isinstance(argument, str):
            yield wrong_type(("$contains",), "`$contains` of a text must be text", argument)
    elif not _may_be(schema, "string"):
        found = find_expectation_faults(owner, f"{name}[0]", argument, _entry_type(schema, 0))
        yield from (fault.below("$contains") for fault in found)


def _entry_type(schema: Schema, index: int) -> Schema:
    found = lookup(schema, (index,))
    return found.schema if isinstance(found, FoundType) else True


def _may_be(schema: Schema, *kinds: str) -> bool:
    """Whether a type may hold a value of one of these kinds, as far as its `type` says."""
    if not isinstance(schema, Mapping) or "type" not in schema:
        return schema is not False
    named = schema["type"]
    return bool(set(kinds) & set([named] if isinstance(named, str) else named))


def _holds_matcher(value: Any) -> bool:
    if isinstance(value, Mapping):
        return is_matcher(value) or any(map(_holds_matcher, value.values()))
    return isinstance(value, list) and any(map(_holds_matcher, value))
