"""Saves the output of a task and says how large it is and how much memory that took at most: `URL TASK FOLDER`."""

from __future__ import annotations

import asyncio
import sys
import tracemalloc
from pathlib import Path

from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.cyberun.outputs import Outputs
from cyberflow.run.task.outputs import save_outputs


async def main() -> None:
    url, task, folder = sys.argv[1:]
    async with CyberunClient.connect(url, "sk-canary") as cyberun:
        outputs = Outputs(cyberun, task)
        await outputs.read()
        tracemalloc.start()
        [saved] = [one async for one in save_outputs(outputs, Path(folder))]
        assert saved.path is not None
        print(saved.path.stat().st_size, tracemalloc.get_traced_memory()[1])  # noqa: T201 - what the test reads


if __name__ == "__main__":
    asyncio.run(main())
