"""Beside the YAML language server, with its schemas as `schema --completion-only` writes them: no name is offered
twice, and nothing is found twice. The real server, from npm, where there is one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cyberflow.cli.commands.schema import schema_text
from cyberflow.language.editor.completion_schema import loosen
from tests.lsp.client import Client, serving

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
MODELINE = "# yaml-language-server: $schema=schemas/declarations.json\n"
VERSION = "1.25.0"
CHAIN = """\
chains:
  c:
    inputs: {who: string}
    secrets: [key]
    steps:
      - id: a
        workflow: patient-lookup
"""
PLACES = [
    "workflows:\n  a:\n    ^\n",
    "workflows:\n  a:\n    prompt: x\n    inputs:\n      m: ^\n",
    "workflows:\n  a:\n    prompt: x\n    outputs:\n      m: {type: ^}\n",
    "workflows:\n  a:\n    exports: ^\n",
    "workflows:\n  a:\n    tags: [^]\n",
    "workflows:\n  a:\n    prompt: {file: ^}\n",
    "workflows:\n  a:\n    inputs: {x: string}\n    prompt: Type <^\n",
    "workflows:\n  a:\n    checks:\n      - type: ^\n",
    "chains:\n  c:\n    ^\n",
    "chains:\n  c:\n    steps:\n      - ^\n",
    "chains:\n  c:\n    steps:\n      - id: x\n        workflow: ^\n",
    CHAIN + "        inputs:\n          ^\n",
    CHAIN + "        inputs:\n          patient: {$ref: ^}\n",
    CHAIN + "        secrets: {password: ^}\n",
    CHAIN + "    outputs:\n      x: {$ref: a.outputs.^}\n",
    CHAIN + "    pools: [^]\n",
    "types:\n  T: ^\n",
    "^",
]
BROKEN = "workflows:\n  a:\n    prompt: 5\n    nonsense: 1\n    inputs: {x: strin}\n    exports: maybe\n"


@pytest.fixture(scope="module")
def other() -> Path:
    """The YAML language server, installed once below `build/`."""
    folder = ROOT / "build" / "yaml-language-server"
    program = folder / "node_modules" / ".bin" / "yaml-language-server"
    npm = shutil.which("npm")
    if not program.exists():
        if npm is None or shutil.which("node") is None:
            pytest.skip("there is no npm")
        folder.mkdir(parents=True, exist_ok=True)
        words = [npm, "install", "--silent", "--no-audit", "--no-fund", f"yaml-language-server@{VERSION}"]
        if subprocess.run(words, cwd=folder, capture_output=True, check=False, timeout=300).returncode:
            pytest.skip("npm cannot install it")
    return program


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = Path(shutil.copytree(EXAMPLES / "patient-intake", tmp_path / "intake"))
    (root / "schemas").mkdir()
    for kind in ("project", "declarations"):
        text = schema_text("project" if kind == "project" else "declarations", completion_only=True)
        (root / "schemas" / f"{kind}.json").write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def both(folder: Path, other: Path) -> Iterator[tuple[Client, Client]]:
    with serving(folder) as ours, serving(folder, program=[str(other), "--stdio"]) as theirs:
        yield ours, theirs


def offered(client: Client, path: str, text: str) -> set[str]:
    at = text.index("^")
    written = text.replace("^", "")
    client.change(path, {"text": written})
    found = client.at(path, "completion", written.count("\n", 0, at), at - written.rfind("\n", 0, at) - 1)
    return {one["label"] for one in (found["items"] if isinstance(found, dict) else found or [])}


@pytest.mark.slow
def test_nothing_is_offered_or_found_twice(both: tuple[Client, Client]) -> None:
    ours, theirs = both
    for client in both:
        client.open("chains.yaml", MODELINE)
    total = 0
    for place in PLACES:
        first, second = (offered(client, "chains.yaml", MODELINE + place) for client in both)
        assert not first & second, place
        total += bool(first) + bool(second)
    assert total > len(PLACES)  # both of them do speak

    version = ours.change("chains.yaml", {"text": MODELINE + BROKEN})
    theirs.change("chains.yaml", {"text": MODELINE + BROKEN})
    assert len(ours.diagnostics("chains.yaml", version)) == 4
    assert theirs.at("chains.yaml", "hover", 3, 6)["contents"]  # it has read this text, and has the schema
    assert theirs.findings() == set()


def test_what_is_loosened_accepts_everything_and_says_the_same() -> None:
    schema: dict[str, Any] = json.loads(schema_text("declarations"))
    loose = loosen(schema)

    def walk(one: Any) -> Iterator[dict[str, Any]]:
        if isinstance(one, dict):
            yield one
            for value in one.values():
                yield from walk(value)
        elif isinstance(one, list):
            for value in one:
                yield from walk(value)

    forbidden = {"required", "pattern", "enum", "not", "oneOf", "minItems", "propertyNames", "patternProperties"}
    assert not [one for one in walk(loose["definitions"]["Workflow"]) if forbidden & set(one)]
    workflow, before = loose["definitions"]["Workflow"], schema["definitions"]["Workflow"]
    assert set(workflow["properties"]) == set(before["properties"])
    assert all(
        workflow["properties"][key].get("description") == one.get("description")
        for key, one in before["properties"].items()
    )
