"""A prompt is nothing but the path of a text file.

The agent would be told the path, and not what the file says. This is a warning.

     # flows.yaml
     workflows:
       lookup:
    -    prompt: prompts/lookup.md
    +    prompt: {file: prompts/lookup.md}
     # prompts/lookup.md
     Open the chart.

Name the file: `prompt: {file: prompts/lookup.md}`.
"""

import json
from collections.abc import Iterator

from cyberflow.compiler.graph import PYTHON_SUFFIX, Graph
from cyberflow.compiler.queries.lookalikes import whole_prompt_path
from cyberflow.compiler.queries.texts import prompts
from cyberflow.compiler.scanned_text import ScannedText
from cyberflow.diagnostics import Diagnostic
from cyberflow.edits import Fix, Rewrite
from cyberflow.language.yaml.bounds import PLAIN, QUOTED
from cyberflow.language.yaml.document import YamlDocument


def find(graph: Graph) -> Iterator[Diagnostic]:
    for _, text in prompts(graph):
        if (path := whole_prompt_path(text)) and not _has_tag(graph, text):
            in_python = text.place.path.endswith(PYTHON_SUFFIX)
            help = (
                f'write `@workflow(prompt="{path}")`'
                if in_python
                else f"write `{text.place.route[-1]}: {{file: {path}}}`"
            )
            message = f"the agent is told `{path}`, and not what the file says"
            edits = (Rewrite(text.place, json.dumps({"file": path})),)
            fix = None if in_python else Fix(f"name the file `{path}`", edits)
            yield Diagnostic("path-as-prompt", message, text.place, help=help, fix=fix)


def _has_tag(graph: Graph, text: ScannedText) -> bool:
    """Whether a tag such as `!include` stands before the path, of which `yaml-syntax` speaks."""
    document = graph.project.files.documents.get(text.place.path)
    node = document.node(text.place.route) if isinstance(document, YamlDocument) else None
    return getattr(node, "tag", PLAIN) not in (PLAIN, QUOTED)
