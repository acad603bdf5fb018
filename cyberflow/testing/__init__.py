"""Tests of flows: cases played on a platform in memory, with a clock that jumps, and what came of them held against
what was expected. It knows no target and prints nothing. Begin at `runner`.
"""
