"""Whatever people do on either side, in any order: apply converges, a plan after it is empty, and what is not the
project's stays as it was.
"""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from deploy_world import OWNER, SEARCH, Account, bundle_of, declared, image
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cyberflow.deploy import Prune, adopt, apply, prepare
from cyberflow.remote import Standing, holdings

NAMES = ("one", "two", "three", "four")
PROMPTS = ("<p>Open it.</p>", "<p>Close {mrn}.</p>", f"<p>Click {image(SEARCH)}</p>", "Plain")
SCHEMAS = (None, '{"type":"object","properties":{"mrn":{"type":"string"}}}')
pytestmark = pytest.mark.slow


class Deployments(RuleBasedStateMachine):
    """A project with some of four workflows, an account with them and two of somebody else's."""

    @initialize()
    def begin(self) -> None:
        self.account = Account()
        self.sources: dict[str, dict[str, Any]] = {"one": {}}
        self.was: dict[str, str] = {}
        self.strangers = [
            self.account.ask(lambda desk, body=body: desk.workflows.create(body))
            for body in (
                {"name": "One", "main_prompt": "<p>Not yours.</p>"},
                {"name": "Other", "main_prompt": "<p>x</p>", "input_schema": '{"$comment":"cyberflow:else/one new x"}'},
            )
        ]
        self.copies: list[str] = []

    def teardown(self) -> None:
        if hasattr(self, "account"):
            self.account.close()

    @property
    def bundle(self) -> Any:
        made = []
        for name, fields in self.sources.items():
            one = declared(name, fields.get("prompt", PROMPTS[0]), tags=fields.get("tags"))
            one.payload.update({"input_schema": fields.get("schema"), "name": f"{name.title()} of ours"})
            made.append(type(one)(one.name, one.payload, self.was.get(name), one.tags))
        return bundle_of(*made)

    def managed(self) -> dict[str, Any]:
        return {
            one.name: one.workflow
            for one in holdings(self.account.snapshot().workflows, OWNER)
            if one.standing is Standing.MANAGED and one.name
        }

    @rule(name=st.sampled_from(NAMES), prompt=st.sampled_from(PROMPTS), schema=st.sampled_from(SCHEMAS))
    def edit_source(self, name: str, prompt: str, schema: str | None) -> None:
        self.sources[name] = {**self.sources.get(name, {}), "prompt": prompt, "schema": schema}

    @rule(name=st.sampled_from(NAMES), tags=st.sampled_from((None, [], ["A"], ["A", "B"])))
    def edit_tags(self, name: str, tags: list[str] | None) -> None:
        self.sources[name] = {**self.sources.get(name, {}), "tags": tags}

    @rule(name=st.sampled_from(NAMES))
    def drop_source(self, name: str) -> None:
        if len(self.sources) > 1:
            self.sources.pop(name, None)
            self.was.pop(name, None)

    @rule(old=st.sampled_from(NAMES), new=st.sampled_from(NAMES))
    def rename(self, old: str, new: str) -> None:
        if old in self.sources and new not in self.sources:
            self.sources[new] = self.sources.pop(old)
            self.was = {key: value for key, value in self.was.items() if key != old} | {new: old}

    @rule(name=st.sampled_from(NAMES), prompt=st.sampled_from(PROMPTS[:2]))
    def edit_by_hand(self, name: str, prompt: str) -> None:
        if there := self.managed().get(name):
            self.account.rewrite(there.id, main_prompt=prompt, name="By hand")

    @rule(name=st.sampled_from(NAMES))
    def rewrite_schema_by_hand(self, name: str) -> None:
        if there := self.managed().get(name):
            self.account.rewrite(there.id, input_schema='{"type":"object"}')

    @rule(name=st.sampled_from(NAMES))
    def delete_by_hand(self, name: str) -> None:
        if there := self.managed().get(name):
            self.account.delete(there.id)

    @rule(name=st.sampled_from(NAMES))
    def take_off_the_tag(self, name: str) -> None:
        if there := self.managed().get(name):
            ours = next(tag.id for tag in there.tags if tag.name == OWNER.tag)
            self.account.ask(lambda desk: desk.workflows.remove_tag(there.id, ours))

    @precondition(lambda self: len(self.copies) < 2)
    @rule(name=st.sampled_from(NAMES))
    def duplicate(self, name: str) -> None:
        if there := self.managed().get(name):
            self.copies.append(self.account.ask(lambda desk: desk.workflows.duplicate(there.id)).id)

    @rule(prune=st.booleans())
    def apply_and_plan(self, prune: bool) -> None:
        """Overwriting drift and taking back what was lost, the account comes to say what is declared."""
        bundle, wanted = self.bundle, Prune(workflows=prune, force=True)
        foreign = self._not_ours()

        async def converge(desk: Any) -> Any:
            planned = await prepare(desk, bundle, OWNER, (), wanted)
            for change in planned.changes:
                if change.action == "lost":
                    await adopt(desk, bundle, OWNER, change.name, change.id or "")
            planned = await prepare(desk, bundle, OWNER, (), wanted)
            outcomes = [one async for one in apply(planned, desk, {_hash(): SEARCH}.__getitem__, overwrite_drift=True)]
            return planned, outcomes, await prepare(desk, bundle, OWNER, (), wanted)

        planned, outcomes, after = self.account.ask(converge)
        if planned.conflicts:
            return
        assert {one.status for one in outcomes} <= {"done", "unchanged"}, outcomes
        assert [one for one in after.changes if one.action != "copy"] == []
        assert set(self.sources) <= set(self.managed())
        assert self._not_ours() == foreign
        if prune:
            assert set(self.managed()) == set(self.sources)
        self.was = {}

    def _not_ours(self) -> dict[str, Any]:
        """What must not be touched, with all that a touch would change."""
        ids = {one.id for one in self.strangers} | set(self.copies)
        found = (one for one in self.account.snapshot().workflows if one.id in ids)
        return {one.id: (one.updated_at, one.input_schema, [tag.name for tag in one.tags or ()]) for one in found}

    @invariant()
    def strangers_are_as_they_were(self) -> None:
        if hasattr(self, "strangers"):
            there = self._not_ours()
            assert all(there[one.id] == (one.updated_at, one.input_schema, []) for one in self.strangers)


def _hash() -> str:
    source: str = json.loads(json.dumps(image(SEARCH)))
    return source.split("sha256/")[1][:64]


Deployments.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestDeployments = Deployments.TestCase
