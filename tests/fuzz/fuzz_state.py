"""Damages a file that cyberflow reads back, and runs the commands that read it: `python -m tests.fuzz.fuzz_state
--inputs 2000 --seed 1`. Whatever a disk or a person did to a file, the answer is an exit code below 70 in bounded time.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyberflow.cli.main import run

FORMATS = Path(__file__).parents[1] / "data" / "formats"
BUG = 70
STATE = ".cyberflow"


@dataclass(frozen=True)
class Target:
    """A file that is read back, the part of the test data it belongs to, and who reads it."""

    path: str
    part: str
    commands: tuple[tuple[str, ...], ...]


TARGETS = (
    Target(
        "bundle.json", "intake", (("plan", "--bundle", "bundle.json"), ("run", "sign-in", "--bundle", "bundle.json"))
    ),
    Target("plan.json", "intake", (("apply", "plan.json", "--bundle", "bundle.json", "--yes"),)),
    Target(f"{STATE}/local.db", "intake", (("plan", "--bundle", "bundle.json"), ("runs", "list"))),
    Target(f"{STATE}/lock.json", "intake", (("runs", "list"),)),
    Target(f"{STATE}/dev.json", "intake", (("runs", "list"),)),
    Target(f"{STATE}/check.json", "batch", (("check",), ("check", "--format", "json"))),
    Target(f"{STATE}/receipts/20260101T000000000000.json", "intake", (("apply", "--bundle", "bundle.json", "--yes"),)),
    Target(f"{STATE}/journal/943294e2-52d2-4332-882f-cb2c010c3a44.jsonl", "intake", (("runs", "list"),)),
    Target("batch.db", "batch", (("run", "--resume", "batch.db", "--timeout", "1s"),)),
)


def prepare(target: Target, folder: Path) -> None:
    """A project with every file that `target` needs, whole."""
    part = max(FORMATS.iterdir()) / target.part
    shutil.copytree(part, folder)
    state = folder / STATE
    for below in (state, state / "receipts", state / "journal"):
        below.mkdir(mode=0o700)
    shutil.move(folder / "local.db", state / "local.db")
    if target.part == "intake":
        (folder / "cyberflow.yaml").write_text("project: patient-intake\n", encoding="utf-8")
        shutil.copy(folder / "receipt.json", state / "receipts" / "20260101T000000000000.json")
        shutil.copy(folder / "journal.jsonl", state / "journal" / "943294e2-52d2-4332-882f-cb2c010c3a44.jsonl")
    (state / "lock.json").write_text(json.dumps({"pid": 1, "command": "dev"}), encoding="utf-8")
    (state / "dev.json").write_text(json.dumps({"url": "http://127.0.0.1:1", "token": "t", "pid": 1}), encoding="utf-8")
    if target.path.endswith("check.json"):
        call(folder, ("check",))


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 40))):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def blank(data: bytes, chance: random.Random) -> bytes:
    """A page of zeros somewhere, as a disk that lost a block gives."""
    start = chance.randrange(max(1, len(data)))
    return data[:start] + bytes(4096) + data[start + 4096 :]


def replace(_: bytes, chance: random.Random) -> bytes:
    whole = (
        *(b"", b"null", b"[]", b"{}", b'"x"', b"7", b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe{}", b"\x00" * 9),
        *(b"project: x", b'{"version": 99}', b'{"version": "1"}', b'{"version": 1}', b"NaN", b'{"a": 1e999}'),
    )
    return chance.choice(whole)


def mutate(data: bytes, chance: random.Random) -> bytes:
    """One value of a JSON document changed for one of another kind."""
    try:
        document = json.loads(data)
    except ValueError:
        lines = data.splitlines(keepends=True)
        chance.shuffle(lines)
        return b"".join(lines)
    places = list(_places(document))
    if not places:
        return b"7"
    holder, key = chance.choice(places)
    values: tuple[Any, ...] = (None, True, -1, 1.5, "", "x" * 300, "\ud83d", [], {}, [None], {"a": {}}, 10**30)
    if chance.random() < 0.2:
        del holder[key]
    else:
        holder[key] = chance.choice(values)
    return json.dumps(document).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in list(pairs):
        yield value, key
        yield from _places(below)


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (cut, flip, blank, replace, mutate, mutate)


def damage(path: Path, chance: random.Random) -> str:
    """Damage the file, or put something else in its place. Gives the kind of damage."""
    if chance.random() < 0.05:
        path.unlink(missing_ok=True)
        path.mkdir()
        return "folder"
    kind = chance.choice(DAMAGES)
    path.write_bytes(kind(path.read_bytes() if path.exists() else b"{}", chance))
    return kind.__name__


def call(folder: Path, command: tuple[str, ...]) -> tuple[int, str]:
    """Run a command of cyberflow in this process, in that folder."""
    before = Path.cwd()
    out, err = io.StringIO(), io.StringIO()
    try:
        os.chdir(folder)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            return run(list(command)), out.getvalue() + err.getvalue()
    finally:
        os.chdir(before)


def attempt(seed: int, number: int) -> str | None:
    """One damaged file and the commands that read it; what went wrong, or None."""
    chance = random.Random(f"{seed}/{number}")
    target = TARGETS[number % len(TARGETS)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "project"
        prepare(target, folder)
        kind = damage(folder / target.path, chance)
        for command in target.commands:
            code, text = call(folder, command)
            if code >= BUG or "Traceback" in text:
                return f"{number}: {target.path} ({kind}), cyberflow {' '.join(command)}: exit {code}\n{text[-2000:]}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failures = [found for number in range(options.inputs) if (found := attempt(options.seed, number))]
    sys.stdout.write("".join(f"{one}\n" for one in failures))
    sys.stdout.write(f"{options.inputs} damaged files, {len(failures)} failures\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
