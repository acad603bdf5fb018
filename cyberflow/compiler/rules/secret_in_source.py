"""A literal stands where a secret belongs.

What is committed stays in the history for ever, and everybody with a clone can read it. The place decides, not the
look of the text: `api_key` and `secrets` of a target, `secrets` of a step, the type of a declared secret with its
`default`. The literal is masked in every output.

     # cyberflow.yaml
     project: clinic
     targets:
    -  prod: {api_key: cd_live_4711}
    +  prod: {api_key: {env: CYBERDESK_API_KEY}}
     workflows:
       sign-in: {prompt: Sign in with <$password>., secrets: [password]}
     chains:
       intake:
    +    secrets: [epic_password]
         steps:
    -      - {id: login, workflow: sign-in, secrets: {password: hunter2}}
    +      - {id: login, workflow: sign-in, secrets: {password: <$epic_password>}}

Name where it is found: `{env: NAME}`, `{file: PATH}`, `{keyring: SERVICE/USER}`; in a step, hand on a secret of the
chain: `<$epic_password>`. A secret that was committed must be changed.

In a test every secret is `any`.
"""

from collections.abc import Iterator

from cyberflow.compiler.graph import AnyCaller, Graph
from cyberflow.compiler.queries.names import literal_secrets
from cyberflow.compiler.queries.suggestions import argument_syntax
from cyberflow.compiler.scanned_text import Value
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.prompt.placeholders import placeholder

_NOTE = "this is in git for ever"


def find(graph: Graph) -> Iterator[Diagnostic]:
    unread = {(one.place.path, one.place.route) for one in graph.project.problems if one.rule == "template-error"}
    for chain in graph.callers:
        declared = next(iter(chain.secrets.fields), "")
        for step in chain.steps:
            for name, value in literal_secrets(step):
                if (value.place.path, value.place.route) not in unread:
                    yield _literal(chain, name, value, declared)
            for name, value in step.inputs.items():
                if step.callee and name in step.callee.secrets and name not in step.callee.inputs:
                    if value.tokens or value.refs:
                        continue
                    message = f"the secret `{name}` is a literal, and under `inputs`"
                    syntax = argument_syntax(chain, "secret", name, declared or name)
                    help = f"hand on a secret of the {chain.definition.kind}: {syntax}"
                    yield Diagnostic("secret-in-source", message, value.place, note=_NOTE, help=help)


def _literal(chain: AnyCaller, name: str, value: Value, declared: str) -> Diagnostic:
    written = value.data.strip() if isinstance(value.data, str) else ""
    if written in chain.secrets:
        message = f"the secret `{name}` is the text `{written}`, and not the secret of this name"
        return Diagnostic("secret-in-source", message, value.place, help=f"write `{placeholder('secret', written)}`")
    declare = "take it as a `Secret`" if chain.in_python else f"declare it in the {chain.definition.kind}'s `secrets`"
    help = f"{declare} and hand it on: {argument_syntax(chain, 'secret', name, declared or name)}"
    return Diagnostic("secret-in-source", f"the secret `{name}` is a literal", value.place, note=_NOTE, help=help)
