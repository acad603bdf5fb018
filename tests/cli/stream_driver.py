"""Runs command lines in this process, each with standard output over what a test wants; prints the codes as JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from cyberflow.cli.main import run


def main() -> None:
    """`kind` is `file`, `pipe` (whose reader is gone) or `full`; the outputs of `file` are given back as hex."""
    kind, encoding, commands = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    answers = []
    for words in commands:
        place = Path("answer.out")
        if kind == "pipe":
            reader, writer = os.pipe()
            os.close(reader)
        else:
            target = "/dev/full" if kind == "full" else place
            writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        sys.stdout = os.fdopen(writer, "w", encoding=encoding, closefd=False)
        code = run(words)
        os.close(writer)
        answers.append({"code": code, "out": place.read_bytes().hex() if kind == "file" else ""})
    sys.stderr.write("\nANSWERS " + json.dumps(answers) + "\n")
    sys.stderr.flush()
    os._exit(0)


main()
