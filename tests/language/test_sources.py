"""Which files of a folder are declarations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cyberflow.compiler import check
from cyberflow.language import read

WORKFLOW = "workflows:\n  a: {prompt: Open the chart.}\n"


def paths(root: Path, files: Mapping[str, str | bytes], head: str = "project: clinic\n") -> set[str]:
    for name, text in {"cyberflow.yaml": head, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return {document.path for document in read(root).documents} - {"cyberflow.yaml"}


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (WORKFLOW, True),
        ("chains: {}\nversion: 3\n", True),
        ("types: {}\n", True),
        ("tasks: {}\n", True),
        ("tasks: {}\nversion: 3\n", False),
        ("tasks: {}\nx-note: 3\n", True),
        ("workfows: {}\n", True),
        ("workers: {}\n", False),
        ("version: '3'\nservices: {}\n", False),
        ("- workflows\n", False),
        ("", False),
        ("workflows: [a\n", True),
        ("jobs: [a\n", False),
    ],
)
def test_a_yaml_file_is_ours_by_its_top_keys(tmp_path: Path, text: str, ours: bool) -> None:
    assert paths(tmp_path, {"a.yaml": text}) == ({"a.yaml"} if ours else set())


def test_folders_that_hold_no_sources(tmp_path: Path) -> None:
    files = dict.fromkeys(("a.yml", "b/c.yaml", "tests/a.yaml", "dist/a.yaml", ".github/a.yaml", "a.json"), WORKFLOW)
    assert paths(tmp_path, files) == {"a.yml", "b/c.yaml"}


def test_a_file_of_ours_that_is_no_utf_8_is_not_passed_over(tmp_path: Path) -> None:
    paths(tmp_path, {"a.yaml": WORKFLOW.replace("chart", "charté").encode("latin-1"), "b.yaml": b"jobs: \xff\n"})
    assert [(one.rule, one.place.path) for one in check(read(tmp_path))] == [("file-not-found", "a.yaml")]


def test_crlf_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    text = "workflows:\n  a:\n    prompt: |\n      One\n      Type <nme>.\n    inputs: {name: string}\n"
    spans = []
    for data in (text.encode(), b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()):
        (tmp_path / "a.yaml").write_bytes(data)
        (tmp_path / "cyberflow.yaml").write_bytes(b"project: clinic\n")
        sourced = read(tmp_path)
        spans.append([(sourced.sources.span(one.place), one.message) for one in check(sourced)])
    assert spans[0] == spans[1] != []


def test_two_aliases_of_one_mistake_are_one_finding(tmp_path: Path) -> None:
    flows = "x: &x {type: strin}\nworkflows:\n  a: {prompt: <one> <two>, inputs: {one: *x, two: *x}}\n".replace(
        "x:", "x-t:", 1
    )
    paths(tmp_path, {"a.yaml": flows})
    assert [one.rule for one in check(read(tmp_path))] == ["bad-schema"]


def test_a_symbolic_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out.md").write_text("secret")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.md").symlink_to(tmp_path / "out.md")
    paths(tmp_path / "in", {"a.yaml": "workflows:\n  a: {prompt: {file: link.md}}\n"})
    assert [one.rule for one in check(read(tmp_path / "in"))] == ["path-escape"]
