"""Saved plans of any garbage: an error of usage with the reason, and never anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.deploy.plan.model import PruneOptions
from cyberflow.deploy.plan.plan import plan
from cyberflow.deploy.plan.plan_file import dump_plan, load_plan
from cyberflow.errors import UsageError
from cyberflow.remote.snapshot import Snapshot
from tests.deploy.deploy_world import OWNER, clinic

SAVED = dump_plan(plan(clinic(), Snapshot(models=()), OWNER, ["book"], PruneOptions(runs=frozenset(), force=True)))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def changed(**fields: Any) -> str:
    return json.dumps({**json.loads(SAVED), **fields})


def test_a_saved_plan_is_read_as_it_was_asked_for() -> None:
    saved = load_plan(SAVED)

    assert (saved.project, saved.target, saved.only) == ("clinic", "local", ("book",))
    assert saved.prune == PruneOptions(force=True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it cannot be read as JSON"),
        ("[" * 100_000, "it cannot be read as JSON"),
        ("{" * 100_000, "it cannot be read as JSON"),
        ("\x00", "it cannot be read as JSON"),
        ("[{}]", "its `kind` is not `cyberflow plan`"),
        ('{"changes": [{}]}', "its `kind` is not `cyberflow plan`"),
        ("5", "its `kind` is not `cyberflow plan`"),
        (changed(kind=["cyberflow plan"]), "its `kind` is not"),
        (changed(version=99), "another version of cyberflow"),
        (changed(version=None), "another version of cyberflow"),
        (changed(target=5), "`target` is not a text"),
        (changed(project=None), "`project` is not a text"),
        (changed(digest=["a"]), "`digest` is not a text"),
        (changed(bundle={}), "`bundle` is not a text"),
        (changed(only="book"), "`only` is not a list of names"),
        (changed(only=["book", 5]), "`only` is not a list of names"),
        (changed(prune=None), "`prune` is not a mapping"),
        (changed(prune={"workflows": True}), "`delete_runs` is not true or false"),
        (changed(prune={"workflows": 1, "delete_runs": 0, "images": 0, "force": 0}), "`workflows` is not true"),
    ],
)
def test_what_is_not_a_saved_plan_is_told_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_plan(text)

    assert why in caught.value.message


@given(st.sampled_from(sorted(json.loads(SAVED))), ANYTHING)
def test_any_value_in_any_field_is_taken_or_an_error_of_usage(field: str, value: Any) -> None:
    try:
        saved = load_plan(changed(**{field: value}))
    except UsageError:
        return
    assert isinstance(saved.target, str)
    assert all(isinstance(name, str) for name in saved.only)


@given(st.integers(0, len(SAVED)), st.text(max_size=3))
def test_a_damaged_file_is_taken_or_an_error_of_usage(at: int, more: str) -> None:
    for text in (SAVED[:at] + more, SAVED[:at] + more + SAVED[at + 1 :]):
        try:
            load_plan(text)
        except UsageError:
            continue
