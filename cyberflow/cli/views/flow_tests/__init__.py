"""Verdicts of tests: as text, as JSON, as workflow commands, and as JUnit XML."""
