"""The version of this package, below everything that says it."""

__version__ = "0.2.0"
