"""The target has nothing of a name that a declaration uses, or what it has cannot be used.

Pools, machines, models, tags and the workflows of Cyberun live on the platform. `check --remote` asks the target for
them. A missing tag is a warning, since `apply` makes it. A machine that is not connected counts, and so do pools that
have none that is: a run would wait without a word.

     workflows:
       patient-lookup: {prompt: Open the chart.}
     chains:
       intake:
    -    pools: [epik]
    +    pools: [epic]
         steps:
           - {id: lookup, workflow: patient-lookup}

Name one that is there, or make it in the dashboard first.
"""
