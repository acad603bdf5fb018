"""Templates: what they give, and that findings in their results point at what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cyberflow.compiler.check import check
from cyberflow.language.project.declarations import decode_project
from cyberflow.language.project.load import read_project

HEAD = "project: clinic\nvars: {name: north, n: 3, rooms: [A, B], on: true, items: {items: 7}, word: nme}\n"


def titles(root: Path, title: str) -> Any:
    (root / "cyberflow.yaml").write_text(HEAD)
    (root / "a.yaml").write_text(f"workflows:\n  a:\n    prompt: x\n    x-t: 1\n    tags: {title}\n")
    project = decode_project(read_project(root), "local")
    assert not project.problems
    return project.workflows["a"].body.tags


def test_one_expression_keeps_its_type_and_text_becomes_text(tmp_path: Path) -> None:
    assert titles(tmp_path, "${{ vars.rooms }}") == ["A", "B"]
    assert titles(tmp_path, "['${{ vars.n }}.', '${{ vars.name }}', '\\${{ x }}']") == ["3.", "north", "${{ x }}"]
    assert titles(tmp_path, "['a ${{ vars.items.items }} ${{ vars.on }} ${{ target }}']") == ["a 7 true local"]


@pytest.mark.parametrize(
    ("prompt", "place", "text"),
    [
        ("{% for r in vars.rooms %}\n- ${{ r }} <nme>\n{% endfor %}\n", "p.md", "<nme>"),
        ("Go ${{ vars.name }}\n{% if vars.on %}\n  <nme>\n{% endif %}\n", "p.md", "<nme>"),
        ("{% include 'in.md' %}\n", "in.md", "<nme>"),
        ("{% import 'macro.md' as m %}\n${{ m.go('x') }}\n", "p.md", "${{ m.go('x') }}"),
        ("Type <${{ vars.word }}>.", "p.md", "<${{ vars.word }}>"),
        ("{% set x %}<nme>{% endset %}\n${{ x }}\n", "p.md", "${{ x }}"),
        ("{# <other> #}\\${{ a }} \\{% b <nme>\n", "p.md", "<nme>"),
        ("{% raw %}${{ a }}{% endraw %} <nme>\n", "p.md", "<nme>"),
    ],
)
def test_a_finding_in_a_result_is_where_it_was_written(tmp_path: Path, prompt: str, place: str, text: str) -> None:
    (tmp_path / "cyberflow.yaml").write_text(HEAD)
    (tmp_path / "a.yaml").write_text("workflows:\n  a: {prompt: {file: p.md}, inputs: {name?: string}}\n")
    (tmp_path / "p.md").write_text(prompt)
    (tmp_path / "in.md").write_text("Line one\n\nType <nme>.\n")
    (tmp_path / "macro.md").write_text("{% macro go(x) %}Type <nme>{% endmacro %}\n")
    sourced = read_project(tmp_path)
    (found,) = check(sourced)
    span = sourced.sources.span(found.place)
    assert (found.rule, span.path) == ("undeclared-input", place)
    assert sourced.sources.lines(place)[span.line - 1][span.column - 1 : span.end_column - 1] == text


@pytest.mark.parametrize(
    "prompt",
    [
        "${{ vars.__class__ }}",
        "${{ ''.__class__.__mro__ }}",
        "${{ vars.nothing }}",
        "${{ range(10) }}",
        "${{ 1 / 0 }}",
        "${{ image('none.png') }}",
        "{% include '../../etc/passwd' %}",
        "{% include '/etc/passwd' %}",
        "{% include 'p.md' %}",
        "{% if %}",
        "${{ }}",
        "{% endif %}",
    ],
)
def test_what_a_template_may_not_do_is_one_finding(tmp_path: Path, prompt: str) -> None:
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n")
    (tmp_path / "a.yaml").write_text("workflows:\n  a: {prompt: {file: p.md}}\n")
    (tmp_path / "p.md").write_text(f"Open.\n{prompt}\n")
    assert [one.rule for one in check(read_project(tmp_path))] == ["template-error"]
