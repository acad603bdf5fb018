"""Projects that are large or deep for no good reason: an answer, and soon."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest

from cyberflow.compiler.check import check
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.project.load import read_project

SOON = 20.0


def found(root: Path, flows: str) -> list[Diagnostic]:
    (root / "cyberflow.yaml").write_text("project: clinic\n")
    (root / "flows.yaml").write_text(flows)
    begun = monotonic()
    answer = check(read_project(root))
    assert monotonic() - begun < SOON
    return answer


def nested(text: str, before: str, after: str, times: int) -> str:
    return before * times + text + after * times


@pytest.mark.parametrize("times", [40, 99, 150, 330, 1000, 5000])
@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("{type: string}", "{type: object, properties: {a: ", "}}"),
        ("string", "{a: ", "}"),
        ("{type: string}", "{anyOf: [", "]}"),
    ],
)
def test_deep_types_never_fail(tmp_path: Path, text: str, before: str, after: str, times: int) -> None:
    flows = f"workflows:\n  w: {{prompt: Type <x>., inputs: {{x: {nested(text, before, after, times)}}}}}\n"
    assert [one.rule for one in found(tmp_path, flows)] in ([], ["yaml-syntax"])


@pytest.mark.parametrize("times", [40, 90, 150, 1000])
def test_deep_values_never_fail(tmp_path: Path, times: int) -> None:
    flows = (
        "workflows:\n  w: {prompt: Type <x>., inputs: {x: any}}\n"
        "chains: {c: {inputs: {x: string}, steps: [{id: a, workflow: w, inputs: {x: "
        f"{nested('<x>', '[', ']', times)}}}}}]}}}}\n"
    )
    assert [one.rule for one in found(tmp_path, flows)] in ([], ["yaml-syntax"])


def test_types_that_double_are_one_finding(tmp_path: Path) -> None:
    types = "".join(f"  T{n}: {{a: T{n + 1}, b: T{n + 1}}}\n" for n in range(40))
    flows = f"types:\n{types}  T40: string\nworkflows:\n  w: {{prompt: Type <x.a>., inputs: {{x: T0}}}}\n"
    (one,) = found(tmp_path, flows)
    assert (one.rule, one.message.endswith("when it is written out")) == ("bad-schema", True)


def test_many_findings_in_one_prompt(tmp_path: Path) -> None:
    flows = "workflows:\n  w:\n    prompt: |\n" + "      Type <x> and <y>.\n" * 2000
    assert len(found(tmp_path, flows)) == 4000


def test_many_ignores_in_one_prompt(tmp_path: Path) -> None:
    line = "      Type <x>. {# cyberflow: ignore[undeclared-input] a name of another system #}\n"
    assert found(tmp_path, "workflows:\n  w:\n    prompt: |\n" + line * 500) == []
