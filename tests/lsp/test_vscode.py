"""The extension for VS Code: it parses, and `vsce` packages it with its one dependency, where there is npm."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from cyberflow.version import __version__

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "editors" / "vscode"


def test_its_manifest_names_what_there_is() -> None:
    manifest = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))
    program = (SOURCE / manifest["main"]).read_text(encoding="utf-8")

    assert manifest["activationEvents"] == ["workspaceContains:**/cyberflow.yaml"]
    for command in manifest["contributes"]["commands"]:
        assert f"'{command['command']}'" in program
    for setting in manifest["contributes"]["configuration"]["properties"]:
        assert f"get('{setting.removeprefix('cyberflow.')}')" in program
    assert manifest["version"].split(".")[0] == __version__.split(".")[0]


@pytest.mark.slow
def test_it_is_packaged() -> None:
    """As docs/editors.md says."""
    page = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    assert "\ncd editors/vscode && npm install && npm run package\n" in page
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("there is no npm")
    subprocess.run([node, "--check", SOURCE / "extension.js"], check=True)
    folder = ROOT / "build" / "vscode"
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
    words = [npm, "install", "--silent", "--no-audit", "--no-fund"]
    if not (folder / "node_modules" / ".bin" / "vsce").exists() and (
        subprocess.run(words, cwd=folder, capture_output=True, check=False, timeout=500).returncode
    ):
        pytest.skip("npm cannot install vsce")
    subprocess.run([npm, "run", "--silent", "package"], cwd=folder, check=True, capture_output=True, timeout=300)

    names = zipfile.ZipFile(folder / "cyberflow.vsix").namelist()

    assert {"extension/package.json", "extension/extension.js", "extension/readme.md"} <= set(names)
    assert any(name.startswith("extension/node_modules/vscode-languageclient/") for name in names)
    assert not any("vsce" in name for name in names)
