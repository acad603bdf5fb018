"""Importing the modules of a project: what is imported, what is left behind, and what a broken one hides."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.language.python.python_project import Project

FLOW = "from cyberflow import workflow\n\n@workflow\ndef {name}() -> None:\n    'Do it.'\n"


@pytest.fixture(autouse=True)
def the_interpreter_is_left_as_it_was() -> Iterator[None]:
    modules, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    yield
    assert sys.path == path
    assert sys.meta_path == finders
    assert not {name for name in set(sys.modules) - set(modules) if name.startswith(("flows", "shared", "lib"))}
    assert all(sys.modules.get(name) is module for name, module in modules.items())


def names(project: Project) -> list[str]:
    return [one.name for one in project.bundle().workflows]


def test_two_projects_with_modules_of_one_name_do_not_meet(made: Callable[[str], Project]) -> None:
    first, second = made("first"), made("second")
    for project, name in ((first, "one"), (second, "two")):
        project.write("flows/flow.py", FLOW.format(name=name))
        project.write("flows/other.py", f"from flows.flow import {name}\n")
    assert [names(first), names(second), names(first)] == [["one"], ["two"], ["one"]]


def test_a_module_that_the_process_uses_is_set_aside_and_comes_back(project: Project) -> None:
    project.write("flows/flow.py", "import shared\n" + FLOW.format(name="one"))
    project.write("shared.py", "NAME = 'of the project'\n")
    mine = ModuleType("shared")
    mine.__file__ = str(project.root / "shared.py")
    sys.modules["shared"] = mine
    try:
        assert names(project) == ["one"]
        assert sys.modules["shared"] is mine
    finally:
        del sys.modules["shared"]


def test_an_edit_is_seen_at_once(project: Project) -> None:
    for name in ("one", "two", "six"):
        project.write("flows/flow.py", FLOW.format(name=name))
        assert names(project) == [name]
    assert not list(project.root.rglob("__pycache__"))


def test_a_module_imported_twice_declares_once(project: Project) -> None:
    project.write("cyberflow.yaml", "project: made\npython: [flows/*.py, flows/flow.py, 'flow*/**/f*.py']\n")
    project.write("flows/flow.py", FLOW.format(name="one"))
    project.write(
        "flows/first.py", "import flows.flow\nfrom flows.flow import one\nfrom flows import flow\nagain = one\n"
    )
    assert names(project) == ["one"]
    assert not project.findings()


def test_nothing_else_is_imported(project: Project) -> None:
    project.write("cyberflow.yaml", "project: made\npython: [flows/one.py]\n")
    project.write("flows/one.py", FLOW.format(name="one"))
    for name in ("flows/two.py", "conftest.py", "setup.py", "flows/__main__.py"):
        project.write(name, "raise RuntimeError\n")
    assert names(project) == ["one"]
    project.write("cyberflow.yaml", "project: made\n")
    assert names(project) == []


def test_a_workflow_of_a_module_that_is_not_listed_comes_with_the_chain_that_calls_it(project: Project) -> None:
    project.write("lib/shared.py", FLOW.format(name="one") + FLOW.format(name="unused"))
    project.write(
        "flows/flow.py", "from cyberflow import chain\nfrom lib import shared\n\n@chain\ndef c():\n    shared.one()\n"
    )
    assert names(project) == ["one"]


def test_files_whose_path_is_no_module_name(project: Project) -> None:
    project.write("cyberflow.yaml", "project: made\npython: [my-flows/*.py, '*.py']\n")
    project.write("my-flows/01-first.py", FLOW.format(name="one"))
    project.write("json.py", FLOW.format(name="two"))
    assert names(project) == ["one", "two"]


def test_a_package_with_init(project: Project) -> None:
    project.write("flows/__init__.py", FLOW.format(name="one"))
    project.write("flows/flow.py", "from . import one\n" + FLOW.format(name="two"))
    assert names(project) == ["one", "two"]


def test_a_broken_module_hides_nothing_in_the_others(project: Project) -> None:
    project.write("flows/a.py", "1 / 0\n")
    project.write("flows/b.py", "from flows.a import x\n")
    project.write("flows/c.py", "def (:\n")
    project.write("flows/d.py", FLOW.format(name="one").replace("Do it.", "Do <it>."))
    found = project.findings()
    assert [(one.place.path, one.rule) for one in found] == [
        ("flows/a.py", "python-error"),
        ("flows/c.py", "python-error"),
        ("flows/d.py", "undeclared-input"),
    ]


def test_what_a_module_prints_is_not_a_result(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write("flows/flow.py", "print('hello')\n" + FLOW.format(name="one"))
    assert names(project) == ["one"]
    out, err = capsys.readouterr()
    assert (out, err) == ("", "hello\n")


@pytest.mark.parametrize(
    ("pattern", "rule"),
    [
        ("flow/*.py", "file-not-found"),
        ("flows/flwo.py", "file-not-found"),
        ("../*.py", "path-escape"),
        ("a**.py", "file-not-found"),
        ("*/" * 3000 + "x.py", "file-not-found"),
        ("*/" + "a" * 300 + "/x.py", "file-not-found"),
        ("../x.py", "path-escape"),
        ("flows", "file-not-found"),
    ],
)
def test_patterns_that_name_nothing(project: Project, pattern: str, rule: str) -> None:
    project.write("flows/flow.py", FLOW.format(name="one"))
    project.write("cyberflow.yaml", f"project: made\npython: ['{pattern}']\n")
    (one,) = project.findings()
    assert (one.rule, one.place.route) == (rule, ("python", 0))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the system lets this user read everything")
@pytest.mark.parametrize("pattern", ["flows/*.py", "flows/**/*.py", "**/*.py", "*/*.py", "flows/closed/*.py"])
def test_a_closed_folder_is_told(project: Project, pattern: str) -> None:
    project.write("flows/flow.py", FLOW.format(name="one"))
    project.write("flows/closed/other.py", FLOW.format(name="two"))
    settings = f"project: made\nsources: [flows.yaml]\npython: ['flows/flow.py', '{pattern}']\n"
    project.write("cyberflow.yaml", settings)
    project.write("flows.yaml", "workflows: {}\n")
    (project.root / "flows" / "closed").chmod(0)
    found = [one.rule for one in project.findings()]
    (project.root / "flows" / "closed").chmod(0o700)
    reaches = "**" in pattern or "closed" in pattern
    assert found == (["file-not-found"] if reaches else [])


def test_a_module_that_leads_out_by_a_link_is_not_imported(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.py"
    outside.write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    (project.root / "flows").mkdir()
    (project.root / "flows/link.py").symlink_to(outside)
    assert [one.rule for one in project.findings()] == ["path-escape"]


def test_running_while_the_project_is_read_is_a_finding(project: Project) -> None:
    project.write("flows/flow.py", FLOW.format(name="one") + "\none.run(target='local')\n")
    (one,) = project.findings()
    assert one.message == "`one` is run while its project is being read"
    assert project.line(one) == "one.run(target='local')"


@pytest.mark.slow
def test_reading_leaves_no_class_of_the_project_alive(project: Project) -> None:
    project.flow("""
        class OnlyHere:
            pass

        @chain
        def intake(name: str, *, pw: Secret) -> Patient:
            return lookup(name=name, password=pw)
        """)
    sourced = project.read()
    assert sourced.counts() == {"workflows": 2, "chains": 1}
    gc.collect()
    assert not [one for one in gc.get_objects() if isinstance(one, type) and one.__name__ == "OnlyHere"]


def test_relative_roots(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from cyberflow.language.project.load import read_project

    project.write("flows/flow.py", FLOW.format(name="one"))
    monkeypatch.chdir(project.root)
    assert read_project(Path()).counts() == {"workflows": 1, "chains": 0}


def test_other_threads_import_meanwhile(project: Project) -> None:
    """The table of modules grows while it is gone through."""

    class Busy(ModuleType):
        @property
        def __file__(self) -> str:  # type: ignore[override]
            sys.modules[f"meanwhile{len(sys.modules)}"] = ModuleType("meanwhile")
            return "/elsewhere/busy.py"

    project.write("flows/flow.py", FLOW.format(name="one"))
    sys.modules["busy"] = Busy("busy")
    try:
        assert names(project) == ["one"]
    finally:
        for name in [name for name in sys.modules if name.startswith(("busy", "meanwhile"))]:
            del sys.modules[name]


def test_what_a_chain_prints_is_one_mistake_and_has_no_marks(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.flow("""
        @chain
        def intake(name: str, *, pw: Secret) -> Patient:
            found = lookup(name=name, password=pw)
            print(pw, found.mrn, f"for {name}", repr(found))
            print(found)
            return found
        """)
    first, second = project.findings()
    assert [first.rule, second.rule] == ["python-error"] * 2
    assert "write `<$name>` in its prompt" in (first.help or "")
    assert 'f"' not in (second.help or "")
    out, error = capsys.readouterr()
    assert out == ""
    assert error.splitlines()[0] == "… … for … <lookup.outputs, known when the chain runs>"
    assert error.isprintable() or not set(error) & {"\ufdd5", "\ufdd6"}


NOISY = """
import os, subprocess, sys
print("printed")
os.system("echo from a shell")
subprocess.run([sys.executable, "-c", "print('from a program')"], check=True)
os.write(1, b"written by hand\\n")
"""


@pytest.mark.slow
@pytest.mark.parametrize("redirected", ["", ">&-", "2>&-"])
def test_what_modules_start_writes_to_standard_error(project: Project, redirected: str) -> None:
    project.write("flows/flow.py", NOISY + FLOW.format(name="one"))
    command = f"{sys.executable} -m cyberflow check --format json --project {project.root} {redirected}"
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    if redirected != ">&-":
        assert json.loads(answer.stdout)["summary"]["workflows"] == 1
    else:
        assert answer.stdout == ""
    if not redirected:
        for said in ("printed", "from a shell", "from a program", "written by hand"):
            assert answer.stderr.count(said) == 1


@pytest.mark.slow
def test_standard_output_comes_back(project: Project) -> None:
    project.write("flows/flow.py", NOISY + FLOW.format(name="one"))
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom cyberflow.language.project.load import read_project\n"
        f"sys.stdout.write('before ')\nread_project(Path({str(project.root)!r}))\nsys.stdout.write('after ')\n"
        "sys.stdout.flush()\nos.write(1, b'last')\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout == "before after last"
