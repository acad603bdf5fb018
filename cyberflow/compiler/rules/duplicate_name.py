"""Two declarations have one name.

Workflows, chains and tasks share one namespace, over all files of the project. So do the inputs of one declaration, its
outputs and its secrets, each for itself: `mrn` and `mrn?` are one name.

     workflows:
    -  intake: {prompt: Open the chart.}
    +  open-chart: {prompt: Open the chart.}
     chains:
       intake:
         steps:
    -      - {id: open, workflow: intake}
    +      - {id: open, workflow: open-chart}
"""
