"""A name that cannot be one.

Names of workflows, chains, tasks, steps, inputs and secrets are letters, digits, `_` and `-`, begin with a letter or
`_` and have at most 63 characters. A project's name is small letters, digits and `-`, and begins with a letter.

     workflows:
    -  2nd look: {prompt: Open the chart.}
    +  second-look: {prompt: Open the chart.}
"""
