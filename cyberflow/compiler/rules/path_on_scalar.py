"""A path goes into a value that has nothing inside.

At run time the platform fails the run at once when a path is applied to text or a number.

     workflows:
       lookup:
         inputs: {mrn: string}
    -    prompt: Type <mrn.id>.
    +    prompt: Type <mrn>.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.texts import find_dead_paths
from cyberflow.diagnostics import Diagnostic, Label, replace_text
from cyberflow.language.prompt.paths import format_path
from cyberflow.schema.paths import Scalar


def find(graph: Graph) -> Iterator[Diagnostic]:
    for text, token, field, found in find_dead_paths(graph):
        place, written = text.place_of(token.start, token.end), text.scan.text[token.start : token.end]
        if isinstance(found, Scalar):
            owner = format_path(field.name, token.path.keys[: found.key_index])
            message = f"`{owner}` is `{found.type_text}`, which has nothing inside"
            labels = (Label(field.place.at_key(), "declared here"),)
            sign = "$" if token.kind == "secret" else ""
            help = f"write `<{sign}{owner}>`, or declare `{field.name}` with the members it has"
            fix = replace_text(place, written, f"<{sign}{owner}>")
            yield Diagnostic("path-on-scalar", message, place, labels=labels, help=help, fix=fix)
