"""No text of the workflow uses this input.

Either the prompt forgot it, or whoever runs the workflow is asked for a value for nothing. This is a warning.

     workflows:
       book:
         inputs:
           mrn: string
    -      reason: string
         prompt: Open the chart of <mrn>.
"""

from functools import partial

from cyberflow.compiler.queries.names import find_idle_names

find = partial(find_idle_names, kind="input")
