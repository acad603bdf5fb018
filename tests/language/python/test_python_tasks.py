"""`task_ref`: a declared task, run from Python."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from cyberflow import StillRunning, TaskFailed, TaskRef, task_ref
from cyberflow.errors import CyberflowError, UsageError

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def poster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TaskRef:
    """The task of a copy of the example, which is the working directory."""
    folder = tmp_path / "poster"
    shutil.copytree(EXAMPLES / "poster", folder, ignore=shutil.ignore_patterns(".cyberflow", "__pycache__"))
    monkeypatch.chdir(folder)
    return task_ref("poster")


def test_outputs_come_by_their_keys(poster: TaskRef) -> None:
    made = poster.run(target="local", heading="Sale")

    [(key, output)] = made.outputs.items()
    assert (key, output.key) == ("9.images.0", "9.images.0")
    assert output.path == Path("outputs/poster", made.task_id[:8], "9.images.0.png")
    assert output.path.read_bytes().startswith(b"\x89PNG")


def test_inside_a_running_loop(poster: TaskRef) -> None:
    async def go() -> Path:
        made = await poster.arun(target="local", options={"inputs": {"heading": "Sale"}, "download": "got"})
        return made.outputs["9.images.0"].path

    assert asyncio.run(go()) == Path("got/9.images.0.png")


def test_a_task_that_fails_says_why(poster: TaskRef) -> None:
    outcome = {"poster": {"status": "failed", "error": "CUDA out of memory", "seconds": 0.1}}

    with pytest.raises(TaskFailed) as caught:
        poster.run(target="local", heading="Sale", options={"simulate": outcome})

    assert str(caught.value) == "`poster` ended in `failed`: CUDA out of memory"
    assert (caught.value.status, caught.value.exit_code) == ("failed", 1)


def test_a_task_that_takes_too_long_goes_on(poster: TaskRef) -> None:
    outcome = {"poster": {"course": [["waiting", None]]}}

    with pytest.raises(StillRunning) as caught:
        poster.run(target="local", heading="Sale", options={"simulate": outcome, "timeout": 0.3})
    with pytest.raises(TaskFailed):
        poster.run(
            target="local", heading="Sale", options={"simulate": outcome, "timeout": "0.3s", "cancel_on_timeout": True}
        )

    assert "cyberflow runs watch" in str(caught.value.help)


def test_what_does_not_fit_speaks_python(poster: TaskRef) -> None:
    with pytest.raises(UsageError, match=r"input `heading` is missing: give it with `heading=…`"):
        poster.run(target="local")
    with pytest.raises(UsageError, match=r"has no input `headin`"):
        poster.run(target="local", headin="Sale")
    with pytest.raises(UsageError, match=r"`options` has no `pools`"):
        poster.run(target="local", heading="Sale", options={"pools": ["a"]})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"there is no target `prd`"):
        poster.run(target="prd", heading="Sale")


def test_a_task_that_nobody_declares(poster: TaskRef) -> None:
    with pytest.raises(UsageError) as caught:
        task_ref("postr").run(target="local")

    assert caught.value.help == "did you mean `poster`?"


def test_the_project_is_that_of_the_file_that_names_the_task(
    poster: TaskRef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Path("elsewhere.py")
    script.write_text("from cyberflow import task_ref\n\npicture = task_ref('poster')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(Path.cwd()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "elsewhere", raising=False)
    from importlib import import_module

    picture = import_module("elsewhere").picture

    assert picture.run(target="local", heading="Sale").outputs
    with pytest.raises(CyberflowError):
        task_ref("poster").run(target="local", heading="Sale")
