"""Files and folders that are large, deep or strange for no good reason: findings or none, and soon."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from time import process_time

import pytest

from cyberflow.cli.views.findings.report import render_findings
from cyberflow.compiler.check import check
from cyberflow.compiler.rules import RULES
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.project.load import read_project

SOON = 20.0
MB = 1024 * 1024


def found(root: Path, flows: str | bytes = "", **files: str | bytes) -> list[Diagnostic]:
    """What is found in a project, all of which can be shown."""
    write(root, "cyberflow.yaml", "project: clinic\n")
    write(root, "flows.yaml", flows)
    for name, content in files.items():
        write(root, name.replace("__", "."), content)
    begun = process_time()
    sourced = read_project(root)
    answer = check(sourced)
    assert process_time() - begun < SOON
    assert {one.rule for one in answer} <= set(RULES)
    for form in ("text", "json", "github", "sarif"):
        render_findings(sourced, answer, form).encode()
    return answer


def write(root: Path, name: str, content: str | bytes) -> None:
    (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def rules(answer: list[Diagnostic]) -> set[str]:
    return {one.rule for one in answer}


def workflow(prompt: str = "Go.", **keys: str) -> str:
    return f"workflows:\n  w:\n    prompt: {prompt}\n" + "".join(f"    {key}: {value}\n" for key, value in keys.items())


LAUGHS = "x-0: &a0 [a, a, a, a, a, a, a, a, a, a]\n" + "".join(
    f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
)
MERGES = "x-0: &a0 {a: b}\n" + "".join(f"x-{n}: &a{n} {{<<: *a{n - 1}, k{n}: *a{n - 1}}}\n" for n in range(1, 60))
CHAIN = "x-0: &a0 [a]\n" + "".join(f"x-{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2000))


@pytest.mark.parametrize(
    "flows",
    [
        pytest.param(LAUGHS + workflow(), id="a billion laughs"),
        pytest.param(MERGES + workflow(), id="laughs through merge keys"),
        pytest.param(CHAIN + workflow(), id="aliases of aliases"),
        pytest.param("workflows: " + "[" * 100_000, id="open lists"),
        pytest.param("workflows: " + "[" * 100_000 + "]" * 100_000, id="deep lists"),
        pytest.param("workflows: " + "{a: " * 100_000 + "}" * 100_000, id="deep mappings"),
        pytest.param("workflows:\n" + "- " * 100_000 + "x", id="deep block lists"),
        pytest.param("workflows:\n" + "".join(" " * n + "a:\n" for n in range(1, 2000)), id="deep block mappings"),
        pytest.param("workflows:\n" + "? " * 100_000, id="deep keys"),
        pytest.param("workflows: &a\n  w: *a\n", id="an anchor around itself"),
        pytest.param("workflows: &a {<<: *a}\n", id="an anchor merged into itself"),
        pytest.param("workflows: [" + "1," * (3 * MB) + "1]\n", id="three million items"),
        pytest.param(None, id="ten megabytes of lines"),
        pytest.param("workflows:\n  w: {prompt: a\0b}\n", id="a zero byte"),
        pytest.param('workflows:\n  w: {prompt: "\\ud800"}\n', id="half a surrogate pair"),
        pytest.param("workflows:\n  w: {prompt: Größe}\n".encode("latin-1"), id="latin-1"),
        pytest.param(b"workflows:\n  w: {prompt: \xed\xa0\x80}\n", id="an encoded surrogate"),
        pytest.param("workflows:\n" + "x" * 11 * MB, id="eleven megabytes"),
    ],
)
def test_a_file_beyond_measure_is_few_findings(tmp_path: Path, flows: str | bytes | None) -> None:
    many = "workflows:\n" + "".join(f"  w{n}: a\n" for n in range(900_000)) if flows is None else flows
    answer = found(tmp_path, many)
    assert rules(answer) <= {"yaml-syntax", "file-not-found", "wrong-type", "missing-key"}
    assert 0 < len(answer) <= 3


def test_files_in_utf_16_are_named(tmp_path: Path) -> None:
    assert rules(found(tmp_path, cyberflow__yaml="project: clinic\n".encode("utf-16"))) == {"file-not-found"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_are_all_the_same(tmp_path: Path, end: str) -> None:
    (one,) = found(tmp_path, workflow("Type <x>.").replace("\n", end))
    assert one.rule == "undeclared-input"


@pytest.mark.parametrize(
    "mark", ["\\", "[", "![", "<", "`", "*", "_", "{", "> ", "<a ", "<b>", "&", "](", "{{a", "<$", "a\\<b>"]
)
def test_ten_megabytes_of_a_mark_in_a_prompt(tmp_path: Path, mark: str) -> None:
    prompt = mark * (10 * MB // len(mark))
    answer = found(tmp_path, workflow("{file: p.md}"), p__md=prompt[: 10 * MB])
    assert [one.rule for one in answer] == ["wrong-type"]


@pytest.mark.parametrize(
    "mark",
    ["\\", "[", "![", "<", "`", "*a_", "_", "{", "> ", "<a ", "<b>", "&", "](", "{{a", "<$", "- ", "|", "~", "<!--"],
)
def test_a_prompt_of_a_mark(tmp_path: Path, mark: str) -> None:
    answer = found(tmp_path, workflow("{file: p.md}"), p__md=mark * 1_000)
    assert len(rules(answer)) <= 2


def test_a_prompt_of_one_long_line(tmp_path: Path) -> None:
    assert found(tmp_path, workflow("{file: p.md}"), p__md="Click it. " * 20_000) == []
    assert rules(found(tmp_path, workflow("{file: p.md}"), p__md="Click it. " * MB)) == {"wrong-type"}


def test_a_line_of_marks_without_width(tmp_path: Path) -> None:
    assert rules(found(tmp_path, workflow("Type a" + "\u0301" * 400 + " <x>."))) == {"undeclared-input"}


def test_schemas_beyond_measure(tmp_path: Path) -> None:
    deep = ", ".join(f"A{n}: {{$ref: '#/$defs/A{n + 1}'}}" for n in range(2000))
    ring = ", ".join(
        f"A{n}: {{type: object, properties: {{a: {{$ref: '#/$defs/A{(n + 1) % 200}'}}}}}}" for n in range(200)
    )
    wide = ", ".join(f"v{n}" for n in range(50_000))
    all_to_all = ", ".join(
        f"A{n}: {{anyOf: [{', '.join(f'{{$ref: {chr(39)}#/$defs/A{m}{chr(39)}}}' for m in range(12))}]}}"
        for n in range(12)
    )
    for schema in (
        f"{{$ref: '#/$defs/A0', $defs: {{{deep}, A2000: {{type: string}}}}}}",
        f"{{$ref: '#/$defs/A0', $defs: {{{ring}}}}}",
        f"{{$ref: '#/$defs/A0', $defs: {{{all_to_all}}}}}",
        f"{{enum: [{wide}], default: v7}}",
        f"{{anyOf: [{', '.join(f'{{const: v{n}}}' for n in range(3000))}], default: v7}}",
    ):
        assert rules(found(tmp_path, workflow("Type <x>.", inputs=f"{{x: {schema}}}"))) <= {"bad-schema", "yaml-syntax"}


def test_a_schema_of_ten_megabytes(tmp_path: Path) -> None:
    lines = "".join(f'"k{n}": {{"type": "string"}},\n' for n in range(330_000))
    schema = f'{{"type": "object", "properties": {{{lines}"z": {{"type": "string"}}}}}}'
    assert rules(found(tmp_path, workflow("Type <z>.", inputs="{schema: {file: s.json}}"), s__json=schema))


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*b",
        "(a|a)*b",
        "((((a{1000}){1000}){1000}){1000})",
        "a{4294967296}",
        "(" * 500 + ")" * 500,
        "(?:a?){500}a{500}",
        "[" * 1000,
    ],
)
def test_regular_expressions_beyond_measure(tmp_path: Path, pattern: str) -> None:
    schema = f"{{type: string, pattern: '{pattern}', default: '{'a' * 40}!'}}"
    flows = workflow("Type <x>.", inputs=f"{{x: {schema}}}", outputs=f"{{y: {{type: string, pattern: '{pattern}b?'}}}}")
    chain = "chains:\n  c: {steps: [{id: a, workflow: w}, {id: b, workflow: w, inputs: {x: {$ref: a.outputs.y}}}]}\n"
    assert rules(found(tmp_path, flows + chain)) <= {"bad-schema", "type-mismatch"}


def test_ten_thousand_workflows(tmp_path: Path) -> None:
    assert found(tmp_path, "workflows:\n" + "".join(f"  w{n}: {{prompt: Go.}}\n" for n in range(10_000))) == []


def test_ten_thousand_findings(tmp_path: Path) -> None:
    flows = "workflows:\n" + "".join(f"  w{n}: {{prompt: Go <x>.}}\n" for n in range(10_000))
    assert len(found(tmp_path, flows)) == 10_000


def test_ten_thousand_silenced_findings(tmp_path: Path) -> None:
    line = "  w{}: {{prompt: Go <x>.}} # cyberflow: ignore[undeclared-input] written by a program\n"
    assert found(tmp_path, "workflows:\n" + "".join(line.format(n) for n in range(10_000))) == []


NOTES = "workflows:\n  w: {prompt: Type <x>., inputs: {x?: string}, outputs: {y: string}}\n"


def test_ten_thousand_steps(tmp_path: Path) -> None:
    steps = "".join(
        f"    - {{id: s{n}, workflow: w, inputs: {{x: {{$ref: s{n - 1}.outputs.y}}}}}}\n" for n in range(1, 10_000)
    )
    assert found(tmp_path, NOTES + "chains:\n  c:\n    steps:\n    - {id: s0, workflow: w}\n" + steps) == []


def test_refs_from_all_to_all(tmp_path: Path) -> None:
    flows = "workflows:\n  w: {prompt: Type <x>., inputs: {x: any}, outputs: {y: string}}\nchains:\n  c:\n    steps:\n"
    refs = ", ".join(f"{{$ref: s{n}.outputs.y}}" for n in range(150))
    answer = found(
        tmp_path, flows + "".join(f"    - {{id: s{n}, workflow: w, inputs: {{x: [{refs}]}}}}\n" for n in range(150))
    )
    assert "cycle" in rules(answer)


def test_a_ring_of_two_thousand_steps(tmp_path: Path) -> None:
    steps = "".join(
        f"    - {{id: s{n}, workflow: w, inputs: {{x: {{$ref: s{(n + 1) % 2000}.outputs.y}}}}}}\n" for n in range(2000)
    )
    assert [one.rule for one in found(tmp_path, NOTES + "chains:\n  c:\n    steps:\n" + steps)] == ["cycle"]


def image(size: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + b"\0" * size


def test_an_image_of_eleven_megabytes(tmp_path: Path) -> None:
    assert rules(found(tmp_path, workflow("'![a](a.png)'"), a__png=image(11 * MB))) == {"bad-image"}


def test_links_that_lead_around_or_out(tmp_path: Path) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside.yaml"
    root.mkdir()
    outside.write_text(workflow())
    (root / "loop").symlink_to(root)
    (root / "self.yaml").symlink_to(root / "self.yaml")
    (root / "out.yaml").symlink_to(outside)
    (root / "nowhere.yaml").symlink_to(root / "nothing")
    flows = workflow("{file: self.yaml}").replace("w:", "v:")
    said = [(one.rule, one.place.path) for one in found(root, flows)]
    lost = [("file-not-found", path) for path in ("flows.yaml", "nowhere.yaml", "self.yaml")]
    assert sorted(said) == [*lost, ("path-escape", "out.yaml")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in this system")
def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "endless.yaml").symlink_to("/dev/zero")
    (tmp_path / "folder.yaml").mkdir()
    answer = found(tmp_path, workflow("{file: pipe.md}"))
    assert [one.rule for one in answer] == ["file-not-found"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the system lets this user read everything")
def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    flows = workflow("'![a](a.png)'", files="[{path: secret.md}]") + "  v: {prompt: {file: secret.md}}\n"
    closed: Callable[[str], None] = lambda name: (tmp_path / name).chmod(0)  # noqa: E731
    found(tmp_path, flows, secret__md="x", a__png=image(9))
    for name in ("secret.md", "a.png"):
        closed(name)
    assert rules(found(tmp_path, flows)) == {"file-not-found", "bad-image"}


def test_names_of_files_that_are_hard_to_say(tmp_path: Path) -> None:
    for name in (
        "a b.yaml",
        "a\nb.yaml",
        "größe.yaml",
        "\u202e.yaml",
        "' \".yaml",
        "-x.yaml",
        "%0A.yaml",
        "a" * 250 + ".yaml",
    ):
        (tmp_path / name).write_text(workflow("Type <x>.").replace("w:", f"w{len(list(tmp_path.iterdir()))}:"))
    assert len(found(tmp_path)) == 8


@pytest.mark.skipif(os.name != "posix", reason="names of files are text there")
def test_a_name_that_is_no_text_is_a_finding(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/a\xff.yaml", "w") as file:  # noqa: PTH123 - pathlib knows no names of bytes
        file.write(workflow())
    assert [one.rule for one in found(tmp_path)] == ["file-not-found"]


@pytest.mark.parametrize(
    "name", ["a" * 300, "a/" * 3000, '"a\\0b"', "''", ".", "..", "/", "loop/loop", '"\\ud7ff"', "'*'", "CON", "a\\b"]
)
def test_sources_that_are_no_names(tmp_path: Path, name: str) -> None:
    head = f"project: clinic\nsources: [{name}]\n"
    assert rules(found(tmp_path, workflow(), cyberflow__yaml=head)) <= {"file-not-found", "path-escape", "missing-key"}
