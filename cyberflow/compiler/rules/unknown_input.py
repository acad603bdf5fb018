"""A step sets an input that its workflow does not declare, or `from_machine` names one.

The platform ignores it, and the input that was meant stays empty.

    book-visit: {inputs: {mrn: string}}
    - {id: book, workflow: book-visit, inputs: {mnr: M7}}
"""

from functools import partial

from cyberflow.compiler.queries.names import find_unknown_arguments

find = partial(find_unknown_arguments, kind="input")
