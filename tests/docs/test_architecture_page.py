"""docs/architecture.md names modules and rooms that exist, and its drawing is what the laws allow."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

import pytest

from cyberflow.cli.main import run
from tests.test_architecture import MAY_KNOW

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_module_it_names_exists() -> None:
    named = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", PAGE))
    assert len(named) > 30
    missing = {name for name in named if not any((base / name).exists() for base in (ROOT / "cyberflow", ROOT))}
    assert not missing


def test_every_room_is_in_its_table() -> None:
    rooms = {
        path.stem
        for path in (ROOT / "cyberflow").iterdir()
        if (path.is_dir() and path.name != "__pycache__") or (path.suffix == ".py" and not path.name.startswith("__"))
    }
    table = PAGE[PAGE.index("| room |") : PAGE.index("## Habits")]
    assert not {room for room in rooms if f"`{room}" not in table}


def test_its_drawing_is_what_the_laws_allow() -> None:
    arrows = re.findall(r"^  (\w+)(?:\[.*\])? --> ([\w &]+)$", PAGE, re.MULTILINE)
    assert len(arrows) >= 12
    for room, known in arrows:
        for name in known.split(" & "):
            assert name == "ground" or name in MAY_KNOW[room], f"{room} --> {name}"


FLOORS = {
    "language/project/load.py": "read_project",
    "language/yaml/plain_data.py": "read_plain",
    "compiler/build.py": "GraphBuilder.build",
    "language/prompt/scanner.py": "scan",
    "compiler/facts/findings.py": "check_graph",
    "compiler/compile.py": "compile_bundle",
    "language/prompt/render.py": "render",
    "language/prompt/markdown.py": "to_html",
    "deploy/plan/plan.py": "plan",
    "remote/desired.py": "resolve_workflow",
    "deploy/apply/apply.py": "apply",
    "deploy/apply/payload.py": "create_payload",
}
"""The first walk: what is called on each floor, from the bottom to the top."""
PLANNED_AGAIN = {"deploy/plan/plan.py", "remote/desired.py"}
"""An apply plans once more, over the account as it is then."""
LOOKUP = """\
project: clinic
workflows:
  lookup:
    prompt: Sign in as <username> with <$password>.
    inputs: {username: string}
    secrets: [password]
"""


@pytest.mark.slow
def test_a_prompt_is_on_each_floor_once(tmp_path: Path) -> None:
    """From the file to the request, as the first walk tells it."""
    (tmp_path / "cyberflow.yaml").write_text(LOOKUP, encoding="utf-8")
    frames: list[FrameType] = []

    def listen(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and FLOORS.get(_path_of(frame)) == frame.f_code.co_qualname and frame not in frames:
            frames.append(frame)

    sys.setprofile(listen)
    try:
        code = run(["apply", "--project", str(tmp_path), "--target", "local", "--yes"])
    finally:
        sys.setprofile(None)

    assert code == 0
    counts = Counter(map(_path_of, frames))
    assert [*counts] == [*FLOORS]
    assert {path for path, count in counts.items() if count > 1} == PLANNED_AGAIN
    assert not [path for path in FLOORS if f"`{path}`" not in PAGE]


def _path_of(frame: FrameType) -> str:
    return Path(frame.f_code.co_filename).as_posix().rpartition("/cyberflow/")[2]
