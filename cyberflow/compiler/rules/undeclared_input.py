r"""A placeholder names an input that is not declared.

     workflows:
       lookup:
         inputs: {patient: {id: string}}
    -    prompt: Type <patinet.id>.
    +    prompt: Type <patient.id>.

At run time nothing would be filled in. Declare the input, or name one that is declared; a literal is
written `\<word>`. In a chain, `<name>` is an input of the chain.
"""

from functools import partial

from cyberflow.compiler.queries.names import find_unknown_names

find = partial(find_unknown_names, kind="input")
