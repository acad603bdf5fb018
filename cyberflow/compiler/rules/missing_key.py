"""A key that must be there is not.

workflows:
  lookup:
    inputs: {mrn: string}        # has no `prompt`
"""
