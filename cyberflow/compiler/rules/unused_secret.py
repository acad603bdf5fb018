"""No text of the workflow uses this secret.

A secret that nobody types should not be handed to a run. This is a warning.

     workflows:
       sign-in:
         secrets:
           - password
    -      - pin
         prompt: Sign in with <$password>.
"""

from functools import partial

from cyberflow.compiler.queries.names import find_idle_names

find = partial(find_idle_names, kind="secret")
