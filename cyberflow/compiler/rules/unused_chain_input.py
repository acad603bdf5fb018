"""No step of the chain uses this input.

Either a step should, or whoever runs the chain is asked for a value for nothing. This is a warning.

    chains:
      intake:
        inputs: {patient: string, date: string}      # no workflow of a step declares `date`, and no value says `<date>`
"""

from functools import partial

from cyberflow.compiler.queries.names import find_idle_arguments

find = partial(find_idle_arguments, kind="input")
