"""Test files held against the graph: names that exist, values that could be. Begin at `check`."""
