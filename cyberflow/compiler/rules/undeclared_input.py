r"""A placeholder names an input that is not declared.

    inputs: {patient: PatientId}
    prompt: Type <patinet.id>.

At run time nothing would be filled in. Declare the input, or name one that is declared; a literal is
written `\<word>`. In a chain, `<name>` is an input of the chain.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries import find_unknown_names
from cyberflow.diagnostics import Diagnostic


def find(graph: Graph) -> Iterator[Diagnostic]:
    yield from find_unknown_names(graph, "input")
