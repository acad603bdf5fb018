"""The commands of code lenses: each runs the program, as a person would, and shows what it says."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from lsprotocol import types

from cyberflow.lsp.outline import RUN_TEST, SHOW_GRAPH, SHOW_REQUEST
from cyberflow.lsp.view import file_uri

_WORDS = {RUN_TEST: ("test",), SHOW_REQUEST: ("show",), SHOW_GRAPH: ("graph",)}


async def run_command(server: Any, name: str, root: Path, what: str) -> None:
    """Run the program in a project; what it says is shown as a document, or as a message where a client cannot."""
    words = (*_WORDS[name], what, "--project", str(root), "--no-color")
    code, out, err = await run_program(*words)
    if name == RUN_TEST or code != 0:
        kind = types.MessageType.Info if code == 0 else types.MessageType.Error
        text = (out + err).strip()
        server.window_log_message(types.LogMessageParams(kind, f"cyberflow {' '.join(words[:2])}\n{text}"))
        server.window_show_message(types.ShowMessageParams(kind, _last_lines(text)))
        return
    window = server.client_capabilities.window
    if window and window.show_document and window.show_document.support:
        ending, text = (".md", f"```mermaid\n{out}\n```\n") if name == SHOW_GRAPH else (".txt", out)
        uri = file_uri(_write(f"{what}{ending}", text))
        server.window_show_document(types.ShowDocumentParams(uri, take_focus=True))
    else:
        server.window_show_message(types.ShowMessageParams(types.MessageType.Info, out.strip()))


async def run_program(*words: str) -> tuple[int, str, str]:
    """Run cyberflow with some words; give its exit code and what it said."""
    pipe = asyncio.subprocess.PIPE
    null = asyncio.subprocess.DEVNULL
    program = (sys.executable, "-m", "cyberflow")
    process = await asyncio.create_subprocess_exec(*program, *words, stdin=null, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    return process.returncode or 0, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def _write(name: str, text: str) -> Path:
    """A file of this server's own that only its user can read."""
    path = Path(tempfile.mkdtemp(prefix="cyberflow-")) / name
    path.write_text(text, encoding="utf-8")
    return path


def _last_lines(text: str) -> str:
    return "\n".join(text.splitlines()[-12:])
