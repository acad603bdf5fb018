"""A served platform that is made to be killed: `python dying_platform.py DATABASE` prints its port and serves."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn

from cyberflow.emulator.platform import Platform


def main() -> None:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)  # noqa: T201 - how the test learns the port
    with Platform.open(Path(sys.argv[1])) as platform:
        config = uvicorn.Config(platform.app, lifespan="off", log_level="critical", access_log=False)
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
