"""No step of the chain uses this secret.

A secret that nobody needs should not be handed to a run. This is a warning.

     workflows:
       patient-lookup: {prompt: Open the chart.}
     chains:
       intake:
    -    secrets: [epic_password]          # no workflow of a step declares it, and no step maps it
         steps:
           - {id: lookup, workflow: patient-lookup}
"""

from functools import partial

from cyberflow.compiler.queries.names import find_idle_arguments

find = partial(find_idle_arguments, kind="secret")
