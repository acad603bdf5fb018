"""Pipelines in the compiler: their nodes in the graph, the types of what steps hand on, and their part of the bundle.
How they run is not here. Begin with `form` for the bundle, `node` for the graph.
"""
