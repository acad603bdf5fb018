"""Diagrams of chains, workflows and whole projects: nodes and edges, then mermaid, dot, SVG or JSON. No program and no
library draws; everything is text that is made here. Begin with `from_graph`.
"""
