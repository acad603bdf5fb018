"""The first line of a command that talks to a target: said from `cyberflow.yaml` alone, before anything heavy is
loaded or compiled. Whether it was right is seen when the target is opened.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

LOCAL = "local"


def print_target_line(root: Path, target: str | None, *, quiet: bool) -> str | None:
    """Say which target is meant, where that can be known so early; give what was said."""
    line = None if quiet else target_line(root, target)
    if line is not None:
        click.echo(line, err=True)
    return line


def target_line(root: Path, target: str | None) -> str | None:
    """The line that the open target will have, or None: a project with mistakes speaks of them first."""
    from cyberflow.language.discovery import PROJECT_FILE
    from cyberflow.language.files import Files
    from cyberflow.language.project.sources import read_document
    from cyberflow.source import Place

    data: Any = getattr(read_document(Files(root), PROJECT_FILE, Place(PROJECT_FILE)), "data", None)
    if not isinstance(data, dict):
        return None
    name = target or data.get("default_target", LOCAL)
    targets = data.get("targets")
    declared = targets.get(name) if isinstance(targets, dict) else None
    if declared is None:
        return _local_target_line(root) if name == LOCAL else None
    url = declared.get("url", "https://api.cyberdesk.io") if isinstance(declared, dict) else None
    return f"target {name}: {url}" if isinstance(url, str) and "${{" not in url else None


def _local_target_line(root: Path) -> str:
    try:
        url = json.loads((root / ".cyberflow" / "dev.json").read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError, TypeError):
        return "target local: the platform inside cyberflow; no account was touched"
    return f"target local: the platform that `cyberflow dev` serves at {url}; no account was touched"
