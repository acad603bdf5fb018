"""A step sets an input that its workflow does not declare, or `from_machine` names one.

The platform ignores it, and the input that was meant stays empty.

     workflows:
       book-visit: {prompt: Book a visit for <mrn>., inputs: {"mrn?": string}}
     chains:
       intake:
         steps:
    -      - {id: book, workflow: book-visit, inputs: {mnr: M7}}
    +      - {id: book, workflow: book-visit, inputs: {mrn: M7}}

In a test it is an input or a file that what is run does not take, or a value that no machine supplies to it.
"""

from functools import partial

from cyberflow.compiler.queries.names import find_unknown_arguments

find = partial(find_unknown_arguments, kind="input")
