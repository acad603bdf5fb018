"""Findings as text, JSON, SARIF and workflow commands; their fixes; and the rules as a person looks them up."""
