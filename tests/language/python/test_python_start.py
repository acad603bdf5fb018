"""What importing costs, and what it leaves."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("networkx", "jinja2", "httpx", "starlette", "markdown_it", "rich", "click", "PIL")


def loaded(program: str) -> set[str]:
    show = f"import sys; print('LOADED', *(set(sys.modules) & set({(*HEAVY, 'pydantic', 'yaml')!r})))"
    answer = subprocess.run([sys.executable, "-c", f"{program}\n{show}"], capture_output=True, text=True, check=True)
    return set(answer.stdout.rsplit("LOADED", 1)[1].split())


def test_importing_the_package_loads_nothing() -> None:
    assert loaded("import cyberflow; cyberflow.__version__; dir(cyberflow)") == set()


def test_the_decorators_load_nothing_either() -> None:
    use = "@workflow(tags=['a'])\ndef log_out() -> None:\n    'Log out.'"
    assert loaded(f"from cyberflow import Secret, chain, workflow, workflow_ref\n{use}") == set()


def test_the_public_names_are_there_and_no_others() -> None:
    import cyberflow

    for name in cyberflow.__all__:
        assert getattr(cyberflow, name) is not None
    assert dir(cyberflow) == sorted(cyberflow.__all__)
    with pytest.raises(AttributeError, match="no attribute 'worklow'"):
        cyberflow.worklow  # type: ignore[attr-defined]  # noqa: B018
