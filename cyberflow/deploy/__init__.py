"""Deployment: a plan of what would change, carrying it out, adopting and pulling what is there, and receipts. Runs are
not its business, and nothing here prints. Begin at `plan.plan` and `apply.apply`.
"""
