"""Tests of facts by content."""
