"""What `check --remote` says of machines and models, from an inventory that nothing was asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cyberflow.client.cyberdesk.wire import Machine, Model, Pool
from cyberflow.compiler.check import check_target
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.project.load import read_project
from cyberflow.remote.inventory import Inventory
from cyberflow.remote.requirements.check import check_against

Check = Callable[[str, Inventory], list[Diagnostic]]
UUID = "8e1e5f8c-9cdc-4bb5-b22a-73c3c7931ba0"
STEPS = "steps: [{id: s, workflow: w}]"


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def check(text: str, offer: Inventory) -> list[Diagnostic]:
        (tmp_path / "cyberflow.yaml").write_text(f"project: clinic\n{text}", encoding="utf-8")
        graph, _, _ = check_target(read_project(tmp_path), "local")
        return list(check_against(graph, offer))

    return check


def machine(name: str, status: str = "connected") -> Machine:
    return Machine(id=f"id-{name}", status=status, name=name)


def offer(*machines: Machine, **pools: list[str]) -> Inventory:
    made = tuple(Pool(id=f"id-{name}", name=name) for name in pools)
    members = {f"id-{name}": frozenset(f"id-{one}" for one in names) for name, names in pools.items()}
    return Inventory("prod", machines, made, pool_members=members)


def project(place: str) -> str:
    return f"workflows: {{w: {{prompt: Go}}}}\nchains: {{c: {{{place}{STEPS}}}}}\n"


OFF, ON, LOST = machine("a", "disconnected"), machine("b"), machine("c", "error")


@pytest.mark.parametrize(
    ("place", "there", "expected"),
    [
        ("", offer(OFF), "prod: no machine is connected (`a` disconnected)"),
        ("", offer(OFF, LOST), "prod: no machine is connected (`a` disconnected, `c` error)"),
        ("", offer(), "prod: there is no machine"),
        ("", offer(OFF, ON), None),
        ("", offer(OFF, machine("d", "rebooting")), None),
        ("machine: a, ", offer(OFF, ON), "prod: the machine `a` is not connected (`a` disconnected)"),
        ("machine: b, ", offer(OFF, ON), None),
        ("machine: c, ", offer(LOST, ON), "prod: the machine `c` is not connected (`c` error)"),
        ("pools: [p], ", offer(OFF, ON, p=["a"]), "prod: no machine in `p` is connected (`a` disconnected)"),
        ("pools: [p], ", offer(OFF, ON, p=["a", "b"]), None),
        ("pools: [p, q], ", offer(OFF, ON, p=["a", "b"], q=["a"]), "prod: no machine in `p` and `q` is connected"),
        ("pools: [p], ", offer(OFF, ON, p=[]), "prod has no machine that is in `p`"),
    ],
)
def test_machines_that_no_run_would_get_are_told(check: Check, place: str, there: Inventory, expected: str) -> None:
    found = check(project(place), there)

    assert [one.rule for one in found] == ([] if expected is None else ["not-on-target"])
    assert not found or found[0].message.startswith(expected)


def test_machines_that_are_away_are_told_once_for_all_that_take_any(check: Check) -> None:
    chains = "\n".join(f"  c{n}: {{{STEPS}}}" for n in range(3))

    assert len(check(f"workflows: {{w: {{prompt: Go}}, v: {{prompt: Go}}}}\nchains:\n{chains}\n", offer(OFF))) == 1
    assert len(check("workflows: {w: {prompt: Go}, v: {prompt: Go}}\n", offer(OFF))) == 1


@pytest.mark.parametrize("name", [UUID.upper(), UUID.replace("-", "")])
def test_machines_and_pools_are_named_by_their_ids_in_any_form(check: Check, name: str) -> None:
    there = Inventory(
        "prod",
        (Machine(id=UUID, status="connected"),),
        (Pool(id=UUID, name="p"),),
        pool_members={UUID: frozenset({UUID})},
    )

    assert check(project(f"machine: '{name}', "), there) == []
    assert check(project(f"pools: ['{name}'], "), there) == []


MODELS = (Model(id="m-1", name="Fast One"), Model(id="m-2", name="Old", is_archived=True))


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ('Use focused_action with model="Fast One".', None),
        ('Use focused_action with model="Fast Onne".', "there is no model configuration `Fast Onne`"),
        ("Use extract_prompt='totals' model = 'Fast Too'.", "there is no model configuration `Fast Too`"),
        ('Take a screenshot with model="Old".', "the model configuration `Old` is archived"),
        ('Use focused_action (model="m-1").', None),
        ('Use focused_action with model="{{chosen}}".', None),
        ('Type model="X200" into the field.', None),
        ("Use focused_action on the model X200.", None),
    ],
)
def test_models_that_prompts_name_are_looked_up(check: Check, prompt: str, expected: str | None) -> None:
    text = f"workflows:\n  w:\n    prompt: |\n      First, sign in.\n      {prompt}\n"
    found = check(text, Inventory("prod", (ON,), models=MODELS))

    assert [one.rule for one in found] == ([] if expected is None else ["not-on-target"])
    assert expected is None or expected in found[0].message


def test_a_model_in_a_prompt_is_shown_at_its_place(check: Check, tmp_path: Path) -> None:
    text = 'workflows:\n  w:\n    prompt: |\n      Use focused_action with model="Slow".\n'
    (found,) = check(text, Inventory("prod", (ON,), models=MODELS))

    span = read_project(tmp_path).sources.span(found.place)
    assert (span.line, span.column, span.end_column) == (5, 38, 42)
