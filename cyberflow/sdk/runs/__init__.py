"""Runs that were submitted before, and which service each belongs to."""
