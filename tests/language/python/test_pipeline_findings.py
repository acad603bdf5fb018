"""What a pipeline in Python cannot be: each told at the user's line, with what to write in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from cyberflow.compiler.check import check
from cyberflow.language.project.load import read_project

HEAD = '''
from pydantic import BaseModel
from cyberflow import Secret, call, each, pipeline, pluck, signal, task_ref, wait, workflow

class Found(BaseModel):
    names: list[str]
    sure: bool

@workflow
def find(month: str) -> Found:
    """List what is due in <month>."""

@workflow
def tell(text: str) -> None:
    """Say <text>."""

poster = task_ref("poster")

@pipeline
def twin(month: str, *, pin: Secret) -> None:
    found = find(month=month)
'''
TASK = "tasks: {poster: {workflow: text-to-image@2, inputs: {heading: string}, parameters: {prompt: <heading>}}}\n"
CASES = [
    ("if found.sure: tell(text=month)", "neither true nor false", "`when=`"),
    ("for one in found.names: tell(text=one)", "cannot be iterated over", "`each(items, lambda item: …)`"),
    ("each(found.names, lambda one: one)", "this makes 0", "`call` a function"),
    ("each(found.names, lambda one: [tell(text=one), find(month=one)])", "this makes 2", "of their own"),
    ("done = each(found.names, lambda one: find(month=one)); tell(text=done)", "one set of outputs", "pluck"),
    ("pluck(found.names, lambda one: one)", "out of what `each` gave", "a list inside an output"),
    ("call(lambda month: None, month=month)", "a name of its own", "at the top of a module"),
    ('signal(f"{pin}?", name="ask", timeout="1h")', "the secret `pin` stands in a text", "`Secret` parameter"),
    ('tell(text=poster(heading=month).files["a"])', "is not a value", "`files=`"),
    ('tell.step("x", after=[3])(text=month)', "is not a step", 'after=["release"]'),
    ('wait("2h", name="a b")', "cannot be the name of a step", "letters"),
    ("find.in_session('x')", "a pipeline has none", "begins the session"),
]


@pytest.mark.parametrize(("line", "said", "helped"), CASES, ids=[one[0][:40] for one in CASES])
def test_a_misuse_is_one_finding_at_its_line(line: str, said: str, helped: str, tmp_path: Path) -> None:
    (tmp_path / "cyberflow.yaml").write_text(f"project: clinic\npython: [flows.py]\n{TASK}", encoding="utf-8")
    (tmp_path / "flows.py").write_text(f"{HEAD}    {line}\n", encoding="utf-8")
    sourced = read_project(tmp_path)
    found = [one for one in check(sourced) if one.rule == "python-error"]
    assert len(found) == 1, found
    assert said in found[0].message
    assert helped in (found[0].help or "")
    assert sourced.sources.span(found[0].place).line == len(HEAD.splitlines()) + 1


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ('wait("1h", name="find")', '`name="again"`'),
        ('signal("Sure?", name="find", timeout="1h")', '`name="again"`'),
        ("find(month=month)", '`.step("again")` before its `(…)`'),
    ],
)
def test_a_second_step_of_a_name_is_told_how_to_get_its_own(line: str, written: str, tmp_path: Path) -> None:
    (tmp_path / "cyberflow.yaml").write_text(f"project: clinic\npython: [flows.py]\n{TASK}", encoding="utf-8")
    (tmp_path / "flows.py").write_text(f"{HEAD}    {line}\n", encoding="utf-8")
    (found,) = [one for one in check(read_project(tmp_path)) if one.rule == "duplicate-step"]
    assert found.help == f"give one a name of its own, by {written}"
