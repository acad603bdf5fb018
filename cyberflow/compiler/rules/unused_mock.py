"""A test scripts a step that its run never reached.

    simulate:
      lookup: {status: task_failed}
      book: {outputs: {confirmation: A-1}}      # lookup failed, so nothing is booked

`cyberflow test` warns of it when it runs the test; the test passes or fails by what it expects. Take the mock away, or
expect the step: a mock that is not used often means that the flow goes another way than the test believes.
"""
