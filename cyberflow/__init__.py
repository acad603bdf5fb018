"""Workflow-as-code and chain orchestration for Cyberdesk. Importing this package costs next to nothing."""

__version__ = "0.1.0"
