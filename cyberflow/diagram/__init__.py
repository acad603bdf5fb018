"""Chains, workflows and whole projects as pictures: nodes and edges, then mermaid, dot, SVG or JSON. No program and no
library draws; everything is text that is made here.
"""
