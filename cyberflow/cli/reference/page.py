"""The page `docs/reference.md`."""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.cli.reference.commands import options_of, walk_commands
from cyberflow.cli.reference.json_shapes import SHAPES
from cyberflow.cli.reference.keys import FILES, keys_of
from cyberflow.cli.reference.topic import Topic
from cyberflow.cli.reference.topics import load_topics
from cyberflow.cli.reference.vocabulary import EXIT_CODES

_INTRODUCTION = """\
# Reference

Every key, word, command, option, exit code and JSON shape, from the same texts as `schemas/`, `--help` and
`cyberflow explain NAME`. Names of one's own are left out of the paths of keys: `workflows.prompt` is the key `prompt`
below a workflow's name. The rules are on [a page of their own](rules.md).
"""


def render_reference() -> str:
    """All of it as Markdown."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    yield from _keys()
    words = [one for one in load_topics() if one.kind == "word"]
    yield from ("## Words\n", "| word | what it says | example |", "|---|---|---|")
    yield from (f"| {_code(one.name)} | {_cell(one.text)} | {_code(one.example)} |" for one in words)
    yield "\n## Commands\n"
    for topic in load_topics():
        if topic.kind == "command":
            yield from _command(topic)
    yield from ("## Exit codes\n", "| code | meaning |", "|---|---|")
    yield from (f"| {code} | {_cell(text)} |" for code, text in EXIT_CODES.items())
    yield (
        "\n## JSON\n\nLines and columns count from 1, `end_column` is exclusive; paths are relative to the project.\n"
        "Where the project has errors, any command with `--format json` gives what `check` gives.\n"
    )
    for command, shape in SHAPES.items():
        yield f"### {command} --format json\n\n```text\n{shape}\n```\n"


def _keys() -> Iterator[str]:
    told: set[str] = set()
    yield "## Keys\n"
    for kind in ("declarations", "project", "tests"):
        yield from (f"### {FILES[kind]}\n", "| key | what it says | example |", "|---|---|---|")
        for one in keys_of(kind):
            if one.name not in told:
                told.add(one.name)
                yield f"| `{one.name}` | {_cell(one.text)} | {_code(one.example.split(chr(10))[0])} |"
        yield ""


def _command(topic: Topic) -> Iterator[str]:
    command = dict(walk_commands())[topic.name]
    prose, _, _ = topic.text.partition("\n\n    cyberflow")
    yield f"### cyberflow {topic.name}\n\n{prose}\n"
    if topic.example:
        yield f"```sh\n{topic.example}\n```\n"
    options = options_of(command)
    if options:
        yield from ("| option | |", "|---|---|")
        yield from (f"| {_code(names)} | {_cell(text)} |" for names, text in options)
        yield ""


def _code(text: str) -> str:
    return f"`` {text} ``".replace("|", "\\|") if "`" in text else f"`{text}`".replace("|", "\\|") if text else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
