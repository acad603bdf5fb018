"""An input has the format of a password.

An input is written into the prompt as it is, stored with the run and shown on its page. What nobody may read is a
secret: the agent gets a name for it, and the value is filled in where it is typed.

     workflows:
       unlock:
    -    inputs: {pin: {type: string, format: password}}
    -    prompt: Type <pin>.
    +    secrets: [pin]
    +    prompt: Type <$pin>.

Declare it under `secrets: [pin]` and write `<$pin>` in the prompt; in Python, annotate it with `Secret`.
"""

from collections.abc import Iterator
from typing import Any

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.texts import owners
from cyberflow.diagnostics import Diagnostic
from cyberflow.source import Route


def find(graph: Graph) -> Iterator[Diagnostic]:
    for owner in owners(graph):
        for written, notation in owner.body.inputs.items():
            for route in (
                _password_routes(notation) if not isinstance(notation, str) and _holds_format(notation) else ()
            ):
                name = written.removesuffix("?")
                place = owner.definition.at("inputs", written, *route)
                help = f"declare it under `secrets`, and write `<${name}>` where it is typed"
                yield Diagnostic(
                    "password-input",
                    f"`password` is the format of the input `{name}`, and an input is not hidden",
                    place,
                    help=help,
                )


def _holds_format(notation: Any) -> bool:
    """Whether a type may say `format: password`: what nearly none does is asked without keeping places."""
    if isinstance(notation, dict):
        return notation.get("format") == "password" or any(map(_holds_format, notation.values()))
    return isinstance(notation, list) and any(map(_holds_format, notation))


def _password_routes(notation: Any, route: Route = ()) -> Iterator[Route]:
    """Where a type says `format: password`; values are not looked into."""
    if isinstance(notation, list):
        for index, item in enumerate(notation):
            yield from _password_routes(item, (*route, index))
    elif isinstance(notation, dict):
        for key, item in notation.items():
            if key == "format" and item == "password":
                yield (*route, key)
            elif key not in ("default", "const", "enum", "examples"):
                yield from _password_routes(item, (*route, key))
