"""A secret stands outside `secrets`.

An input, a file name, an output or a title is stored, logged and shown; a secret there is public to everyone with
access to the organisation. A secret reaches a workflow through its `secrets` alone, and a prompt names it `<$name>`.

     workflows:
    -  sign-in: {prompt: Sign in. <note>, inputs: {note: string}}
    +  sign-in: {prompt: Sign in with <$password>., secrets: [password]}
     chains:
       intake:
         secrets: [epic_password]
         steps:
    -      - {id: login, workflow: sign-in, inputs: {note: "the password is <$epic_password>"}}
    +      - {id: login, workflow: sign-in, secrets: {password: <$epic_password>}}
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic

_SHOWN = {
    "inputs": "an input",
    "files": "a file name",
    "outputs": "an output of the {}",
    "each": "a list",
    "key": "the key of an item",
    "when": "a condition",
    "unless": "a condition",
    "until": "a moment",
    "signal": "a question",
}

_HAND = ("hand it to the step under `secrets`", "hand it to a `Secret` parameter of the workflow")
"""In YAML, in Python."""


def find(graph: Graph) -> Iterator[Diagnostic]:
    for chain in graph.callers:
        for _, where, value in chain.values:
            for use in value.tokens:
                if use.token.kind == "secret" and where in _SHOWN:
                    stored = _SHOWN[where].format(chain.definition.kind)
                    message = f"the secret `{use.token.path.root}` would be stored as {stored}"
                    help = f"{_HAND[chain.in_python]}, and write `<$name>` in the workflow's prompt"
                    yield Diagnostic("secret-leak", message, use.place, help=help)
    for workflow in graph.workflows.values():
        for text in workflow.texts:
            if text.kind in ("title", "file"):
                for token in text.tokens:
                    if token.kind == "secret":
                        place = text.place_of(token.start, token.end)
                        shown = "the title" if text.kind == "title" else "a file name"
                        message = f"the secret `{token.path.root}` would be shown in {shown}"
                        help = f"name it in the prompt only: `<${token.path.root}>`"
                        yield Diagnostic("secret-leak", message, place, help=help)
