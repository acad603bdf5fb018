"""`cyberflow init`: a project to begin with, small and whole. It asks nothing and overwrites nothing."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click

from cyberflow.cli.commands.schema import FOLDER, KINDS, schema_text
from cyberflow.errors import CyberflowError, UsageError

_PROJECT = f"""\
# yaml-language-server: $schema={FOLDER}/project.json
project: NAME

targets:
  prod:
    api_key: {{env: CYBERDESK_API_KEY}}      # where the key is found, never the key
    protect: true                          # apply asks for the target's name
"""
_WORKFLOWS = f"""\
# yaml-language-server: $schema={FOLDER}/declarations.json
workflows:
  find-article:
    description: Looks a topic up in the encyclopedia
    prompt: {{file: prompts/find-article.md}}
    inputs:
      topic: string
    outputs:
      title: {{type: string, examples: [Red panda]}}
      sentence: {{type: string, examples: [The red panda is a small mammal.]}}
"""
_CHAINS = f"""\
# yaml-language-server: $schema={FOLDER}/declarations.json
chains:
  look-up:
    description: One step; a later one could read what it found
    inputs:
      topic: string                        # goes to every step whose workflow declares a `topic`
    steps:
      - id: article
        workflow: find-article
    outputs:
      title: {{$ref: article.outputs.title}}
      sentence: {{$ref: article.outputs.sentence}}
"""
_PROMPT = """\
# Look up <topic>

1. Open the browser and go to https://en.wikipedia.org.
2. Type <topic> into the search box and press Enter.
3. If nothing fits, use declare_task_failed with the reason "No article about <topic>".
4. Use focused_action to read the heading of the article and save it as {{title}}.
5. Use focused_action to read the first sentence of the article and save it as {{sentence}}.
"""
_TESTS = f"""\
# yaml-language-server: $schema=../{FOLDER}/tests.json
tests:
  looks-it-up:
    run: look-up
    inputs: {{topic: red panda}}
    simulate:                              # what the step gives; without it, the examples of its outputs
      article: {{outputs: {{title: Red panda, sentence: It eats bamboo.}}}}
    expect:
      outputs: {{title: Red panda, sentence: It eats bamboo.}}
      steps:
        article: {{prompt: {{$contains: Type red panda into}}}}

  no-article:
    run: look-up
    inputs: {{topic: qwertz}}
    simulate: {{article: {{status: task_failed, error: No article about qwertz}}}}
    expect: {{status: task_failed, outputs: {{title: {{$absent: true}}}}}}
"""
_FALLBACK = "my-project"
_LONGEST_NAME = 63


@click.command("init")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but what goes wrong.")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
def command(*, folder: Path, quiet: bool) -> int:
    """Begin a project: a small one that works.

    Writes a workflow with its prompt, a chain, tests of it, and the JSON Schemas with which an editor completes and
    checks, in DIR or here. No file that is there is touched: if one is in the way, nothing is written.

    \b
    Example:
      cyberflow init clinic-intake
    """
    files = _files(_project_name(folder))
    taken = [name for name in files if (folder / name).exists() or (folder / name).is_symlink()]
    if taken:
        help = "choose another folder, or move what is there out of the way"
        raise UsageError(f"nothing was written: {folder} has {', '.join(taken)} already", help=help)
    for name, content in files.items():
        _create_file(folder / name, content)
    if not quiet:
        where = "here" if folder == Path() else f"in {folder}"
        click.echo(f"wrote {len(files)} files {where}: {', '.join(files)}", err=True)
        click.echo("next:", err=True)
        enter = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
        click.echo(f"{enter}cyberflow check")
        click.echo("cyberflow test")
        click.echo("cyberflow apply --yes")
        click.echo('cyberflow run look-up -i topic="red panda"')
    return 0


def _files(name: str) -> dict[str, str]:
    schemas = {f"{FOLDER}/{kind}.json": schema_text(kind) for kind in KINDS}
    return {
        "cyberflow.yaml": _PROJECT.replace("NAME", name),
        "workflows.yaml": _WORKFLOWS,
        "chains.yaml": _CHAINS,
        "prompts/find-article.md": _PROMPT,
        "tests/look-up.yaml": _TESTS,
        **schemas,
    }


def _project_name(folder: Path) -> str:
    """The folder's name as a project may bear it."""
    folded = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    return re.sub(r"^[^a-z]+", "", folded)[:_LONGEST_NAME].rstrip("-") or _FALLBACK


def _create_file(path: Path, content: str) -> None:
    """Make a file that is not there, and never replace one that came in the meantime."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(content)
    except OSError as error:
        raise CyberflowError(f"{path} cannot be written: {error.strerror}") from error
