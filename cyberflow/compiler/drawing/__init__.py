"""Chains, workflows and whole projects as pictures: nodes and edges, then mermaid, dot, SVG or JSON. No program and no
library draws; everything is text that is made here.
"""

from cyberflow.compiler.drawing.dot import dot
from cyberflow.compiler.drawing.mermaid import mermaid
from cyberflow.compiler.drawing.picture import Edge, Node, Picture
from cyberflow.compiler.drawing.svg import svg
from cyberflow.compiler.drawing.trace import trace, trace_project

__all__ = ["Edge", "Node", "Picture", "dot", "mermaid", "svg", "trace", "trace_project"]
