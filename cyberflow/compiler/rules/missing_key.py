"""A key that must be there is not.

A workflow needs its `prompt`, a chain its `steps`, a step its `id` and `workflow`, the project its name. A file named
in `sources` must declare something, and `default_target` must name a target.

     workflows:
       lookup:
         inputs: {mrn: string}
    +    prompt: Open the chart of <mrn>.
"""
