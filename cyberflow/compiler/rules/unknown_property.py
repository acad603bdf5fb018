"""A path names a member that the declared type does not have.

    types: {PatientId: {type: object, properties: {id: {type: string}}}}
    prompt: Type <patient.ident>.

At run time the placeholder would be empty. An object that lists `properties` is read as closed; declare it with
`additionalProperties: true` if it may have others.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.suggestions import suggest_member
from cyberflow.compiler.queries.texts import find_dead_paths
from cyberflow.diagnostics import Diagnostic, Label
from cyberflow.language.prompt.paths import format_path
from cyberflow.schema.describe import describe
from cyberflow.schema.paths import MissingMember


def find(graph: Graph) -> Iterator[Diagnostic]:
    for place, token, field, found in find_dead_paths(graph):
        if isinstance(found, MissingMember):
            word = str(token.path.keys[found.key_index])
            owner = format_path(field.name, token.path.keys[: found.key_index])
            note = f"not in {describe(field.schema)}" if not found.key_index else ""
            labels = (Label(field.place.at_key(), "declared here"),)
            help = suggest_member(word, found.known, note)
            message = f"`{owner}` has no `{word}`"
            yield Diagnostic("unknown-property", message, place, note=note, labels=labels, help=help)
