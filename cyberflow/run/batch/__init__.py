"""Batches: one chain for each row of a file, with a ledger that survives a crash."""
