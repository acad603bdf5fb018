"""A test scripts a step that its run never reached.

     # flows.yaml
     workflows:
       patient-lookup: {prompt: Open the chart.}
       book-visit: {prompt: Book a visit.}
     chains:
       intake:
         steps:
           - {id: lookup, workflow: patient-lookup}
           - {id: book, workflow: book-visit}
     # tests/intake.yaml
     tests:
       no-chart:
         run: intake
         simulate:
           lookup: {status: task_failed}
    -      book: {seconds: 3}      # lookup failed, so nothing is booked
         expect: {status: task_failed}

`cyberflow test` warns of it when it runs the test; the test passes or fails by what it expects. Take the mock away, or
expect the step: a mock that is not used often means that the flow goes another way than the test believes.
"""
