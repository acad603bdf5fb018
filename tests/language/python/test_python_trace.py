"""A chain's function, run once with symbols: what they give, what they refuse, and what goes on after a refusal."""

from __future__ import annotations

import json

import pytest

from cyberflow.compiler.check import check
from cyberflow.diagnostics import Diagnostic
from tests.language.python.python_project import Project

REFUSED = {
    "name == 'x'": "`==` cannot compare it",
    "name != 'x'": "`!=` cannot compare it",
    "name < 'x'": "`<` cannot compare it",
    "sorted([name, name])": "`<` cannot compare it",
    "'x' in name": "`in` cannot look into it",
    "name in ('x', 'y')": "`==` cannot compare it",
    "bool(name)": "it is neither true nor false yet",
    "not name": "it is neither true nor false yet",
    "name and 'x'": "it is neither true nor false yet",
    "len(name)": "it has no length yet",
    "list(name)": "it cannot be iterated over",
    "[*name]": "it cannot be iterated over",
    "{name: 1}": "it cannot be a key, or a member of a set",
    "hash(name)": "it cannot be a key, or a member of a set",
    "str(name)": "it has no text yet",
    "print(name)": "it has no text yet",
    "'%s' % name": "it has no text yet",
    "'a' + name": "`+` cannot be applied to it",
    "name + 'a'": "`+` cannot be applied to it",
    "name % 2": "`%` cannot be applied to it",
    "name * 2": "`*` cannot be applied to it",
    "-name": "`-` cannot be applied to it",
    "int(name)": "`int()` has no value of it yet",
    "[1][name]": "it is not a number yet",
    "__import__('os').fspath(name)": "it is not a path yet",
    "name.upper()": "it has no `upper()`",
    "name[-1]": "a count from the end finds nothing",
    "name[:3]": "a slice finds nothing",
    "setattr(name, 'x', 1)": "`x` of it cannot be set",
    "f'{name:>10}'": "it has no format",
    "name is None": "`is` cannot compare it",
}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Diagnostic]]:
    """What is found in a chain for each operation, by the operation that stands in the line of the finding."""
    project = Project(tmp_path_factory.mktemp("refusals"))
    chains = (
        f"""
        @chain
        def intake{number}(name: str, *, pw: Secret) -> Patient:
            found = lookup(name=name, password=pw)
            made = {operation}
            book(mrn=found.mrn, reason=made)
            return found
        """
        for number, operation in enumerate(REFUSED)
    )
    project.flow("".join(chains))
    raw = project.read()
    lines = (project.root / "flows/flow.py").read_text(encoding="utf-8").splitlines()
    found: dict[str, list[Diagnostic]] = {}
    for one in check(raw):
        if one.severity == "error" and one.rule == "python-error":
            line = lines[raw.sources.span(one.place).line - 1]
            found.setdefault(line.strip().removeprefix("made = "), []).append(one)
    return found


@pytest.mark.parametrize("operation", REFUSED)
def test_a_symbol_refuses_at_the_line(refusals: dict[str, list[Diagnostic]], operation: str) -> None:
    (one,) = refusals[operation]
    assert one.message == f"`name` is known only when the chain runs: {REFUSED[operation]}"
    assert one.help


def test_nothing_else_refuses(refusals: dict[str, list[Diagnostic]]) -> None:
    assert set(refusals) == set(REFUSED)


