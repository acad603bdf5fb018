"""Double braces name an input.

`{{name}}` is a value that the agent sets during the run; an input is written `<name>`. The agent would look for a value
that nobody sets. This is a warning.

     workflows:
       lookup:
         inputs: {mrn: string}
    -    prompt: Open the chart of {{mrn}}.
    +    prompt: Open the chart of <mrn>.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.texts import runtime_tokens
from cyberflow.diagnostics import Diagnostic, Label, replace_text
from cyberflow.language.prompt.placeholders import placeholder


def find(graph: Graph) -> Iterator[Diagnostic]:
    for workflow, text, token in runtime_tokens(graph):
        if token.path.root in workflow.outputs:
            continue
        for kind in ("input", "secret"):
            if field := workflow.fields_of(kind).fields.get(token.path.root):
                place = text.place_of(token.start, token.end)
                message = f"`{token.wire}` is a value that the agent sets, not the {kind} `{field.name}`"
                labels = (Label(field.place.at_key(), "declared here"),)
                help = f"write `{placeholder(kind, token.path)}`"
                written = text.scan.text[token.start : token.end]
                fix = replace_text(place, written, placeholder(kind, token.path))
                yield Diagnostic("runtime-input", message, place, labels=labels, help=help, fix=fix)
