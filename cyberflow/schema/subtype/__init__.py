"""Assignability of one schema to another, with a witness where it does not hold."""
