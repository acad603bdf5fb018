"""No step of the chain uses this input.

Either a step should, or whoever runs the chain is asked for a value for nothing. This is a warning.

     workflows:
       patient-lookup: {prompt: Open the chart of <patient>., inputs: {patient: string}}
     chains:
       intake:
         inputs:
           patient: string
    -      date: string
         steps:
           - {id: lookup, workflow: patient-lookup}
"""

from functools import partial

from cyberflow.compiler.queries.names import find_idle_arguments

find = partial(find_idle_arguments, kind="input")
