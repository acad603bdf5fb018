"""The examples in Python compile to the very bytes of the examples in YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from cyberflow.compiler.check import check_target
from cyberflow.compiler.compile import compile_bundle
from cyberflow.language.project.load import read_project

EXAMPLES = Path(__file__).parents[3] / "examples"
TWINS = [("red-panda", "local"), ("patient-intake", "local"), ("patient-intake", "prod"), ("month-end", "local")]


def bundle(name: str, target: str) -> str:
    graph, builder, found = check_target(read_project(EXAMPLES / name), target)
    assert not found
    return compile_bundle(graph, builder).to_json()


@pytest.mark.parametrize(("name", "target"), TWINS)
def test_python_and_yaml_compile_to_the_same_bytes(name: str, target: str) -> None:
    assert bundle(f"{name}-python", target) == bundle(name, target)


def test_the_python_twins_declare_nothing_in_yaml() -> None:
    for folder in {f"{name}-python" for name, _ in TWINS}:
        sourced = read_project(EXAMPLES / folder)
        assert [document.path for document in sourced.documents] == ["cyberflow.yaml"]
        assert sourced.modules
        assert sourced.counts()["chains"] >= 1


def test_the_files_that_twins_share_are_the_same() -> None:
    yaml, python = EXAMPLES / "patient-intake", EXAMPLES / "patient-intake-python"
    for folder in ("prompts", "images", "files", "samples"):
        names = {path.name for path in (yaml / folder).iterdir()}
        assert names == {path.name for path in (python / folder).iterdir()}
        for name in names:
            assert (yaml / folder / name).read_bytes() == (python / folder / name).read_bytes()
    assert (yaml / "inputs.json").read_bytes() == (python / "inputs.json").read_bytes()
