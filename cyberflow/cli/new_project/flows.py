"""The flows of a new project, in YAML or in Python: the same workflow, the same chain, the same tests."""

from __future__ import annotations

from textwrap import indent

from cyberflow.cli.commands.schema import FOLDER

_PROJECT = f"""\
# yaml-language-server: $schema={FOLDER}/project.json
project: NAME
PYTHON
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
_FLOWS = """\
\"\"\"One workflow, and a chain that runs it: `cyberflow check` reads them from here.\"\"\"

from pydantic import BaseModel, Field

from cyberflow import chain, workflow


class Article(BaseModel):
    title: str = Field(examples=["Red panda"])
    sentence: str = Field(examples=["The red panda is a small mammal."])


@workflow(description="Looks a topic up in the encyclopedia")
def find_article(topic: str) -> Article:
    \"\"\"
PROMPT    \"\"\"
    raise NotImplementedError  # an agent does it; the text above is its prompt


@chain
def look_up(topic: str) -> Article:
    \"\"\"One step; a later one could read what it found\"\"\"
    return find_article.step("article")(topic=topic)
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


def flow_files(name: str, *, python: bool) -> dict[str, str]:
    """What a project of this name begins with, by path."""
    project = _PROJECT.replace("NAME", name).replace("PYTHON", "python: [flows/*.py]\n" if python else "")
    shared = {"cyberflow.yaml": project, "tests/look-up.yaml": _TESTS}
    if python:
        return {**shared, "flows/look_up.py": _FLOWS.replace("PROMPT", indent(_PROMPT, "    "))}
    return {**shared, "workflows.yaml": _WORKFLOWS, "chains.yaml": _CHAINS, "prompts/find-article.md": _PROMPT}
