"""The site of `cyberflow dev` on a port of 127.0.0.1, in a thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator

import httpx
import uvicorn

from cyberflow.emulator.platform import Platform
from cyberflow.web.routes import site

Fetch = Callable[..., httpx.Response]


def serving(platform: Platform) -> Generator[str, None, None]:
    """The address of a server in a thread."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(site(platform.app, "clinic-intake"), log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listening.close()
