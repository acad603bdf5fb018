"""A step sets an input that its workflow does not declare, or `from_machine` names one.

The platform ignores it, and the input that was meant stays empty.

    book-visit: {inputs: {mrn: string}}
    - {id: book, workflow: book-visit, inputs: {mnr: M7}}

In a test it is an input or a file that what is run does not take, or a value that no machine supplies to it.
"""

from functools import partial

from cyberflow.compiler.queries.names import find_unknown_arguments

find = partial(find_unknown_arguments, kind="input")
