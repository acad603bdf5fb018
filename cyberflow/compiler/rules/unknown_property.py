"""A path names a member that the declared type does not have.

     types: {Patient: {type: object, properties: {birthday: {type: string}}}}
     workflows:
       lookup:
         inputs: {patient: Patient}
    -    prompt: Type <patient.birthdy>.
    +    prompt: Type <patient.birthday>.

At run time the placeholder would be empty. An object that lists `properties` is read as closed; declare it with
`additionalProperties: true` if it may have others.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.suggestions import suggest_member
from cyberflow.compiler.queries.texts import find_dead_paths
from cyberflow.compiler.scanned_text import ScannedText
from cyberflow.diagnostics import Diagnostic, Label, fix_name
from cyberflow.edits import Fix
from cyberflow.language.prompt.paths import format_path, part_span
from cyberflow.language.prompt.tokens import Token
from cyberflow.schema.describe import describe
from cyberflow.schema.paths import MissingMember


def find(graph: Graph) -> Iterator[Diagnostic]:
    for text, token, field, found in find_dead_paths(graph):
        place = text.place_of(token.start, token.end)
        if isinstance(found, MissingMember):
            word = str(token.path.keys[found.key_index])
            owner = format_path(field.name, token.path.keys[: found.key_index])
            note = f"not in {describe(field.schema)}" if not found.key_index else ""
            labels = (Label(field.place.at_key(), "declared here"),)
            help = suggest_member(word, found.known, note)
            message = f"`{owner}` has no `{word}`"
            fix = _fix(text, token, found)
            yield Diagnostic("unknown-property", message, place, note=note, labels=labels, help=help, fix=fix)


def _fix(text: ScannedText, token: Token, found: MissingMember) -> Fix | None:
    """The member that was meant, written in the path of the placeholder."""
    at = text.scan.text.index(token.path.root, token.start)
    span = part_span(text.scan.text[at : token.end].rstrip("}>"), found.key_index + 1)
    word = str(token.path.keys[found.key_index])
    return fix_name(text.place_of(at + span[0], at + span[1]), word, found.known) if span else None
