"""A key that cyberflow does not know.

Unknown keys are errors everywhere, since a misspelt one would be ignored in silence. Keys that begin with `x-` are
free.

     workflows:
       lookup:
    -    promt: Open the chart.
    +    prompt: Open the chart.
"""
