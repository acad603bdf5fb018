"""Whatever people do on either side, in any order: apply converges, a plan after it is empty, and what is not the
project's stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cyberflow.compiler.bundle import BundledWorkflow
from cyberflow.deploy.apply.adopt import adopt
from cyberflow.deploy.apply.apply import apply
from cyberflow.deploy.apply.prepare import prepare
from cyberflow.deploy.plan.model import PruneOptions
from cyberflow.deploy.pull.pull import choose_workflows, image_files
from cyberflow.deploy.pull.verify import verify_pull
from cyberflow.remote.identity import Ownership, list_owned_workflows
from cyberflow.remote.images import fetch_images
from cyberflow.remote.snapshot import read_snapshot
from cyberflow.sdk.project import compile_project
from tests.deploy.deploy_world import CONTENTS, OWNER, SEARCH, Account, bundle_of, declared, image

NAMES = ("one", "two", "three", "four")
PROMPTS = ("<p>Open it.</p>", "<p>Close {mrn}.</p>", f"<p>Click {image(SEARCH)}</p>", "Plain")
SCHEMAS = (None, '{"type":"object","properties":{"mrn":{"type":"string"}}}')
BY_HAND = (
    {"main_prompt": "<div><p>As the editor</p> <ul><li>writes it</li></ul></div>", "output_schema": '{"mrn":"string"}'},
    {"main_prompt": "Plain {mrn}\nand more", "input_schema": SCHEMAS[1], "includes_file_exports": True},
    {"main_prompt": "<p>{undeclared}</p><p></p>", "post_run_checks": [{"name": "a", "type": "run_attachment_exists"}]},
)
pytestmark = pytest.mark.slow


async def _create(body: dict[str, Any], desk: Any) -> Any:
    return await desk.workflows.create(body)


class Deployments(RuleBasedStateMachine):
    """A project with some of four workflows, an account with them and two of somebody else's."""

    @initialize()
    def begin(self) -> None:
        self.account = Account()
        self.sources: dict[str, BundledWorkflow] = {}
        self.edit_source("one", PROMPTS[0], None)
        self.was: dict[str, str] = {}
        self.strangers = [
            self.account.ask(partial(_create, body))
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
        return bundle_of(*(replace(one, was=self.was.get(name)) for name, one in self.sources.items()))

    def managed(self) -> dict[str, Any]:
        return {
            one.name: one.workflow
            for one in list_owned_workflows(self.account.snapshot().workflows, OWNER)
            if one.ownership is Ownership.MANAGED and one.name
        }

    def source(self, name: str) -> BundledWorkflow:
        new: BundledWorkflow = declared(name, name=f"{name.title()} of ours")
        return self.sources.get(name, new)

    @rule(name=st.sampled_from(NAMES), prompt=st.sampled_from(PROMPTS), schema=st.sampled_from(SCHEMAS))
    def edit_source(self, name: str, prompt: str, schema: str | None) -> None:
        one = self.source(name)
        self.sources[name] = replace(one, payload={**one.payload, "main_prompt": prompt, "input_schema": schema})

    @rule(name=st.sampled_from(NAMES), tags=st.sampled_from((None, [], ["A"], ["A", "B"])))
    def edit_tags(self, name: str, tags: list[str] | None) -> None:
        self.sources[name] = replace(self.source(name), tags=tags)

    @rule(name=st.sampled_from(NAMES))
    def drop_source(self, name: str) -> None:
        if len(self.sources) > 1:
            self.sources.pop(name, None)
            self.was.pop(name, None)

    @rule(old=st.sampled_from(NAMES), new=st.sampled_from(NAMES))
    def rename(self, old: str, new: str) -> None:
        if old in self.sources and new not in self.sources:
            self.sources[new] = replace(self.sources.pop(old), name=new)
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

    @rule(name=st.sampled_from(NAMES))
    def pull(self, name: str) -> None:
        """What is there comes into the sources, declared before or not."""
        if name in self.managed():
            self._pulled([name], self.sources.keys() - {name})

    @precondition(lambda self: len(self.sources) < len(NAMES) + 2)
    @rule(fields=st.sampled_from(BY_HAND))
    def take_over(self, fields: dict[str, Any]) -> None:
        """Somebody makes a workflow by hand; it is pulled and adopted."""
        made = self.account.ask(lambda desk: desk.workflows.create({**fields, "name": "Made by hand"}))
        name = self._pulled([made.id], self.sources, plan=False)
        self.account.ask(lambda desk: adopt(desk, self.bundle, OWNER, name, made.id))
        self._expect_nothing_to_do(name)

    def _pulled(self, names: Sequence[str], taken: Any, *, plan: bool = True) -> str:
        """Write the sources of one workflow and compile them, as `cyberflow pull` and the next command do."""

        async def read(desk: Any) -> Any:
            remote = await read_snapshot(desk)
            chosen = choose_workflows(remote, OWNER, names, taken)
            places = image_files(chosen, remote.images)
            return remote, chosen, places, await fetch_images(desk, list(places))

        remote, chosen, places, contents = self.account.ask(read)
        proof = verify_pull(chosen, remote, OWNER, {path: contents[url] for url, path in places.items()}, places)
        assert proof.faults == {}
        (one,) = proof.pulled
        with TemporaryDirectory() as name:
            files = {path: text.encode() for path, text in one.texts.items()} | proof.images
            for path, content in {**files, "cyberflow.yaml": b"project: clinic\n"}.items():
                (Path(name) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(name) / path).write_bytes(content)
            (self.sources[one.name],) = compile_project(Path(name)).bundle.workflows
        if plan:
            self._expect_nothing_to_do(one.name)
        return one.name

    def _expect_nothing_to_do(self, name: str) -> None:
        planned = self.account.plan(self.bundle, only=[name])
        assert [one for one in planned.changes if one.action != "copy"] == []

    @rule(prune=st.booleans())
    def apply_and_plan(self, prune: bool) -> None:
        """Overwriting drift and taking back what was lost, the account comes to say what is declared."""
        bundle, wanted = self.bundle, PruneOptions(workflows=prune, force=True)
        foreign = self._not_ours()

        async def converge(desk: Any) -> Any:
            planned = await prepare(desk, bundle, OWNER, (), wanted)
            for change in planned.changes:
                if change.action == "lost":
                    await adopt(desk, bundle, OWNER, change.name, change.id or "")
            planned = await prepare(desk, bundle, OWNER, (), wanted)
            outcomes = [one async for one in apply(planned, desk, CONTENTS.__getitem__, overwrite_drift=True)]
            return planned, outcomes, await prepare(desk, bundle, OWNER, (), wanted)

        planned, outcomes, after = self.account.ask(converge)
        if planned.conflicts:
            assert all("may be any of the unmarked workflows" in one.message for one in planned.conflicts)
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


Deployments.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestDeployments = Deployments.TestCase
