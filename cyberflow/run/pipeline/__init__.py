"""Pipelines going on: a pure reducer over the entries of a ledger, and the driver that carries out what it asks for.
Begin reading at `reducer`, then `state`; `driver` is the only part that waits.
"""
