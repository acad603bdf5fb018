"""What people write, read into a `Project`. Knows files, YAML, templates and the prompt language; knows no service."""

from cyberflow.language.model import Chain, File, FileText, ProjectFile, Step, Target, Task, Workflow
from cyberflow.language.project import Definition, Project, PromptText, Sourced, decode_for, read, target_of
from cyberflow.language.sources import find_root

__all__ = [
    "Chain",
    "Definition",
    "File",
    "FileText",
    "Project",
    "ProjectFile",
    "PromptText",
    "Sourced",
    "Step",
    "Target",
    "Task",
    "Workflow",
    "decode_for",
    "find_root",
    "read",
    "target_of",
]
