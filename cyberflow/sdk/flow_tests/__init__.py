"""Tests of flows of a project: which cases are meant, what they need, and running them. Begin at `suite`."""
