"""Which files of a folder are declarations."""

from __future__ import annotations

import codecs
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from cyberflow.compiler.check import check
from cyberflow.language.project.load import read_project
from cyberflow.source import Span

WORKFLOW = "workflows:\n  a: {prompt: Open the chart.}\n"


def paths(root: Path, files: Mapping[str, str | bytes], head: str = "project: clinic\n") -> set[str]:
    for name, text in {"cyberflow.yaml": head, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return {document.path for document in read_project(root).documents} - {"cyberflow.yaml"}


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


@pytest.mark.parametrize(
    ("data", "ours"),
    [
        (WORKFLOW.replace("chart", "charté").encode("latin-1"), True),
        (b'"workflows": {a: {prompt: Ren\xe9}}\n', True),
        (b'{"chains": {"a": "Ren\xe9"', True),
        (b"x-note: Ren\xe9\ntasks: {}\n", True),
        (b"workfows: {a: {prompt: Ren\xe9}}\n", True),
        (b"jobs: Ren\xe9\n", False),
        (WORKFLOW.encode("utf-16"), True),
        (codecs.BOM_UTF16_BE + WORKFLOW.encode("utf-16-be"), True),
        (WORKFLOW.encode("utf-16-le"), True),
        (WORKFLOW.replace("chart", "charté").encode("utf-16-be"), True),
        (WORKFLOW.encode("utf-32"), True),
        ("jobs: {}\n".encode("utf-16"), False),
    ],
)
def test_a_file_of_ours_that_is_no_utf_8_is_not_passed_over(tmp_path: Path, data: bytes, ours: bool) -> None:
    paths(tmp_path, {"a.yaml": WORKFLOW, "b.yaml": data})
    assert {(one.severity, one.place.path) for one in check(read_project(tmp_path))} == (
        {("error", "b.yaml")} if ours else set()
    )


def test_a_byte_that_is_no_utf_8_is_pointed_at_and_its_line_is_not_shown(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfworkflows:\r\n  a:\r\n    prompt: \xc3\xa9\xe9 hunter2\r\n"
    paths(tmp_path, {"a.yaml": data})
    sourced = read_project(tmp_path)
    (found,) = check(sourced)
    assert sourced.sources.span(found.place) == Span("a.yaml", 3, 14, 3, 15)
    assert "hunter2" not in sourced.files.documents["a.yaml"].text


def test_a_file_that_vanishes_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("nowhere.yaml")
    (tmp_path / "folder").mkdir()
    (tmp_path / "b.yaml").symlink_to("folder")
    paths(tmp_path, {})
    assert [(one.rule, one.place.path) for one in check(read_project(tmp_path))] == [("file-not-found", "a.yaml")]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the system lets this user read everything")
@pytest.mark.parametrize("head", ["project: clinic\n", "project: clinic\nsources: [flows, deep]\n"])
@pytest.mark.parametrize("closed", ["flows", "flows/a.yaml", "deep/er"])
def test_what_is_closed_is_an_error(tmp_path: Path, closed: str, head: str) -> None:
    paths(tmp_path, {"flows/a.yaml": WORKFLOW, "deep/er/b.yaml": WORKFLOW.replace("a:", "b:")}, head)
    assert check(read_project(tmp_path)) == []
    mode = (tmp_path / closed).stat().st_mode
    (tmp_path / closed).chmod(0)
    found = check(read_project(tmp_path))
    (tmp_path / closed).chmod(mode)
    assert [(one.rule, one.place.path) for one in found] == [("file-not-found", closed)]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the system lets this user read everything")
def test_what_git_ignores_may_be_closed(tmp_path: Path) -> None:
    paths(tmp_path, {"data/a.yaml": WORKFLOW, "b.yaml": WORKFLOW, ".gitignore": "data/\nb.yaml\n"})
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name in ("data", "b.yaml"):
        (tmp_path / name).chmod(0)
    sourced = read_project(tmp_path)
    (tmp_path / "data").chmod(0o700)
    assert (check(sourced), sourced.files.cacheable) == ([], True)


def test_a_project_below_is_left_alone(tmp_path: Path) -> None:
    below = {"b/cyberflow.yaml": "project: other\n", "b/c/d.yaml": WORKFLOW}
    assert paths(tmp_path, {"a.yaml": WORKFLOW, **below}) == {"a.yaml"}
    assert check(read_project(tmp_path)) == []
    assert paths(tmp_path, {}, "project: clinic\nsources: [b/.., b/c, b/c/d.yaml]\n") == {"a.yaml"}
    found = check(read_project(tmp_path))
    assert [(one.rule, one.place.route) for one in found] == [
        ("path-escape", ("sources", 1)),
        ("path-escape", ("sources", 2)),
    ]


def test_crlf_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    text = "workflows:\n  a:\n    prompt: |\n      One\n      Type <nme>.\n    inputs: {name: string}\n"
    spans = []
    for data in (text.encode(), b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()):
        (tmp_path / "a.yaml").write_bytes(data)
        (tmp_path / "cyberflow.yaml").write_bytes(b"project: clinic\n")
        sourced = read_project(tmp_path)
        spans.append([(sourced.sources.span(one.place), one.message) for one in check(sourced)])
    assert spans[0] == spans[1] != []


def test_two_aliases_of_one_mistake_are_one_finding(tmp_path: Path) -> None:
    flows = "x: &x {type: strin}\nworkflows:\n  a: {prompt: <one> <two>, inputs: {one: *x, two: *x}}\n".replace(
        "x:", "x-t:", 1
    )
    paths(tmp_path, {"a.yaml": flows})
    assert [one.rule for one in check(read_project(tmp_path))] == ["bad-schema"]


def test_a_symbolic_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out.md").write_text("secret")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.md").symlink_to(tmp_path / "out.md")
    paths(tmp_path / "in", {"a.yaml": "workflows:\n  a: {prompt: {file: link.md}}\n"})
    assert [one.rule for one in check(read_project(tmp_path / "in"))] == ["path-escape"]