def test_what_can_go_on_goes_on(project: Project) -> None:
    """Each refusal is one finding, and none hides the next or makes another rule speak."""
    project.flow("""
        @chain
        def intake(name: str, *, pw: Secret) -> Patient:
            found = lookup(name=name + "!", password=pw)
            text = f"{found.mrn}" + "?"
            book(mrn=found.mrn, reason=text.upper())
            book.step("second")(mrn=f"{pw}", reason={"a": [found.mrn * 2]})
            return {"mrn": found.mrn.strip(), "medications": found.medications}
        """)
    found = project.findings()
    assert [one.rule for one in found] == ["python-error"] * 5
    assert [project.line(one) for one in found] == [
        'name + "!"',
        "{found.mrn}",
        "{pw}",
        "found.mrn * 2",
        "found.mrn.strip()",
    ]


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("name", "<name>"),
        ("f'{name}'", "<name>"),
        ("f'a {name} b {name}'", "a <name> b <name>"),
        ("f'{{{name}}}'", "{<name>}"),
        ("'{} {}'.format(name, name)", "<name> <name>"),
        ("' '.join([f'{name}', 'x'])", "<name> x"),
        ("f'{name}'.upper()", "<name>"),
        ("'plain <name>'", "plain <name>"),
        ("'\\\\<name>'", "\\<name>"),
        ("f'C:/in/{name}.txt'", "C:/in/<name>.txt"),
    ],
)
def test_texts_become_chain_strings(project: Project, text: str, sent: str) -> None:
    project.flow(f"""
        @chain
        def intake(name: str, mrn: str) -> None:
            book(mrn=mrn, reason={text})
        """)
    assert project.steps("intake")[0]["inputs"]["reason"] == sent


@pytest.mark.parametrize(
    "text", ["f'{name}'[:4]", "f'{name}'[1:]", "f'{name!r}'", "repr(name)", "f'\\\\{name}'", "{f'{name}': 1}"]
)
def test_a_text_whose_input_would_be_lost_is_a_finding(project: Project, text: str) -> None:
    project.flow(f"""
        @chain
        def intake(name: str, mrn: str) -> None:
            book(mrn=mrn, reason={text})
        """)
    (one,) = [found for found in project.findings() if found.severity == "error"]
    assert one.rule == "python-error"


def test_no_mark_reaches_a_bundle(project: Project) -> None:
    project.flow("""
        KEPT = []

        @chain
        def first(name: str, mrn: str) -> None:
            KEPT.append(f"of {name}")
            book(mrn=mrn, reason=f"{name}{name}")

        @chain
        def second(mrn: str) -> None:
            book(mrn=mrn, reason="x" if not KEPT else KEPT[0])
        """)
    (one,) = project.findings()
    assert one.rule == "python-error"
    assert project.line(one) == '"x" if not KEPT else KEPT[0]'
    for document in project.read().modules:
        text = json.dumps(document.data, ensure_ascii=False)
        assert not any("\ufdd0" <= sign <= "\ufdef" for sign in text)


def test_paths(project: Project) -> None:
    project.flow("""
        from pydantic import Field

        class Tree(BaseModel):
            children: list["Tree"]
            label: str = Field(alias="the-label")

        @workflow
        def grow() -> Tree:
            '''Grow.'''
            raise NotImplementedError

        @workflow
        def take(mrn: str | None = None, reason: str | None = None) -> None:
            '''Take <mrn>, <reason>.'''

        @chain
        def intake(tree: Tree, keys: dict[str, str]) -> None:
            grown = grow()
            take(mrn=tree.children[0].label, reason=keys["a b"])
            take.step("again")(mrn=grown.children[1].label, reason=tree["children"][2]["the-label"])
        """)
    _, first, second = project.steps("intake")
    assert first["inputs"] == {"mrn": "<tree.children[0].the-label>", "reason": "<keys['a b']>"}
    assert second["inputs"] == {
        "mrn": {"$ref": "grow.outputs.children[1].the-label"},
        "reason": "<tree.children[2].the-label>",
    }


def test_models_and_lists_are_written_out(project: Project) -> None:
    project.flow("""
        import datetime
        from dataclasses import dataclass
        from enum import Enum
        from typing import Any

        class Kind(Enum):
            NEW = "new"

        @dataclass
        class Visit:
            day: datetime.date
            kind: Kind = Kind.NEW
            note: str | None = None

        @workflow
        def take(anything: Any, visit: Visit) -> None:
            '''Take <anything>, <visit>.'''

        @chain
        def intake(name: str, *, pw: Secret) -> None:
            found = lookup(name=name, password=pw)
            take(anything=[found, (1, None), {"a": found.medications}], visit=Visit(datetime.date(2026, 3, 1)))
        """)
    mrn, medications = ({"$ref": f"lookup.outputs.{key}"} for key in ("mrn", "medications"))
    assert project.steps("intake")[1]["inputs"] == {
        "anything": [{"mrn": mrn, "medications": medications}, [1, None], {"a": medications}],
        "visit": {"day": "2026-03-01", "kind": "new"},
    }


