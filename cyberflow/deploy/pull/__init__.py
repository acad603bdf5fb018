"""Workflows of the platform as YAML of the project."""
