"""A step maps a secret that its workflow does not declare, or `from_machine` names one.

     workflows:
       sign-in: {prompt: Sign in with <$password>., secrets: {"password?": string}}
     chains:
       intake:
         secrets: [epic_password]
         steps:
    -      - {id: login, workflow: sign-in, secrets: {pasword: <$epic_password>}}
    +      - {id: login, workflow: sign-in, secrets: {password: <$epic_password>}}

The value would be sent to a run that does not use it.

In a test it is a secret that what is run does not have.
"""

from functools import partial

from cyberflow.compiler.queries.names import find_unknown_arguments

find = partial(find_unknown_arguments, kind="secret")
