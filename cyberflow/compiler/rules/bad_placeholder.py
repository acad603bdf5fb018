r"""Something looks like a placeholder and is not one.

     workflows:
       lookup:
         inputs: {patient: {id: string, phones: "string[]"}}
    -    prompt: Type <patient.id >, then <patient.phones[x]>.
    +    prompt: Type <patient.id>, then <patient.phones[0]>.

A placeholder is `<name>`, with a path `<a.b[0]['k']>`, without blanks outside quotes. A literal is written `\<word>`.
In a chain, an object or a list cannot stand inside a longer text: hand it on as a value of its own, or name a part.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.texts import argument_values
from cyberflow.diagnostics import Diagnostic
from cyberflow.schema.describe import describe
from cyberflow.schema.paths import FoundType, lookup
from cyberflow.schema.predicates import possible_kinds


def find(graph: Graph) -> Iterator[Diagnostic]:
    for inputs, value in argument_values(graph):
        for use in value.tokens:
            field = inputs.fields.get(use.token.path.root) if use.token.kind == "input" else None
            if use.whole or field is None:
                continue
            found = lookup(field.schema, use.token.path.keys)
            if (
                isinstance(found, FoundType)
                and (held := possible_kinds(found.schema))
                and held <= {"object", "array", "null"}
            ):
                message = f"`<{use.token.path}>` cannot stand inside a longer text"
                help = "hand it on as a value of its own, or name the part that is meant: `<a.b>`"
                yield Diagnostic("bad-placeholder", message, use.place, note=f"is {describe(found.schema)}", help=help)
