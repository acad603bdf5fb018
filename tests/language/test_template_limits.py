"""Templates that would run for ever or fill the memory: one finding, and soon."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from cyberflow.compiler.check import check
from cyberflow.language.project.load import read_project

SOON = 4.0


def rules(root: Path, **files: str) -> list[str]:
    (root / "cyberflow.yaml").write_text("project: clinic\nvars: {name: north, rooms: [A, B]}\n")
    (root / "a.yaml").write_text("workflows:\n  a: {prompt: {file: p.md}}\n")
    for name, text in files.items():
        (root / f"{name}.md").write_text(text)
    begun = process_time()
    found = [one.rule for one in check(read_project(root))]
    assert process_time() - begun < SOON
    return found


@pytest.mark.parametrize(
    "template",
    [
        "${{ 'x' * 10 ** 9 }}",
        "${{ 10 ** 9 * 'x' }}",
        "${{ [1] * 10 ** 9 }}",
        "${{ 10 ** 999999999 }}",
        "${{ 'x'.ljust(10 ** 10) }}",
        "${{ 'x' | center(10 ** 10) }}",
        "${{ 'x' | center(9999999999) }}",
        "${{ 'a b' | indent(10 ** 10) }}",
        "${{ [1] | tojson(10 ** 10) }}",
        "${{ '%1000000000d' % 1 }}",
        "${{ '%*d' % (10 ** 9, 1) }}",
        "${{ '%1000000000d' | format(1) }}",
        "${{ '{:1000000000}'.format(1) }}",
        "${{ '{:{}}'.format(1, 10 ** 9) }}",
        "${{ ('x' * 9999).replace('', 'y' * 9999) }}",
        "${{ ('x' * 9999).join(range(99999) | map('string') | list) }}",
        "${{ range(10 ** 9) | list }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) if range(99999) | sum < 0 %}{% endfor %}",
        "{% for a in range(99999) recursive %}${{ loop(range(99999)) }}{% endfor %}",
        "{% for a in range(99999) %}" + "x" * 99_999 + "{% endfor %}",
        "{% for a in range(99999) %}{% include 'long.md' %}{% endfor %}",
        "{% macro m() %}${{ m() }}${{ m() }}{% endmacro %}${{ m() }}",
        "{% macro m(x) %}${{ m(x ~ x) }}{% endmacro %}${{ m('x') }}",
        "{% macro m(x, n) %}{% if n %}${{ m([x, x], n - 1) }}{% endif %}{% endmacro %}${{ m('x', 99) }}",
        "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 60,
        "{% set a = 'x' %}" + "{% set a = a + a %}" * 60,
        "{% set a = 7 %}" + "{% set a = a * a %}" * 60,
        "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 60 + "${{ a }}",
        "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 60 + "{% set b = a | string %}",
        "{% set a = ['x'] %}{% set b = ['x'] %}" + "{% set a = [a, a] %}{% set b = [b, b] %}" * 60 + "${{ a == b }}",
        "{% set a = [] %}${{ a.append(a) }}${{ a }}",
        "${{ vars.rooms.append('C') }}",
        "${{ vars.update({'name': 1}) }}",
        "${{ 1e999 }}",
        "${{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{% if 1 %}" * 3000 + "{% endif %}" * 3000,
    ],
)
def test_a_template_that_makes_too_much_is_one_finding(tmp_path: Path, template: str) -> None:
    assert rules(tmp_path, p=f"Open.\n{template}\n", long="y" * 99_999) == ["template-error"]


def test_templates_that_include_one_another_are_one_finding(tmp_path: Path) -> None:
    assert rules(tmp_path, p="Open {% include 'p.md' %}", q="") == ["template-error"]
    assert rules(tmp_path, p="{% include 'q.md' %}", q="x" * 99_999 + "{% include 'p.md' %}") == ["template-error"]
    assert rules(tmp_path, p="{% include 'p.md' %}{% include 'p.md' %}") == ["template-error"]
    assert rules(tmp_path, p="{% import 'q.md' as q %}", q="{% import 'p.md' as p %}") == ["template-error"]
    assert rules(tmp_path, p="{% extends 'p.md' %}") == ["template-error"]


def test_a_surrogate_does_not_leave_a_template(tmp_path: Path) -> None:
    assert rules(tmp_path, p="Type ${{ '\\ud800' }}.") == []


def test_what_a_person_writes_is_far_from_the_limit(tmp_path: Path) -> None:
    rows = "{% for n in range(2000) %}\n- Row ${{ n }} of ${{ vars.rooms | join(', ') }}\n{% endfor %}\n"
    assert rules(tmp_path, p=rows + "${{ 'x' * 1000 }} ${{ '%05d' % 7 }} ${{ vars.name ~ '-' ~ target }}") == []
