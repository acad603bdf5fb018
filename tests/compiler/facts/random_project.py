"""Random projects and random edits of them: names that meet and miss each other, in every kind of file."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

NAMES = ("lookup", "book", "close", "intake", "poster", "Patient", "Visit", "name", "mrn")
TYPES = ("string", "integer", "Patient", "Visit", "Visit[]", "Patiet", "{at: string, 'n?': integer}", "any")
FOLDERS = ("", "workflows/", "chains/", "deep/er/")
Edit = Callable[["RandomProject"], None]


class RandomProject:
    """A project in a folder that a seed writes and changes."""

    def __init__(self, root: Path, seed: int, *, python: bool = False) -> None:
        self.root, self.random, self.python = root, random.Random(seed), python
        self.before: list[dict[str, bytes]] = []
        self.write("cyberflow.yaml", self.settings())
        for _ in range(self.random.randint(3, 9)):
            self.add()

    def choose(self, *values: str) -> str:
        return self.random.choice(values)

    def files(self, *suffixes: str) -> list[str]:
        found = (path for path in self.root.rglob("*") if path.is_file() and ".cyberflow" not in path.parts)
        paths = sorted(path.relative_to(self.root).as_posix() for path in found)
        return [path for path in paths if path.endswith(suffixes or "") and path != "cyberflow.yaml"]

    def content(self) -> dict[str, bytes]:
        return {path: (self.root / path).read_bytes() for path in ["cyberflow.yaml", *self.files()]}

    def write(self, path: str, content: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def settings(self) -> str:
        lines = ["project: clinic", f"vars: {{flow: {self.choose(*NAMES)}, word: {self.choose('a', 'b')}}}"]
        if self.random.random() < 0.5:
            lines.append(f"targets: {{prod: {{vars: {{flow: {self.choose(*NAMES)}}}}}}}")
        if self.random.random() < 0.3:
            lines.append(f"rules: {{unused-input: {self.choose('off', 'error')}}}")
        if self.python:
            lines.append("python: [flows/*.py]")
        return "\n".join([*lines, ""])

    def type(self) -> str:
        return self.choose(*TYPES)

    def workflow(self, name: str) -> str:
        prompt = self.choose(
            f"Find <name> and <{self.choose('mrn', 'nam', '$pin')}>.",
            "{file: ../prompts/a.md}",
            "{file: prompts/a.md}",
            f"{{file: /prompts/{self.choose('a', 'b')}.md}}",
            '"${{ vars.word }} of <name> {{seen}}"',
            "'![one](/images/one.png) <name>'",
            "|\n      {% include '/prompts/b.md' %}\n      <name>",
        )
        lines = [f"  {name}:", f"    prompt: {prompt}", f"    inputs: {{name: {self.type()}, 'mrn?': string}}"]
        lines.append(
            f"    outputs: {{mrn: {self.type()}, seen: {self.choose('string', '{schema: {file: /out.json}}')}}}"
        )
        if self.random.random() < 0.3:
            lines.append(f"    secrets: [{self.choose('pin', 'key')}]")
        if self.random.random() < 0.2:
            lines.insert(0, "  # cyberflow: ignore[undeclared-input] the test wants it")
        return "\n".join(lines)

    def chain(self, name: str) -> str:
        called = [self.choose(*NAMES, "lookpu", "'${{ vars.flow }}'") for _ in range(2)]
        lines = [f"  {name}:", f"    inputs: {{name: {self.type()}}}", "    steps:"]
        lines.append(f"      - {{id: one, workflow: {called[0]}}}")
        ref = self.choose("{$ref: one.outputs.mrn}", "{$ref: one.outputs.mrm}", "{$ref: two.outputs.mrn}", "7")
        lines.append(f"      - {{id: two, workflow: {called[1]}, inputs: {{name: {ref}}}}}")
        lines.append("    outputs: {mrn: {$ref: two.outputs.mrn}}")
        return "\n".join(lines)

    def declarations(self) -> str:
        sections: list[str] = []
        for section in self.random.sample(["workflows", "workflows", "chains", "types", "tasks", "pipelines"], 2):
            names = self.random.sample(NAMES, self.random.randint(1, 2))
            made = {"workflows": self.workflow, "chains": self.chain, "types": self.named_type, "tasks": self.task}
            made["pipelines"] = self.pipeline
            text = "\n".join([f"{section}:", *(made[section](name) for name in names), ""])
            if all(not one.startswith(f"{section}:") for one in sections) or self.random.random() < 0.05:
                sections.append(text)
        return "".join(sections)

    def named_type(self, name: str) -> str:
        return f"  {name}: {self.choose('string', '{id: string}', 'Patient', 'Visit[]', '{type: object}', 'nowhere')}"

    def pipeline(self, name: str) -> str:
        ref = self.choose("{$ref: one.outputs.mrn}", "{$ref: one.outputs.mrm}", "7")
        retry = self.choose("", ", retry: {times: 2}")
        lines = [f"  {name}:", f"    inputs: {{name: {self.type()}}}", "    steps:"]
        lines.append(f"      - {{id: one, run: {self.choose(*NAMES)}{retry}}}")
        lines.append(f"      - {{id: two, run: {self.choose(*NAMES)}, inputs: {{name: {ref}}}}}")
        return "\n".join(lines)

    def task(self, name: str) -> str:
        return f"  {name}: {{workflow: text-to-image, inputs: {{name: {self.type()}}}, parameters: {{a: <name>}}}}"

    def test(self) -> str:
        given = self.choose("{mrn: '7'}", "{mrn: 7}", "{mrm: '7'}")
        simulate = f"{{{self.choose('one', 'two', 'tow')}: {{outputs: {given}}}}}"
        return f"tests:\n  t:\n    run: {self.choose(*NAMES)}\n    inputs: {{name: x}}\n    simulate: {simulate}\n"

    def module(self) -> str:
        name = self.choose("lookup", "book", "fetch")
        return (
            "from cyberflow import workflow, chain\n\n\n@workflow\n"
            f"def {name}(name: {self.choose('str', 'int')}) -> {self.choose('None', 'str')}:\n"
            f'    """Do <name>{self.choose("", " and <nam>")}."""\n\n\n'
            f"@chain\ndef {self.choose('run_it', 'intake')}(name: str) -> None:\n    {name}(name=name)\n"
        )

    def add(self) -> None:
        number = self.random.randint(0, 9)
        kinds: dict[str, Callable[[], str | bytes]] = {
            f"{self.choose(*FOLDERS)}d{number}.yaml": self.declarations,
            "prompts/a.md": lambda: f"Read <name> {self.choose('', '<nmae>', '{# cyberflow: ignore[x] y #}')}\n",
            "prompts/b.md": lambda: f"{self.choose('Go on', '<mrn>', '${{ vars.wrd }}')}\n",
            "images/one.png": lambda: png(self.random.randint(0, 255)),
            "out.json": lambda: self.choose('{"type": "string"}', '{"type": "strng"}', "{", '{"type": "integer"}'),
            f"tests/t{number}.yaml": self.test,
            ".gitignore": lambda: self.choose("d1.yaml\n", "deep/\n", "*.md\n", "\n"),
        }
        if self.python:
            kinds[f"flows/m{number % 3}.py"] = self.module
        weights = [6 if path.endswith(".yaml") else 1 for path in kinds]
        path = self.random.choices([*kinds], weights)[0]
        self.write(path, kinds[path]())

    def edit(self) -> None:
        """Make one random edit: add, write anew, cut, replace a word, delete, rename, touch, or take an edit back."""
        self.before.append(self.content())
        paths = self.files()
        kind = self.random.choice(
            ["add", "add", "word", "word", "cut", "delete", "rename", "touch", "revert", "settings"]
        )
        path = self.random.choice(paths) if paths else ""
        if kind == "settings":
            self.write("cyberflow.yaml", self.settings())
        elif kind == "revert":
            self._revert(self.random.choice(self.before))
        elif kind == "add" or not path:
            self.add()
        elif kind == "delete":
            (self.root / path).unlink()
        elif kind == "rename":
            (self.root / path).rename(self.root / path.replace(".yaml", self.choose("x.yaml", ".yml")))
        elif kind == "touch":
            (self.root / path).touch()
        elif path.endswith((".yaml", ".md", ".py", ".yml")):
            text = (self.root / path).read_text(errors="replace")
            at = self.random.randint(0, len(text))
            word = (self.choose(*NAMES), self.choose(*NAMES, "nobody"))
            self.write(path, text[:at] if kind == "cut" else text.replace(*word))

    def _revert(self, content: dict[str, bytes]) -> None:
        for path in self.files():
            if path not in content:
                (self.root / path).unlink()
        for path, data in content.items():
            if not (self.root / path).exists() or (self.root / path).read_bytes() != data:
                self.write(path, data)


def png(shade: int) -> bytes:
    """A picture of one dot."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes([0, shade])))
        + chunk(b"IEND", b"")
    )
