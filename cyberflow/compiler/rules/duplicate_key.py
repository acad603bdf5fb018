"""A mapping has one key twice.

YAML and JSON would keep one of the two in silence.

     workflows:
       lookup:
         inputs: {mrn: string}
         prompt: Open the chart of <mrn>.
    -    inputs: {mrn: string}
"""
