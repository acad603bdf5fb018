"""Completion: which names may stand where somebody writes. Pure functions over texts; begin with `complete`."""
