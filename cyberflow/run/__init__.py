"""Submitting chains and workflows and following them to their end. What is shown of it is the doors' business.

The order of work: `gather` what is given, make a `chain_request` or `run_request`, `submit` it, `follow` (or `cancel`)
it, and read the `result_of` the state that `replay` makes of the events. Many rows are a `Batch` with a `Ledger`.
"""
