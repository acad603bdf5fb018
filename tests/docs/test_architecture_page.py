"""docs/architecture.md names modules and rooms that exist, and its drawing is what the laws allow."""

from __future__ import annotations

import re
from pathlib import Path

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
