"""Queries over the graph that several rules share: refs, names in use, texts, suggestions. Begin with `names`."""
