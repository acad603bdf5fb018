r"""A placeholder names a secret that is not declared.

     workflows:
       sign-in:
         secrets: [password]
    -    prompt: Sign in with <$pasword>.
    +    prompt: Sign in with <$password>.

Declare the secret, or name one that is declared. PowerShell's `{$_}` is read as a placeholder too, since the platform
substitutes inside code: write `\{$_}`.
"""

from functools import partial

from cyberflow.compiler.queries.names import find_unknown_names

find = partial(find_unknown_names, kind="secret")
