"""The language for people who think in Python: decorators and annotations to the same documents as the YAML gives.
Knows the user's modules and functions; knows no rule and no service.
"""

from cyberflow.language.python.declare import (
    Chain,
    Declaration,
    Secret,
    Workflow,
    WorkflowRef,
    chain,
    workflow,
    workflow_ref,
)
from cyberflow.language.python.document import PythonDocument
from cyberflow.language.python.load import read_modules
from cyberflow.language.python.modules import is_reading
from cyberflow.language.python.symbols import Misuse

__all__ = [
    "Chain",
    "Declaration",
    "Misuse",
    "PythonDocument",
    "Secret",
    "Workflow",
    "WorkflowRef",
    "chain",
    "is_reading",
    "read_modules",
    "workflow",
    "workflow_ref",
]