@pytest.mark.parametrize(
    ("returned", "outputs"),
    [
        ("found", {"mrn": {"$ref": "lookup.outputs.mrn"}, "medications": {"$ref": "lookup.outputs.medications"}}),
        ("{'a': found.mrn, 'b': name}", {"a": {"$ref": "lookup.outputs.mrn"}, "b": "<name>"}),
        ("Patient.model_construct(mrn=found.mrn)", {"mrn": {"$ref": "lookup.outputs.mrn"}}),
        ("None", {}),
    ],
)
def test_what_is_returned_names_the_outputs(project: Project, returned: str, outputs: object) -> None:
    project.flow(f"""
        @chain
        def intake(name: str, *, pw: Secret):
            found = lookup(name=name, password=pw)
            return {returned}
        """)
    chain = project.bundle().chain("intake")
    assert chain is not None
    assert chain.outputs == outputs


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return name", "a chain returns its outputs by name"),
        ("return [lookup(name=name, password=pw)]", "a chain returns its outputs by name"),
        ("lookup('a', 'b')", "`lookup` takes 1 inputs by position, not 2"),
        ("lookup.step('no name')(name=name)", "`no name` cannot be the name of a step"),
        ("book(mrn=name, reason=object())", "a value of the type `object` cannot be sent"),
        ("book(mrn=name, reason=book(mrn=name, reason=name))", "`book` has no outputs"),
        ("other(name=name)", "`other` is a chain, and a step runs a workflow"),
        ("raise SystemExit(2)", "the module ends the program while the project is read"),
        ("json.dumps(name)", "TypeError: Object of type Symbol is not JSON serializable"),
        ("return Patient(mrn=name)", "ValidationError: 2 validation errors for Patient"),
        ("return {'mrn': 1 / 0}", "ZeroDivisionError: division by zero"),
    ],
)
def test_misuse_is_said_at_the_line(project: Project, body: str, message: str) -> None:
    project.flow(f"""
        import json

        @chain
        def other(name: str) -> None:
            book(mrn=name, reason="x")

        @chain
        def intake(name: str, *, pw: Secret):
            {body}
        """)
    (one,) = [found for found in project.findings() if found.severity == "error"]
    assert (one.rule, one.message) == ("python-error", message)
    assert project.line(one) in body


def test_a_chain_is_a_plain_function(project: Project) -> None:
    project.flow("""
        @chain
        async def waits(name: str) -> None:
            book(mrn=name, reason="x")

        @chain
        def gives(name: str):
            yield book(mrn=name, reason="x")
        """)
    assert [one.message for one in project.findings()] == ["a chain is a plain function"] * 2


def test_none_is_not_given_where_the_default_is_none(project: Project) -> None:
    project.flow("""
        @workflow
        def take(one: str | None = None, two: str | None = "x", *, pin: Secret | None = None) -> None:
            '''<one> <two> <$pin>'''

        @chain
        def intake() -> None:
            take(one=None, two=None, pin=None)
        """)
    assert project.steps("intake")[0]["inputs"] == {"two": None}
    assert "sensitive_inputs" not in project.steps("intake")[0]


def test_helpers_are_python_and_their_lines_are_known(project: Project) -> None:
    project.write("steps.py", "def visit(book, found, n):\n    book.step(f'visit-{n}')(mrn=found.mrm, reason='x')\n")
    project.flow("""
        from steps import visit

        @chain
        def intake(name: str, *, pw: Secret) -> None:
            found = lookup(name=name, password=pw)
            for n in range(2):
                visit(book, found, n)
        """)
    found = project.findings()
    assert {one.rule for one in found} == {"unknown-output"}
    assert {(span.path, span.line) for span in (project.read().sources.span(one.place) for one in found)} == {
        ("steps.py", 2)
    }
