"""Tests of flows as people write them: found below `tests/`, decoded, and cut into cases. Begin at `cases`."""
